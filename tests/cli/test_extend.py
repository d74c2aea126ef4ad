"""`extend`: one command from a base and texts to a directory that transformers reads."""

from __future__ import annotations

import json
import typing
from pathlib import Path

import pytest

import hyperlex
from hyperlex import files
from hyperlex.cli.extend import extend

TEXT = "Дед стоял у двери, не решаясь войти."


def test_extend_by_a_codebook(run, house: Path, tmp_path: Path) -> None:
    result = run("extend", house / "base", tmp_path / "out", "--codebook", house / "codebook")
    assert result.exit_code == 0, result.output
    tok = hyperlex.load(tmp_path / "out")
    assert tok.layout == hyperlex.VocabularyLayout(300, 12)
    assert tok.expand(tok.encode(TEXT)) == tok.base_encode(TEXT)
    assert len(tok.encode(TEXT)) < len(tok.base_encode(TEXT))
    assert "AutoTokenizer.from_pretrained" in result.stdout


def test_extend_takes_the_first_entries(run, house: Path, tmp_path: Path) -> None:
    words = ("extend", house / "base", tmp_path / "out", "--codebook", house / "codebook")
    told = json.loads(run(*words, "--size", 5, "--json").stdout)
    assert (told["base_ids"], told["hypertokens"], told["model"]) == (300, 5, False)
    assert hyperlex.load(tmp_path / "out").layout.hyper_size == 5


