"""`hyperlex_gqa` in transformers: the tokens of eager attention, for every model and cache."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from model.small_models import IDS, MODELS, generated, padded_batch, small_model
from torch import Tensor
from transformers import AutoModelForCausalLM, BloomConfig, BloomForCausalLM

from hyperlex.errors import ConfigError
from hyperlex.model import QuantizedKVCache, use_grouped_attention
from hyperlex.model.attention import NAME, attention_mask_for, grouped_attention

CACHES: dict[str, dict[str, Any]] = {
    "none": {"use_cache": False},
    "dynamic": {},
    "dynamic, in chunks": {"prefill_chunk_size": 5},
    "static": {"cache_implementation": "static"},
    "ours": {"width": "auto"},
    "ours, static": {"width": "auto", "max_length": 30},
    "ours, in chunks": {"width": "auto", "prefill_chunk_size": 5},
    "ours, static, in chunks": {"width": "auto", "max_length": 30, "prefill_chunk_size": 5},
}


def options_of(model: Any, cache: str) -> dict[str, Any]:
    options = dict(CACHES[cache])
    if width := options.pop("width", None):
        length = options.pop("max_length", None)
        options["past_key_values"] = QuantizedKVCache(model.config, width, max_length=length)
    return options


def qkv(heads: int = 4, groups: int = 2, rows: int = 3, length: int = 7) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    return (
        torch.randn(2, heads, rows, 16),
        torch.randn(2, groups, length, 16),
        torch.randn(2, groups, length, 16),
    )


MODULE: Any = SimpleNamespace(is_causal=True)


@pytest.mark.parametrize("name", MODELS)
def test_tokens_are_those_of_eager(name: str) -> None:
    model = small_model(name)
    ids, mask = padded_batch()
    padded, single = generated(model, ids, mask), generated(model, ids[2:])
    use_grouped_attention(model)
    for cache in CACHES:
        found = generated(model, ids, mask, **options_of(model, cache))
        assert torch.equal(found, padded), cache
        found = generated(model, ids[2:], **options_of(model, cache))
        assert torch.equal(found, single), cache


@pytest.mark.parametrize("name", ["llama", "gemma2", "gpt_neo"])
def test_padding_on_the_right_and_between_is_not_seen(name: str) -> None:
    ids, mask = padded_batch()
    mask[2, 8:] = 0
    model = small_model(name)
    expected = generated(model, ids, mask)
    use_grouped_attention(model)
    for cache in ("dynamic", "ours", "ours, static"):
        assert torch.equal(generated(model, ids, mask, **options_of(model, cache)), expected)


def test_logits_are_those_of_sdpa_in_bfloat16() -> None:
    ids, mask = padded_batch()
    model = small_model("llama", "sdpa").bfloat16()
    with torch.no_grad():
        expected = model(ids, attention_mask=mask).logits.float()
        found = use_grouped_attention(model)(ids, attention_mask=mask).logits.float()
    rows = mask.bool()
    assert F.cosine_similarity(found[rows], expected[rows], dim=-1).min() > 0.999


def test_a_prompt_in_a_static_cache_does_not_see_the_room_behind_it() -> None:
    query, key, value = qkv(rows=5, length=9)
    key[:, :, 5:] = value[:, :, 5:] = float("nan")
    found, _ = grouped_attention(MODULE, query, key, value, None)
    expected, _ = grouped_attention(MODULE, query, key[:, :, :5], value[:, :, :5], None)
    assert torch.equal(found, expected) and found.isfinite().all()


@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("softcap", [None, 5.0])
def test_a_row_that_sees_nothing_gives_zeros(rows: int, softcap: float | None) -> None:
    query, key, value = qkv(rows=rows)
    keys = torch.tensor([[False] * 7, [True] * 7])[:, None, None]
    causal = torch.ones(rows, 7, dtype=torch.bool).tril(7 - rows)
    for mask in (keys, keys & causal):
        out, weights = grouped_attention(MODULE, query, key, value, mask, softcap=softcap)
        assert out.shape == (2, rows, 4, 16) and weights is None
        assert (out[0] == 0).all() and (out[1] != 0).all()


def test_gradients_are_those_of_sdpa() -> None:
    ids, mask = padded_batch()
    gradients = []
    for attention in ("sdpa", NAME):
        model = small_model("llama", attention)
        labels = ids.masked_fill(mask == 0, -100)
        model(ids, attention_mask=mask, labels=labels).loss.backward()
        gradients.append(model.model.layers[0].self_attn.k_proj.weight.grad)
    assert torch.allclose(*gradients, atol=1e-5)


@pytest.mark.parametrize("name", ["llama", "mistral", "gemma2"])
def test_texts_packed_into_one_row_do_not_see_each_other(name: str) -> None:
    ids, _ = padded_batch()
    positions = torch.tensor([[*range(4), *range(8)]]).expand(3, -1)
    with torch.no_grad():
        packed = {"position_ids": positions, "use_cache": False}
        expected = small_model(name)(ids, **packed).logits
        found = small_model(name, NAME)(ids, **packed).logits
        alone = small_model(name, NAME)(ids[:, 4:]).logits
    assert torch.allclose(found, expected, atol=1e-4)
    assert torch.allclose(found[:, 4:], alone, atol=1e-4)


def test_no_mask_of_queries_and_keys_is_made_for_padding() -> None:
    padding = torch.tensor([[False, True, True, True]])
    mask = attention_mask_for(1, 2, 4, q_offset=2, attention_mask=padding)
    assert mask is not None and mask.shape == (1, 1, 1, 4)
    assert attention_mask_for(1, 4, 4, attention_mask=padding | True) is None
    # Not None: that would say that two keys are all there is.
    mask = attention_mask_for(1, 2, 4, q_offset=2, attention_mask=padding | True)
    assert mask is not None and mask.shape == (1, 1, 1, 4) and mask.all()
    # A window has dropped two tokens: the mask is that of the two that are left, and the new one.
    mask = attention_mask_for(
        1, 1, 3, q_offset=4, kv_offset=2, attention_mask=torch.tensor([[True] * 3 + [False, True]])
    )
    assert mask is not None and mask.tolist() == [[[[True, False, True]]]]


@pytest.mark.parametrize("name", ["gpt_neo", "gptj", "llama"])
def test_from_pretrained_takes_the_name(name: str, tmp_path: Path) -> None:
    model = small_model(name)
    model.save_pretrained(tmp_path)
    ids, _ = padded_batch()
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation=NAME).eval()
    cache = QuantizedKVCache(loaded.config, "auto")
    assert torch.equal(generated(loaded, ids, past_key_values=cache), generated(model, ids))


def test_what_it_cannot_do_is_refused() -> None:
    query, key, value = qkv(rows=7)
    for wrong in ({"output_attentions": True}, {"position_bias": torch.zeros(1)}):
        with pytest.raises(ConfigError, match='set_attn_implementation\\("eager"\\)'):
            grouped_attention(MODULE, query, key, value, None, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="AttentionInterface"):
        use_grouped_attention(
            BloomForCausalLM(BloomConfig(vocab_size=IDS, hidden_size=16, n_layer=1, n_head=2))
        )
    with pytest.raises(ConfigError, match="no model of transformers"):
        use_grouped_attention(torch.nn.Linear(2, 2))  # type: ignore[type-var]
    model = small_model("llama", NAME)
    ids, _ = padded_batch()
    everything = torch.ones(3, 1, 12, 12, dtype=torch.bool)
    with pytest.raises(ConfigError, match="causal attention, sliding windows and padding only"):
        model(ids, attention_mask=everything, past_key_values=QuantizedKVCache(model.config))
