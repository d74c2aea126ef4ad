"""Texts of Russian Wikisource out of a dump, `ruwikisource-…-pages-articles.xml.bz2`.

The dump is that of Wikipedia; the pages differ. A text begins with a template that names it,

    {{Отексте |АВТОР=Антон Павлович Чехов |НАЗВАНИЕ=Хамелеон |ДАТАСОЗДАНИЯ=1884 …}}

its chapters are subpages («Война и мир (Толстой)/Том 1/Часть 1»), and verse stands between `<poem>`
or in `{{poemx|Заглавие|стихи|дата}}`. Skipped besides what `wikipedia` skips: "no text", most of
all pages that only show scans of a book (`<pages index=… />`).

Source: https://dumps.wikimedia.org/ruwikisource
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..files import damage_as_corpus_error, open_bytes
from ..record import Record
from ..wikitext import plain_text
from .wikipedia import pages

_FIELD = re.compile(r"\|\s*(АВТОР|НАЗВАНИЕ|ДАТАСОЗДАНИЯ)\s*=[ \t]*((?:\[\[[^\]]*\]\]|[^\n|}])*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WikisourceRecord(Record):
    """A text or a chapter of one; all chapters are of one `document`. Unknown fields are ""."""

    page_id: str
    url: str
    author: str = ""
    date: str = ""


def parse_wikisource(
    file: IO[bytes], *, name: str = "the file", skipped: Counter[str] | None = None
) -> Iterator[WikisourceRecord]:
    """Texts of a dump, in its order.

    Args:
        file: the XML.
        name: what errors call it.
        skipped: counts what was passed over, by the reason.

    Raises:
        ValueError: broken XML, with its line.
    """
    skipped = Counter() if skipped is None else skipped
    for page in pages(file, name=name, skipped=skipped):
        text = plain_text(page.markup)
        if not text:
            skipped["no text"] += 1
            continue
        fields = {key: plain_text(value) for key, value in _FIELD.findall(page.markup)}
        yield WikisourceRecord(
            text=text,
            title=fields.get("НАЗВАНИЕ") or page.title,
            domain="fiction",
            source="wikisource",
            document=page.title.partition("/")[0],
            page_id=page.page_id,
            url=f"https://ru.wikisource.org/?curid={page.page_id}",
            author=fields.get("АВТОР", ""),
            date=fields.get("ДАТАСОЗДАНИЯ", ""),
        )


def load_wikisource(
    path: str | Path, *, skipped: Counter[str] | None = None
) -> Iterator[WikisourceRecord]:
    """As `parse_wikisource`, of an `.xml`, `.xml.bz2` or `.xml.gz`.

    Raises:
        ValueError: as `parse_wikisource`.
        CorpusError: a damaged archive.
    """
    with damage_as_corpus_error(path), open_bytes(Path(path)) as file:
        yield from parse_wikisource(file, name=str(path), skipped=skipped)
