"""Bits retained, computed by hand: the minimum is of totals, and controls read as they must."""

from __future__ import annotations

import numpy as np
import pytest

from hyperlex.measure.bootstrap import Draws
from hyperlex.measure.retained import (
    bits_removed_per_id,
    bits_retained,
    removed_per_id,
    retained,
)

CODED, UNCODED, MODEL = [30.0, 50.0], [90.0, 110.0], [70.0, 140.0]


def test_totals_are_divided_by_the_better_of_the_two_without_codes() -> None:
    # 80 bits after codes; 200 without, 210 for the model: 1 - 80 / 200. Block by block it were
    # 1 - 80 / (70 + 110).
    assert bits_retained(CODED, UNCODED, MODEL).value == pytest.approx(0.6)
    assert retained(80, 200, 160) == pytest.approx(0.5)


def test_a_code_that_tells_all_nothing_and_worse_than_nothing() -> None:
    assert retained(0, 200, 300) == 1
    assert retained(200, 200, 300) == 0
    assert retained(300, 200, 300) == pytest.approx(-0.5)


def test_what_is_undefined_is_no_number() -> None:
    assert np.isnan(retained(0, 0, 0))
    assert np.isnan(bits_retained([], [], []).value)


def test_an_id_removes_its_part_of_the_difference() -> None:
    assert removed_per_id(80, 200, 210, 24) == 5
    assert bits_removed_per_id(CODED, UNCODED, MODEL, [10, 14]).value == pytest.approx(5)


def test_each_draw_takes_its_own_minimum() -> None:
    """Two clusters: a draw is one of them twice, or both; its figure is one of three."""
    found = bits_retained(CODED, UNCODED, MODEL, draws=Draws(draws=200, level=0.98))
    three = [1 - 30 / 70, 0.6, 1 - 50 / 110]
    assert found.low == pytest.approx(min(three)) and found.high == pytest.approx(max(three))
    assert found.value in found


def test_the_same_draws_give_the_same_interval() -> None:
    rng = np.random.default_rng(0)
    coded, uncoded, model = rng.uniform(10, 100, (3, 20))
    first, second = (bits_retained(coded, uncoded, model) for _ in range(2))
    assert first == second and first.low < first.value < first.high
