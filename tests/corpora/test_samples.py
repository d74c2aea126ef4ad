"""The sample texts: what their README promises, and how near the analyzer comes to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

import pytest

from hyperlex.scene import clauses, scenes

FOLDER = Path(__file__).parents[2] / "corpora" / "samples"
GENRES = ("dialogue", "encyclopedia", "fiction", "law", "news", "science", "social", "technical")
WITH_YO = {"dialogue", "encyclopedia", "fiction", "science"}
HEADING = re.compile(r"^=== (.+)\n", re.MULTILINE)

SCENES, CLAUSES = 0.15, 0.20
"""How far the totals of the analyzer may be from those counted by hand."""
BOUNDARIES = 0.80
"""A little below the F1 of clause boundaries that was measured, over all genres."""

Name = tuple[str, str]
"""Genre and title."""


@dataclass(frozen=True, slots=True)
class Split:
    """A sentence and its scenes: for each its clauses, for each clause its pieces, from 1."""

    text: str
    starts: tuple[int, ...]
    scenes: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def clauses(self) -> tuple[tuple[int, ...], ...]:
        return tuple(chain.from_iterable(self.scenes))


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The heading and the body of each part of a file."""
    before, *parts = HEADING.split(text)
    assert before == ""
    return zip(parts[::2], parts[1::2], strict=True)


def first_letter(text: str) -> int:
    return next((k for k, character in enumerate(text) if character.isalnum()), 0)


def read_split(block: str) -> Split:
    written, *below = block.split("\n")
    starts, offset = [], 0
    for piece in written.split("|"):
        assert any(map(str.isalnum, piece)), f"a piece without a word in {written!r}"
        starts.append(offset + first_letter(piece))
        offset += len(piece)
    named = []
    for line in below:
        assert re.fullmatch(r" ( \d+(\+\d+)*)+", line), line
        named.append(tuple(tuple(map(int, run.split("+"))) for run in line.split()))
    told = {piece for scene in named for clause in scene for piece in clause}
    alone = [((piece,),) for piece in range(1, len(starts) + 1) if piece not in told]
    return Split(written.replace("|", ""), tuple(starts), tuple(sorted([*named, *alone])))


@pytest.fixture(scope="module")
def documents() -> dict[Name, str]:
    return {
        (genre, title): body
        for genre in GENRES
        for title, body in sections((FOLDER / f"{genre}.txt").read_text(encoding="utf-8"))
    }


@pytest.fixture(scope="module")
def splits() -> dict[Name, list[Split]]:
    found = {}
    for heading, body in sections((FOLDER / "scenes.golden").read_text(encoding="utf-8")):
        genre, _, title = heading.partition(": ")
        found[genre, title] = [read_split(block) for block in body.strip("\n").split("\n\n")]
    return found


@pytest.fixture(scope="module")
def counts() -> dict[Name, tuple[int, int, int]]:
    header, *rows = (FOLDER / "scenes.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == ["genre", "document", "sentences", "clauses", "scenes"]
    found = {}
    for row in rows:
        genre, title, sentences, number_of_clauses, number_of_scenes = row.split("\t")
        found[genre, title] = (int(sentences), int(number_of_clauses), int(number_of_scenes))
    return found


def test_eight_genres_of_several_documents_and_40_kb(documents: dict[Name, str]) -> None:
    texts = {path.stem for path in FOLDER.glob("*.txt")}
    assert texts == set(GENRES)
    assert sum((FOLDER / f"{genre}.txt").stat().st_size for genre in GENRES) >= 40 * 1024
    per_genre = Counter(genre for genre, _ in documents)
    assert all(3 <= per_genre[genre] <= 5 for genre in GENRES)
    lengths = {name: len(text) for name, text in documents.items()}
    assert {name: n for name, n in lengths.items() if not 700 <= n <= 1500} == {}


def test_splits_counts_and_texts_name_the_same_documents(
    documents: dict[Name, str],
    splits: dict[Name, list[Split]],
    counts: dict[Name, tuple[int, int, int]],
) -> None:
    assert set(documents) == set(splits) == set(counts)


def test_splits_are_the_whole_text(
    documents: dict[Name, str], splits: dict[Name, list[Split]]
) -> None:
    for name, text in documents.items():
        at = 0
        for split in splits[name]:
            found = text.index(split.text, at)
            assert text[at:found].strip() == "", (name, text[at:found])
            at = found + len(split.text)
        assert text[at:].strip() == "", (name, text[at:])


def test_every_piece_is_in_one_clause_and_every_clause_in_one_scene(
    splits: dict[Name, list[Split]],
) -> None:
    for split in chain.from_iterable(splits.values()):
        told = sorted(chain.from_iterable(split.clauses))
        assert told == list(range(1, len(split.starts) + 1)), split.text
        for clause in split.clauses:
            # Pieces of one clause that touch would have no bar between them.
            assert all(b - a >= 2 for a, b in pairwise(clause)), split.text
        assert all(list(scene) == sorted(scene) for scene in split.scenes), split.text


def test_counts_follow_from_the_splits(
    splits: dict[Name, list[Split]], counts: dict[Name, tuple[int, int, int]]
) -> None:
    for name, found in splits.items():
        number_of_clauses = sum(len(split.clauses) for split in found)
        number_of_scenes = sum(len(split.scenes) for split in found)
        assert counts[name] == (len(found), number_of_clauses, number_of_scenes), name
        assert 0 < len(found) <= number_of_scenes <= number_of_clauses


def test_no_sentence_twice(splits: dict[Name, list[Split]]) -> None:
    texts = Counter(split.text for split in chain.from_iterable(splits.values()))
    assert [text for text, times in texts.items() if times > 1] == []


def test_yo_where_it_is_promised(documents: dict[Name, str]) -> None:
    assert {genre for (genre, _), text in documents.items() if "ё" in text.lower()} == WITH_YO


def test_analyzer_is_near_the_counts_by_hand(
    documents: dict[Name, str], counts: dict[Name, tuple[int, int, int]]
) -> None:
    met_clauses = met_scenes = 0
    for text in documents.values():
        met_clauses += len({clause.number for clause in clauses(text)})
        met_scenes += len(scenes(text))
    by_hand = [sum(column) for column in zip(*counts.values(), strict=True)]
    assert abs(met_clauses / by_hand[1] - 1) <= CLAUSES
    assert abs(met_scenes / by_hand[2] - 1) <= SCENES


def test_analyzer_is_near_the_boundaries_by_hand(
    documents: dict[Name, str], splits: dict[Name, list[Split]]
) -> None:
    hits = both = 0
    for name, text in documents.items():
        at = 0
        expected: set[int] = set()
        begins: set[int] = set()
        for split in splits[name]:
            at = text.index(split.text, at)
            begins.add(at + split.starts[0])
            expected |= {at + start for start in split.starts[1:]}
            at += len(split.text)
        met = {
            clause.span.start + first_letter(text[clause.span.start : clause.span.stop])
            for clause in clauses(text)
        }
        hits += len(expected & met)
        both += len(expected) + len(met - begins)
    assert 2 * hits / both >= BOUNDARIES
