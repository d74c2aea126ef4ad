"""4-bit models through transformers and PEFT: load, save, reload, train, merge."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from hyperlex.errors import ConfigError, FormatError
from hyperlex.model.directory import load_causal_model
from hyperlex.model.linear import Linear4bit, fuse_projections
from hyperlex.model.lora import Lora4bit, prepare_lora
from hyperlex.model.plan import plan_memory
from hyperlex.model.quantize import quantize_directory
from hyperlex.model.quantizer import _SAVED, HyperlexQuantConfig, HyperlexQuantizer
from hyperlex.recipes.loading import load_for
from hyperlex.sizes import GIB
from hyperlex_kernels import FORMATS, NF4_LEVELS

IDS = torch.arange(34).view(2, 17) % 120


def llama(tied: bool = False) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128,
        hidden_size=128,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=tied,
    )
    return LlamaForCausalLM(config).eval()


def load(directory: Path, **options: Any) -> Any:
    return AutoModelForCausalLM.from_pretrained(directory, **options).eval()


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        out: torch.Tensor = model(IDS).logits
    return out


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    llama().save_pretrained(tmp_path / "dense")
    return tmp_path / "dense"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("format", FORMATS)
def test_reload_gives_the_same_bits(
    format: str, dtype: torch.dtype, dense: Path, tmp_path: Path
) -> None:
    config = HyperlexQuantConfig(format)
    model = load(dense, quantization_config=config, dtype=dtype, device_map={"": "cpu"})
    assert type(model.model.layers[0].mlp.up_proj) is Linear4bit
    assert type(model.lm_head) is torch.nn.Linear
    model.save_pretrained(tmp_path / "packed")
    again = load(tmp_path / "packed", dtype="auto")
    assert type(again.model.layers[0].mlp.up_proj) is Linear4bit
    assert again.dtype == dtype
    assert torch.equal(logits(again), logits(model))
    sizes = [(tmp_path / d / "model.safetensors").stat().st_size for d in ("dense", "packed")]
    assert sizes[1] < sizes[0] / 2


@pytest.mark.parametrize("format", FORMATS)
def test_quantised_weights_are_those_of_the_checkpoint(format: str, dense: Path) -> None:
    model = load(dense, quantization_config=HyperlexQuantConfig(format))
    for name, module in load(dense).named_modules():
        if type(module) is torch.nn.Linear and name != "lm_head":
            quantised = model.get_submodule(name).dequantize()
            assert (quantised - module.weight).norm() / module.weight.norm() < 0.10


def test_a_tied_head_is_left_alone_whatever_is_asked(tmp_path: Path) -> None:
    llama(tied=True).save_pretrained(tmp_path)
    model = load(tmp_path, quantization_config=HyperlexQuantConfig(modules_to_not_convert=[]))
    assert type(model.lm_head) is torch.nn.Linear
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_modules_to_not_convert_are_not_converted(dense: Path) -> None:
    config = HyperlexQuantConfig(modules_to_not_convert=["mlp.down_proj"])
    model = load(dense, quantization_config=config)
    kinds = {
        name: type(model.get_submodule(name))
        for name in ("lm_head", "model.layers.1.mlp.down_proj", "model.layers.1.mlp.up_proj")
    }
    assert list(kinds.values()) == [Linear4bit, torch.nn.Linear, Linear4bit]
    with pytest.raises(ConfigError, match="no linear layer to quantise"):
        load(dense, quantization_config=HyperlexQuantConfig(modules_to_not_convert=[".*"]))


def test_layers_that_gpt2_stores_turned_are_turned_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=128,
        n_embd=64,
        n_layer=1,
        n_head=2,
        n_positions=64,
        bos_token_id=0,
        eos_token_id=0,
    )
    GPT2LMHeadModel(config).eval().save_pretrained(tmp_path / "dense")
    dense = load(tmp_path / "dense")
    model = load(tmp_path / "dense", quantization_config=HyperlexQuantConfig())
    quantised = model.transformer.h[0].attn.c_attn.dequantize()
    weight = dense.transformer.h[0].attn.c_attn.weight.T
    assert (quantised - weight).norm() / weight.norm() < 0.10
    model.save_pretrained(tmp_path / "packed")
    assert torch.equal(logits(load(tmp_path / "packed")), logits(model))


def test_a_fresh_process_needs_one_import(dense: Path, tmp_path: Path) -> None:
    model = load(dense, quantization_config=HyperlexQuantConfig())
    model.save_pretrained(tmp_path / "packed")
    script = (
        "import sys, hyperlex.model.quantizer, torch\n"
        "from transformers import AutoModelForCausalLM\n"
        "model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).eval()\n"
        "print(model(torch.tensor([[1, 2, 3]])).logits.sum().item())"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "packed")],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved 4-bit model, to be copied and spoiled."""
    folder = tmp_path_factory.mktemp("saved")
    llama().save_pretrained(folder / "dense")
    model = load(folder / "dense", quantization_config=HyperlexQuantConfig())
    model.save_pretrained(folder / "packed")
    return folder / "packed"


