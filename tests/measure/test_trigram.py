"""Trigrams: probabilities that sum to one, known by hand where little was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.errors import VocabularyError
from hyperlex.measure.trigram import DISCOUNT, Trigram

SIZE = 5
TEXTS = st.lists(st.lists(st.integers(0, SIZE - 1), max_size=12), max_size=6)


@given(TEXTS, st.lists(st.integers(0, SIZE - 1), max_size=4))
def test_chances_of_the_next_id_sum_to_one(texts: list[list[int]], context: list[int]) -> None:
    model = Trigram(texts, SIZE)
    chances = [2 ** -model.bits([*context, following])[-1] for following in range(SIZE)]
    assert sum(chances) == pytest.approx(1)
    assert min(chances) > 0


def test_an_untrained_model_knows_only_the_size() -> None:
    assert Trigram([], 8).bits([3, 1, 7]).tolist() == [3, 3, 3]


def test_by_hand() -> None:
    # One text of one id: after the start stood 0, once of once.
    model = Trigram([[0]], 2)
    shortest = (1 - DISCOUNT) / 1 + DISCOUNT / 2
    shorter = (1 - DISCOUNT) + DISCOUNT * shortest
    assert 2 ** -model.bits([0])[0] == pytest.approx((1 - DISCOUNT) + DISCOUNT * shorter)


def test_what_was_seen_costs_less() -> None:
    model = Trigram([[0, 1, 2, 3]] * 20, SIZE)
    assert model.bits([0, 1, 2, 3]).sum() < model.bits([3, 2, 1, 0]).sum()


def test_no_ids_no_bits() -> None:
    assert Trigram([[1]], SIZE).bits([]).shape == (0,)


@pytest.mark.parametrize("ids", [[SIZE], [-1]])
def test_an_id_outside_the_vocabulary_is_refused(ids: list[int]) -> None:
    with pytest.raises(VocabularyError, match="expected"):
        Trigram([ids], SIZE)
    with pytest.raises(VocabularyError, match="expected"):
        Trigram([], SIZE).bits(np.array(ids))


def test_a_vocabulary_too_large_for_the_keys_is_refused() -> None:
    with pytest.raises(VocabularyError, match="smaller"):
        Trigram([], 1 << 21)
