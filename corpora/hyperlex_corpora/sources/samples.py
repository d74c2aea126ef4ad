"""The samples that ship with this package: texts of eight genres, their scenes counted by hand.

    news.txt            === Заголовок       a line that begins a document
                        Первый абзац…       its text, a paragraph a line, to the next such line
    scenes.tsv          genre, document, sentences, clauses, scenes; divided by tabs

They are in `corpora/samples` of the repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from ..record import Record
from ..rows import csv_rows

GENRES = {
    "news": "news",
    "fiction": "fiction",
    "dialogue": "dialogue",
    "science": "science",
    "law": "legal",
    "encyclopedia": "encyclopedic",
    "social": "social",
    "technical": "tech",
}
"""The domain of each genre; each is a file."""

_TITLE = "=== "


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecord(Record):
    """A text and how many sentences, clauses and scenes a person has counted in it."""

    genre: str
    sentences: int
    clauses: int
    scenes: int


def parse_samples(
    genre: str, lines: Iterable[str], counts: dict[tuple[str, str], tuple[int, int, int]]
) -> Iterator[SampleRecord]:
    """The documents of one genre.

    Args:
        genre: one of `GENRES`.
        lines: of its file.
        counts: sentences, clauses and scenes of each genre and title.
    """
    title = ""
    held: list[str] = []
    for line in [*lines, _TITLE]:
        if not line.startswith(_TITLE):
            held.append(line)
            continue
        if held:
            sentences, clauses, scenes = counts[genre, title]
            yield SampleRecord(
                text="".join(held).strip("\n"),
                title=title,
                domain=GENRES[genre],
                source="samples",
                document=f"{genre}/{title}",
                genre=genre,
                sentences=sentences,
                clauses=clauses,
                scenes=scenes,
            )
        title = line.removeprefix(_TITLE).strip()
        held = []


def samples() -> Iterator[SampleRecord]:
    """Every document of the samples, genre by genre."""
    folder = files("hyperlex_corpora").joinpath("samples")
    table = folder.joinpath("scenes.tsv").read_text("utf-8").splitlines(keepends=True)
    counts = {
        (row["genre"], row["document"]): (
            int(row["sentences"]),
            int(row["clauses"]),
            int(row["scenes"]),
        )
        for _, row in csv_rows(table, "scenes.tsv", delimiter="\t")
    }
    for genre in GENRES:
        lines = folder.joinpath(f"{genre}.txt").read_text("utf-8").splitlines(keepends=True)
        yield from parse_samples(genre, lines, counts)