def spoiled(packed: Path, out: Path, changed: dict[str, Any]) -> Path:
    """A copy whose quantization_config has other values; a key that is to be `LOST` is gone."""
    shutil.copytree(packed, out)
    settings = json.loads((out / "config.json").read_text("utf-8"))
    stored = settings["quantization_config"] | changed
    settings["quantization_config"] = {k: v for k, v in stored.items() if v is not LOST}
    (out / "config.json").write_text(json.dumps(settings), "utf-8")
    return out


LOST = object()
READERS = (load, load_for, load_causal_model, lambda path: plan_memory(path, gpu=GIB, context=32))


@pytest.mark.parametrize(
    ("version", "remedy"),
    [(1, "Quantise the original checkpoint again"), (3, "pip install --upgrade hyperlex")],
)
def test_another_format_version_is_refused(
    version: int, remedy: str, packed: Path, tmp_path: Path
) -> None:
    """With the remedy that helps: to quantise again is none against what a newer version wrote."""
    path = spoiled(packed, tmp_path / "other", {"format_version": version})
    for reader in READERS:
        with pytest.raises(FormatError, match=f"format_version {version}.*reads 2.*{remedy}"):
            reader(path)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        *(({key: LOST}, f"No {key}. Expected: format_version, ") for key in _SAVED),
        ({"format_version": "2"}, "format_version='2'. Expected 2."),
        ({"format": None}, "format=None. Expected one of 'nf4', 'int4'."),
        ({"group_size": "64"}, "group_size='64'. Expected one of 32, 64."),
        ({"group_size": 64.0}, "group_size=64.0. Expected one of 32, 64."),
        ({"scale_dtype": ["float16"]}, r"scale_dtype=\['float16'\]. Expected one of 'float16'"),
        (
            {"modules_to_not_convert": "lm_head"},
            "modules_to_not_convert='lm_head'. Expected a list",
        ),
        ({"modules_to_not_convert": [7]}, r"modules_to_not_convert=\[7\]. Expected a list"),
        ({"bits": 4}, "Unknown: bits."),
    ],
)
def test_a_damaged_config_says_what_is_wrong_with_it(
    changed: dict[str, Any], expected: str, packed: Path, tmp_path: Path
) -> None:
    path = spoiled(packed, tmp_path / "damaged", changed)
    for reader in READERS:
        with pytest.raises(FormatError, match=f"is damaged. {expected}.*Put back the config.json"):
            reader(path)


def test_a_config_that_names_no_method_is_refused(packed: Path, tmp_path: Path) -> None:
    path = spoiled(packed, tmp_path / "nameless", {"quant_method": LOST})
    for reader in (load_for, READERS[-1]):
        with pytest.raises(FormatError, match=r"quant_method None\. 'hyperlex' was expected"):
            reader(path)


