"""Rows of CSV, JSON lines and parquet: what is written comes back, what is broken has a place."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex_corpora import CorpusError
from hyperlex_corpora.rows import csv_rows, json_rows, parquet_rows

CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def lines_of(text: str) -> list[str]:
    """Lines as `text_lines` gives them: only a line feed ends one."""
    return list(io.StringIO(text, newline="\n"))


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), st.sampled_from(",\t;"))
def test_rows_survive_csv(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([("a", "б", "c"), *rows])
    read = csv_rows(lines_of(stream.getvalue()), "x.csv", ["б"], delimiter=delimiter)
    assert [tuple(row.values()) for _, row in read] == rows


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("a,b", ["a", "b"]),
        ("a;b", ["a", "b"]),
        ("a\tb", ["a", "b"]),
        ('"a;x",b', ["a;x", "b"]),
        ('"a,x";b', ["a,x", "b"]),
        ("a", ["a"]),
    ],
)
def test_the_first_row_tells_the_delimiter_and_a_comma_wins(head: str, columns: list[str]) -> None:
    delimiter = next((d for d in ",;\t" if d in head.split('"')[-1]), ",")
    text = f"\n{head}\n" + delimiter.join(['"1,2;3\t"'] * len(columns)) + "\n"
    ((line, cells),) = csv_rows(lines_of(text), "x.csv", delimiter=None)
    assert (line, list(cells)) == (3, columns)
    assert set(cells.values()) == {"1,2;3\t"}
    assert list(csv_rows([], "x.csv", delimiter=None)) == []


@given(st.lists(st.dictionaries(st.text(max_size=5), CELLS | st.integers(), max_size=4)))
def test_rows_survive_json_lines(rows: list[dict[str, str | int]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    assert [row for _, row in json_rows(lines_of(text), "x.jsonl")] == rows


def test_a_row_has_the_line_that_it_begins_at() -> None:
    text = 'text,id\n"одна\nдве\n",1\n\n"три",2\n'
    assert [(line, row["id"]) for line, row in csv_rows(lines_of(text), "x.csv")] == [
        (2, "1"),
        (6, "2"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n3\n", "line 3, has 1 cells.*2 columns"),
        ("a,b\n1,2\n3,4,5\n", "line 3, has 3 cells"),
        ('a,b\n1,2\n"3,4\n5,6\n', "line 3, is no CSV row.*unexpected end"),
        ('a,b\n1,"2"2\n', "line 2, is no CSV row"),
        ("b,c\n", "has no column 'a'. It has: b, c"),
    ],
)
def test_broken_csv_has_a_place(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        list(csv_rows(lines_of(text), "x.csv", ["a"]))


def test_a_quote_that_is_never_closed_does_not_read_the_whole_file() -> None:
    taken = 0

    def lines():
        nonlocal taken
        yield "a,b\n"
        yield '1,"2\n'
        while True:
            taken += 1
            yield "x" * 9_999 + "\n"

    with pytest.raises(ValueError, match="line 2, is no CSV row"):
        list(csv_rows(lines(), "x.csv"))
    assert taken < 2_000


def test_a_table_that_nobody_has_checked_is_read_leniently() -> None:
    lines = ["a\tb\tc\n", "1\t2\n", "1\t2\t3\t4\n", '«"и"»\t"да" нет\t\n']
    rows = csv_rows(lines, "x.csv", delimiter="\t", lenient=True)
    assert [tuple(row.values()) for _, row in rows] == [
        ("1", "2", ""),
        ("1", "2", "3"),
        ('«"и"»', "да нет", ""),
    ]


def test_a_header_alone_and_nothing_are_no_rows() -> None:
    assert list(csv_rows(["a,b\n"], "x.csv", ["a"])) == []
    assert list(csv_rows([], "x.csv", ["a"])) == []


@pytest.mark.parametrize("line", ['{"text": "a"', "[1, 2]", '"текст"', "nonsense", "[" * 100_000])
def test_broken_json_lines_have_a_place(line: str) -> None:
    with pytest.raises(ValueError, match=r"x\.jsonl, line 3, is (no|a) JSON"):
        list(json_rows(['{"text": "а"}\n', "\n", f"{line}\n"], "x.jsonl"))


def test_rows_survive_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    path = tmp_path / "a.parquet"
    texts = [f"Строка {i}." for i in range(1_000)]
    table = pyarrow.table({"text": texts, "n": range(1_000), "other": [None] * 1_000})
    parquet.write_table(table, path, row_group_size=300)
    rows = list(parquet_rows(path, ["text"], {"text", "n", "absent"}))
    assert [row["text"] for _, row in rows] == texts
    assert rows[-1] == (1_000, {"text": "Строка 999.", "n": 999})
    with pytest.raises(ValueError, match=r"no column 'body'.*text, n, other"):
        list(parquet_rows(path, ["body"]))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorpusError, match="damaged or truncated parquet"):
        list(parquet_rows(path))


def test_parquet_without_pyarrow_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperlex_corpora.optional.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'hyperlex\[model\]'"):
        list(parquet_rows(tmp_path / "a.parquet"))
