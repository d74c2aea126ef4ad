"""Fewer key and value heads: what must not change, what alignment finds, what is written."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from model.small_models import IDS, small_model
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from hyperlex.errors import ConfigError, FormatError
from hyperlex.model import grouping
from hyperlex.model.group_directory import group_directory
from hyperlex.model.grouping import (
    balanced_groups,
    find_attention,
    group_heads,
    heads_recorded,
)
from hyperlex.model.loss import text_loss
from hyperlex.model.quantizer import HyperlexQuantConfig, replace_linear_layers

TEXT = "Старый почтальон шёл вдоль реки и нёс домой последнее письмо, и в лесу было тихо. " * 8


def logits(model: Any, seed: int = 0, texts: int = 2, tokens: int = 40) -> Tensor:
    torch.manual_seed(seed)
    with torch.no_grad():
        out: Tensor = model(torch.randint(0, IDS, (texts, tokens))).logits
    return out


def twins(model: Any, order: list[int]) -> Any:
    """`model` with its key and value heads in pairs of the same, placed in `order`."""
    with torch.no_grad():
        for layer in find_attention(model):
            for projection in (layer.module.k_proj, layer.module.v_proj):
                for parameter in (projection.weight, projection.bias):
                    if parameter is not None:
                        heads = parameter.view(layer.key_heads, layer.head_size, -1)
                        half = heads[: layer.key_heads // 2].clone()
                        heads.copy_(torch.cat([half, half])[torch.tensor(order)])
    return model


def turned(model: Any) -> Any:
    """`model` with each head written in a basis of its own: it computes the same."""
    with torch.no_grad():
        for layer in find_attention(model):
            for head in range(layer.key_heads):
                rotation = torch.linalg.qr(torch.randn(layer.head_size, layer.head_size))[0]
                grouping._turn_values(layer, head, rotation)
                angles = torch.randn(layer.head_size // 2)
                grouping._turn_keys(layer, head, torch.polar(torch.ones_like(angles), angles))
    return model


def many_heads(name: str) -> Any:
    """A small model with four key heads instead of two."""
    model = small_model(name)
    config = copy.deepcopy(model.config)
    config.num_key_value_heads = config.num_attention_heads = 4
    torch.manual_seed(0)
    model = type(model)(config).eval()
    for each in model.modules():
        if isinstance(each, nn.Linear) and each.bias is not None:
            nn.init.normal_(each.bias)
    return model


@pytest.mark.parametrize("name", ["llama", "qwen2", "qwen3", "mistral", "gemma2"])
def test_heads_that_are_the_same_lose_nothing(name: str) -> None:
    model = twins(many_heads(name), [0, 2, 1, 3])
    before = logits(model)
    group_heads(model, 2)
    assert model.config.num_key_value_heads == 2
    assert torch.allclose(logits(model), before, atol=1e-4)


@pytest.mark.parametrize("name", ["llama", "qwen2", "mistral", "gemma2"])
def test_alignment_finds_heads_that_are_the_same_in_another_basis_and_place(name: str) -> None:
    model = twins(many_heads(name), [0, 1, 2, 3])
    before = logits(model)
    turned(model)
    assert torch.allclose(logits(model), before, atol=1e-3)
    plain = copy.deepcopy(model)
    group_heads(plain, 2)
    layers = find_attention(model)
    with heads_recorded(layers) as recorded:
        logits(model, seed=1, texts=4, tokens=100)
    group_heads(model, 2, recorded)
    assert torch.allclose(logits(model), before, atol=1e-2)
    assert not torch.allclose(logits(plain), before, atol=1)


def test_groups_may_be_grouped_again() -> None:
    model = small_model("llama")
    assert find_attention(model)[0].queries_per_key == 2
    with torch.no_grad():
        for layer in find_attention(model):
            for projection in (layer.module.k_proj, layer.module.v_proj):
                first, second = projection.weight.chunk(2)
                second.copy_(first)
    before = logits(model)
    turned(model)
    with heads_recorded(find_attention(model)) as recorded:
        logits(model, seed=1, texts=4, tokens=100)
    group_heads(model, 1, recorded)
    assert torch.allclose(logits(model), before, atol=1e-2)


def test_groups_are_of_one_size_and_near() -> None:
    place = torch.tensor([0.0, 5, 9, 1, 6, 10, 2, 7, 11])
    groups = balanced_groups((place[:, None] - place[None]).square(), 3)
    assert groups.tolist() == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]


def test_a_model_that_cannot_be_grouped_is_refused() -> None:
    for name in ("gpt2", "gpt_neo", "gptj"):
        with pytest.raises(ConfigError, match="no num_key_value_heads"):
            group_heads(small_model(name), 1)
    for heads in (0, 2, 3):
        with pytest.raises(ConfigError, match=rf"{heads} key and value heads out of 2. One of 1 "):
            group_heads(small_model("llama"), heads)
    model = small_model("llama")
    replace_linear_layers(model, HyperlexQuantConfig("int4"))
    with pytest.raises(ConfigError, match="4-bit projections"):
        group_heads(model, 1)


def test_loss_is_that_of_transformers() -> None:
    model = small_model("llama")
    ids = torch.randint(0, IDS, (1, 30))
    with torch.no_grad():
        expected = float(model(ids, labels=ids).loss)
    found = text_loss(model, ids[0].tolist(), lambda part: "ab" * len(part))
    assert found.tokens == 29
    assert found.nats == pytest.approx(expected, rel=1e-5)
    assert found.bits == pytest.approx(expected / 0.6931472 / 2, rel=1e-5)
    windows = text_loss(model, ids[0].tolist(), lambda part: "", window=8)
    assert windows.tokens == 26  # the first of each window is not predicted
    with pytest.raises(ConfigError, match="1 tokens"):
        text_loss(model, [1], lambda part: "")


@pytest.fixture
def source(tmp_path: Path, base: Any) -> Path:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(base),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        initializer_range=0.3,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "source")
    base.save_pretrained(tmp_path / "source")
    return tmp_path / "source"


@pytest.mark.parametrize("align", [False, True])
def test_what_is_written_is_an_ordinary_checkpoint(
    source: Path, tmp_path: Path, align: bool
) -> None:
    out = tmp_path / "out"
    result = group_directory(source, out, 2, TEXT, align=align)
    assert (result.layers, result.heads_before, result.heads_after) == (2, 4, 2)
    assert (result.aligned_on > 0) == align
    loaded, report = AutoModelForCausalLM.from_pretrained(out, output_loading_info=True)
    assert not report["missing_keys"] and not report["mismatched_keys"]
    assert loaded.config.num_key_value_heads == 2
    assert loaded.model.layers[0].self_attn.k_proj.weight.shape == (32, 64)
    tokenizer = AutoTokenizer.from_pretrained(out)
    ids = tokenizer(TEXT, add_special_tokens=False)["input_ids"][result.aligned_on :]
    assert result.after == text_loss(loaded.eval(), ids, tokenizer.decode)
    original = AutoModelForCausalLM.from_pretrained(source).eval()
    assert result.before == text_loss(original, ids, tokenizer.decode)


def test_nothing_is_left_of_a_failure(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for heads, text, message in ((3, TEXT, "3 key and value"), (2, "да", "calibration text of")):
        with pytest.raises(ConfigError, match=message):
            group_directory(source, out, heads, text, align=True)
    (source / "tokenizer.json").unlink()
    (source / "tokenizer_config.json").unlink()
    with pytest.raises(ConfigError, match="no tokenizer beside it"):
        group_directory(source, out, 2, TEXT, align=True)
    with pytest.raises(ConfigError, match="holds a model already"):
        group_directory(source, source, 2, TEXT, align=False)
    with pytest.raises((ConfigError, FormatError)):
        group_directory(tmp_path / "none", out, 2, TEXT, align=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]
    assert group_directory(source, out, 2, TEXT, align=False).after is None
