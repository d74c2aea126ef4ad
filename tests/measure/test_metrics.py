"""Every metric against a sum done by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hyperlex.measure import metrics
from hyperlex.measure.metrics import METRICS

BY_HAND = {
    # key: totals in the order of the parameters, and the figure
    "characters_per_token": ((30, 12), 2.5),
    "tokens_per_word": ((12, 5), 2.4),
    "bytes_per_token": ((54, 12), 4.5),
    "normalised_length": ((12, 16), 0.75),
    "hypertoken_coverage": ((12, 30), 0.4),
    "base_tokens_per_hypertoken": ((14, 4), 3.5),
    "unknown_tokens": ((3, 12), 0.25),
    # p = 1/2, 1/4, 1/4, 0 of four ids: H = ln(2**-2.5 + 2 * 4**-2.5) / -1.5 = 0.92419…
    "renyi_efficiency": (([2, 1, 1, 0],), math.log(2**-2.5 + 2 * 4**-2.5) / -1.5 / math.log(4)),
    # 0, 1, 1, 2: (-3 * 0 - 1 * 1 + 1 * 1 + 3 * 2) / (4 * 4)
    "gini": (([2, 1, 1, 0],), 6 / 16),
    # 1, 3: (-1 * 1 + 1 * 3) / (2 * 4)
    "domain_gini": (([3, 1],), 2 / 8),
    "vocabulary_use": (([2, 1, 1, 0],), 0.75),
    "dead_ids": (([2, 0, 1, 0],), 2),
    # half stand for one base token, a quarter for two, a quarter for three: 1/2 + 2/4 + 2/4 bits
    "expansion_entropy": (([0, 4, 2, 2],), 1.5),
    "tokens_per_scene": ((12, 3), 4.0),
    "tokens_per_clause": ((12, 4), 3.0),
    "tokens_per_proposition": ((12, 5), 2.4),
    "single_token_words": ((4, 5), 0.8),
    "base_single_token_words": ((2, 5), 0.4),
    "whole_word_edges": ((9, 12), 0.75),
    "joint_precision": ((3, 4), 0.75),
    "joint_recall": ((3, 6), 0.5),
    # 2 * .75 * .5 / (.75 + .5)
    "joint_f1": ((3, 4, 6), 0.6),
    "stem_ending_score": ((2, 5), 0.4),
    "premium": ((22, 16), 1.375),
    "bits_per_character": ((45, 30), 1.5),
    "bits_per_byte": ((45, 54), 45 / 54),
    "bits_per_scene": ((45, 3), 15.0),
}


def test_every_metric_is_computed_by_hand() -> None:
    assert BY_HAND.keys() == METRICS.keys()


@pytest.mark.parametrize("key", BY_HAND)
def test_metric_equals_the_sum_by_hand(key: str) -> None:
    totals, expected = BY_HAND[key]
    metric = METRICS[key]
    named = dict(zip(metric.totals, totals, strict=True))
    assert metric(named) == pytest.approx(expected)
    assert getattr(metrics, key)(*totals) == pytest.approx(expected)


@pytest.mark.parametrize("key", [key for key, metric in METRICS.items() if not metric.whole])
def test_metric_of_arrays_is_the_metric_of_each(key: str) -> None:
    totals, expected = BY_HAND[key]
    doubled = [np.array([total, 2 * total, 0]) for total in totals]
    found = METRICS[key].function(*doubled)
    assert found[:2] == pytest.approx([expected, expected])
    assert math.isnan(found[2])


@pytest.mark.parametrize("key", METRICS)
def test_every_metric_tells_what_it_is(key: str) -> None:
    info = METRICS[key].info
    assert info.definition.endswith(".") and len(info.definition) > 20
    assert info.source and info.unit and info.title
    assert "Unit:" in (METRICS[key].function.__doc__ or "")
    assert info.better in ("more", "less", "")


def test_the_document_names_every_metric() -> None:
    document = (Path(__file__).parents[2] / "docs" / "measuring.md").read_text("utf-8")
    assert {key for key in METRICS if f"`{key}`" not in document} == set()


def test_even_use_is_fully_efficient_and_without_gini() -> None:
    assert metrics.renyi_efficiency([5] * 8) == pytest.approx(1)
    assert metrics.gini([5] * 8) == pytest.approx(0)


def test_one_used_id_is_the_other_end() -> None:
    assert metrics.renyi_efficiency([8, 0, 0, 0]) == pytest.approx(0)
    assert metrics.gini([8, 0, 0, 0]) == pytest.approx(3 / 4)  # (n - 1) / n: the most it can be


def test_renyi_of_order_one_is_shannon() -> None:
    assert metrics.renyi_efficiency([2, 1, 1, 0], order=1) == pytest.approx(1.5 / 2)


def test_what_has_no_denominator_is_undefined_and_not_an_error() -> None:
    assert math.isnan(metrics.characters_per_token(3, 0))
    assert math.isnan(metrics.gini([0, 0]))
    assert math.isnan(metrics.renyi_efficiency([0, 0]))
    assert math.isnan(metrics.domain_gini([2]))
