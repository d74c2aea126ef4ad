"""Dumps of Wikipedia and Wikisource, and the same as parquet."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from hyperlex_corpora import CorpusError
from hyperlex_corpora.sources.wikimedia import load_wikimedia
from hyperlex_corpora.sources.wikipedia import load_wikipedia, parse_wikipedia
from hyperlex_corpora.sources.wikisource import load_wikisource

HEAD = """\
<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="ru">
  <siteinfo>
    <sitename>Википедия</sitename> <dbname>ruwiki</dbname>
    <namespaces><namespace key="0" case="first-letter" /></namespaces>
  </siteinfo>
"""


def page(
    number: int, title: str, text: str, *, ns: int = 0, redirect: str = "", model: str = "wikitext"
) -> str:
    moved = f'<redirect title="{redirect}" />' if redirect else ""
    return f"""\
  <page>
    <title>{escape(title)}</title> <ns>{ns}</ns> <id>{number}</id> {moved}
    <revision>
      <id>{number}0</id> <timestamp>2026-11-01T00:00:00Z</timestamp>
      <contributor><username>Дед</username><id>5</id></contributor>
      <model>{model}</model> <format>text/x-wiki</format>
      <text bytes="{len(text.encode())}" xml:space="preserve">{escape(text)}</text>
      <sha1>0</sha1>
    </revision>
  </page>
"""


DUMP = (
    HEAD
    + page(7, "Снег", "'''Снег''' — [[осадки]] & «белый».\n{{stub}}")
    + page(8, "Снежок", "#перенаправление [[Снег]]", redirect="Снег")
    + page(9, "Обсуждение:Снег", "Нужен ли он?", ns=1)
    + page(10, "Пусто", "{{Озеро|a=b}}")
    + page(11, "Модуль", "return 1", model="Scribunto")
    + page(12, "Лёд", "'''Лёд''' — вода.")
    + "</mediawiki>\n"
)


def test_articles_are_read_and_what_is_none_is_counted(packed) -> None:
    skipped: Counter[str] = Counter()
    snow, ice = load_wikipedia(packed("ruwiki.xml", DUMP.encode()), skipped=skipped)
    assert (snow.title, snow.text) == ("Снег", "Снег — осадки & «белый».")
    assert (snow.page_id, snow.document, snow.domain) == ("7", "7", "encyclopedic")
    assert snow.url == "https://ru.wikipedia.org/?curid=7"
    assert ice.text == "Лёд — вода."
    assert skipped == {"redirect": 1, "other namespace": 1, "not wikitext": 1, "no text": 1}


def test_other_namespaces_may_be_wanted(packed) -> None:
    records = load_wikipedia(packed("ruwiki.xml", DUMP.encode()), namespaces=(1,))
    assert [record.title for record in records] == ["Обсуждение:Снег"]


def test_the_version_of_the_schema_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(DUMP.replace("export-0.11", "export-0.10"), "utf-8")
    assert len(list(load_wikipedia(path))) == 2


def test_a_truncated_dump_is_refused(packed) -> None:
    path = packed("ruwiki.xml", DUMP.encode())
    path.write_bytes(path.read_bytes()[:-20])
    if path.suffix == ".xml":
        expected, told = ValueError, r"ruwiki.xml, line \d+, is no XML"
    else:
        expected, told = CorpusError, "damaged or truncated"
    with pytest.raises(expected, match=told):
        list(load_wikipedia(path))


def test_memory_does_not_grow_with_the_dump() -> None:
    class Endless:
        """A dump of 1,500 pages, 7 MB, that is never whole anywhere."""

        def __init__(self) -> None:
            self._pages = self._written()
            self._held = b""

        def _written(self) -> Iterator[bytes]:
            yield HEAD.encode()
            for number in range(1_500):
                yield page(number, "Снег", "Снег идёт. " * 250).encode()
            yield b"</mediawiki>"

        def read(self, size: int = -1) -> bytes:
            while len(self._held) < size and (more := next(self._pages, b"")):
                self._held += more
            data, self._held = self._held[:size], self._held[size:]
            return data

    tracemalloc.start()
    assert sum(1 for _ in parse_wikipedia(Endless())) == 1_500  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000


def test_texts_of_wikisource_have_authors_and_chapters(packed) -> None:
    skipped: Counter[str] = Counter()
    header = (
        "{{Отексте\n|АВТОР=[[Дед Мазаев|Мазаев, Дед]]\n|НАЗВАНИЕ=Как я плыл\n"
        "|ДАТАСОЗДАНИЯ = 1890\n}}\n"
    )
    dump = (
        HEAD.replace("ruwiki", "ruwikisource")
        + page(1, "Как я плыл (Мазаев)/Глава 1", header + "Весной вода поднялась.")
        + page(2, "Как я плыл (Мазаев)/Глава 2", "Зайцы сидели на пне.")
        + page(3, "Скан", "<pages index='Скан.djvu' from=1 to=9 />")
        + "</mediawiki>"
    )
    first, second = load_wikisource(packed("ruwikisource.xml", dump.encode()), skipped=skipped)
    assert (first.text, first.title) == ("Весной вода поднялась.", "Как я плыл")
    assert (first.author, first.date) == ("Мазаев, Дед", "1890")
    assert (second.title, second.author) == ("Как я плыл (Мазаев)/Глава 2", "")
    assert first.document == second.document == "Как я плыл (Мазаев)"
    assert skipped == {"no text": 1}


def test_parquet_of_the_hub_is_read(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    skipped: Counter[str] = Counter()
    columns = {
        "id": ["7", "8", "9"],
        "url": ["https://ru.wikipedia.org/wiki/С"] * 2 + ["https://ru.wikisource.org/wiki/А"],
        "title": ["Снег", "Пусто", "Повесть/Глава 1"],
        "text": ["Снег — осадки.", "", "Шёл снег."],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "train-00000-of-00001.parquet")
    snow, chapter = load_wikimedia(tmp_path, skipped=skipped)
    assert (snow.text, snow.domain, snow.source) == ("Снег — осадки.", "encyclopedic", "wikipedia")
    assert (chapter.document, chapter.domain) == ("Повесть", "fiction")
    assert skipped == {"no text": 1}
    with pytest.raises(ValueError, match="no column 'url'"):
        parquet.write_table(pyarrow.table({"text": ["а"]}), tmp_path / "a.parquet")
        list(load_wikimedia(tmp_path))
