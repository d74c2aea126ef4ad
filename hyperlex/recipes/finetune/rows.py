"""Rows of the training data, each with its place, from whatever a recipe names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hyperlex.errors import ConfigError, FormatError, did_you_mean
from hyperlex.measure.texts import corpora, told_as_ours

_HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by column, and where it stands, for errors."""

    place: str
    cells: Mapping[str, Any]

    def cell(self, column: str) -> Any:
        """What stands in a column. Raises `FormatError` where there is no such column."""
        if column in self.cells:
            return self.cells[column]
        columns = [str(name) for name in self.cells]
        hint = did_you_mean(column, columns)
        raise FormatError(
            f"{self.place}: no column {column!r}.{hint} It has: {', '.join(columns) or 'none'}. "
            "Name the right one in the recipe, or mend the row."
        )

    def text(self, column: str) -> str:
        """The text in a column; an empty cell is "", a number its digits."""
        value = self.cell(column)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise FormatError(
                f"{self.place}: the column {column!r} holds a {type(value).__name__}. A text was "
                "expected."
            )
        if isinstance(value, float) and math.isnan(value):
            raise FormatError(
                f"{self.place}: the column {column!r} holds NaN. A text was expected: write null "
                "where there is none."
            )
        return str(value)

    def texts(self, column: str) -> list[str]:
        """The texts of a list in a column; of any other cell its one `text`, which must be there:
        an empty one is a text, null is none.
        """
        value = self.cell(column)
        if value is None:
            raise FormatError(
                f"{self.place}: the column {column!r} holds null. A text, or a list of texts, was "
                'expected: write "" for an empty one, or take the row out.'
            )
        if not isinstance(value, list):
            return [self.text(column)]
        if not value or not all(isinstance(each, str) for each in value):
            raise FormatError(
                f"{self.place}: the column {column!r} holds a list of something else than texts, "
                "or of nothing. A text, or a list of texts, was expected."
            )
        return value


def read_rows(source: str, limit: int | None = None) -> Iterator[Row]:
    """Rows of a data source, in its order.

    Args:
        source: the name of a corpus (`hyperlex corpora list`); a `.jsonl`, `.csv`, `.tsv`,
            `.parquet`, `.txt` or `.md` (packed as .gz, .bz2 or .xz or not) or a folder of them; a
            folder that `datasets` has saved; an archive of a known corpus; the id of a data set on
            the hub, with its configuration after a colon. A text file is one row, `text`, or
            several where it is longer than a mebibyte. Lenta.ru's CSV is a CSV.
        limit: rows to stop after.

    Raises:
        ConfigError: nothing there, or it cannot be opened.
        FormatError: a broken row, with its place.
        MissingDependencyError: the package that reads such a file is not installed.
    """
    corpora()
    with told_as_ours():
        yield from islice(_rows(source), limit)


def _rows(source: str) -> Iterator[Row]:
    from hyperlex_corpora import list_cards, load
    from hyperlex_corpora.sources.hub import dataset_rows, is_saved

    path = Path(source)
    hub = _HUB_ID.fullmatch(source)
    if source in {card.name for card in list_cards()}:
        yield from _of_records(load(source), source)
    elif path.is_dir() and is_saved(path):
        yield from _numbered(dataset_rows(source, None, "train"), source)
    elif path.exists():
        yield from _of_path(path)
    elif hub and not path.suffix:
        yield from _numbered(dataset_rows(hub["id"], hub["config"], "train"), source)
    else:
        raise ConfigError(
            f"{source!r}: no such file, folder or corpus. Check the path. A data set on the hub is "
            "named owner/name."
        )


def _of_path(path: Path) -> Iterator[Row]:
    from hyperlex_corpora import load
    from hyperlex_corpora.files import files_of, suffix, text_lines
    from hyperlex_corpora.rows import csv_rows, json_rows, parquet_rows
    from hyperlex_corpora.sources.plain import SUFFIXES, TABLES, TEXTS, parse_plain

    if path.is_file() and suffix(path) not in SUFFIXES:
        yield from _of_records(load(path), str(path))
        return
    for file in files_of(path, SUFFIXES):
        kind, name = suffix(file), str(file)
        rows: Iterable[tuple[int, Mapping[str, Any]]]
        if kind in TEXTS:
            yield from _of_records(parse_plain(text_lines(file), file=name), name)
            continue
        if kind == ".jsonl":
            rows = json_rows(text_lines(file), name)
        elif kind == ".parquet":
            rows = parquet_rows(file)
        else:
            rows = csv_rows(text_lines(file), name, delimiter=TABLES[kind])
        word = "line" if kind == ".jsonl" or kind in TABLES else "row"
        for number, cells in rows:
            yield Row(f"{name}, {word} {number}", cells)


def _of_records(records: Iterable[Any], name: str) -> Iterator[Row]:
    for number, record in enumerate(records, 1):
        yield Row(f"{name}, record {number}", asdict(record))


def _numbered(rows: Iterable[Mapping[str, Any]], name: str) -> Iterator[Row]:
    for number, cells in enumerate(rows, 1):
        yield Row(f"{name}, row {number}", cells)
