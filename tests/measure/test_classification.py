"""Accuracy, its interval and the table of confusions, by hand."""

from __future__ import annotations

import math

import pytest

from hyperlex.errors import ConfigError, FormatError
from hyperlex.measure.classification import NONE, accuracy, label_in, wilson

LABELS = ("норма", "спам", "брань")


def test_wilson_by_hand() -> None:
    # 8 of 10, z = 1.959964: (0.8 + 0.192073) / 1.384146 is the middle, and half of the width is
    # 1.959964 * sqrt(0.016 + 0.0096036) / 1.384146 = 0.226576.
    found = wilson(8, 10)
    assert found.value == 0.8
    assert found.low == pytest.approx(0.490162, abs=1e-5)
    assert found.high == pytest.approx(0.943318, abs=1e-5)


def test_wilson_is_no_point_where_all_are_right() -> None:
    assert wilson(10, 10).high == 1
    assert wilson(10, 10).low == pytest.approx(1 / (1 + 1.959964**2 / 10), abs=1e-6)
    assert wilson(0, 10).low == 0 and wilson(0, 10).high > 0.2
    assert math.isnan(wilson(0, 0).value)


def test_the_table_counts_labels_by_answers() -> None:
    expected = ["норма", "норма", "норма", "спам", "брань"]
    answers = ["норма", "спам", NONE, "спам", "что-то"]
    found = accuracy(answers, expected, LABELS)
    assert found.confusion == ((1, 1, 0, 1), (0, 1, 0, 0), (0, 0, 0, 1))
    assert (found.right, found.rows, found.majority) == (2, 5, 0.6)
    assert found.share.value == 0.4


def test_a_label_outside_the_set_is_refused_with_its_row() -> None:
    with pytest.raises(FormatError, match="Row 2 has the label 'флуд'"):
        accuracy(["спам", "спам"], ["спам", "флуд"], LABELS)
    with pytest.raises(ConfigError, match="0 answers for 1 rows"):
        accuracy([], ["спам"], LABELS)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (" спам", "спам"),
        ("\nСпам. И ещё раз спам", "спам"),
        ("нормальный текст", NONE),
        ("норма, а не спам", "норма"),
        ("это спам", NONE),
        ("", NONE),
    ],
)
def test_an_answer_names_the_label_that_it_begins_with(text: str, label: str) -> None:
    assert label_in(text, LABELS) == label


def test_of_two_labels_that_fit_the_longer_is_meant() -> None:
    assert label_in("не спам", ("не", "не спам")) == "не спам"
