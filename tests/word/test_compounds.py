"""Hyphenated words are cut where their parts change by themselves, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.word.compounds import parts_of


@pytest.mark.parametrize(
    "word",
    [
        "самолётов-амфибий", "Город-государство", "птицей-тройкой", "врачу-терапевту", "две-три",
        "вперёд-назад", "стоит-молчит", "сказал-то", "скажи-ка", "он-де", "Да-да", "ура‑ура",
        "1904—1905", "2,5-3", "5–6", "ГОРОДА-КРЕПОСТИ",
    ],
)  # fmt: skip
def test_a_word_of_two_words_is_cut(word: str) -> None:
    parts = [word[a:b] for a, b in parts_of(word)]
    assert len(parts) == 3
    assert "".join(parts) == word
    assert all(part.isalnum() or "," in part for part in parts[::2])


@pytest.mark.parametrize(
    "word",
    [
        "из-за", "кто-то", "по-русски", "премьер-министр", "интернет-сайтов", "веб-страница",
        "рыже-бурый", "юго-запад", "Буэнос-Айрес", "Иванов-Петров", "экс-министра", "80-х", "2-й",
        "а-а", "8-900-123-45-67", "2020-05-12", "мама-папа-я", "-слово", "слово-", "-", "a-b", "",
        "дождь-грыбль",
    ],
)  # fmt: skip
def test_a_word_that_changes_as_one_is_not(word: str) -> None:
    assert parts_of(word) == ()


@given(st.text("аябСт-—1,.", max_size=12))
def test_parts_tile_the_word(word: str) -> None:
    parts = parts_of(word)
    assert "".join(word[a:b] for a, b in parts) == (word if parts else "")
