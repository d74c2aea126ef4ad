"""The plan against models that are really made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from model.small_models import MODELS, small_model
from transformers import AutoModelForCausalLM, LlamaConfig, MambaConfig, MixtralConfig

from hyperlex import HyperTokenizer, extend_model
from hyperlex.errors import ConfigError
from hyperlex.model import HyperlexQuantConfig, MemoryPlan, QuantizedKVCache, plan_memory
from hyperlex.model.activations import LiveBytes
from hyperlex.model.attention import NAME
from hyperlex.model.plan import GIB

GPU = 8 * GIB


def tensor_bytes(model: Any) -> int:
    """Of all parameters and buffers, shared ones once."""
    tensors = {id(each): each for each in (*model.parameters(), *model.buffers())}
    return sum(each.numel() * each.element_size() for each in tensors.values())


def planned(source: Path, **options: Any) -> MemoryPlan:
    return plan_memory(source, **{"gpu": GPU, "context": 64, **options})


@pytest.mark.parametrize("weights", ["nf4", "int4", "bf16", "fp32"])
@pytest.mark.parametrize("name", MODELS)
def test_weights_are_those_of_the_loaded_model(name: str, weights: Any, tmp_path: Path) -> None:
    model = small_model(name)
    model.save_pretrained(tmp_path)
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}.get(weights, torch.float16)
    options: dict[str, Any] = {}
    if weights in ("nf4", "int4"):
        options["quantization_config"] = HyperlexQuantConfig(weights)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=dtype, **options)
    (tmp_path / "model.safetensors").unlink()
    plan = planned(tmp_path, weights=weights)
    assert plan.parameters == sum(each.numel() for each in model.parameters())
    assert plan.weights + plan.vocabulary == tensor_bytes(loaded)
    if options:
        loaded.save_pretrained(tmp_path / "packed")
        assert planned(tmp_path / "packed").weights == plan.weights


@pytest.mark.parametrize("kv", ["fp16", "int8", "int4"])
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2"])
def test_the_cache_is_the_one_allocated(name: str, kv: Any, tmp_path: Path) -> None:
    model = small_model(name, NAME)
    model.config.save_pretrained(tmp_path)
    plan = planned(tmp_path, kv=kv, batch=2, context=50)
    cache = QuantizedKVCache(model.config, kv, max_length=50)
    with torch.no_grad():
        model(torch.ones(2, 5, dtype=torch.int64), past_key_values=cache)
    assert plan.cache == cache.stored_bytes
    assert (
        plan.cache_per_token
        == (plan.cache - planned(tmp_path, kv=kv, batch=2, context=10).cache) // 40
    )


@pytest.mark.parametrize("name", MODELS)
def test_activations_are_those_of_a_run_within_two_per_cent(name: str, tmp_path: Path) -> None:
    """Counted on a CPU, which makes a few small tensors more than the meta device."""
    model = small_model(name, NAME)
    model.config.save_pretrained(tmp_path)
    ids = torch.ones(2, 100, dtype=torch.int64)
    live = LiveBytes()
    with torch.no_grad(), live:
        model(ids, use_cache=False, logits_to_keep=1)
    plan = planned(tmp_path, weights="fp32", batch=2, prefill=100, context=100)
    assert plan.activations == pytest.approx(live.peak, rel=0.02)


def test_live_bytes_are_those_that_live() -> None:
    given = torch.zeros(1000)
    live = LiveBytes()
    with live:
        kept = given + 1
        _ = (given * 2).sum()
        view = kept[10:]
        view += 1
    assert live.peak == 2 * 4000 + 4


def test_a_dense_copy_of_a_4_bit_weight_is_counted_where_one_is_made(tmp_path: Path) -> None:
    config = small_model("llama").config
    config.hidden_size = config.intermediate_size = 512  # a weight outweighs what is computed
    config.save_pretrained(tmp_path)
    sizes = (planned(tmp_path, prefill=tokens, context=99).activations for tokens in (64, 65))
    few, many = sizes
    assert 512 * 512 * 2 / 2 < many - few < 512 * 512 * 2 * 1.1


def test_hypertokens_cost_their_rows(tmp_path: Path, tok: HyperTokenizer) -> None:
    model = small_model("llama")
    model.resize_token_embeddings(tok.layout.base_size)
    model.config.save_pretrained(tmp_path)
    plan = planned(tmp_path, weights="fp32", vocabulary_rows=tok.layout.total)
    extend_model(model, tok)
    assert plan.weights + plan.vocabulary == tensor_bytes(model)
    assert plan.parameters == sum(each.numel() for each in model.parameters())
    assert plan.vocabulary_rows == model.config.vocab_size
    assert plan.hypertoken_rows == plan.vocabulary_rows - tok.layout.base_size
    assert planned(tmp_path, vocabulary_rows=10).hypertoken_rows == 0


@pytest.fixture
def shaped_13b(tmp_path: Path) -> Path:
    """The config of a model as large as Llama 2 13B, and nothing else."""
    config = LlamaConfig(
        vocab_size=32_000,
        hidden_size=5120,
        intermediate_size=13_824,
        num_hidden_layers=40,
        num_attention_heads=40,
        max_position_embeddings=4096,
        dtype="float16",
    )
    config.save_pretrained(tmp_path)
    return tmp_path


def test_13b_in_4_bits_runs_in_11_gb_and_says_what_fits_in_8(shaped_13b: Path) -> None:
    for kv in ("fp16", "int4"):
        plan = planned(shaped_13b, gpu=11 * GIB, context=2048, weights="nf4", kv=kv)
        assert plan.parameters == 13_015_864_320
        assert plan.fits and plan.total < 11 * GIB
    small = planned(shaped_13b, gpu=8 * GIB, context=2048, weights="nf4", kv="int4")
    assert small.fits and small.largest_context > 2048


@pytest.mark.parametrize("kv", ["fp16", "int4"])
def test_the_largest_context_fits_and_one_token_more_does_not(tmp_path: Path, kv: Any) -> None:
    small_model("llama").config.save_pretrained(tmp_path)
    options: dict[str, Any] = {"gpu": 1 << 20, "reserve": 0, "prefill": 16, "kv": kv}
    most = planned(tmp_path, **options).largest_context
    assert most > 1000
    assert planned(tmp_path, **options, context=most).fits
    assert not planned(tmp_path, **options, context=most + 1).fits
    assert planned(tmp_path, **{**options, "reserve": 1 << 20}).largest_context == 0


def test_a_config_file_will_do(shaped_13b: Path) -> None:
    assert planned(shaped_13b / "config.json") == planned(shaped_13b)


def test_mistakes_are_named(tmp_path: Path, shaped_13b: Path) -> None:
    for wrong in ("gpu", "context", "batch", "prefill"):
        with pytest.raises(ConfigError, match=f"{wrong}=0"):
            planned(shaped_13b, **{wrong: 0})
    with pytest.raises(ConfigError, match="gpu='8GB'"):
        planned(shaped_13b, gpu="8GB")
    with pytest.raises(ConfigError, match="weights='int3'"):
        planned(shaped_13b, weights="int3")
    with pytest.raises(ConfigError, match="width='int3'"):
        planned(shaped_13b, kv="int3")
    with pytest.raises(ConfigError, match="no config of a language model"):
        planned(tmp_path / "none")
    (tmp_path / "vision").mkdir()
    (tmp_path / "vision" / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(ConfigError, match="'vit' is no causal language model"):
        planned(tmp_path / "vision")


def test_heads_that_do_not_divide_are_told_of(tmp_path: Path) -> None:
    LlamaConfig(num_attention_heads=4, num_key_value_heads=3, hidden_size=64).save_pretrained(
        tmp_path
    )
    with pytest.raises(ConfigError, match="4 query heads and 3 key/value heads"):
        plan_memory(tmp_path, gpu=8 * GIB, context=64)


def test_models_that_cannot_be_planned_are_told_of(tmp_path: Path) -> None:
    small: Any = {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": 64}
    MambaConfig(**small, state_size=4).save_pretrained(tmp_path / "mamba")
    with pytest.raises(ConfigError, match=r"MambaConfig has layers of the kinds"):
        plan_memory(tmp_path / "mamba", gpu=GIB, context=64)
    experts = {"num_local_experts": 2, "num_attention_heads": 2, "num_key_value_heads": 1}
    MixtralConfig(**small, **experts, intermediate_size=64).save_pretrained(tmp_path / "mixtral")
    with pytest.raises(ConfigError, match="MixtralForCausalLM cannot be followed without numbers"):
        plan_memory(tmp_path / "mixtral", gpu=GIB, context=64)
