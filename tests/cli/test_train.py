"""`train`: a codebook and its card, or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hyperlex
from hyperlex.cli.sources import cards

SMALL = ["--size", "12", "--min-count", "2", "--min-documents", "1", "--workers", "1"]


@pytest.fixture
def words(house: Path, tmp_path: Path) -> list[object]:
    return ["train", house / "texts", "--base", house / "base", "--out", tmp_path / "out", *SMALL]


def test_train_writes_a_codebook_and_its_card(run, words, house: Path, tmp_path: Path) -> None:
    result = run(*words)
    assert result.exit_code == 0, result.output
    codebook = hyperlex.Codebook.load(tmp_path / "out", house / "base")
    assert len(codebook) == 12
    card = json.loads((tmp_path / "out" / "codebook.json").read_text("utf-8"))
    assert card["base"] == {"name": "base", "sha256": codebook.base.sha256, "ids": 300}
    assert card["config"]["size"] == 12 and card["config"]["min_count"] == 2
    data = (house / "texts" / "tale.txt").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert card["sources"] == [{"file": "tale.txt", "bytes": len(data), "sha256": digest}]
    assert sum(card["entries"].values()) == 12
    assert card["sample"]["tokens"] < card["sample"]["base_tokens"]


def test_train_reports_the_best_entries(run, words, house: Path) -> None:
    told = run(*words).stdout
    best = hyperlex.Codebook.load(house / "codebook", house / "base")[0]
    assert best.text.strip() in told
    assert "characters per token" in told
    assert "hyperlex extend" in told


def test_train_is_deterministic(run, words, tmp_path: Path) -> None:
    run(*words)
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    run(*replaced(words, "--out", tmp_path / "again"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == first
    assert set(first) == {"codebook.json", "codebook.safetensors", "codebook.tsv"}


@pytest.mark.parametrize(
    ("file", "what"), [("codebook.safetensors", "codebook"), ("model.safetensors", "model")]
)
def test_a_place_that_is_taken_is_refused_before_the_work(
    refused, words, tmp_path: Path, file: str, what: str
) -> None:
    """In the words of `extend`, `quantize` and `convert-gqa`."""
    out = tmp_path / "out"
    out.mkdir()
    (out / file).write_bytes(b"old")
    assert f"{out} holds a {what} already: {file}." in refused(*words).stderr
    assert [path.read_bytes() for path in out.iterdir()] == [b"old"]


def test_a_directory_with_other_files_keeps_them(run, words, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("ours")
    assert run(*words).exit_code == 0
    assert (tmp_path / "out" / "notes.txt").read_text() == "ours"
    assert (tmp_path / "out" / "codebook.safetensors").is_file()


def test_train_as_json_prints_the_card(run, words, tmp_path: Path) -> None:
    card = json.loads(run(*words, "--json").stdout)
    assert card == json.loads((tmp_path / "out" / "codebook.json").read_text("utf-8"))


def replaced(words: list[object], option: str, value: object) -> list[object]:
    at = words.index(option)
    return [*words[: at + 1], value, *words[at + 2 :]]


@pytest.mark.parametrize("size", ["0", "-1", "100000", "many"])
def test_a_size_that_cannot_be_met_is_refused(refused, words, tmp_path: Path, size: str) -> None:
    assert "size" in refused(*replaced(words, "--size", size)).stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no text"),
        (b" \n", "candidates"),
        ("Дед стоял у двери.\n".encode("cp1251"), "iconv -f cp1251"),
        (b"\x7fELF\x00\x00", "NUL"),
        (None, "holds no text"),
    ],
    ids=["empty", "blank", "cp1251", "binary", "no files"],
)
def test_a_corpus_that_is_no_text_is_refused(
    refused, words, tmp_path: Path, content: bytes | None, told: str
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    if content is not None:
        (corpus / "a.txt").write_bytes(content)
    assert told in refused(words[0], corpus, *words[2:]).stderr
    assert list(tmp_path.iterdir()) == [corpus]


def test_a_missing_corpus_is_refused(refused, words, tmp_path: Path) -> None:
    assert "nowhere" in refused(words[0], tmp_path / "nowhere", *words[2:]).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_base_without_a_tokenizer_is_refused(refused, words, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    assert "tokenizer.json" in refused(*replaced(words, "--base", base)).stderr
    assert list(tmp_path.iterdir()) == [base]


def unwritable(tmp_path: Path, way: str) -> Path:
    """A place that cannot be written to; root may write where others may not."""
    if way == "below a file":
        (tmp_path / "file").touch()
        return tmp_path / "file" / "out"
    if way == "is a file":
        (tmp_path / "file").touch()
        return tmp_path / "file"
    if os.geteuid() == 0:
        return Path("/proc/hyperlex/out")
    (tmp_path / "locked").mkdir(mode=0o500)
    return tmp_path / "locked" / "out"


@pytest.mark.parametrize("way", ["below a file", "is a file", "locked"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    refused, words, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object, **__: object) -> None:
        raise AssertionError("the place was not tried first")

    monkeypatch.setattr("hyperlex.codebook.train_codebook", train)
    assert "Cannot write" in refused(*replaced(words, "--out", unwritable(tmp_path, way))).stderr


def test_interrupted_it_leaves_nothing(house: Path, tmp_path: Path) -> None:
    """Ctrl-C while workers read: status 130, one line, no file."""
    chance = random.Random(1)
    known = ["дед", "стоял", "у двери", "не решаясь", "войти", "кот", "сказал", "потом"]
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(4):
        lines = (" ".join(chance.choices(known, k=12)) for _ in range(40_000))
        (corpus / f"{number}.txt").write_text(".\n".join(lines), "utf-8")
    place = tmp_path / "place"
    place.mkdir()
    words = ["train", corpus, "--base", house / "base", "--out", place / "out", "--workers", "4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hyperlex.cli", *map(str, words), "--size", "1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Under a shell's `&` Ctrl-C is ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )
    deadline = time.monotonic() + 60
    while not any(place.iterdir()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    out, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message.strip() == "hyperlex: Interrupted. Nothing half-written was left."
    assert out.strip() == ""
    assert list(place.iterdir()) == []


def test_cards_name_no_machine(tmp_path: Path) -> None:
    for name in ("x/a.txt", "y/a.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    told = cards([tmp_path / "x" / "a.txt", tmp_path / "y" / "a.txt"])
    assert [card["file"] for card in told] == ["x/a.txt", "y/a.txt"]
