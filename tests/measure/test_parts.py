"""Parts of a text: shares of tokens add up, and names count only where they were met before."""

from __future__ import annotations

import numpy as np
import pytest

from hyperlex.measure.parts import content_spans, known_names, shares
from hyperlex.types import Span, Word

TEXT = "Мать ждала у окна."


def word(text: str, start: int, upos: str, lemma: str = "") -> Word:
    span = Span(start, start + len(text))
    return Word(span, text, lemma or text.lower(), upos, "", 0, 0, "root", "test")


def test_a_share_is_counted_over_characters_that_are_no_space() -> None:
    # Мать| ждала у| окн|а.
    found = shares(TEXT, [4, 12, 16, 18], [Span(0, 4), Span(5, 10), Span(13, 17)])
    assert found.tolist() == [1.0, 5 / 6, 1.0, 0.5]


def test_shares_of_a_part_and_of_the_rest_add_up() -> None:
    stops = [1, 5, 11, 12, 18]
    part, rest = [Span(2, 7), Span(12, 13)], [Span(0, 2), Span(7, 12), Span(13, 18)]
    total = shares(TEXT, stops, part) + shares(TEXT, stops, rest)
    assert total == pytest.approx(np.ones(5))


def test_a_token_of_a_part_of_a_character_counts_as_that_character() -> None:
    assert shares("аб", [1, 1, 2, 2], [Span(1, 2)]).tolist() == [0, 0, 1, 1]


def test_white_space_alone_has_no_share() -> None:
    assert shares("а  б", [1, 3, 4], [Span(0, 4)]).tolist() == [1, 0, 1]


def test_overlapping_spans_count_once_and_no_token_is_no_share() -> None:
    assert shares("абв", [3], [Span(0, 2), Span(1, 3)]).tolist() == [1]
    assert shares("", [], []).shape == (0,)


def test_content_words_are_read_without_context() -> None:
    words = [word("Мать", 0, "NOUN"), word("ждала", 5, "VERB"), word("у", 11, "ADP")]
    assert content_spans([*words, word(".", 17, "PUNCT")]) == [Span(0, 4), Span(5, 10)]


def test_a_name_is_known_by_its_lemma_and_only_from_before_the_cut() -> None:
    words = [
        word("Анна", 0, "PROPN", "анна"),
        word("Анну", 10, "PROPN", "анна"),
        word("Пётр", 20, "PROPN", "пётр"),
        word("Петру", 30, "PROPN", "пётр"),
        word("анны", 40, "NOUN", "анна"),
    ]
    assert known_names(words, 10) == [Span(10, 14)]
    assert known_names(words, 25) == [Span(30, 35)]
    assert known_names(words, 0) == []
