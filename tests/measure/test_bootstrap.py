"""Intervals: exact where nothing varies, paired, seeded, of totals and never of ratios."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.errors import ConfigError
from hyperlex.measure.bootstrap import (
    Bootstrap,
    Draws,
    block_spans,
    divided,
    paired_difference,
    ratio,
    resampled,
)


def test_the_value_is_a_ratio_of_totals() -> None:
    found = ratio([1, 9], [1, 3])
    assert found.value == 10 / 4  # and not (1 + 3) / 2


def test_clusters_that_are_alike_leave_no_doubt() -> None:
    found = ratio([6] * 20, [4] * 20)
    assert (found.low, found.value, found.high) == (1.5, 1.5, 1.5)


def test_the_interval_is_that_of_the_draws() -> None:
    """Two clusters: a draw is (a, a), (a, b), (b, a) or (b, b), so 3 figures are possible."""
    table = np.array([[1.0, 1.0], [3.0, 1.0]])
    sums = resampled(table, 4_000, seed=0)
    values, counts = np.unique(sums[:, 0] / sums[:, 1], return_counts=True)
    assert values.tolist() == [1.0, 2.0, 3.0]
    assert counts / 4_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.03)
    found = ratio([1, 3], [1, 1])
    assert (found.low, found.value, found.high) == (1.0, 2.0, 3.0)


def test_a_draw_has_as_many_clusters_as_there_are() -> None:
    sums = resampled(np.ones((7, 1)), 50, seed=3)
    assert sums.tolist() == [[7.0]] * 50


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    hits = 0
    for trial in range(200):
        words = random.integers(50, 200, 40)
        tokens = random.poisson(2.0 * words * random.gamma(50, 1 / 50, 40))
        hits += 2.0 in ratio(tokens, words, draws=400, seed=trial)
    assert 0.88 <= hits / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval() -> None:
    counts = ([3, 5, 2, 8], [1, 2, 2, 3])
    assert ratio(*counts, seed=4) == ratio(*counts, seed=4)
    assert ratio(*counts, seed=4) != ratio(*counts, seed=5)


def test_differences_are_paired() -> None:
    """One tokenizer needs exactly half the tokens of another in every document: of that there is no
    doubt, although the documents themselves differ widely.
    """
    tokens = np.array([10, 90, 40, 300])
    characters = [100, 100, 100, 100]
    found = paired_difference((2 * tokens, tokens), (tokens, tokens))
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)
    apart = paired_difference((2 * tokens, characters), (tokens, characters))
    assert apart.low < apart.value < apart.high
    assert apart == ratio(tokens, characters)


def test_one_cluster_has_a_value_and_no_interval() -> None:
    found = ratio([6], [4])
    assert found.value == 1.5
    assert math.isnan(found.low) and math.isnan(found.high)


def test_no_cluster_has_no_value() -> None:
    assert math.isnan(ratio([], []).value)


def test_draws_without_a_denominator_are_left_out() -> None:
    """Half of the documents have none of what is counted below."""
    found = ratio([2, 0, 4, 0], [1, 0, 1, 0])
    assert found.value == 3.0
    assert (found.low, found.high) == (2.0, 4.0)


def test_statistics_may_be_of_several_totals() -> None:
    boot = Bootstrap({"hits": [1, 2], "cuts": [2, 2], "joints": [2, 4]}, draws=100)
    found = boot.interval(lambda c: divided(2 * c["hits"], c["cuts"] + c["joints"]))
    assert found.value == 6 / 10


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"level": 1.0}, {"level": 0.0}])
def test_impossible_draws_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="at least one draw"):
        Draws(**wrong).over({"a": [1]})  # type: ignore[arg-type]


@given(st.text("аб .\n", max_size=300), st.integers(1, 40))
def test_blocks_tile_the_text(text: str, least: int) -> None:
    blocks = block_spans(text, least)
    assert "".join(block.of(text) for block in blocks) == text
    assert all(len(block) >= least for block in blocks) or len(blocks) == 1


def test_blocks_end_where_lines_do_else_where_sentences_do() -> None:
    line = "Дед стоял у двери. Кот молчал.\n"
    text = line * 4
    assert [block.of(text) for block in block_spans(text, 20)] == [line] * 4
    text = text.replace("\n", " ")
    assert {block.of(text)[-2:] for block in block_spans(text, 20)} == {". "}


def test_a_text_without_any_end_is_cut_all_the_same() -> None:
    assert [len(block) for block in block_spans("а" * 100, 30)] == [30, 30, 40]
