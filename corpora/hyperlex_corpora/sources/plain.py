"""Plain files and folders of them: text, JSON lines, CSV, parquet; packed or not.

A text file is one document. Where it is longer than `LONGEST_PIECE` it comes in pieces, cut at line
ends. In the other formats each row is a document; its key is the first of `KEYS` that it has, or
the hash of its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..files import files_of, suffix, text_lines
from ..record import Record
from ..rows import csv_rows, json_rows, parquet_rows

TEXTS = (".txt", ".md")
TABLES = {".csv": None, ".tsv": "\t"}
"""The delimiter of each kind; None: as its first row tells."""
SUFFIXES = (*TEXTS, ".jsonl", *TABLES, ".parquet")
"""The ends of names that are read; packed ones as well, but for parquet."""

LONGEST_PIECE = 1 << 20  # characters
KEYS = ("document", "url", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRecord(Record):
    """A text of a file; `row` counts from 1, and is the piece in a text file."""

    file: str
    row: int


def parse_plain(lines: Iterable[str], *, file: str = "") -> Iterator[PlainRecord]:
    """Pieces of a text: its lines, as many as make `LONGEST_PIECE`; blank pieces are left out."""
    held: list[str] = []
    size = 0
    row = 1
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= LONGEST_PIECE:
            yield from _piece(held, file, row)
            held, size, row = [], 0, row + 1
    yield from _piece(held, file, row)


def _piece(held: list[str], file: str, row: int) -> Iterator[PlainRecord]:
    text = "".join(held)
    if text.strip():
        name = Path(file)
        yield PlainRecord(
            text=text,
            title=name.stem,
            domain=name.parent.name,
            source=name.name,
            document=f"{name.parent.name}/{name.name}",
            file=file,
            row=row,
        )


def parse_rows(
    rows: Iterable[tuple[int, dict[str, Any]]],
    *,
    file: str = "",
    domain: str = "",
    text_column: str = "text",
    skipped: Counter[str] | None = None,
) -> Iterator[PlainRecord]:
    """A record for each row that has a text; rows with an empty one are skipped, "no text".

    Args:
        rows: their number and their cells by column. Title, domain and source are taken from
            columns of these names.
        file: where they are from.
        domain: of rows that do not say theirs.
        text_column: the column that holds the text.
        skipped: counts what was passed over, by the reason.

    Raises:
        ValueError: a row without that column, or with something else than a text in it.
    """
    skipped = Counter() if skipped is None else skipped
    for number, row in rows:
        text = row.get(text_column)
        if text is None and text_column in row:
            text = ""
        if not isinstance(text, str):
            met = "nothing" if text_column not in row else f"a {type(text).__name__}"
            raise ValueError(
                f"{file}, row {number}, holds {met} in the column {text_column!r}: a text was "
                f"expected. It has the columns: {', '.join(map(str, row))}."
            )
        if not text.strip():
            skipped["no text"] += 1
            continue
        yield PlainRecord(
            text=text,
            title=_cell(row, "title"),
            domain=_cell(row, "domain") or domain,
            source=_cell(row, "source") or Path(file).name,
            document=_key(row, text),
            file=file,
            row=number,
        )


def load_plain(
    path: str | Path,
    *,
    text_column: str = "text",
    encoding: str = "utf-8",
    skipped: Counter[str] | None = None,
) -> Iterator[PlainRecord]:
    """Records of a file, or of all files under a folder that end in `SUFFIXES`, in order of name.

    Raises:
        FileNotFoundError: nothing there.
        ValueError: an unknown kind of file, a folder without any, a broken row with its place,
            bytes that are no text in `encoding`.
        CorpusError: a damaged archive.
        ModuleNotFoundError: parquet without pyarrow.
    """
    for file in files_of(Path(path).resolve(), SUFFIXES):
        kind, name = suffix(file), str(file)
        if kind in TEXTS:
            yield from parse_plain(text_lines(file, encoding, longest=LONGEST_PIECE), file=name)
            continue
        rows: Iterable[tuple[int, dict[str, Any]]]
        if kind == ".jsonl":
            rows = json_rows(text_lines(file, encoding), name)
        elif kind in TABLES:
            lines = text_lines(file, encoding)
            rows = csv_rows(lines, name, [text_column], delimiter=TABLES[kind])
        elif kind == ".parquet":
            columns = {text_column, "title", "domain", "source", *KEYS}
            rows = parquet_rows(file, [text_column], columns)
        else:
            raise ValueError(
                f"{path} is of no kind that is read ({kind or 'nothing'} at the end of its name). "
                f"Expected: {', '.join(SUFFIXES)}."
            )
        yield from parse_rows(
            rows, file=name, domain=file.parent.name, text_column=text_column, skipped=skipped
        )


def _cell(row: dict[str, Any], column: str) -> str:
    cell = row.get(column)
    return cell if isinstance(cell, str) else ""


def _key(row: dict[str, Any], text: str) -> str:
    for column in KEYS:
        if isinstance(row.get(column), str | int) and row[column] != "":
            return str(row[column])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
