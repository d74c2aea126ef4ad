"""What is trained, found by structure in any architecture, and read back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from model.conftest import TEXTS
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from hyperlex import HyperTokenizer
from hyperlex.errors import ConfigError
from hyperlex.recipes import loading
from hyperlex.recipes.finetune import FinetuneConfig, finetune
from hyperlex.recipes.finetune.adapters import prepare
from hyperlex.recipes.finetune.modules import linear_names, one_dimensional
from hyperlex.recipes.loading import load_for, load_trained, what_runs

Recipe = Callable[..., FinetuneConfig]
Model = Callable[[str], Path]

ATTENTION = {
    "gpt2": ["attn.c_attn", "attn.c_proj"],
    "gptj": ["attn.k_proj", "attn.out_proj", "attn.q_proj", "attn.v_proj"],
    "gpt_neo": [f"attn.attention.{name}_proj" for name in ("k", "out", "q", "v")],
    "gpt_neox": ["attention.dense", "attention.query_key_value"],
    "llama": [f"self_attn.{name}_proj" for name in "koqv"],
    "qwen3": [f"self_attn.{name}_proj" for name in "koqv"],
}
OTHERS = {
    "gpt2": ["mlp.c_fc", "mlp.c_proj"],
    "gptj": ["mlp.fc_in", "mlp.fc_out"],
    "gpt_neo": ["mlp.c_fc", "mlp.c_proj"],
    "gpt_neox": ["mlp.dense_4h_to_h", "mlp.dense_h_to_4h"],
    "llama": ["mlp.down_proj", "mlp.gate_proj", "mlp.up_proj"],
    "qwen3": ["mlp.down_proj", "mlp.gate_proj", "mlp.up_proj"],
}


@pytest.mark.parametrize("weights", ["fp32", "nf4"])
@pytest.mark.parametrize("name", ATTENTION)
def test_layers_are_found_by_structure(name: str, weights: str, model_of: Model) -> None:
    model = load_for(model_of(name), weights=weights)
    assert linear_names(model, attention_only=True) == ATTENTION[name]
    assert linear_names(model) == sorted(ATTENTION[name] + OTHERS[name])


@pytest.mark.parametrize("kind", ["attention", "all", "one-dimensional", "rows", "routed"])
@pytest.mark.parametrize("name", ATTENTION)
def test_what_is_prepared_is_what_was_before_and_trains_as_told(
    name: str, kind: str, model_of: Model, recipe: Recipe, tok: HyperTokenizer
) -> None:
    bare = load_for(model_of(name))
    ids = torch.tensor([tok.encode(TEXTS[0])[:40]])
    with torch.no_grad():
        before = bare(input_ids=ids).logits
    known = {id(each): each for each in bare.parameters()}
    model = prepare(bare, recipe(name, adapters=kind), tok.layout).eval()
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=ids).logits, before)
    trained = [each for each in model.parameters() if each.requires_grad]
    assert trained
    if kind == "one-dimensional":
        assert all(each.ndim == 1 for each in trained)
    elif kind == "rows":
        heads = 2 if name in ("llama", "gpt_neox") else 1
        assert [tuple(each.shape) for each in trained] == [(tok.layout.hyper_size, 32)] * heads
    else:
        assert not any(id(each) in known for each in trained)


def test_one_dimensional_modules_are_norms(model_of: Model) -> None:
    names = one_dimensional(load_for(model_of("qwen3")))
    assert {name.rpartition(".")[2] for name in names} == {
        "input_layernorm",
        "k_norm",
        "norm",
        "post_attention_layernorm",
        "q_norm",
    }


RUNS = [
    ("gpt2", {"adapters": "all"}),
    ("llama", {"adapters": "attention", "weights": "nf4", "gradient_checkpointing": True}),
    ("gpt_neox", {"adapters": "all", "weights": "bf16", "lora_dropout": 0.1}),
    ("qwen3", {"adapters": "one-dimensional", "weights": "bf16"}),
    ("gptj", {"adapters": "one-dimensional"}),
    ("llama", {"adapters": "attention", "rows": True, "weights": "int4"}),
    ("gpt_neo", {"adapters": "routed", "experts": 2, "top_k": 1}),
    ("llama", {"adapters": "routed", "weights": "nf4", "gradient_checkpointing": True}),
    ("gpt2", {"adapters": "none"}),
    ("llama", {"adapters": "none", "weights": "bf16", "packing": True}),
]


@pytest.mark.parametrize(("name", "changed"), RUNS)
def test_a_result_loads_as_it_was_trained(
    name: str, changed: dict[str, Any], recipe: Recipe
) -> None:
    """The loss of what is loaded is the one that the run measured in the end."""
    config = recipe(name, **changed, steps=6, validation=0.25)
    told: list[str] = []
    result = finetune(config, told=told.append)
    lines = [json.loads(line) for line in (result.directory / "log.jsonl").open()]
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert any(line.startswith(f"{result.trainable:,} of {result.total:,}") for line in told)
    model, tok = load_trained(result.directory)
    loss, count = 0.0, 0
    for text in _held_out(config, tok):
        ids = torch.tensor([text])
        with torch.no_grad():
            loss += float(model(input_ids=ids, labels=ids).loss) * (len(text) - 1)
        count += len(text) - 1
    rounding = 2e-2 if config.weights == "bf16" else 1e-4
    assert loss / count == pytest.approx(lines[-1]["validation_loss"], abs=rounding)


def _held_out(config: FinetuneConfig, tok: HyperTokenizer) -> list[list[int]]:
    from hyperlex.recipes.finetune.run import read_sequences

    _, held_out = read_sequences(config, tok)
    assert held_out is not None
    return [held_out[index].ids.tolist() for index in range(len(held_out))]


@pytest.mark.parametrize("changed", [{"adapters": "all", "rows": True}, {"adapters": "rows"}])
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_peft_and_transformers_read_a_result_by_themselves(
    name: str, changed: dict[str, Any], recipe: Recipe, tok: HyperTokenizer
) -> None:
    config = recipe(name, **changed)
    result = finetune(config)
    base = AutoModelForCausalLM.from_pretrained(config.model)
    theirs = PeftModel.from_pretrained(base, str(result.directory)).eval()
    ours, _ = load_trained(result.directory)
    beside = AutoTokenizer.from_pretrained(str(result.directory))
    assert beside.encode(TEXTS[0], add_special_tokens=False) == tok.encode(TEXTS[0])
    ids = torch.tensor([tok.encode(TEXTS[0])])
    with torch.no_grad():
        torch.testing.assert_close(theirs(input_ids=ids).logits, ours(input_ids=ids).logits)


def test_rows_leave_all_other_rows_alone(recipe: Recipe, tok: HyperTokenizer) -> None:
    config = recipe("gpt2", adapters="rows", steps=6)
    result = finetune(config)
    tensors = load_file(result.directory / "adapter_model.safetensors")
    assert sum(each.numel() for each in tensors.values()) == tok.layout.hyper_size * 32
    model, _ = load_trained(result.directory)
    before = load_for(config.model).get_input_embeddings().weight
    after = model.merge_and_unload().get_input_embeddings().weight
    base = tok.layout.base_size
    assert torch.equal(after[:base], before[:base])
    assert not torch.equal(after[base : tok.layout.total], before[base : tok.layout.total])


def test_rows_of_a_head_with_a_bias_are_left_and_it_is_said(recipe: Recipe) -> None:
    told: list[str] = []
    finetune(recipe("gptj", adapters="rows", steps=1), told=told.append)
    assert any("has a bias" in line for line in told)


def test_rows_without_a_new_vocabulary_are_refused(
    recipe: Recipe, tmp_path: Path, planned: None
) -> None:
    config = recipe("gpt2", adapters="rows")
    plain = tmp_path / "base.json"
    loading.load_tokenizer(config.model).base.tokenizer.save(str(plain))
    with pytest.raises(ConfigError, match="no hypertokens"):
        finetune(FinetuneConfig(**{**vars(config), "tokenizer": str(plain)}))
    assert not Path(config.output).exists()


def test_eight_bits_run_on_the_cpu_and_it_is_said(recipe: Recipe) -> None:
    pytest.importorskip("bitsandbytes")
    told: list[str] = []
    config = recipe("gpt2", weights="int8", optimiser="paged_adam8bit", steps=3)
    result = finetune(config, told=told.append)
    assert [line for line in told if line.startswith("No CUDA")] == [
        "No CUDA here: the 8-bit layers of bitsandbytes run on the CPU, slowly.",
        "No CUDA here: plain AdamW runs instead of paged_adam8bit.",
    ]
    assert result.losses[-1] < result.losses[0]
    dense = finetune(recipe("gpt2", steps=3, output=config.output + " dense"))
    assert result.losses == pytest.approx(dense.losses, abs=5e-3)
    model, _ = load_trained(result.directory)
    assert any(each.dtype == torch.int8 for each in model.parameters())


def test_what_runs_instead_depends_on_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert what_runs("nf4").told == ()
    half = what_runs("fp16", "adam8bit")
    assert (half.weights, half.optimiser, len(half.told)) == ("bf16", "adamw", 2)
    monkeypatch.setattr(loading, "available", lambda package: False)
    assert what_runs("int8").weights == "bf16"
    monkeypatch.setattr(loading, "cuda", lambda: True)
    monkeypatch.setattr(loading, "require", lambda *packages, extra: None)
    there = what_runs("int8", "paged_adam8bit")
    assert (there.weights, there.optimiser, there.told) == ("int8", "paged_adam8bit", ())


def test_other_bits_than_stored_are_refused(model_of: Model, tmp_path: Path) -> None:
    load_for(model_of("llama"), weights="nf4").save_pretrained(tmp_path / "packed")
    assert load_for(tmp_path / "packed").model.layers[0].mlp.up_proj.format == "nf4"
    with pytest.raises(ConfigError, match=r'is stored as nf4.*Write weights = "nf4"'):
        load_for(tmp_path / "packed", weights="bf16")
