"""`hyperlex convert-gqa` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM


@pytest.fixture
def model(tmp_path: Path, house: Path) -> Path:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=1,
        num_attention_heads=4,
        max_position_embeddings=128,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "model")
    tokenizer = (house / "base" / "tokenizer.json").read_bytes()
    (tmp_path / "model" / "tokenizer.json").write_bytes(tokenizer)
    return tmp_path / "model"


def test_a_person_is_told_what_it_cost(run: Any, model: Path, tmp_path: Path) -> None:
    told = run("convert-gqa", model, tmp_path / "out", "--kv-heads", "2")
    assert told.exit_code == 0, told.output
    for part in (
        "4 -> 2 key and value heads in 1 layers; a cache 2 times smaller",
        "tokens of the built-in story",
        "nats a token (",
        "bits a character",
        "it needs further training",
    ):
        assert part in told.stdout, part
    assert (tmp_path / "out" / "tokenizer.json").is_file()
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert loaded.config.num_key_value_heads == 2


def test_machines_get_json_and_a_text_aligns(
    run: Any, model: Path, house: Path, tmp_path: Path
) -> None:
    words = ("convert-gqa", model, tmp_path / "out", "--kv-heads", "1", "--json")
    told = run(*words, "--calibration", house / "texts" / "tale.txt")
    result = json.loads(told.stdout.splitlines()[-1])
    assert (result["heads_before"], result["heads_after"], result["layers"]) == (4, 1, 1)
    assert result["aligned_on"] > 0
    assert result["after"]["tokens"] == result["before"]["tokens"]


def test_heads_that_do_not_divide_are_refused_and_nothing_is_written(
    run: Any, model: Path, tmp_path: Path
) -> None:
    told = run("convert-gqa", model, tmp_path / "out", "--kv-heads", "3")
    assert told.exit_code == 2
    assert "3 key and value heads out of 4. One of 1, 2 was expected." in told.stderr
    assert not (tmp_path / "out").exists()


def test_mistakes_are_one_line(refused: Any, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for words, message in (
        ((model, out), "--kv-heads"),
        ((model, model, "--kv-heads", "2"), "MODEL and OUT are both"),
        ((model, out, "--kv-heads", "2", "--calibration", tmp_path / "none.txt"), "none.txt"),
        ((tmp_path / "none", out, "--kv-heads", "2"), "no causal language model"),
    ):
        assert message in refused("convert-gqa", *words).stderr
    assert not out.exists()
