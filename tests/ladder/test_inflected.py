"""Rung 3: what is dropped, what is put back, and words by lexeme and form."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from strategies import any_text

import hyperlex
from hyperlex.ladder.forms import form_of, forms
from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.punctuation import restore, thin


@pytest.mark.parametrize(
    ("text", "thinned", "restored"),
    [
        (
            "Он вошёл. Дверь закрылась.",
            "Он вошёл Дверь закрылась",
            "Он вошёл. Дверь закрылась.",
        ),
        ("Пришёл Егор (с собакой).", "Пришёл Егор с собакой", "Пришёл Егор с собакой."),
        ("Было поздно. Егор ушёл.", "Было поздно. Егор ушёл", "Было поздно. Егор ушёл."),
        ("— Кто там? — спросил он.", "Кто там? спросил он", "Кто там? спросил он."),
        ("Цена 3,5 рубля, не 4.5!", "Цена 3,5 рубля, не 4.5", "Цена 3,5 рубля, не 4.5."),
        ("От 3,5...4,5 кг", "От 3,5 4,5 кг", "От 3,5 4,5 кг."),
        ("кто-нибудь\n\nвошёл", "кто-нибудь вошёл", "кто-нибудь вошёл."),
        ("", "", ""),
    ],
)
def test_marks_are_dropped_and_put_back(text: str, thinned: str, restored: str) -> None:
    assert thin(text) == thinned
    assert restore(thinned) == restored


@given(any_text)
def test_thinning_keeps_all_words(text: str) -> None:
    def words(of: str) -> list[str]:
        return re.findall(r"[^\W_]+", of)

    assert words(restore(thin(text))) == words(thin(text)) == words(text.replace("\x00", " "))


def test_a_form_is_named_by_what_tells_it_from_others() -> None:
    door = Lexeme("дверь", "N")
    assert form_of(door, "дверью") == "NOUN,ablt,sing"
    assert forms(door)["NOUN,ablt,sing"] == "дверью"
    assert form_of(door, "окно") is None
    assert forms(Lexeme("зюбра", "N")) == {}


@pytest.mark.parametrize("kind", ["N", "V", "A", "T", "S"])
def test_a_form_gives_back_its_spelling(kind: str) -> None:
    lemma = {"N": "окно", "V": "стоять", "A": "тихий", "T": "открыть", "S": "тихий"}[kind]
    lexeme = Lexeme(lemma, kind)
    assert forms(lexeme)
    for form, spelling in forms(lexeme).items():
        found = form_of(lexeme, spelling)
        assert found is not None
        assert forms(lexeme)[found] == spelling
        assert form.partition(",")[0]


def test_rung_3_keeps_the_words_in_order() -> None:
    text = (
        "Старый смотритель медленно поднялся по винтовой лестнице. Маяк молчал третью неделю, и "
        "рыбаки обходили мыс стороной."
    )
    code = hyperlex.compress(text, rung=3)
    assert code.decode() == text
    assert len(code) <= len(hyperlex.load().encode(text))


def test_words_are_kept_at_rung_3(samples: dict[str, str]) -> None:
    for text in samples.values():
        told = hyperlex.compress(text[:2000], rung=3).decode()
        before = Counter(re.findall(r"[а-яё]+", text[:2000].lower().replace("ё", "е")))
        after = Counter(re.findall(r"[а-яё]+", told.lower().replace("ё", "е")))
        assert (before & after).total() >= 0.98 * before.total()
