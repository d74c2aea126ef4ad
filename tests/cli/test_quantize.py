"""`hyperlex quantize` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import typer
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
from typer.testing import CliRunner

from hyperlex.cli.quantize import quantize
from hyperlex.errors import ConfigError
from hyperlex.model.linear import Linear4bit

app = typer.Typer()
app.command()(quantize)


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=32,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "dense")
    return tmp_path / "dense"


def test_a_model_is_written_that_transformers_reads(dense: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [str(dense), str(out), "--format", "int4", "--keep", "o_proj", "--keep", "lm_head"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    assert f"{out}: 6 layers quantised as int4" in told.stdout.replace("\n", "")
    model = AutoModelForCausalLM.from_pretrained(out)
    assert type(model.model.layers[0].mlp.up_proj) is Linear4bit
    assert type(model.model.layers[0].self_attn.o_proj) is torch.nn.Linear


def test_machines_get_json(dense: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, [str(dense), str(tmp_path / "out"), "--json"])
    result = json.loads(told.stdout.splitlines()[-1])
    assert result["layers"] == 7 and not result["imported"]
    assert 0 < result["bytes_after"] < result["bytes_before"]


def test_mistakes_are_config_errors(dense: Path, tmp_path: Path) -> None:
    for words, message in (
        ([str(dense), str(dense)], "MODEL and OUT are both"),
        ([str(dense), str(tmp_path / "out"), "--group-size", "128"], "group_size=128"),
        ([str(tmp_path / "none"), str(tmp_path / "out")], "no causal language model"),
        ([str(dense), str(tmp_path / "out"), "--keep", "o_prj"], "'o_prj' names no layer"),
    ):
        told = CliRunner().invoke(app, words)
        assert isinstance(told.exception, ConfigError)
        assert message in str(told.exception)
    assert not (tmp_path / "out").exists()


def test_adapters_alone_are_refused(dense: Path, tmp_path: Path) -> None:
    model = get_peft_model(LlamaForCausalLM.from_pretrained(dense), LoraConfig(r=2))
    model.save_pretrained(tmp_path / "adapters")
    result = CliRunner().invoke(app, [str(tmp_path / "adapters"), str(tmp_path / "out")])
    assert isinstance(result.exception, ConfigError)
    assert "holds adapters, and no model to quantise" in str(result.exception)
    assert not (tmp_path / "out").exists()
