"""Files and folders of one's own: text, JSON lines, tables, parquet; and saved data sets."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from hyperlex_corpora import CorpusError
from hyperlex_corpora.sources import plain
from hyperlex_corpora.sources.hub import load_datasets
from hyperlex_corpora.sources.plain import load_plain, parse_plain


def test_a_text_file_is_a_document(packed) -> None:
    path = packed("рассказ.txt", "Паром отошёл.\n\nЗа ним — ночь.\n".encode())
    (record,) = load_plain(path)
    assert record.text == "Паром отошёл.\n\nЗа ним — ночь.\n"
    assert (record.title.partition(".")[0], record.domain) == ("рассказ", path.parent.name)


def test_a_long_text_comes_in_pieces_of_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "LONGEST_PIECE", 10)
    lines = [f"строка {number}\n" for number in range(9)]
    records = list(parse_plain(lines, file="a/b.txt"))
    assert "".join(record.text for record in records) == "".join(lines)
    assert len(records) > 2
    assert {record.document for record in records} == {"a/b.txt"}
    assert [record.row for record in records] == list(range(1, len(records) + 1))


def test_a_text_without_line_ends_is_bounded_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("ж" * (2 * plain.LONGEST_PIECE + 5), "utf-8")
    records = list(load_plain(path))
    assert [len(record.text) for record in records] == [plain.LONGEST_PIECE] * 2 + [5]


def test_json_lines_keep_what_they_say(packed) -> None:
    rows = [
        {"text": "Дед спит.", "title": "Сон", "source": "село", "url": "u1"},
        {"text": "", "title": "пусто"},
        {"text": None},
        {"text": "Кот — нет.", "id": 5, "domain": "быль"},
    ]
    data = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    skipped: Counter[str] = Counter()
    first, last = load_plain(packed("a.jsonl", data), skipped=skipped)
    assert (first.text, first.title, first.source) == ("Дед спит.", "Сон", "село")
    assert (first.document, first.row) == ("u1", 1)
    assert (last.document, last.domain, last.row) == ("5", "быль", 4)
    assert skipped == {"no text": 2}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('{"body": "а"}', "row 2, holds nothing in the column 'text'.*columns: body"),
        ('{"text": 5}', "row 2, holds a int"),
        ("{", "line 2, is no JSON"),
    ],
)
def test_a_broken_row_has_a_place(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "а"}\n' + row + "\n", "utf-8")
    with pytest.raises(ValueError, match=told):
        list(load_plain(path))


def test_the_same_text_without_a_key_is_the_same_document(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "а"}\n{"text": "б"}\n{"text": "а"}\n', "utf-8")
    first, second, third = (record.document for record in load_plain(path))
    assert first == third != second


def test_tables_are_read_by_the_column_that_is_named(packed) -> None:
    path = packed("a.csv", 'id,body\n1,"Дед, спит"\n'.encode("cp1251"))
    (record,) = load_plain(path, text_column="body", encoding="cp1251")
    assert (record.text, record.document) == ("Дед, спит", "1")
    with pytest.raises(ValueError, match=r"no column 'text'\. It has: id, body"):
        list(load_plain(path, encoding="cp1251"))


def test_a_table_of_excel_is_read_by_its_semicolons(packed) -> None:
    rows = '\ufeffid;text\r\n1;Дед, спит\r\n2;"Кот; молчит"\r\n'
    found = [(one.document, one.text) for one in load_plain(packed("a.csv", rows.encode()))]
    assert found == [("1", "Дед, спит"), ("2", "Кот; молчит")]


def test_parquet_is_read(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    table = pyarrow.table({"text": ["Дед спит.", None], "id": [1, 2], "junk": [b"1", b"2"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    skipped: Counter[str] = Counter()
    (record,) = load_plain(tmp_path, skipped=skipped)
    assert (record.text, record.document) == ("Дед спит.", "1")
    assert skipped == {"no text": 1}


def test_a_folder_is_read_in_order_of_name(tmp_path: Path) -> None:
    for name, text in {"б/2.txt": "два", "а/1.txt": "раз", "в.md": "три", "г.bin": "нет"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    records = list(load_plain(tmp_path))
    assert [(record.text, record.domain) for record in records] == [
        ("раз", "а"),
        ("два", "б"),
        ("три", tmp_path.name),
    ]


def test_an_unknown_kind_and_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.docx").touch()
    with pytest.raises(ValueError, match=r"no kind that is read \(\.docx.*\.txt, \.md, \.jsonl"):
        list(load_plain(tmp_path / "a.docx"))
    with pytest.raises(ValueError, match="holds no file named"):
        list(load_plain(tmp_path))
    with pytest.raises(FileNotFoundError, match="does not exist"):
        list(load_plain(tmp_path / "b.txt"))


def test_a_saved_data_set_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    train = datasets.Dataset.from_dict({"body": ["Дед спит.", "Кот — нет."], "id": [1, 2]})
    train.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": train, "dev": train.select([1])}).save_to_disk(tmp_path / "two")
    one = load_datasets(tmp_path / "one", text_column="body")
    assert [record.text for record in one] == ["Дед спит.", "Кот — нет."]
    two = load_datasets(tmp_path / "two", split="dev", text_column="body")
    assert [record.document for record in two] == ["2"]
    with pytest.raises(ValueError, match=r"no column 'text'\. It has: body, id"):
        load_datasets(tmp_path / "one")
    with pytest.raises(ValueError, match=r"no split 'test'\. It has: train, dev"):
        load_datasets(tmp_path / "two", split="test")


def test_a_hub_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")

    def load_dataset(*_: object, **__: object) -> None:
        raise ConnectionError("No route to the hub.\nMuch more.")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(CorpusError, match=r"owner/name cannot be opened \(No route to the hub\)"):
        load_datasets("owner/name")


def test_without_datasets_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperlex_corpora.optional.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'hyperlex\[model\]'"):
        load_datasets("owner/name")
