"""Which form one expects: what is seen of the neighbours, and what follows from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from ladder.lexicon_by_hand import form_model_by_hand
from strategies import any_text

from hyperlex.ladder.expected import FormModel, parts_of
from hyperlex.ladder.forms import forms, plain
from hyperlex.ladder.neighbours import (
    LEFT,
    RIGHT,
    Neighbours,
    features,
    left_of,
    right_of,
    sign_of,
    tokens_of,
    traits_of,
)
from hyperlex.ladder.outline import KINDS, Lexeme

DOOR = Lexeme("дверь", "N")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Гость стоял у", ["у", "стоял", "гость"]),
        ("Дождь кончился Гость стоял у", ["у", "стоял", "гость"]),
        ("Было поздно. но гость стоял у", ["у", "стоял", "гость", "но"]),
        ("Кто там? спросил", ["спросил"]),
        ("Мы видели Анну", ["анну", "видели", "мы"]),
        ("", []),
    ],
)
def test_to_the_left_one_sees_to_the_beginning_of_the_sentence(text: str, left: list[str]) -> None:
    assert list(left_of(tokens_of(text))) == left


def test_to_the_right_one_sees_to_the_end_of_the_sentence_and_no_form_of_a_lexeme() -> None:
    assert right_of(["старой", DOOR, "Гость", "вошёл"]) == ("старой", DOOR)
    assert right_of(["пришёл", "?", "он"]) == ("пришел",)
    assert len(right_of(["и"] * 99)) == RIGHT
    assert len(left_of(["и"] * 99)) == LEFT
    assert sign_of(DOOR) == "~Nfemninan" == f"~{traits_of(DOOR)}"


def test_a_word_is_seen_as_the_forms_that_it_may_be() -> None:
    assert sign_of("у") == "у"
    assert sign_of("1917") == "#"
    assert sign_of("двери") == sign_of("ночи")
    assert sign_of("дверью") != sign_of("двери")


@given(any_text)
def test_any_text_has_features(text: str) -> None:
    tokens = tokens_of(text)
    around = Neighbours(left_of(tokens), right_of([*tokens, DOOR]))
    for kind in KINDS:
        found = features(Lexeme("идти", kind), around)
        assert found == features(Lexeme("идти", kind), around)
        assert all(0 <= fact < 1 << 32 for fact in found)


def test_a_form_is_the_sum_of_its_parts() -> None:
    assert parts_of("NOUN,gent,sing") == ("gent", "sing", "gent+sing")
    assert "3per+pres+sing" in parts_of("VERB,3per,pres,sing")
    assert "past+pssv" in parts_of("PRTF,femn,gent,past,pssv")


def test_the_greatest_sum_is_expected() -> None:
    model = form_model_by_hand()
    assert model.expect(DOOR, Neighbours(("у", "стоял"), ())) == "двери"
    assert model.expect(Lexeme("кошка", "N"), Neighbours(("у",), ())) == "кошки"
    assert model.expect(Lexeme("кошка", "N"), Neighbours((), ("спит",))) == "кошка"


def test_who_knows_nothing_expects_what_the_dictionary_has_first() -> None:
    empty = FormModel.empty()
    nothing = Neighbours((), ())
    assert empty.expect(DOOR, nothing) == "дверь"
    assert empty.expect(Lexeme("быстро", "R"), nothing) == "быстро"
    assert empty.expect(Lexeme("ёж", "N"), nothing) == "еж"


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_is_expected_is_a_spelling_of_the_lexeme(kind: str) -> None:
    lexeme = Lexeme("тихий", kind)
    spellings = {plain(spelling) for spelling in forms(lexeme).values()} or {"тихий"}
    assert form_model_by_hand().expect(lexeme, Neighbours(("у",), ("он",))) in spellings


def test_weights_have_a_row_a_fact_and_a_column_a_part() -> None:
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        FormModel(("gent",), np.zeros(1, np.uint32), np.zeros((1, 2), np.int8))
