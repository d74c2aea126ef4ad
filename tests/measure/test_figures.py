"""Figures in words, and the axis that they stand on."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure import report_by_hand as by_hand

from hyperlex.measure.axis import MOST_STEPS, Axis
from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.figures import NONE, Style, headline
from hyperlex.measure.report import Report, Score

FINITE = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: x if abs(x) > 1e-9 else 0.0)


@pytest.mark.parametrize(
    ("unit", "values", "shown"),
    [
        ("tokens per word", [1.375, 6.1284], ["1.375", "6.128"]),
        ("tokens per scene", [7.5389, 41.5], ["7.54", "41.50"]),
        ("ids", [128000.0, 12.0], ["128,000", "12"]),
        ("share of the evenest use", [0.5678, 0.04], ["0.568", "0.040"]),
        ("tokens", [0.0123, -0.002], ["0.0123", "−0.0020"]),
        ("%", [0.3421, 1.0, 0.0], ["34.2 %", "100.0 %", "0.0 %"]),
        ("%", [0.0042], ["0.420 %"]),
        ("tokens", [0.0, math.nan], ["0.000", NONE]),
    ],
)
def test_figures_of_a_column_have_one_form(
    unit: str, values: list[float], shown: list[str]
) -> None:
    style = Style.of(unit, values)
    assert [style(value).replace("\N{NO-BREAK SPACE}", " ") for value in values] == shown


def test_differences_have_signs_and_shares_differ_by_points() -> None:
    style, share = Style.of("", [1.5]), Style.of("%", [0.121])
    assert [style(x, signed=True) for x in (1.5, -1.5, 0.0)] == ["+1.500", "−1.500", "0.000"]
    assert share(-0.031, signed=True) == "−3.1\N{NO-BREAK SPACE}points"


def test_bounds_need_an_interval() -> None:
    style = Style.of("", [1.0])
    assert style.bounds(Interval(1.0, 0.9, 1.125)) == "0.900–1.125"
    assert style.bounds(Interval(0.0, -0.5, 0.25), signed=True) == "−0.500 to +0.250"
    assert style.bounds(Interval(1.0, math.nan, math.nan)) == ""


@given(st.lists(FINITE, min_size=1, max_size=9), st.booleans())
def test_an_axis_holds_its_values_between_round_ticks(values: list[float], zero: bool) -> None:
    axis = Axis.over(values, zero=zero)
    assert axis is not None and 1 <= axis.steps <= MOST_STEPS + 1
    for value in [*values, 0.0] if zero else values:
        assert -0.01 <= float(axis.at(value)[:-1]) <= 100.01
    ticks = axis.ticks()
    assert (ticks[0].at, ticks[-1].at) == ("0.00%", "100.00%")
    assert len({tick.label for tick in ticks}) == len(ticks) == axis.steps + 1
    assert not any(tick.spare for tick in ticks if tick.label.strip("0.,") == "")


def test_an_axis_of_nothing_is_none() -> None:
    assert Axis.over([]) is None and Axis.over([math.nan]) is None


def test_labels_of_an_axis_are_short() -> None:
    axis = Axis.over([3.0, 419_975.0])
    assert axis and [tick.label for tick in axis.ticks()] == [
        "0",
        "100k",
        "200k",
        "300k",
        "400k",
        "500k",
    ]
    shares = Axis.over([0.05, 0.2])
    assert shares and [t.label for t in shares.ticks(factor=100)] == ["0", "5", "10", "15", "20"]


def plain(report: Report) -> str:
    return headline(report).replace("\N{NO-BREAK SPACE}", " ")


def words(report: Report, tokenizer: str, score: Score) -> Report:
    """The report with another figure of tokens per word for one tokenizer."""
    rows = (
        dataclasses.replace(r, scores={**r.scores, "tokens_per_word": score})
        if r.tokenizer == tokenizer
        else r
        for r in report.rows
    )
    return dataclasses.replace(report, rows=tuple(rows))


def test_the_headline_names_the_first_its_figures_and_the_reference() -> None:
    assert plain(by_hand.report()) == (
        "hyperlex needs the fewest tokens: 1.178 per word (95 % interval 1.163–1.196) and 7.54 "
        "per scene; that is 32 % fewer than o200k, the reference."
    )


def test_the_headline_does_not_claim_what_the_interval_denies() -> None:
    score = Score(Interval(1.7, 1.6, 1.8), Interval(-0.02, -0.1, 0.06))
    told = plain(words(by_hand.report(), "hyperlex", score))
    assert told.endswith("; these texts do not tell it apart from o200k, the reference.")


def test_a_leading_reference_is_compared_to_the_next() -> None:
    report = dataclasses.replace(by_hand.report(), reference="hyperlex")
    first, second = report.rows[0], report.rows[1]
    value = first.scores["tokens_per_word"].interval.value
    report = words(report, first.tokenizer, Score(first.scores["tokens_per_word"].interval))
    next_ = Score(Interval(1.3, 1.2, 1.4), Interval(0.1 * value, 0.05, 0.2))
    told = plain(words(report, second.tokenizer, next_))
    assert told.endswith("; darulm_128k_bpe, the next, needs 10 % more.")


def test_the_headline_of_one_of_none_and_without_words() -> None:
    assert plain(by_hand.lonely()).startswith("o200k needs 1.721 tokens per word (95 % interval")
    report = by_hand.report()
    assert "No tokenizer" in plain(dataclasses.replace(report, rows=()))
    rows = tuple(dataclasses.replace(row, scores={}) for row in report.rows)
    assert plain(dataclasses.replace(report, rows=rows)) == "hyperlex needs the fewest tokens."


def test_the_headline_warns_of_text_that_is_lost() -> None:
    report = by_hand.report()
    lossy = tuple(dataclasses.replace(t, exact=t.name != "hyperlex") for t in report.tokenizers)
    assert "it keeps less" in plain(dataclasses.replace(report, tokenizers=lossy))
    first, *others = report.rows
    unknown = {**first.scores, "unknown_tokens": Score(Interval(0.034, 0.03, 0.04))}
    rows = (dataclasses.replace(first, scores=unknown), *others)
    assert "3.40 % of its tokens are unknown" in plain(dataclasses.replace(report, rows=rows))
