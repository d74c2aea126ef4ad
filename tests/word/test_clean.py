"""Clean text leads back to the original, and marks that are not read do not make words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.types import Span
from hyperlex.word.clean import canonical, clean

UNREAD = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
STRESS, BREVE, DIAERESIS = "\u0301", "\u0306", "\u0308"
pieces = st.lists(
    st.sampled_from([*"аяиЙеёСxe1 .-\n¬", *UNREAD, STRESS, BREVE, DIAERESIS, "¬\n", "\u00ad\n "])
)


@given(st.one_of(st.text(), pieces.map("".join)))
def test_characters_that_are_left_stand_where_they_stood(text: str) -> None:
    cleaned = clean(text)
    lookalike = str.maketrans("AaBCcEeHKkMOoPpTXxyËë", "АаВСсЕеНКкМОоРрТХхуЁё")
    composed = {"й": "и", "Й": "И", "ё": "е", "Ё": "Е"}
    for k, character in enumerate(cleaned.text):
        there = text[cleaned.original(k, k + 1).start]
        assert character in (there, there.translate(lookalike)) or composed[character] == there


@given(pieces.map("".join), st.data())
def test_spans_of_neighbours_touch(text: str, data: st.DataObject) -> None:
    cleaned = clean(text)
    size = len(cleaned.text)
    a, b, c = sorted(data.draw(st.lists(st.integers(0, size), min_size=3, max_size=3)))
    first, second = cleaned.original(a, b), cleaned.original(b, c)
    assert 0 <= first.start <= first.stop == second.start <= second.stop <= len(text)
    assert cleaned.original(0, size).stop == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("де\u00adрево", "дерево"),
        ("де\u00ad\nрево", "дерево"),
        ("де¬ \n  рево", "дерево"),
        ("за\u0301мок", "замок"),
        ("сло\u200bво", "слово"),
        ("\ufeffСлово", "Слово"),
        ("Cтрана", "Страна"),  # The first letter is Latin.
        ("Hочью мы cпим", "Ночью мы спим"),
        ("ЁЛKA", "ЁЛКА"),
        ("чаи\u0306ка", "чайка"),
        ("е\u0308жик", "ёжик"),
        ("COVIDный", "COVIDный"),
        ("Windows и окна", "Windows и окна"),
        ("не¬что", "не¬что"),
    ],
)
def test_unread_marks_and_lookalikes(text: str, expected: str) -> None:
    assert clean(text).text == expected


def test_a_span_takes_in_the_marks_inside_and_after() -> None:
    text = "вода\u0301 \u00adи со\u00ad\nль"
    cleaned = clean(text)
    assert cleaned.text == "вода и соль"
    assert cleaned.original(0, 4) == Span(0, 5)
    assert text[slice(*_ends(cleaned.original(5, 6)))] == "и"
    assert text[slice(*_ends(cleaned.original(7, 11)))] == "со\u00ad\nль"


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.stop


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        (("-", "–", "—", "--", "−"), "—"),
        (("“", "„", "``", "«"), "«"),
        (("”", "''", "»"), "»"),
        (("...", "…", "...."), "…"),
        (("&quot;", '"'), '"'),
        (("&#39;&#39;", "''"), "»"),
        (("дверь",), "дверь"),
    ],
)
def test_marks_that_mean_the_same_have_one_spelling(forms: tuple[str, ...], expected: str) -> None:
    assert {canonical(form) for form in forms} == {expected}


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000 + " б",
        "а¬" + "\n" * 1_000_000,
        "аa" * 500_000,
        "а\u0301" * 500_000,
        "\u0301" * 1_000_000,
    ],
    ids=["one Latin word", "a hyphen and blank lines", "mixed", "all stressed", "stress alone"],
)
def test_time_grows_with_the_length_alone(text: str) -> None:
    start = time.process_time()
    clean(text)
    assert time.process_time() - start < 10
