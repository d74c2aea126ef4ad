"""`generate`: the text on standard output and nothing else, what it cost on standard error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from transformers import LlamaConfig, LlamaForCausalLM
from typer.testing import CliRunner, Result

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.cli.generate import generate
from hyperlex.errors import HyperlexError

app = typer.Typer()
app.command()(generate)

Generate = Callable[..., Result]


@pytest.fixture(scope="module")
def model(tok: HyperTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tok.layout.base_size,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=64,
        bos_token_id=None,
        eos_token_id=None,
        initializer_range=0.5,
    )
    place = tmp_path_factory.mktemp("models") / "small"
    made: Any = hyperlex.extend_model(LlamaForCausalLM(config), tok)
    made.save_pretrained(place)
    tok.save(place)
    return place


def told(*words: object, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
    assert result.exit_code == 0, result.output + str(result.exception)
    return result


def refusal(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert isinstance(result.exception, HyperlexError), result.output
    assert result.stdout == ""
    return str(result.exception)


def test_the_text_and_nothing_else_is_printed(model: Path, tok: HyperTokenizer) -> None:
    words = [model, "Дед стоял", "--max-new-tokens", 12]
    found = json.loads(told(*words, "--json").stdout)
    result = told(*words)
    assert result.stdout == found["text"] == tok.decode(found["ids"])
    assert len(found["ids"]) == found["tokens"] == 12
    assert found["characters"] == len(found["text"]) and found["exact"]
    assert found["cache_bytes"] > 0 and 0 < found["context_share"] < 1
    line = result.stderr.splitlines()[-1]
    assert "12 tokens" in line and "characters/s" in line and "of 64 tokens" in line
    assert "cache" in line and "stopped by --max-new-tokens" in line


def test_the_prompt_comes_from_anywhere(model: Path, tok: HyperTokenizer, tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("Дед стоял", "utf-8")
    rest = ["--max-new-tokens", 6, "--greedy"]
    expected = told(model, "Дед стоял", *rest).stdout
    assert told(model, *rest, stdin="Дед стоял").stdout == expected
    assert told(model, "--file", tmp_path / "prompt.txt", *rest).stdout == expected
    ids = " ".join(map(str, tok.encode("Дед стоял")))
    assert told(model, "--ids", "-", *rest, stdin=ids).stdout == expected


def test_sampling_is_repeatable(model: Path) -> None:
    words = [model, "Дед", "--max-new-tokens", 8, "--temperature", 1.5, "--json"]
    first, again, other = (json.loads(told(*words, "--seed", n).stdout)["ids"] for n in (1, 1, 2))
    assert first == again != other


def test_a_narrow_cache_and_a_chat_run(model: Path) -> None:
    found = json.loads(told(model, "Дед", "--kv", "int8", "--max-new-tokens", 4, "--json").stdout)
    assert found["tokens"] == 4 and found["cache_bytes"] > 0
    chat = [model, "Кто там?", "--chat", "--system", "Ты дед.", "--max-new-tokens", 4, "--json"]
    assert json.loads(told(*chat).stdout)["prompt_tokens"] > found["prompt_tokens"]


def test_a_context_that_fits_stays_exact(model: Path, tmp_path: Path, tok: HyperTokenizer) -> None:
    (tmp_path / "old.txt").write_text("Дед молчал.", "utf-8")
    words = [model, "Кот", "--context", tmp_path / "old.txt", "--max-new-tokens", 4, "--json"]
    expected = len(tok.encode("Дед молчал.")) + len(tok.encode("\nКот"))
    assert json.loads(told(*words).stdout)["prompt_tokens"] == expected


def test_mistakes_are_one_error_before_anything_is_printed(model: Path, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("Дед стоял у двери. " * 40, "utf-8")
    long = tmp_path / "long.txt"
    assert "--context FILE" in refusal(model, "--file", long)
    assert "no scene ids" in refusal(model, "Кот", "--context", long, "--rung", 2)
    assert "no scene ids" in refusal(model, "Кот", "--context", long)
    assert "--rung" in refusal(model, "Кот", "--rung", 2)
    assert "One of them" in refusal(
        model, "Кот", "--context", long, "--rung", 2, "--context-tokens", 9
    )
    assert "--drop-oldest were given" in refusal(
        model, "Кот", "--context", long, "--rung", 2, "--drop-oldest"
    )
    assert "--context FILE" in refusal(model, "Кот", "--drop-oldest")
    assert "--system belongs to a chat" in refusal(model, "Кот", "--system", "Ты дед.")
    assert "--greedy" in refusal(model, "Кот", "--greedy", "--top-p", 0.5)
    assert "above 0" in refusal(model, "Кот", "--temperature", 0)
    assert "up to 1" in refusal(model, "Кот", "--top-p", 2)
    assert "One of them" in refusal(model, "Кот", "--ids", long)
    assert "A text and --file" in refusal(model, "Кот", "--file", long)
    assert str(tmp_path / "none") in refusal(tmp_path / "none", "Кот")
