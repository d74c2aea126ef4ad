"""Articles of Wikipedia out of a dump, `ruwiki-…-pages-articles.xml.bz2`.

    <mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" …>
      <siteinfo>…</siteinfo>
      <page>
        <title>Заголовок</title> <ns>0</ns> <id>7</id> <redirect title="…" />
        <revision> <model>wikitext</model> <text bytes="…">'''Статья'''…</text> </revision>
      </page>

The markup becomes text by `wikitext.plain_text`, which says what it drops. Known to hold what is no
article, skipped and counted: "redirect", "other namespace" (talk, templates, files), "not wikitext"
and "no text" (nothing but templates and tables).

Source: https://dumps.wikimedia.org
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from ..elements import elements
from ..files import damage_as_corpus_error, open_bytes
from ..record import Record
from ..wikitext import plain_text

ARTICLES = (0,)
"""The namespace of articles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WikipediaRecord(Record):
    """An article as plain text."""

    page_id: str
    url: str


class Page(NamedTuple):
    """A page of any wiki, its text as markup."""

    page_id: str
    title: str
    markup: str


def pages(
    file: IO[bytes],
    namespaces: Collection[int] = ARTICLES,
    *,
    name: str = "the file",
    skipped: Counter[str] | None = None,
) -> Iterator[Page]:
    """Pages of a MediaWiki export that are no redirects, in its order.

    Raises:
        ValueError: broken XML, with its line.
    """
    skipped = Counter() if skipped is None else skipped
    for page in elements(file, "page", name):
        if page.find("redirect") is not None:
            skipped["redirect"] += 1
        elif int(page.findtext("ns") or 0) not in namespaces:
            skipped["other namespace"] += 1
        elif (page.findtext("revision/model") or "wikitext") != "wikitext":
            skipped["not wikitext"] += 1
        else:
            # The last revision is the current one, in dumps of the whole history as well.
            texts = page.findall("revision/text")
            markup = (texts[-1].text if texts else "") or ""
            yield Page(page.findtext("id") or "", page.findtext("title") or "", markup)


def parse_wikipedia(
    file: IO[bytes],
    *,
    namespaces: Collection[int] = ARTICLES,
    name: str = "the file",
    skipped: Counter[str] | None = None,
) -> Iterator[WikipediaRecord]:
    """Articles of a dump, in its order.

    Args:
        file: the XML.
        namespaces: of the pages that are wanted.
        name: what errors call it.
        skipped: counts what was passed over, by the reason.

    Raises:
        ValueError: broken XML, with its line.
    """
    skipped = Counter() if skipped is None else skipped
    for page in pages(file, namespaces, name=name, skipped=skipped):
        text = plain_text(page.markup)
        if not text:
            skipped["no text"] += 1
            continue
        yield WikipediaRecord(
            text=text,
            title=page.title,
            domain="encyclopedic",
            source="wikipedia",
            document=page.page_id,
            page_id=page.page_id,
            url=f"https://ru.wikipedia.org/?curid={page.page_id}",
        )


def load_wikipedia(
    path: str | Path,
    *,
    namespaces: Collection[int] = ARTICLES,
    skipped: Counter[str] | None = None,
) -> Iterator[WikipediaRecord]:
    """As `parse_wikipedia`, of an `.xml`, `.xml.bz2` or `.xml.gz`.

    Raises:
        ValueError: as `parse_wikipedia`.
        CorpusError: a damaged archive.
    """
    with damage_as_corpus_error(path), open_bytes(Path(path)) as file:
        yield from parse_wikipedia(file, namespaces=namespaces, name=str(path), skipped=skipped)
