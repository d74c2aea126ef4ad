"""Taiga: segments as archives, their tables, and what is known to be wrong with them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from hyperlex_corpora import CorpusError
from hyperlex_corpora.sources.taiga import load_taiga

ARZAMAS = {
    "home/t/Arzamas/metatable.csv": "id\ttitle\tauthor\ttextdate\tURL\n"
    "449\tКак читать карты  •  \tА. Пахарь\t27.04.2017\thttp://example.org/449\n",
    "home/t/Arzamas/texts/arzamas_449.txt": "Карта лежала на столе.\n",
    "home/t/Arzamas/tagged_texts/arzamas_449.txt": "1\tКарта\tкарта\tNOUN\n",
    "home/t/Arzamas/texts/arzamas_450.txt": "О ней в таблице нет ни строки.",
    "home/t/Arzamas/texts/arzamas_451.txt": " \n",
}
FONTANKA = {
    "home/t/Fontanka/metatable_2015.csv": "segment\ttextid\ttextname\ttextrubric\tdate\n"
    "Fontanka\t20150404068\tЛёд на Неве\tГород\t04.04.2015\n"
    "Fontanka\t20150404069\t&amp;quot;Лёд&amp;quot;\n",
    "home/t/Fontanka/texts/2015/fontanka_20150404068.txt": "Лёд пошёл.",
    "home/t/Fontanka/texts/2015/fontanka_20150404069.txt": "Лёд встал.",
}
MAGAZINES = {
    "home/t/Magazines/corpus_arion_metadata.csv": "textid\ttextname\tsource\n"
    "\tбез номера\t\n10658\tСтих о снеге\thttp://magazines.example.org/arion/1\n",
    "home/t/Magazines/texts/corpus_arion_10658.txt": "Снег идёт и идёт.",
}
SUBTITLES = {
    "home/t/Subtitles/metatable.csv": "id\tfilepath\tlanguages\ttitle\n"
    "1\tЛодка - 1x01.ru.txt\tru\tЛодка - 1x01.ru.srt\n",
    "home/t/Subtitles/texts/Лодка/Лодка - 1x01.ru.txt": "— Плывём?\n— Плывём.\n",
    "home/t/Subtitles/texts/Лодка/Лодка - 1x01.en.txt": "Are we sailing?\n",
}
SOCIAL = {
    "home/t/social/texts/vktexts.txt": "\ufeffDataBaseItem: 6_57\nПривет!\nКак дела?\n"
    "DataBaseItem: 6_58\n\nDataBaseItem: 6_59\nНикак.\n",
    "home/t/social/texts/LiveJournalPostsandcommentsGICR.txt": "Первый пост.\n\nВторой пост.\n",
}
STIHI = {
    "stihi_ru/home/t/stihi_ru/metatable_texts.txt": "textid\tauthor\tgenre\ttitle\tURL\n"
    "20151231001\tЕ. Берёза\tлирика\tЗима\thttp://stihi.example.org/1\n",
    "stihi_ru/home/t/stihi_ru/texts/2015/12/20151231001.txt": "Зима.\nИней на стекле.\n",
}


def tar(path: Path, files: dict[str, str | bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize(("ending", "mode"), [(".tar.gz", "w:gz"), (".tar", "w"), (".tgz", "w:gz")])
def test_texts_come_with_what_their_table_says(tmp_path: Path, ending: str, mode: str) -> None:
    skipped: Counter[str] = Counter()
    path = tar(tmp_path / f"Arzamas{ending}", ARZAMAS, mode)
    known, unknown = load_taiga(path, skipped=skipped)
    assert (known.text, known.title) == ("Карта лежала на столе.\n", "Как читать карты")
    assert (known.author, known.date) == ("А. Пахарь", "27.04.2017")
    assert (known.url, known.segment) == ("http://example.org/449", "arzamas")
    assert (known.domain, known.document) == ("encyclopedic", "arzamas/449")
    assert (unknown.document, unknown.title) == ("arzamas/450", "")
    assert skipped == {"no text": 1}


def test_rows_of_fontanka_may_end_early_and_are_twice_escaped(tmp_path: Path) -> None:
    whole, early = load_taiga(tar(tmp_path / "Fontanka.tar.gz", FONTANKA))
    assert (whole.title, whole.rubric, whole.date) == ("Лёд на Неве", "Город", "04.04.2015")
    assert (early.title, early.rubric) == ('"Лёд"', "")


def test_rows_of_magazines_without_an_id_are_counted(tmp_path: Path) -> None:
    skipped: Counter[str] = Counter()
    (record,) = load_taiga(tar(tmp_path / "Magazines.tar.gz", MAGAZINES), skipped=skipped)
    assert (record.title, record.document) == ("Стих о снеге", "magazines/arion_10658")
    assert skipped == {"row without an id": 1}


def test_subtitles_are_the_russian_ones(tmp_path: Path) -> None:
    skipped: Counter[str] = Counter()
    (record,) = load_taiga(tar(tmp_path / "Subtitles.tar.gz", SUBTITLES), skipped=skipped)
    assert (record.domain, record.title) == ("dialogue", "Лодка - 1x01.ru.srt")
    assert skipped == {"not Russian": 1}


def test_posts_are_cut_out_of_long_files(tmp_path: Path) -> None:
    skipped: Counter[str] = Counter()
    records = list(load_taiga(tar(tmp_path / "social.tar.gz", SOCIAL), skipped=skipped))
    assert [(record.text, record.document) for record in records] == [
        ("Привет!\nКак дела?", "vk/6_57"),
        ("Никак.", "vk/6_59"),
        ("Первый пост.", "livejournal/1"),
        ("Второй пост.", "livejournal/3"),
    ]
    assert skipped == {"no text": 2}


def test_verse_is_in_a_zip(tmp_path: Path) -> None:
    (record,) = load_taiga(zipped(tmp_path / "stihi_ru.zip", STIHI))
    assert (record.text, record.author) == ("Зима.\nИней на стекле.\n", "Е. Берёза")
    assert (record.domain, record.rubric) == ("poetry", "лирика")


def test_the_whole_is_an_archive_of_archives(tmp_path: Path) -> None:
    inner = [
        tar(tmp_path / "Arzamas.tar.gz", ARZAMAS),
        tar(tmp_path / "social.tar.gz", SOCIAL),
    ]
    outer = tar(
        tmp_path / "retagged_taiga.tar.gz", {f"r/{file.name}": file.read_bytes() for file in inner}
    )
    assert [record.segment for record in load_taiga(outer)] == ["arzamas"] * 2 + ["social"] * 4


def test_a_zip_in_a_tar_must_be_unpacked_first(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "stihi_ru.zip", STIHI)
    outer = tar(tmp_path / "all.tar", {inner.name: inner.read_bytes()}, "w")
    with pytest.raises(CorpusError, match=r"stihi_ru\.zip is an archive inside.*Unpack"):
        list(load_taiga(outer))


def test_a_folder_of_segments_and_an_unpacked_one_are_read(tmp_path: Path) -> None:
    tar(tmp_path / "Arzamas.tar.gz", ARZAMAS)
    for name, text in FONTANKA.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    records = list(load_taiga(tmp_path))
    assert sorted({record.segment for record in records}) == ["arzamas", "fontanka"]
    assert "Лёд на Неве" in {record.title for record in records}


def test_windows_text_is_refused_with_its_file(tmp_path: Path) -> None:
    name = "home/t/Arzamas/texts/arzamas_1.txt"
    path = tar(tmp_path / "Arzamas.tar", {name: "Карта".encode("cp1251")}, "w")
    with pytest.raises(ValueError, match=f"{name}, line 1, is not UTF-8"):
        list(load_taiga(path))


@pytest.mark.parametrize("cut", [40, 400])
def test_a_truncated_archive_is_refused(tmp_path: Path, cut: int) -> None:
    many = {f"home/t/Lenta/texts/{i}.txt": f"Новость {i * 7919}." for i in range(200)}
    path = tar(tmp_path / "Lenta.tar.gz", many)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(CorpusError, match="damaged or truncated"):
        list(load_taiga(path))