def test_a_config_of_other_weights_is_refused(packed: Path, tmp_path: Path) -> None:
    """nf4 has no zero points, which int4 needs: they would be random."""
    path = spoiled(packed, tmp_path / "other", {"format": "int4"})
    with pytest.raises(FormatError, match=r"has no weights for 14 parameters .*zeros"):
        load_for(path)


def test_a_config_that_is_no_json_is_not_quantised(dense: Path, tmp_path: Path) -> None:
    settings = json.loads((dense / "config.json").read_text("utf-8"))
    (dense / "config.json").write_text(
        json.dumps(settings | {"quantization_config": None}), "utf-8"
    )
    assert quantize_directory(dense, tmp_path / "out", HyperlexQuantConfig()).layers == 14
    (dense / "config.json").write_text("{", "utf-8")
    with pytest.raises(FormatError, match=r"config\.json is no JSON .*put it back"):
        quantize_directory(dense, tmp_path / "again", HyperlexQuantConfig())
    assert not (tmp_path / "again").exists()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="format='fp4'"):
        HyperlexQuantConfig("fp4")
    with pytest.raises(ConfigError, match="group_size=128"):
        HyperlexQuantConfig(group_size=128)
    with pytest.raises(ConfigError, match="scale_dtype='bfloat16'"):
        HyperlexQuantConfig(scale_dtype="bfloat16")
    with pytest.raises(ConfigError, match="Unknown: bits"):
        HyperlexQuantConfig(bits=4)


def test_nan_in_a_checkpoint_names_its_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[str] = []
    monkeypatch.setattr(
        logging.getLogger("transformers.modeling_utils"),
        "warning",
        lambda message, *_: reports.append(str(message)),
    )
    model = llama()
    model.model.layers[1].mlp.up_proj.weight.data[0, 0] = float("nan")
    model.save_pretrained(tmp_path)
    with pytest.raises(RuntimeError):
        load(tmp_path, quantization_config=HyperlexQuantConfig())
    assert "layers.1.mlp.up_proj.weight: Cannot quantise a weight that holds NaN" in reports[0]


def test_a_quantised_model_compiles_as_one_graph(dense: Path) -> None:
    model = load(dense, quantization_config=HyperlexQuantConfig())
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(IDS).logits, logits(model))
    before = logits(model)
    assert fuse_projections(model) == 4
    assert torch.equal(logits(model), before)


def test_lora_trains_merges_and_comes_apart(dense: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, PeftModel, get_peft_model

    torch.manual_seed(0)
    model = load(dense, quantization_config=HyperlexQuantConfig())
    untrained = logits(model)
    wanted = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "up_proj"]}
    model = get_peft_model(model, prepare_lora(LoraConfig(**wanted)))
    layer = model.base_model.model.model.layers[0].mlp.up_proj
    assert type(layer) is Lora4bit
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for _ in range(8):
        loss = model(IDS, labels=IDS).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.3

    model.eval()
    trained = logits(model)
    assert (trained - untrained).norm() / untrained.norm() > 0.2
    model.merge_adapter()
    merged = logits(model)
    assert 0 < (merged - trained).norm() / trained.norm() < 0.1
    model.unmerge_adapter()
    assert torch.equal(logits(model), trained)

    model.save_pretrained(tmp_path / "adapter")
    base = load(dense, quantization_config=HyperlexQuantConfig())
    config = prepare_lora(LoraConfig.from_pretrained(tmp_path / "adapter"))
    again = PeftModel.from_pretrained(base, tmp_path / "adapter", config=config).eval()
    torch.testing.assert_close(logits(again), trained)
    whole = again.merge_and_unload()
    assert type(whole.model.layers[0].mlp.up_proj) is Linear4bit
    assert torch.equal(logits(whole), merged)


