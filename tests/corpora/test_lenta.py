"""News of Lenta.ru, in the CSV as it is published."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex_corpora import CorpusError
from hyperlex_corpora.sources.lenta import load_lenta, parse_lenta

ROWS = [
    {
        "url": f"https://lenta.ru/news/2019/01/0{i}/a/",
        "title": title,
        "text": text,
        "topic": "Россия",
        "tags": "Все",
        "date": f"2019/01/0{i}",
    }
    for i, (title, text) in enumerate(
        [
            ("Мост «Южный» открыли", 'Мост, сказал мэр, «стоит», а "сваи" держат.\nЕго ждали.'),
            ("Фото дня", ""),
            ("Снег", "Снег лежит\xa0— и тает."),
        ],
        1,
    )
]


def as_csv(rows: list[dict[str, str]], columns: list[str] | None = None) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns or list(ROWS[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def test_articles_come_with_their_fields(packed) -> None:
    skipped: Counter[str] = Counter()
    first, last = load_lenta(packed("lenta-ru-news.csv", as_csv(ROWS).encode()), skipped=skipped)
    assert (first.text, first.title) == (ROWS[0]["text"], ROWS[0]["title"])
    assert (first.topic, first.tags, first.date) == ("Россия", "Все", "2019/01/01")
    assert (first.domain, first.source) == ("news", "lenta")
    assert first.document == first.url == ROWS[0]["url"]
    assert last.title == "Снег"
    assert skipped == {"no text": 1}


def test_the_first_version_has_no_dates() -> None:
    text = as_csv(ROWS, ["url", "title", "text", "topic", "tags"])
    assert [record.date for record in parse_lenta(io.StringIO(text, newline="\n"))] == ["", ""]


def test_windows_text_is_read_when_it_is_named_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv(ROWS).encode("cp1251"))
    assert [record.title for record in load_lenta(path, encoding="cp1251")] == [
        "Мост «Южный» открыли",
        "Снег",
    ]
    with pytest.raises(ValueError, match="line 2, is not UTF-8"):
        list(load_lenta(path))


def test_articles_before_the_damage_are_read(packed) -> None:
    path = packed("a.csv", as_csv(ROWS * 3_000).encode())
    if path.suffix == ".csv":
        pytest.skip("not packed")
    path.write_bytes(path.read_bytes()[:-30])
    records = load_lenta(path)
    assert next(records).title == "Мост «Южный» открыли"
    with pytest.raises(CorpusError, match="damaged or truncated"):
        list(records)


def test_another_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no column 'url' and no column 'topic'"):
        list(parse_lenta(["title,text,tags\n", "a,b,c\n"], name="x.csv"))


def test_reading_one_article_reads_little_more() -> None:
    taken = 0

    def lines():
        nonlocal taken
        for line in io.StringIO(as_csv(ROWS * 100), newline="\n"):
            taken += 1
            yield line

    next(parse_lenta(lines()))
    assert taken == 3  # the header, and an article of two lines


WRITTEN = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(WRITTEN, WRITTEN)))
def test_whatever_was_written_comes_back(rows: list[tuple[str, str]]) -> None:
    text = as_csv([{**ROWS[0], "title": title, "text": text} for title, text in rows])
    skipped: Counter[str] = Counter()
    read = list(parse_lenta(io.StringIO(text, newline="\n"), skipped=skipped))
    kept = [(title, text) for title, text in rows if text.strip()]
    assert [(record.title, record.text) for record in read] == kept
    assert skipped.total() == len(rows) - len(kept)
