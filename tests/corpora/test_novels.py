"""RussianNovels: a folder, or the zip of the repository."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import pytest

from hyperlex_corpora.sources.novels import load_novels

NOVEL = "Глава 1\n\nПаром отошёл в полночь.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_a_file_is_a_novel(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "Parom_NochnayaPereprava.txt").write_bytes(NOVEL.encode(encoding))
    (tmp_path / "notes.txt").write_text("Не роман.", "utf-8")
    (tmp_path / "A_B.txt").touch()
    skipped: Counter[str] = Counter()
    (novel,) = load_novels(tmp_path, encoding=encoding, skipped=skipped)
    assert (novel.text, novel.title, novel.author) == (NOVEL, "Nochnaya Pereprava", "Parom")
    assert (novel.domain, novel.document) == ("fiction", "Parom_NochnayaPereprava")
    assert skipped == {"not a novel": 1, "no text": 1}


def test_the_zip_of_the_repository_is_read(tmp_path: Path) -> None:
    path = tmp_path / "RussianNovels.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("RussianNovels-0398a127")
        archive.writestr("RussianNovels-0398a127/README.md", "About.")
        archive.writestr("RussianNovels-0398a127/corpus/Parom_NochnayaPereprava.txt", NOVEL)
    (novel,) = load_novels(path)
    assert (novel.text, novel.file) == (NOVEL, "Parom_NochnayaPereprava.txt")


def test_windows_text_is_refused_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "A_B.txt").write_bytes(NOVEL.encode("cp1251"))
    with pytest.raises(ValueError, match=r"A_B\.txt, line 1, is not UTF-8"):
        list(load_novels(tmp_path))
