"""Whatever a person measures, as documents with a domain."""

from __future__ import annotations

import gzip
import json
import lzma
from dataclasses import dataclass
from pathlib import Path

import pytest

from hyperlex.errors import ConfigError, FormatError, HyperlexError
from hyperlex.measure.parallel import sentence_pairs
from hyperlex.measure.texts import Text, texts_of, title_of


def found(source: object) -> list[tuple[str, str]]:
    return [(text.domain, text.text) for text in texts_of(source)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`tales.txt` of two paragraphs, `law/acts.jsonl` of two rows, `notes.md.gz`, `news.txt.xz`."""
    (tmp_path / "law").mkdir()
    (tmp_path / "tales.txt").write_bytes("Дед спал.\r\n\r\nКот ел.\n".encode())
    rows = [{"text": "Статья 1."}, {"text": "Статья 2.", "domain": "закон"}]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "law" / "acts.jsonl").write_text(lines, "utf-8")
    (tmp_path / "notes.md.gz").write_bytes(gzip.compress("Заметка.".encode()))
    (tmp_path / "news.txt.xz").write_bytes(lzma.compress("Новость.".encode()))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    return tmp_path


def test_a_text_file_is_one_document_to_the_byte(folder: Path) -> None:
    assert found(folder / "tales.txt") == [("tales", "Дед спал.\r\n\r\nКот ел.\n")]
    assert found(str(folder / "tales.txt")) == found(folder / "tales.txt")


def test_a_long_text_file_is_one_document(folder: Path) -> None:
    line = "Кот спал у двери.\n"
    (folder / "long.txt").write_text(line * 70_000, "utf-8")
    (text,) = texts_of(folder / "long.txt")
    assert text.text == line * 70_000


def test_domains_of_a_folder_are_its_folders_and_its_files(folder: Path) -> None:
    assert found(folder) == [
        ("law", "Статья 1."),
        ("закон", "Статья 2."),
        ("news", "Новость."),
        ("notes", "Заметка."),
        ("tales", "Дед спал.\r\n\r\nКот ел.\n"),
    ]


def test_rows_of_a_table_are_documents(folder: Path) -> None:
    (folder / "rows.csv").write_text("text,domain\nДа.,ответ\nНет.,\n", "utf-8")
    assert found(folder / "rows.csv") == [("ответ", "Да."), ("rows", "Нет.")]


def test_parts_of_one_document_share_it(folder: Path) -> None:
    rows = [{"text": "Один.", "id": 7}, {"text": "Два.", "id": 7}, {"text": "Три.", "id": 8}]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "parts.jsonl").write_text(lines, "utf-8")
    first, second, third = texts_of(folder / "parts.jsonl")
    assert first.document == second.document != third.document


def test_iterables_hold_texts_records_and_paths(folder: Path) -> None:
    @dataclass
    class Record:
        text: str
        domain: str

    source = ["Сам.", Text("Два.", "b"), Record("Три.", "c"), folder / "news.txt.xz"]
    assert found(source) == [("text", "Сам."), ("b", "Два."), ("c", "Три."), ("news", "Новость.")]


def test_the_samples_are_the_texts_of_no_source() -> None:
    domains = {text.domain for text in texts_of(None)}
    assert len(domains) == 8


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", b"\x00\x01\x02", "NUL byte: it is no text file"),
        ("a.txt", "Привет".encode("cp1251"), r"not UTF-8 .*iconv -f cp1251 -t utf-8"),
        ("a.jsonl", b"{", "a.jsonl"),
        ("a.jsonl", '{"body": "нет"}\n'.encode(), "a.jsonl"),
        ("a.txt.xz", b"nonsense", "damaged archive"),
        ("a.csv", b"\xff\xfe\x00", "a.csv"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HyperlexError, match=told):
        list(texts_of(tmp_path / name))


def test_a_name_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="lentra"):
        list(texts_of("lentra"))
    with pytest.raises(ConfigError, match="int"):
        list(texts_of([7]))


def test_a_file_that_vanishes_midway_is_told(folder: Path) -> None:
    texts = texts_of(folder)
    next(texts)
    (folder / "tales.txt").unlink()
    with pytest.raises(ConfigError, match=r"tales.txt does not exist"):
        list(texts)


def test_titles_name_no_folder(folder: Path) -> None:
    assert title_of(folder / "tales.txt") == "tales.txt"
    assert title_of("lenta") == "lenta"
    assert title_of(None) == "samples"


def test_pairs_are_read_from_a_table_and_taken_from_a_list(tmp_path: Path) -> None:
    table = "sent_id\tru\ten\nn01001011\tДа.\tYes.\nn01001012\tНет.\tNo.\n"
    (tmp_path / "pairs.tsv").write_text(table, "utf-8")
    pairs = sentence_pairs(tmp_path / "pairs.tsv")
    assert [(pair.russian, pair.english) for pair in pairs] == [("Да.", "Yes."), ("Нет.", "No.")]
    assert pairs[0].document == pairs[1].document  # two sentences of one document
    first, second = sentence_pairs([("Да.", "Yes."), ("Нет.", "No.")])
    assert first.document != second.document


def test_what_holds_no_pairs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tale.txt").write_text("Кот.", "utf-8")
    with pytest.raises(FormatError, match="no English beside the Russian"):
        sentence_pairs(tmp_path / "tale.txt")
    with pytest.raises(ConfigError, match="one pair at least"):
        sentence_pairs([])
    with pytest.raises(ConfigError, match="nowhere"):
        sentence_pairs(tmp_path / "nowhere.tsv")
