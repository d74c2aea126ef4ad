"""Parallel sentences: two treebanks that pair, or a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from hyperlex_corpora.sources.pud import load_pud

RUSSIAN = {"n01001011": "Дед спит.", "w02007003": "Идёт дождь."}
ENGLISH = {"n01001011": "Grandfather sleeps.", "w02007003": "It is raining."}


def conllu(sentences: dict[str, str]) -> str:
    return "".join(
        f"# newdoc id = {key[:6]}\n# sent_id = {key}\n# text = {text}\n1\t{text}"
        + "\t_" * 8
        + "\n\n"
        for key, text in sentences.items()
    )


def folder(path: Path, russian: dict[str, str], english: dict[str, str]) -> Path:
    (path / "ru_pud-ud-test.conllu").write_text(conllu(russian), "utf-8")
    (path / "en_pud-ud-test.conllu").write_text(conllu(english), "utf-8")
    return path


def test_sentences_pair(tmp_path: Path) -> None:
    first, second = load_pud(folder(tmp_path, RUSSIAN, ENGLISH))
    assert (first.text, first.english) == ("Дед спит.", "Grandfather sleeps.")
    assert (first.domain, first.document, first.sent_id) == ("news", "n01001", "n01001011")
    assert (second.domain, second.english) == ("encyclopedic", "It is raining.")


def test_the_table_says_the_same(tmp_path: Path) -> None:
    table = tmp_path / "pud_ru_en.tsv"
    rows = [("sent_id", "ru", "en"), *((key, RUSSIAN[key], ENGLISH[key]) for key in RUSSIAN)]
    table.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    assert list(load_pud(table)) == list(load_pud(folder(tmp_path, RUSSIAN, ENGLISH)))


@pytest.mark.parametrize(
    "english",
    [{"n01001011": "a"}, dict(reversed(ENGLISH.items())), {**ENGLISH, "w9": "more"}],
)
def test_sentences_that_do_not_pair_are_refused(tmp_path: Path, english: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"sentence \d is \S+ in Russian and \S+ in English"):
        list(load_pud(folder(tmp_path, RUSSIAN, english)))


def test_a_folder_without_a_pair_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ru_pud-ud-test.conllu").write_text(conllu(RUSSIAN), "utf-8")
    with pytest.raises(ValueError, match="does not hold a pair"):
        load_pud(tmp_path)


def test_a_broken_row_has_a_place(tmp_path: Path) -> None:
    table = tmp_path / "a.tsv"
    table.write_text("sent_id\tru\ten\nn01\tДед\n", "utf-8")
    with pytest.raises(ValueError, match="line 2, has 2 cells"):
        list(load_pud(table))
