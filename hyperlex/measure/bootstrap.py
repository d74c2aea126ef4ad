"""How sure a figure is: intervals of ratios of totals, by resampling documents.

The words of one document resemble each other, so documents are drawn with replacement, not words
or scenes (cluster bootstrap: A. C. Davison, D. V. Hinkley, *Bootstrap Methods and their
Application*, 1997, §3.8). A statistic is computed anew from the totals of each draw: totals are
divided, ratios of single documents are never averaged. Where documents are few, blocks of text
stand in for them; such intervals are too narrow where the documents differ among themselves, so the
report says which of the two was drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hyperlex.errors import ConfigError
from hyperlex.types import Span

DRAWS = 2_000
LEVEL = 0.95
FEW = 15
"""Fewer documents than this are no basis for resampling documents: their blocks are drawn."""
BLOCK = 2_000
"""Characters of a block, at least: longer than a topic's echo in most texts."""

DOCUMENT, BLOCK_UNIT = "document", "block"

Counts = Mapping[Any, Any]
"""Named totals: a number each, or for all draws at once an array of numbers each."""

Statistic = Callable[[Counts], Any]
"""Totals to a figure; works alike on numbers and on arrays [draws]."""

_ROOM = 4_000_000  # cells of a table of weights that are held at once
_LINE_END = re.compile(r"\n\s*")
_SENTENCE_END = re.compile(r"[.!?…][»\"”)\]]*\s+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the percentile interval of its draws, at the level that the report states.

    NaN where it is undefined (a denominator of zero); `low` and `high` are NaN, too, where there is
    nothing to resample.
    """

    value: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


class Bootstrap:
    """Counts per cluster, and statistics of them with intervals.

    All statistics of one object see the same draws, so differences between them are paired. Two
    objects with as many clusters and the same seed see the same draws as well.

    Args:
        counts: for each name int or float [clusters], one number for each cluster.
        unit: what a cluster is, `DOCUMENT` or `BLOCK_UNIT`, for the report.
        draws: how many times as many clusters are drawn, with replacement.
        seed: of numpy's default generator.
        level: share of the draws inside an interval, 0 to 1.

    Raises:
        ConfigError: no draws, or a level outside 0 to 1.
    """

    def __init__(
        self,
        counts: Mapping[Any, ArrayLike],
        *,
        unit: str = DOCUMENT,
        draws: int = DRAWS,
        seed: int = 0,
        level: float = LEVEL,
    ) -> None:
        if draws < 1 or not 0 < level < 1:
            raise ConfigError(
                f"draws={draws}, level={level}: at least one draw and a level between 0 and 1 were "
                f"expected, such as draws={DRAWS}, level={LEVEL}."
            )
        self.unit, self.draws, self.seed, self.level = unit, draws, seed, level
        self._names: list[Hashable] = list(counts)
        columns = [np.asarray(counts[name], np.float64) for name in self._names]
        self._table = np.stack(columns, 1) if columns else np.zeros((0, 0))

    @property
    def clusters(self) -> int:
        """How many there are."""
        return len(self._table)

    @cached_property
    def totals(self) -> Counts:
        """The sums over all clusters."""
        return dict(zip(self._names, self._table.sum(0).tolist(), strict=True))

    @cached_property
    def drawn(self) -> Counts:
        """The sums over the clusters of each draw: float64 [draws] for each name."""
        sums = resampled(self._table, self.draws, self.seed)
        return dict(zip(self._names, sums.T, strict=True))

    def interval(self, statistic: Statistic) -> Interval:
        """`statistic` of the totals, with its interval."""
        value = _number(statistic(self.totals))
        if self.clusters < 2:
            return Interval(value, float("nan"), float("nan"))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.asarray(statistic(self.drawn), np.float64)
        found = found[np.isfinite(found)]
        if not found.size or not np.isfinite(value):
            return Interval(value, float("nan"), float("nan"))
        tail = (1 - self.level) / 2
        low, high = np.quantile(found, [tail, 1 - tail]).tolist()
        return Interval(value, low, high)

    def difference(self, first: Statistic, second: Statistic) -> Interval:
        """`first - second` on the same draws: the paired difference."""
        return self.interval(lambda counts: _minus(first(counts), second(counts)))


@dataclass(frozen=True, slots=True)
class Draws:
    """How to draw, for all figures of one report: see `Bootstrap`."""

    seed: int = 0
    draws: int = DRAWS
    level: float = LEVEL

    def over(self, counts: Mapping[Any, ArrayLike], unit: str = DOCUMENT) -> Bootstrap:
        """Counts per cluster, drawn so."""
        return Bootstrap(counts, unit=unit, draws=self.draws, seed=self.seed, level=self.level)


def divided(numerator: Any, denominator: Any) -> Any:
    """The quotient of two totals, or of two arrays of them; NaN where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.true_divide(numerator, denominator)
    return np.where(np.asarray(denominator) == 0, np.nan, found)[()]


def ratio(
    numerators: ArrayLike, denominators: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Total of `numerators` over total of `denominators`, both [clusters], with its interval."""
    counts = {"above": numerators, "below": denominators}
    return Bootstrap(counts, draws=draws, seed=seed).interval(
        lambda c: divided(c["above"], c["below"])
    )


def paired_difference(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Difference of two ratios of totals over the same clusters: (numerators, denominators) each,
    all [clusters].
    """
    counts = dict(zip(("a", "b", "c", "d"), (*first, *second), strict=True))
    return Bootstrap(counts, draws=draws, seed=seed).difference(
        lambda c: divided(c["a"], c["b"]), lambda c: divided(c["c"], c["d"])
    )


def resampled(table: NDArray[np.float64], draws: int, seed: int) -> NDArray[np.float64]:
    """Column sums of `table` [clusters, columns] over each draw of clusters: [draws, columns]."""
    clusters = len(table)
    sums = np.zeros((draws, table.shape[1]))
    if not clusters:
        return sums
    random = np.random.default_rng(seed)
    at_once = max(1, _ROOM // clusters)
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        picks = random.integers(0, clusters, (size, clusters))
        picks += np.arange(size)[:, None] * clusters
        weights = np.bincount(picks.ravel(), minlength=size * clusters).reshape(size, clusters)
        sums[start : start + size] = weights.astype(np.float64) @ table
    return sums


def block_spans(text: str, least: int = BLOCK) -> list[Span]:
    """Blocks of at least `least` characters that tile `text`, cut at line ends, else at sentence
    ends, else at spaces. What is left at the end joins the last block.
    """
    edges = [0]
    while len(text) - edges[-1] >= 2 * least:
        edge = _cut(text, edges[-1] + least, edges[-1] + 2 * least)
        if len(text) - edge < least:
            break
        edges.append(edge)
    edges.append(len(text))
    return [Span(start, stop) for start, stop in pairwise(edges)]


def _cut(text: str, start: int, stop: int) -> int:
    for pattern in (_LINE_END, _SENTENCE_END, _SPACE):
        if found := pattern.search(text, start, stop):
            return found.end()
    return start


def _minus(first: Any, second: Any) -> Any:
    return np.subtract(first, second)


def _number(value: Any) -> float:
    return float(value)
