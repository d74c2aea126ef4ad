"""The area under the curve by hand, its laws, and texts of one source."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.measure.contrast import auc, auc_interval, sources

SAME = st.lists(st.booleans(), min_size=2, max_size=40)


def by_definition(same: list[bool], scores: list[float]) -> float:
    wins = [
        (a > b) + (a == b) / 2
        for a, ours in zip(scores, same, strict=True)
        if ours
        for b, theirs in zip(scores, same, strict=True)
        if not theirs
    ]
    return sum(wins) / len(wins) if wins else math.nan


def test_by_hand() -> None:
    # Of four pairs of pairs three are in order.
    assert auc([True, True, False, False], [0.9, 0.4, 0.5, 0.1]) == 0.75
    assert auc([True, False], [0.5, 0.5]) == 0.5


@given(SAME, st.data())
def test_it_is_the_share_of_pairs_in_order(same: list[bool], data: st.DataObject) -> None:
    scores = data.draw(
        st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=len(same), max_size=len(same))
    )
    assert auc(same, scores) == pytest.approx(by_definition(same, scores), nan_ok=True)
    if any(same) and not all(same):
        assert auc(same, scores) + auc(same, [-s for s in scores]) == pytest.approx(1)


def test_weights_count_as_copies() -> None:
    same, scores, weights = [True, False, True], [0.3, 0.4, 0.5], [2, 3, 1]
    copied = np.repeat(np.arange(3), weights)
    found = auc(same, scores, [weights, [1, 1, 1]])
    assert found[0] == auc(np.array(same)[copied], np.array(scores)[copied])
    assert found[1] == auc(same, scores)


def test_one_class_alone_has_no_area() -> None:
    assert math.isnan(auc([True, True], [0.1, 0.2]))
    assert math.isnan(auc([], []))


def test_the_interval_holds_the_value_and_is_the_same_again() -> None:
    random = np.random.default_rng(1)
    same = random.random(300) < 0.5
    scores = same * 0.5 + random.random(300)
    found = auc_interval(same, scores, np.arange(300) // 3)
    assert found.low < found.value < found.high
    assert found == auc_interval(same, scores, np.arange(300) // 3)


def test_pairs_of_one_cluster_are_drawn_together() -> None:
    same, scores = [True, False] * 30, [0.6, 0.5] * 30
    alone = auc_interval(same, scores, [0] * 60)
    assert alone.value == 1 and math.isnan(alone.low)


def test_texts_of_one_source_are_found() -> None:
    texts = ["он уехал в москву летом", "летом он уехал в москву", "дождь шёл всю долгую ночь"]
    first, second, third = sources([text.split() for text in texts])
    assert first == second != third
