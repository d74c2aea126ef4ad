"""Files as lines: unpacked, decoded, and one clear error for each way of being no text."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex_corpora import CorpusError
from hyperlex_corpora.files import decode, files_of, suffix, text_lines

PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
TEXT = "Первая строка.\r\nВторая строка.\n\nЧетвёртая, без конца"


def test_lines_are_the_text(packed) -> None:
    path = packed("a.txt", TEXT.encode())
    assert list(text_lines(path)) == TEXT.splitlines(keepends=True)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert "".join(text_lines(path)) == TEXT


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_every_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("texts") / "a.txt"
    path.write_bytes(text.encode())
    assert "".join(text_lines(path)) == text.removeprefix("\ufeff")


@given(st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"]), min_size=1))
def test_long_lines_are_cut_and_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("texts") / "a.txt"
    path.write_bytes(text.encode())
    pieces = list(text_lines(path, longest=3))
    assert "".join(pieces) == text
    assert all(len(piece) <= 3 for piece in pieces)


def test_windows_text_is_refused_with_its_place(packed) -> None:
    data = b"plain\n" * 30_000 + "Привет\n".encode("cp1251")
    path = packed("a.txt", data)
    said = r"line 30001, is not UTF-8 \(byte 0xcf\).*: iconv -f cp1251 -t utf-8 (\S+) > utf8-\1$"
    with pytest.raises(ValueError, match=said):
        list(text_lines(path))


def test_windows_text_is_read_when_it_is_named_so(packed) -> None:
    path = packed("a.txt", TEXT.encode("cp1251"))
    assert "".join(text_lines(path, "cp1251")) == TEXT


@pytest.mark.parametrize("encoding", ["utf-16", "klingon"])
def test_encodings_without_lines_are_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a")
    with pytest.raises(ValueError, match=f"{encoding}.*cp1251"):
        list(text_lines(path, encoding))


def test_a_character_cut_in_two_at_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("один\nдва".encode()[:-1])
    with pytest.raises(ValueError, match="line 2, is not UTF-8"):
        list(text_lines(path))


def test_a_binary_file_is_refused(packed) -> None:
    path = packed("a.txt", b"PNG\n\0\0\1")
    with pytest.raises(ValueError, match="line 2, holds a NUL byte"):
        list(text_lines(path))


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])
def test_a_truncated_archive_is_refused(tmp_path: Path, ending: str) -> None:
    noise = random.Random(0).randbytes(20_000).hex().encode()
    path = tmp_path / f"a.txt{ending}"
    path.write_bytes(PACK[ending](noise)[:-100])
    with pytest.raises(CorpusError, match=r"a\.txt\.\w+ is a damaged or truncated archive"):
        list(text_lines(path))


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])
def test_a_text_that_is_called_an_archive_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.txt{ending}"
    path.write_text(TEXT, "utf-8")
    with pytest.raises(CorpusError, match="damaged"):
        list(text_lines(path))


def test_an_archive_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(TEXT.encode() * 100))
    data[40] ^= 0xFF
    path = tmp_path / "a.txt.gz"
    path.write_bytes(data)
    with pytest.raises(CorpusError, match="damaged"):
        list(text_lines(path))


def test_the_reader_may_leave_early(packed) -> None:
    lines = text_lines(packed("a.txt", TEXT.encode() * 10_000))
    assert next(lines) == "Первая строка.\r\n"
    lines.close()


def test_what_is_decoded_at_once_says_its_line() -> None:
    assert decode(TEXT.encode(), "a.txt") == TEXT
    with pytest.raises(ValueError, match=r"a\.txt, line 2, is not UTF-8"):
        decode("один\n".encode() + "два".encode("cp1251"), "a.txt")


def test_names_tell_the_format_packed_or_not() -> None:
    assert [suffix(Path(name)) for name in ("A.CSV.GZ", "a.b.jsonl", "a.xml.bz2", "a")] == [
        ".csv",
        ".jsonl",
        ".xml",
        "",
    ]


def test_files_of_a_folder_come_in_order_and_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/1.txt", "a.txt.gz", ".git/x.txt", "b/.2.txt", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [file.relative_to(tmp_path).as_posix() for file in files_of(tmp_path, (".txt",))]
    assert found == ["a.txt.gz", "b/1.txt"]


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"{re.escape(str(tmp_path))}/a does not exist"):
        files_of(tmp_path / "a", (".txt",))
    with pytest.raises(ValueError, match=r"holds no file named \.txt or \.md"):
        files_of(tmp_path, (".txt", ".md"))