def test_a_directory_is_quantised_with_what_lies_beside_it(dense: Path, tmp_path: Path) -> None:
    (dense / "tokenizer.json").write_text("{}")
    result = quantize_directory(dense, tmp_path / "out", HyperlexQuantConfig("int4"))
    assert result.layers == 14 and not result.imported
    assert result.bytes_after < result.bytes_before / 2
    assert (tmp_path / "out" / "tokenizer.json").read_text() == "{}"
    expected = load(dense, quantization_config=HyperlexQuantConfig("int4"), dtype="auto")
    assert torch.equal(logits(load(tmp_path / "out", dtype="auto")), logits(expected))
    with pytest.raises(ConfigError, match="holds a model already"):
        quantize_directory(dense, tmp_path / "out", HyperlexQuantConfig())
    with pytest.raises(ConfigError, match="quantised already, by hyperlex"):
        quantize_directory(tmp_path / "out", tmp_path / "twice", HyperlexQuantConfig())
    with pytest.raises(ConfigError, match="no causal language model"):
        quantize_directory(tmp_path / "none", tmp_path / "new", HyperlexQuantConfig())
    assert not (tmp_path / "new").exists()


def as_bitsandbytes(dense: Path, out: Path) -> dict[str, torch.Tensor]:
    """A checkpoint in bitsandbytes' form of the model at `dense`, and the weights it stands for."""
    tensors = load_file(dense / "model.safetensors")
    levels = torch.tensor(NF4_LEVELS)
    meant = dict(tensors)
    for name, weight in list(tensors.items()):
        if not name.endswith("proj.weight"):
            continue
        blocks = weight.view(-1, 64)
        absmax = blocks.abs().amax(1)
        codes = torch.bucketize(blocks / absmax.unsqueeze(1), (levels[1:] + levels[:-1]) / 2)
        meant[name] = (levels[codes] * absmax.unsqueeze(1)).view_as(weight)
        flat = codes.flatten()
        meta = {"quant_type": "nf4", "blocksize": 64, "dtype": "float32"}
        record = json.dumps(meta | {"shape": list(weight.shape)}).encode()
        tensors[name] = (flat[0::2] << 4 | flat[1::2]).to(torch.uint8).unsqueeze(1)
        tensors[f"{name}.absmax"] = absmax
        tensors[f"{name}.quant_map"] = levels.clone()
        tensors[f"{name}.quant_state.bitsandbytes__nf4"] = torch.tensor(
            list(record), dtype=torch.uint8
        )
    out.mkdir()
    settings = json.loads((dense / "config.json").read_text())
    settings["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (out / "config.json").write_text(json.dumps(settings))
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    return meant


def test_a_bitsandbytes_directory_comes_over_bit_by_bit(dense: Path, tmp_path: Path) -> None:
    meant = as_bitsandbytes(dense, tmp_path / "bnb")
    result = quantize_directory(tmp_path / "bnb", tmp_path / "out", HyperlexQuantConfig())
    assert result.imported and result.layers == 14
    model = load(tmp_path / "out")
    for name, module in model.named_modules():
        if isinstance(module, Linear4bit):
            assert torch.equal(module.dequantize(), meant[f"{name}.weight"])
    reference = llama()
    reference.load_state_dict(meant)
    torch.testing.assert_close(logits(model), logits(reference), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("format", FORMATS)
def test_a_device_map_is_drawn_up_from_the_bytes_that_are_stored(
    format: str, quantised: bool
) -> None:
    config = HyperlexQuantConfig(format=format)
    model = llama()
    stored = sum(p.numel() * p.element_size() for p in model.parameters())
    packed = {
        name: Linear4bit.from_linear(module, format).weight
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name != "lm_head"
    }
    for name, weight in packed.items():
        stored += weight.nbytes - model.get_submodule(name).weight.nbytes
    quantizer = HyperlexQuantizer(config, pre_quantized=quantised)
    quantizer._process_model_before_weight_loading(model)
    counted = [
        quantizer.param_element_size(model, name, p) * p.numel()
        for name, p in model.named_parameters()
    ]
    assert sum(counted) == stored