def test_extend_trains_on_texts(run, tmp_path: Path, house: Path) -> None:
    # The defaults ask for three documents and six occurrences.
    for number in range(6):
        (tmp_path / "texts").mkdir(exist_ok=True)
        text = (house / "texts" / "tale.txt").read_text("utf-8")
        (tmp_path / "texts" / f"{number}.txt").write_text(text, "utf-8")
    words = ("extend", house / "base", tmp_path / "out", "--texts", tmp_path / "texts")
    result = run(*words, "--size", 8, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert hyperlex.load(tmp_path / "out").layout.hyper_size == 8


def test_extend_a_model(run, house: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

    source, out = tmp_path / "model", tmp_path / "out"
    config = GPT2Config(vocab_size=300, n_positions=64, n_embd=16, n_layer=1, n_head=2)
    GPT2LMHeadModel(config).save_pretrained(source)
    tokenizer = house / "base" / "tokenizer.json"
    (source / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    words = ("extend", source, out, "--codebook", house / "codebook")
    result = run(*words, "--initialisation", "exponential", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[-1])["model"] is True
    model, loaded = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    ids = hyperlex.load(out).encode(TEXT)
    assert loaded(TEXT).input_ids == ids
    assert model(torch.tensor([ids])).logits.shape[-1] >= 312

    only = run(*words[:2], tmp_path / "only", *words[3:], "--tokenizer-only")
    assert only.exit_code == 0, only.output
    assert not (tmp_path / "only" / "config.json").exists()


def test_extend_distils_rows_from_texts(run, house: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

    source, out = tmp_path / "model", tmp_path / "out"
    config = GPT2Config(vocab_size=300, n_positions=64, n_embd=16, n_layer=1, n_head=2)
    GPT2LMHeadModel(config).save_pretrained(source)
    tokenizer = house / "base" / "tokenizer.json"
    (source / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    words = ("extend", source, out, "--codebook", house / "codebook", "--texts", house / "texts")
    result = run(*words, "--initialisation", "distilled", "--steps", 2)
    assert result.exit_code == 0, result.output
    assert "steps of distillation" in result.stdout
    record = AutoModelForCausalLM.from_pretrained(out).config.hyperlex
    assert record["hyper_size"] == 12 and record["distillation"]["steps"] in (1, 2)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--initialisation", "distilled"), "--texts PATH"),
        (("--initialisation", "distilled", "--texts", "."), "rows of a model"),
        (("--steps", "3"), "--initialisation distilled alone"),
    ],
)
def test_distillation_wants_texts_and_a_model(
    refused, house: Path, tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    given = ("extend", house / "base", tmp_path / "out", "--codebook", house / "codebook")
    assert expected in " ".join(refused(*given, *words).stderr.split())
    assert not (tmp_path / "out").exists()


def test_weights_are_recognised_as_the_model_side_does() -> None:
    pytest.importorskip("torch")
    from hyperlex.model import directory

    assert directory.weight_files is files.weight_files


def test_every_beginning_of_rows_is_offered() -> None:
    pytest.importorskip("torch")
    from hyperlex.model.rows import INITIALISATIONS

    option = typing.get_type_hints(extend)["initialisation"]
    assert set(typing.get_args(option)) == {*INITIALISATIONS, "distilled"}


def test_without_a_source_of_hypertokens_both_ways_are_told(refused, house, tmp_path) -> None:
    message = refused("extend", house / "base", tmp_path / "out").stderr
    assert "--codebook" in message and "--texts" in message


def test_two_sources_of_hypertokens_are_refused(refused, house: Path, tmp_path: Path) -> None:
    words = ("extend", house / "base", tmp_path / "out", "--codebook", house / "codebook")
    assert "Two sources" in refused(*words, "--texts", house / "texts").stderr


@pytest.mark.parametrize("size", [0, 13])
def test_a_size_outside_the_codebook_is_refused(refused, house, tmp_path, size: int) -> None:
    words = ("extend", house / "base", tmp_path / "out", "--codebook", house / "codebook")
    assert f"size={size}" in refused(*words, "--size", size).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_codebook_of_another_base_is_refused(refused, house: Path, tmp_path: Path) -> None:
    data = json.loads((house / "base" / "tokenizer.json").read_text("utf-8"))
    data["model"]["merges"].pop()
    (tmp_path / "tokenizer.json").write_text(json.dumps(data), "utf-8")
    words = ("extend", tmp_path / "tokenizer.json", tmp_path / "out")
    assert "another base" in refused(*words, "--codebook", house / "codebook").stderr
    assert not (tmp_path / "out").exists()


def test_a_truncated_codebook_is_refused(refused, house: Path, tmp_path: Path) -> None:
    data = (house / "codebook" / "codebook.safetensors").read_bytes()
    for size in (0, 5, 100, len(data) - 1):
        (tmp_path / "codebook.safetensors").write_bytes(data[:size])
        words = ("extend", house / "base", tmp_path / "out", "--codebook", tmp_path)
        assert "damaged" in refused(*words).stderr
    assert not (tmp_path / "out").exists()


def test_a_source_without_a_tokenizer_is_refused(refused, house: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    words = ("extend", tmp_path / "empty", tmp_path / "out", "--codebook", house / "codebook")
    assert "tokenizer.json" in refused(*words).stderr


def test_what_has_hypertokens_already_is_refused(refused, house: Path, tmp_path: Path) -> None:
    words = ("extend", house / "extended", tmp_path / "out", "--codebook", house / "codebook")
    assert "already" in refused(*words).stderr


def test_source_and_out_must_differ(refused, house: Path) -> None:
    before = {path.name for path in (house / "base").iterdir()}
    words = ("extend", house / "base", house / "texts" / ".." / "base")
    assert "SOURCE and OUT" in refused(*words, "--codebook", house / "codebook").stderr
    assert {path.name for path in (house / "base").iterdir()} == before


def test_an_out_that_holds_another_model_is_refused(refused, house: Path, tmp_path: Path) -> None:
    before = dict.fromkeys(("config.json", "model.safetensors", "tokenizer.json"), "{}")
    for name, text in before.items():
        (tmp_path / name).write_text(text, "utf-8")
    words = ("extend", house / "base", tmp_path, "--codebook", house / "codebook")
    for more in ((), ("--tokenizer-only",)):
        assert "holds a model already: model.safetensors" in refused(*words, *more).stderr
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == before


def test_an_out_that_cannot_be_written_is_refused_before_the_work(
    refused, house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object, **__: object) -> None:
        raise AssertionError("the place was not tried first")

    monkeypatch.setattr("hyperlex.codebook.train_codebook", train)
    (tmp_path / "file").touch()
    words = ("extend", house / "base", tmp_path / "file" / "out", "--texts", house / "texts")
    assert "Cannot write" in refused(*words).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
