"""`hyperlex plan` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig

from hyperlex import HyperTokenizer
from hyperlex.cli.demo import story
from hyperlex.cli.plan import _size
from hyperlex.errors import ConfigError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A config, and neither weights nor a tokenizer."""
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        dtype="bfloat16",
    )
    config.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_a_person_is_told_what_fits(run: Any, model: Path) -> None:
    told = run("plan", model, "--gpu", "1GB", "--context", "8k", "--kv", "int4")
    assert told.exit_code == 0, told.output
    text = " ".join(told.stdout.split())
    for part in (
        "computing in bf16; 8,192 tokens x 1",
        "weights 0.00 nf4",
        "320 rows",
        "cache 0.00 int4, 80 bytes a token",
        "of 1: fits, 0.50 to spare",
        "At most ",
        "The model was made for 4,096 tokens.",
        "built in, with hypertokens",
    ):
        assert part in text, (part, text)
    small = run("plan", model, "--gpu", "256MB")
    assert "of 0.25: does not fit, 0.25 too much" in " ".join(small.stdout.split())
    assert "3 if it does not" in " ".join(run("plan", "--help").stdout.split())


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_script_sees_whether_it_fits(run: Any, model: Path, words: tuple[str, ...]) -> None:
    fits, does_not = (run("plan", model, "--gpu", size, *words) for size in ("1GB", "256MB"))
    assert (fits.exit_code, does_not.exit_code) == (0, 3)
    assert does_not.stdout and not does_not.stderr


def test_machines_get_json(run: Any, model: Path) -> None:
    told = run("plan", model / "config.json", "--gpu", "0.5gib", "--reserve", "0", "--json")
    result = json.loads(told.stdout)
    assert result["gpu"] == 1 << 29 and result["context"] == 4096 and result["fits"]
    parts = ("weights", "vocabulary", "cache", "activations", "reserve")
    assert result["total"] == sum(result[part] for part in parts)
    base, hyper = result["text"]
    assert base["characters"] == len(story())
    for rate in (base, hyper):
        assert rate["in_context"] == 4096 * rate["characters"] // rate["tokens"]
    assert hyper["tokens"] < base["tokens"]


def test_the_text_and_the_tokenizer_may_be_ones_own(
    run: Any, model: Path, extended: Path, tok: HyperTokenizer, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("Дед стоял у двери, не решаясь войти.\n", "utf-8")
    words = ("plan", model, "--gpu", "1GB", "--file", tmp_path / "text.txt", "--json")
    result = json.loads(run(*words, "--tokenizer", extended).stdout)
    base, hyper = result["text"]
    text = "Дед стоял у двери, не решаясь войти.\n"
    assert base["tokens"] == len(tok.base_encode(text))
    assert hyper["tokens"] == len(tok.encode(text))
    # Its rows are planned for, and the base without them has more room.
    assert result["vocabulary_rows"] >= tok.layout.total
    assert result["hypertoken_rows"] == max(0, result["vocabulary_rows"] - 320)
    assert base["largest_context"] >= hyper["largest_context"]


def test_the_tokenizer_beside_the_model_is_taken(
    run: Any, model: Path, house: Path, tok: HyperTokenizer
) -> None:
    (model / "tokenizer.json").write_bytes((house / "base" / "tokenizer.json").read_bytes())
    words = ("plan", model, "--gpu", "1GB", "--json")
    (only,) = json.loads(run(*words).stdout)["text"]
    assert only["tokens"] == len(tok.base_encode(story()))
    assert "hyperlex extend MODEL OUT" in run("plan", model, "--gpu", "1GB").stdout
    for file in (house / "extended").iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    base, hyper = json.loads(run(*words).stdout)["text"]
    assert (base["name"], hyper["name"]) == ("base", "with hypertokens")
    assert hyper["tokens"] == len(tok.encode(story()))


def test_mistakes_are_one_line(refused: Any, model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    for words, message in (
        ((model,), "--gpu"),
        ((model, "--gpu", "8 apples"), "--gpu 8 apples: a number with a unit was expected"),
        ((model, "--gpu", "8GB", "--context", "long"), "as in --context 32k"),
        ((model, "--gpu", "8GB", "--context", "0"), "context=0"),
        ((model, "--gpu", "8GB", "--kv", "int3"), "int3"),
        ((model, "--gpu", "8GB", "--file", tmp_path / "empty.txt"), "is empty"),
        ((tmp_path / "none", "--gpu", "8GB"), "no config of a language model"),
    ):
        assert message in refused("plan", *words).stderr


def test_a_size_without_a_unit_is_no_bytes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a number with a unit"):
        _size("--gpu", "8")
    assert _size("--gpu", "8,5GB") == int(8.5 * 2**30)
    assert _size("--context", "2048") == 2048
