"""News of Lenta.ru, 1999 to 2019, as one CSV.

    url,title,text,topic,tags,date
    https://lenta.ru/news/…,"Заголовок","Текст, в одну строку…",Россия,Общество,2018/12/14

Version 1.0 has no `date`. Known faults: some articles have an empty text (photo galleries); they
are skipped and counted as "no text".

Source: https://github.com/yutkin/Lenta.Ru-News-Dataset
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..files import text_lines
from ..record import Record
from ..rows import csv_rows

COLUMNS = ("url", "title", "text", "topic", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class LentaRecord(Record):
    """A piece of news. `topic` is the rubric («Россия»), `date` is `2018/12/14` or ""."""

    url: str
    topic: str
    tags: str
    date: str = ""


def parse_lenta(
    lines: Iterable[str], *, name: str = "the lines", skipped: Counter[str] | None = None
) -> Iterator[LentaRecord]:
    """Articles of the CSV, in its order.

    Args:
        lines: the CSV, with line ends.
        name: what errors call it.
        skipped: counts what was passed over, by the reason.

    Raises:
        ValueError: a missing column, a broken row with its line.
    """
    skipped = Counter() if skipped is None else skipped
    for _, row in csv_rows(lines, name, COLUMNS):
        if not row["text"].strip():
            skipped["no text"] += 1
            continue
        yield LentaRecord(
            text=row["text"],
            title=row["title"],
            domain="news",
            source="lenta",
            document=row["url"],
            url=row["url"],
            topic=row["topic"],
            tags=row["tags"],
            date=row.get("date", ""),
        )


def load_lenta(
    path: str | Path, *, encoding: str = "utf-8", skipped: Counter[str] | None = None
) -> Iterator[LentaRecord]:
    """As `parse_lenta`, of a `.csv`, `.csv.gz`, `.csv.bz2` or `.csv.xz`.

    Raises:
        ValueError: as `parse_lenta`; not text in `encoding`.
        CorpusError: a damaged archive.
    """
    lines = text_lines(Path(path), encoding)
    return parse_lenta(lines, name=str(path), skipped=skipped)
