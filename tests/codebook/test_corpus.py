"""Reading text from anywhere, and refusing what is no text."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hyperlex.codebook.corpus import Document, documents, text_files
from hyperlex.errors import ConfigError, FormatError

TEXT = "Снег шёл всю ночь.\nК утру двор стал белым.\n"


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [("", bytes), (".xz", lzma.compress), (".gz", gzip.compress), (".bz2", bz2.compress)],
)
def test_files_are_read_packed_or_not(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    folder = tmp_path / "проза"
    folder.mkdir()
    (folder / f"a.txt{suffix}").write_bytes(pack(TEXT.encode()))
    line = json.dumps({"text": TEXT, "title": "Снег"}, ensure_ascii=False)
    (folder / f"b.jsonl{suffix}").write_bytes(pack(f"{line}\n\n{line}\n".encode()))
    (folder / "c.csv").write_text("не читается", encoding="utf-8")
    assert list(documents(tmp_path)) == [Document(TEXT, "проза")] * 3


def test_an_iterable_may_mix_texts_documents_and_paths(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT, encoding="utf-8")
    found = list(documents(["Раз.", Document("Два.", "счёт"), path]))
    assert found == [
        Document("Раз.", "text"),
        Document("Два.", "счёт"),
        Document(TEXT, tmp_path.name),
    ]


def test_a_large_text_comes_in_stretches_of_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("строка\n" * 200_000, encoding="utf-8")
    parts = [d.text for d in documents(path)]
    assert len(parts) > 1
    assert "".join(parts) == path.read_text(encoding="utf-8")
    assert all(part.endswith("\n") for part in parts)


def test_files_are_found_in_order_of_name(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    names = ("b.txt", "a.jsonl", "c.md", "d.txt.gz", "e.txt.bak", "f.xz", "deep/g.txt", "h.csv")
    for name in names:
        (tmp_path / name).write_bytes(b"")
    found = [path.relative_to(tmp_path).as_posix() for path in text_files(tmp_path)]
    assert found == ["a.jsonl", "b.txt", "c.md", "d.txt.gz", "deep/g.txt"]
    assert text_files(tmp_path / "h.csv") == [tmp_path / "h.csv"]  # whoever names a file means it


def refused(path: Path, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        list(documents(path))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Первая.\nВторая.\n".encode("cp1251"))
    refused(path, FormatError, r"line 1, is not UTF-8.*iconv -f cp1251")
    path.write_bytes("Первая.\nВторая.\n".encode("utf-16"))
    refused(path, FormatError, r"line 1, is not UTF-8.*iconv -f utf-16")
    path.write_bytes(b"ELF\x00\x01\x02")
    refused(path, FormatError, "NUL byte")
    archive = tmp_path / "a.txt.xz"
    archive.write_bytes(lzma.compress(TEXT.encode())[:-12])
    refused(archive, FormatError, "damaged archive")
    archive = tmp_path / "a.txt.gz"
    archive.write_bytes(b"no gzip at all")
    refused(archive, FormatError, "damaged archive")
    lines = tmp_path / "a.jsonl"
    for bad in ('{"title": "без текста"}', "просто текст", '["text"]', '{"text": 5}'):
        lines.write_text(f'{{"text": "да"}}\n{bad}\n', encoding="utf-8")
        refused(lines, FormatError, "line 2, has no text")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "нет.txt", ConfigError, "does not exist")
    refused(tmp_path, ConfigError, "holds no text")
    with pytest.raises(ConfigError, match="type int"):
        list(documents([5]))  # type: ignore[list-item]


def test_what_is_no_corpus_is_told_of() -> None:
    wrong: Any = None
    with pytest.raises(ConfigError, match="The corpus is a NoneType"):
        list(documents(wrong))
