"""A small tokenizer, its texts and its hypertokens, made once; and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from typer.testing import CliRunner, Result

import hyperlex
from hyperlex.cli import app

TEXT = """\
Дед стоял у двери, не решаясь войти. Бабка стояла у двери, не решаясь войти.
Внучка стояла у двери и смотрела на деда. Никто из них не решался войти.
— Кто там стоит? — спросил из-за двери голос. — Кто там стоит и не решается войти?
— Это я, — сказал дед. — Это я, — сказала бабка. — А кто там спрашивает?
За дверью помолчали, потом дверь открылась. У двери, не решаясь выйти, стоял кот.
"""

TRAINING = ["--size", "12", "--min-count", "2", "--min-documents", "1", "--workers", "1"]

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """One command line in this process: `run("encode", "текст", "--json")`."""

    def invoke(*words: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], input=stdin)

    return invoke


@pytest.fixture
def refused(run: Run) -> Run:
    """A command line that must be refused: status 2, one line on stderr, nothing on stdout."""

    def invoke(*words: object, stdin: bytes | None = None) -> Result:
        result = run(*words, stdin=stdin)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("hyperlex: ")
        assert result.stderr.count("\n") == 1 and result.stderr.endswith("\n"), result.stderr
        return result

    return invoke


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `texts/tale.txt`, `base/` (a tokenizer) and `extended/` (with hypertokens)."""
    root = tmp_path_factory.mktemp("house")
    for name in ("texts", "base"):
        (root / name).mkdir()
    (root / "texts" / "tale.txt").write_text(TEXT, "utf-8")
    base = Tokenizer(models.BPE())
    base.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    base.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=alphabet,
        special_tokens=["<|endoftext|>"],
        show_progress=False,
    )
    base.train_from_iterator([TEXT], trainer)
    base.save(str(root / "base" / "tokenizer.json"))
    codebook = hyperlex.train_codebook(
        root / "base", [TEXT], size=12, min_count=2, min_documents=1, workers=1
    )
    codebook.save(root / "codebook")
    hyperlex.extend_tokenizer(root / "base", codebook).save(root / "extended")
    return root


@pytest.fixture(scope="session")
def extended(house: Path) -> Path:
    return house / "extended"


@pytest.fixture(scope="session")
def tok(extended: Path) -> hyperlex.HyperTokenizer:
    return hyperlex.load(extended)
