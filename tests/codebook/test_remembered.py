"""Span starts of a corpus, kept in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from hyperlex.codebook.corpus import Document
from hyperlex.codebook.remembered import RememberedStarts, remember_starts
from hyperlex.codebook.spans import punctuation_starts

TEXTS = ["Он вошёл. Она встала; он сел.\nТихо.", "Никого.", "", "Кто там? Никого \ud83d. Нет."]


def refuses(text: str) -> Sequence[int]:
    raise AssertionError(f"asked about {text!r}")


def remembered(file: Path, workers: int = 1, version: str = "1") -> RememberedStarts:
    documents = [Document(text, "text") for text in TEXTS]
    return remember_starts(file, documents, punctuation_starts, version=version, workers=workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_remembered_is_what_was_found(tmp_path: Path, workers: int) -> None:
    made = remembered(tmp_path / "starts", workers)
    assert len(made) == len(TEXTS)
    again = remember_starts(tmp_path / "starts", [], refuses, version="1", workers=1)
    for text in TEXTS:
        clean = text.encode("utf-8", "ignore").decode()
        assert again(clean) == made(clean) == punctuation_starts(clean)


def test_the_same_texts_give_the_same_bytes(tmp_path: Path) -> None:
    remembered(tmp_path / "one")
    remembered(tmp_path / "two", 2)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_unknown_text_is_asked_for(tmp_path: Path) -> None:
    assert remembered(tmp_path / "starts")("Раз. Два.") == punctuation_starts("Раз. Два.")


def test_another_version_is_found_anew(tmp_path: Path) -> None:
    remembered(tmp_path / "starts")
    with pytest.raises(AssertionError, match="asked about 'Раз'"):
        remember_starts(
            tmp_path / "starts", [Document("Раз", "text")], refuses, version="2", workers=1
        )


@pytest.mark.parametrize("damage", [b"", b"no tensors", b"\xff" * 40])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "starts").write_bytes(damage)
    assert remembered(tmp_path / "starts")(TEXTS[0]) == punctuation_starts(TEXTS[0])
