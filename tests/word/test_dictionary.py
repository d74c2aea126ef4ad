"""The dictionary's own way to known words gives what pymorphy3 gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymorphy3 import MorphAnalyzer  # type: ignore[import-untyped]

from hyperlex.word.dictionary import dictionary

PLAIN = MorphAnalyzer(lang="ru")

WORDS = (
    *("стали", "ёжика", "ежика", "Ивановой", "все", "всё", "тем", "наилучших", "самой", "ООО"),
    *("бежавший", "кто-то", "А", "б", "я", "Тьму-Таракани", "шмяркнул", "IX", "12", "…", "COVID"),
)


def told(parses: Any) -> list[Any]:
    return [(*parse[:4], repr(parse.methods_stack), parse.is_known) for parse in parses]


@pytest.mark.parametrize("word", WORDS)
def test_parses_are_those_of_pymorphy(word: str) -> None:
    assert told(dictionary().parse(word)) == told(PLAIN.parse(word))


@given(st.text("абвгдеёжиклмнопрстуыья-АБ", min_size=1, max_size=6))
def test_parses_of_any_letters_are_those_of_pymorphy(word: str) -> None:
    assert told(dictionary().parse(word)) == told(PLAIN.parse(word))


def test_a_known_parse_inflects() -> None:
    parse = dictionary().parse("столами")[0]
    assert parse.inflect({"sing", "nomn"}).word == "стол"
    assert parse.normalized.word == "стол"
    assert len(parse.lexeme) > 10


@pytest.mark.parametrize("word", ["\U00017000", "\ud800", "\ud800\x1b", "\ud800да"])
def test_what_has_no_name_or_no_bytes_is_parsed(word: str) -> None:
    assert dictionary().parse(word)


@pytest.mark.parametrize(
    ("word", "tag"), [("1996-м", "ADJF,Anum masc,sing,loct"), ("1350-е", "ADJF,Anum plur,nomn")]
)
def test_an_ordinal_in_digits_is_one_whatever_its_number(word: str, tag: str) -> None:
    parses = dictionary().parse(word)
    assert {parse.normal_form for parse in parses} == {word[:5] + "й"}
    assert {parse.word for parse in parses} == {word}
    assert any(set(tag.replace(" ", ",").split(",")) <= parse.tag.grammemes for parse in parses)
