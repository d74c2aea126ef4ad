"""Context utility, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hyperlex.measure.utility import context_utility, lead, utility, utility_lead

WITHOUT, FULL = [100.0, 60.0], [70.0, 50.0]


def test_utility_is_the_saved_share_of_what_a_full_context_saves() -> None:
    # 160 bits without a context, 120 with all of it, 130 with the shortened one.
    assert context_utility(WITHOUT, [75.0, 55.0], FULL).value == pytest.approx(30 / 40)


def test_no_context_is_worth_0_the_full_one_1_and_a_wrong_one_less() -> None:
    assert context_utility(WITHOUT, WITHOUT, FULL).value == 0
    assert context_utility(WITHOUT, FULL, FULL).value == 1
    assert utility(160, 180, 120) == pytest.approx(-0.5)


def test_a_full_context_that_saves_nothing_leaves_no_scale() -> None:
    assert np.isnan(utility(160, 150, 160))
    assert np.isnan(context_utility([], [], []).value)


def test_a_lead_is_the_difference_of_two_utilities() -> None:
    ours, theirs = [75.0, 55.0], [90.0, 60.0]
    found = utility_lead(WITHOUT, ours, theirs, FULL)
    first, second = (context_utility(WITHOUT, each, FULL).value for each in (ours, theirs))
    assert found.value == pytest.approx(first - second) == pytest.approx(0.5)
    assert lead(160, 130, 130, 120) == 0
    assert found.low <= found.value <= found.high
