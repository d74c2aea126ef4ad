"""Words are razdel's where white space, pictures and digits behind letters do not come in."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from razdel import tokenize  # type: ignore[import-untyped]

from hyperlex.word.atoms import words_of

PIECES = (
    *("слово", "Ёж", "yahoo", "Yahoo", "a", "1", "20", "²", "Δ", "β", "\u0301"),
    *("-", "–", "—", "_", "/", "\\", ".", ",", "...", "!", "?", "…", "!!", "--", "**", "*"),
    *(":-)", ")", "(", ";", "=", ":", "«", "»", '"', "'", "%", "№", "@"),
)


_BEHIND = re.compile(r"[а-яёa-z]\d", re.IGNORECASE)


def razdel(text: str) -> list[tuple[int, int]]:
    return [(word.start, word.stop) for word in tokenize(text)]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_words_of_marks_and_letters_are_those_of_razdel(text: str) -> None:
    assume(_BEHIND.search(text) is None)
    assert words_of(text) == razdel(text)


@given(st.text(st.characters(categories=["L", "M", "N"]), max_size=30))
def test_words_of_any_text_are_those_of_razdel(text: str) -> None:
    assume(_BEHIND.search(text) is None)
    assert words_of(text) == razdel(text)


@given(st.text(st.sampled_from("аЯb1 .,-—/☺Δ\n:)"), max_size=20))
def test_words_hold_every_character_but_white_space(text: str) -> None:
    words = words_of(text)
    assert "".join(text[a:b] for a, b in words) == "".join(text.split())
    assert not any(c.isspace() for a, b in words for c in text[a:b])


@pytest.mark.parametrize(
    "line",
    [
        "кто-то|,| |что|:| |3,5|%| |и| |1/2",
        "Ну|...| |да|?!| |:)",
        "Δσ| |5|G| |а_б| |*|a|**",
        "yahoo!| |слово|!",
        "год|—| |а| |74|,| |80|,| |12|-| |14",
        "сил|💪| |люблю|❤️|!| |°C",
        "5| |км2| |и| |СО2|,| |Т34| |в|2015| |году|1234| |2|б| |B|2|B",
    ],
)
def test_words(line: str) -> None:
    pieces = line.split("|")
    text = "".join(pieces)
    assert [text[a:b] for a, b in words_of(text)] == [piece for piece in pieces if piece != " "]
