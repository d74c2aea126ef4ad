"""No verb writes over what it reads: the output is refused before the work, by whatever name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = "Дед стоял у двери, не решаясь войти.\n"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(TEXT, "utf-8")
    return tmp_path / "a.txt"


VERBS = [
    ("analyze", "--file", "{}", "--html", "{}"),
    ("explain", "--file", "{}", "--html", "{}"),
    ("demo", "--file", "{}", "--out", "{}"),
    ("measure", "{}", "--html", "{}"),
    ("measure", "{}", "--json", "{}"),
    ("measure", "{}", "--markdown", "{}"),
    ("evaluate", "tiny", "{}", "--json", "{}"),
    ("evaluate", "tiny", "{}", "--examples", "{}"),
    ("evaluate", "tiny", "--prompts", "{}", "--examples", "{}"),
]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_an_output_that_is_read_is_refused(refused, text: Path, words: tuple[str, ...]) -> None:
    message = refused(*(word.format(text) for word in words)).stderr
    assert f"{text} is read and would be overwritten" in message
    assert "Choose another output." in message
    assert text.read_text("utf-8") == TEXT


@pytest.mark.parametrize("way", ["relative", "symbolic link", "hard link"])
def test_another_path_to_the_same_file_is_seen_through(
    refused, text: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = text.with_name("b.txt")
    if way == "relative":
        monkeypatch.chdir(text.parent)
        other = Path("../") / text.parent.name / "a.txt"
    elif way == "symbolic link":
        other.symlink_to(text)
    else:
        os.link(text, other)
    for read, written in ((text, other), (other, text)):
        assert f"{written} is read" in refused("explain", "-f", read, "--html", written).stderr
    assert text.read_text("utf-8") == TEXT


def test_a_text_in_a_folder_that_is_read_is_refused_too(refused, text: Path) -> None:
    assert f"{text} is read" in refused("measure", text.parent, "--json", text).stderr
    assert text.read_text("utf-8") == TEXT


def test_standard_input_may_be_the_file(text: Path) -> None:
    words = [sys.executable, "-m", "hyperlex.cli", "explain", "--html", text]
    with text.open("rb") as stdin:
        result = subprocess.run(words, stdin=stdin, capture_output=True, text=True)
    assert result.returncode == 2 and f"{text} is read" in result.stderr
    assert text.read_text("utf-8") == TEXT


def test_another_file_is_overwritten_as_ever(run, extended: Path, text: Path) -> None:
    page = text.with_name("page.html")
    page.write_text("old")
    result = run("explain", "--file", text, "-t", extended, "--html", page)
    assert result.exit_code == 0, result.output
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert text.read_text("utf-8") == TEXT


def test_a_directory_is_no_file_to_write(refused, tmp_path: Path) -> None:
    message = refused("analyze", "Кот вошёл.", "--html", tmp_path).stderr
    assert f"Cannot write {tmp_path}: Is a directory. A file was expected." in message
    assert "writable" not in message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_standard_output_on_a_full_disk_is_told_of(extended: Path) -> None:
    words = [sys.executable, "-m", "hyperlex.cli", "encode", "Кот", "-t", extended]
    with open("/dev/full", "wb") as full:
        result = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    told = "hyperlex: Standard output cannot be written: No space left on device.\n"
    assert (result.returncode, result.stderr) == (2, told)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_asks_for_room(refused, extended: Path) -> None:
    message = refused("explain", "Кот", "-t", extended, "--html", "/dev/full").stderr
    assert "Cannot write /dev/full: No space left on device. Make room" in message
