"""Wikipedia and Wikisource as Hugging Face has them: clean text in parquet.

`wikimedia/wikipedia` (config `20231101.ru`), `wikimedia/wikisource` (config `20231201.ru`) and the
older `wikipedia` share four columns: `id`, `url`, `title`, `text`. Read from downloaded parquet
here, and straight from the hub by `datasets.load_datasets`.

Source: https://huggingface.co/datasets/wikimedia/wikipedia
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import files_of
from ..record import Record
from ..rows import parquet_rows

DATASETS = ("wikimedia/wikipedia", "wikimedia/wikisource")
"""Their ids on the hub."""

COLUMNS = ("id", "url", "title", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class WikimediaRecord(Record):
    """A page as plain text."""

    page_id: str
    url: str


def parse_wikimedia(
    rows: Iterable[tuple[int, dict[str, Any]]], *, skipped: Counter[str] | None = None
) -> Iterator[WikimediaRecord]:
    """A record for each row that has a text; others are skipped, "no text".

    The chapters of a work on Wikisource, «Название/Глава», are of one document.
    """
    skipped = Counter() if skipped is None else skipped
    for _, row in rows:
        if not (row["text"] or "").strip():
            skipped["no text"] += 1
            continue
        sources = "wikisource" in row["url"]
        yield WikimediaRecord(
            text=row["text"],
            title=row["title"],
            domain="fiction" if sources else "encyclopedic",
            source="wikisource" if sources else "wikipedia",
            document=row["title"].partition("/")[0] if sources else str(row["id"]),
            page_id=str(row["id"]),
            url=row["url"],
        )


def load_wikimedia(
    path: str | Path, *, skipped: Counter[str] | None = None
) -> Iterator[WikimediaRecord]:
    """As `parse_wikimedia`, of a `.parquet`, or of all of them in a folder, in order of name.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        ValueError: a column is missing; a folder without parquet.
        CorpusError: a damaged file.
    """
    for file in files_of(Path(path), (".parquet",)):
        yield from parse_wikimedia(parquet_rows(file, COLUMNS, COLUMNS), skipped=skipped)
