"""Perplexity and bits per character, by hand; what they say of short tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from hyperlex.measure.perplexity import TextBits, difference, perplexity


def read(text: str, pieces: Sequence[str], bits: Sequence[float], document: int = 0) -> TextBits:
    stops = np.cumsum([len(piece.encode()) for piece in pieces])
    assert "".join(pieces) == text
    return TextBits(text, np.array(bits, np.float64), stops, document)


def test_perplexity_by_hand() -> None:
    # 2 + 4 + 6 bits over 3 tokens: 2^4; over 12 characters: 1 bit each, 2 per letter.
    found = perplexity([read("кот у окна, ", ["кот ", "у окна", ", "], [2, 4, 6])])
    assert found.per_token.value == pytest.approx(16)
    assert found.bits_per_character.value == pytest.approx(1)
    assert found.per_character.value == pytest.approx(2)
    assert (found.tokens, found.characters, found.documents) == (3, 12, 1)


def test_totals_are_divided_and_never_perplexities_averaged() -> None:
    texts = [read("да", ["да"], [10], 0), read("нет, нет", list("нет, нет"), [0.25] * 8, 1)]
    found = perplexity(texts)
    assert found.per_token.value == pytest.approx(2 ** (12 / 9))
    assert found.bits_per_character.value == pytest.approx(12 / 10)


def test_one_prediction_has_a_small_perplexity_over_letters_and_a_large_one_over_words() -> None:
    # The same text at the same bits: whoever has short tokens has a small perplexity.
    text = "тишина в лесу"
    each = math.log2(2.46)
    letters = perplexity([read(text, list(text), [each] * len(text))])
    words = ["тишина", " в", " лесу"]
    whole = perplexity([read(text, words, [each * len(word) for word in words])])
    assert letters.per_token.value == pytest.approx(2.46)
    assert whole.per_token.value == pytest.approx(2.46 ** (13 / 3))
    assert letters.bits_per_character.value == pytest.approx(whole.bits_per_character.value)
    assert whole.per_character.value == pytest.approx(2.46)


def test_many_documents_are_drawn_whole_and_few_by_blocks() -> None:
    many = perplexity([read("да", ["да"], [2.0], n) for n in range(20)])
    assert (many.unit, many.clusters) == ("document", 20)
    assert many.bits_per_character.low == many.bits_per_character.high == 1
    long = "да. " * 2_000
    few = perplexity([read(long, ["да. "] * 2_000, [2.0] * 2_000)])
    assert few.unit == "block" and few.clusters > 1
    assert few.bits_per_character.low == pytest.approx(0.5)


def test_parts_of_one_document_are_one() -> None:
    parts = [read("да", ["да"], [2.0], n // 2) for n in range(40)]
    assert perplexity(parts).documents == perplexity(parts).clusters == 20


def test_differences_are_paired() -> None:
    random = np.random.default_rng(0)
    first = [read("да", ["да"], [bits], n) for n, bits in enumerate(random.uniform(1, 9, 20))]
    second = [read("да", ["д", "а"], [t.bits[0] / 2 - 0.1] * 2, n) for n, t in enumerate(first)]
    found = difference(second, first)
    # Texts differ widely, and the second is better by 0.1 bits a character in every one.
    assert found.value == pytest.approx(-0.1)
    assert found.low == pytest.approx(-0.1) and found.high == pytest.approx(-0.1)


def test_no_text_is_no_perplexity() -> None:
    with pytest.raises(ValueError, match="No text"):
        perplexity([])
