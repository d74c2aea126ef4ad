"""Rows with named columns, from CSV, JSON lines and parquet, each with its place in the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from .errors import CorpusError
from .optional import require

DELIMITERS = (",", ";", "\t")
"""Between the cells of a `.csv`, in the order in which they are tried."""

LONGEST_CELL = 1 << 24  # characters; a quote that is never closed must not read the whole file
PARQUET_ROWS = 256  # that are in memory as Python objects at a time


def csv_rows(
    lines: Iterable[str],
    name: str,
    needed: Iterable[str] = (),
    *,
    delimiter: str | None = ",",
    lenient: bool = False,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV whose first row names the columns. Empty lines are passed over.

    Args:
        lines: with their ends, as `files.text_lines` gives them: cells may hold line ends.
        name: of the file, for errors.
        needed: columns that must be there.
        delimiter: between the cells of a row; None: a comma, or, where the first row has none, a
            semicolon or a tab: what Excel writes where decimals have a comma.
        lenient: for tables that nobody has checked. Cells too few are then "", cells too many are
            dropped, and stray quotes are taken as they come.

    Yields:
        The line, counted from 1, and the cells by column.

    Raises:
        ValueError: a column is missing, wrong quoting, or a row with more or fewer cells than
            there are columns.
    """
    # The limit holds for the whole process and its default of 128 KiB is shorter than a novel. It
    # is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    columns: list[str] | None = None
    line = 1
    try:
        if delimiter is None:
            delimiter, lines = _sniffed(lines)
        reader = csv.reader(lines, delimiter=delimiter, strict=not lenient)
        for cells in reader:
            if not cells:
                pass
            elif columns is None:
                columns = cells
                need_columns(columns, needed, name)
            elif len(cells) != len(columns) and not lenient:
                raise ValueError(
                    f"{name}, line {line}, has {len(cells)} cells, and the first row names "
                    f"{len(columns)} columns ({', '.join(columns)}). Mend the quoting of that line."
                )
            else:
                yield (
                    line,
                    {**dict.fromkeys(columns, ""), **dict(zip(columns, cells, strict=False))},
                )
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f"{name}, line {line}, is no CSV row ({error}). Cells with a quote or a line end are "
            'expected inside quotes, each quote doubled: "a ""b"" c".'
        ) from error


def _sniffed(lines: Iterable[str]) -> tuple[str, Iterable[str]]:
    """The delimiter that the first row tells, and all lines again."""
    lines = iter(lines)
    head: list[str] = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    cut = (d for d in DELIMITERS if len(next(csv.reader(head[-1:], delimiter=d), ())) > 1)
    return next(cut, DELIMITERS[0]), chain(head, lines)


def need_columns(columns: Iterable[str], needed: Iterable[str], name: str) -> None:
    """Return when all of `needed` are there. Raises `ValueError` with those that are."""
    there = list(columns)
    missing = [column for column in needed if column not in there]
    if missing:
        raise ValueError(
            f"{name} has no column {' and no column '.join(map(repr, missing))}. It has: "
            f"{', '.join(there) or 'none'}."
        )


def json_rows(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """JSON objects, one a line. Empty lines are passed over.

    Yields:
        The line, counted from 1, and the object.

    Raises:
        ValueError: a line that is no JSON object.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(
                f'{name}, line {number}, is no JSON ({error}). An object like {{"text": "…"}} was '
                "expected"
            ) from error
        if not isinstance(row, dict):
            raise ValueError(
                f"{name}, line {number}, is a JSON {type(row).__name__}. An object like "
                '{"text": "…"} was expected.'
            )
        yield number, row


def parquet_rows(
    path: Path, needed: Iterable[str] = (), columns: Collection[str] | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of a parquet file, a few at a time.

    Args:
        path: the file.
        needed: columns that must be there.
        columns: those to read, of those that are there; None: all.

    Yields:
        The number of the row, counted from 1, and its cells by column.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        CorpusError: a damaged file.
        ValueError: a column is missing.
    """
    require("pyarrow", "Parquet")
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            need_columns(names, needed, str(path))
            wanted = [name for name in names if columns is None or name in columns]
            number = 0
            for batch in file.iter_batches(PARQUET_ROWS, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pyarrow.ArrowInvalid as error:
        raise CorpusError(
            f"{path} is a damaged or truncated parquet file ({str(error).rstrip('.')}). Fetch it "
            "again."
        ) from error
