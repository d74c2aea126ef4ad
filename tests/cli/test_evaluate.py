"""`evaluate`: tables for people, JSON for machines, examples for both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from transformers import LlamaConfig, LlamaForCausalLM
from typer.testing import CliRunner, Result

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.cli.evaluate import evaluate
from hyperlex.errors import HyperlexError

app = typer.Typer()
app.command()(evaluate)


@pytest.fixture(scope="module")
def models(
    tok: HyperTokenizer, house: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A random model with hypertokens, and the one that it was extended from."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tok.layout.base_size,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=256,
        bos_token_id=None,
        eos_token_id=None,
    )
    place = tmp_path_factory.mktemp("models")
    model: Any = LlamaForCausalLM(config)
    model.save_pretrained(place / "base")
    (place / "base" / "tokenizer.json").write_bytes((house / "base/tokenizer.json").read_bytes())
    hyperlex.extend_model(model, tok)
    model.save_pretrained(place / "hyper")
    tok.save(place / "hyper")
    return place / "hyper", place / "base"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    found = [
        {"prompt": "Дед стоял", "completion": "у двери"},
        {"prompt": "Кот", "completion": "молчал"},
        {"text": "Дед | вошёл", "label": "дед"},
        {"text": "Кот вошёл", "label": "кот"},
    ]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in found)
    (tmp_path / "rows.jsonl").write_text(text, "utf-8")
    return tmp_path / "rows.jsonl"


def told(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result


def test_every_part_is_shown_that_the_data_allows(
    models: tuple[Path, Path], rows: Path, house: Path, tmp_path: Path
) -> None:
    hyper, base = models
    tale, page, report = house / "texts/tale.txt", tmp_path / "ex.md", tmp_path / "report.json"
    files = ["--examples", page, "--shown", 2, "--json", report]
    result = told(hyper, tale, rows, "--against", base, "--copy", 50, "--max-new-tokens", 6, *files)
    for words in ("bits", "perplexity", "BLEU", "chrF", "ROUGE-L", "by likelihood", "Copy test"):
        assert words in result.stdout, words
    assert "compares models of one tokenizer only" in " ".join(result.stdout.split())
    assert "50 were asked for" in result.stdout
    assert "base against hyper: " in result.stdout
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [line[0] for line in lines if line and line[0] in ("hyper", "base")].count("hyper") >= 2
    assert all(len(line) <= 100 for line in result.stdout.splitlines() if "Written" not in line)
    found = json.loads(report.read_text("utf-8"))
    assert [model["name"] for model in found["models"]] == ["hyper", "base"]
    first, second = found["models"]
    assert first["perplexity"]["characters"] == second["perplexity"]["characters"]
    assert first["perplexity"]["tokens"] < second["perplexity"]["tokens"]
    assert second["difference"]["value"] is not None and first["difference"] is None
    assert page.read_text("utf-8").count("**hyper**") == 2


def test_json_to_standard_output_is_nothing_but_json(models: tuple[Path, Path], rows: Path) -> None:
    found = json.loads(told(models[0], rows, "--json", "-", "--max-new-tokens", 4).stdout)
    assert found["models"][0]["perplexity"] is None
    assert found["models"][0]["classification"]["by_likelihood"]["rows"] == 2


def test_the_copy_test_needs_no_data(models: tuple[Path, Path]) -> None:
    found = json.loads(
        told(models[0], "--copy", 40, "--copy-form", "instruction", "--json", "-").stdout
    )
    copying = found["models"][0]["copying"]
    assert 0 < copying["rows"] <= 40 and copying["exact"]["value"] == 0


def test_mistakes_write_nothing(models: tuple[Path, Path], rows: Path, tmp_path: Path) -> None:
    page = tmp_path / "ex.md"
    cases: list[tuple[list[object], str]] = [
        ([models[0]], "Nothing to evaluate on"),
        ([models[0], rows, "--labels", "кот,пёс", "--examples", page], "the label 'дед'"),
        ([models[0], rows, "--labels", "кот"], "two or more different labels"),
        ([models[0], rows, "--prompts", rows], "--prompts is for --examples"),
        ([models[0], rows, "--examples", page, "--json", page], "one file twice"),
        ([models[0], rows, "--template", "{wrong}"], "wrong"),
        ([tmp_path / "none", rows], "none"),
    ]
    for words, message in cases:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert isinstance(result.exception, HyperlexError), (words, result.output)
        assert message in str(result.exception)
    assert not page.exists()
