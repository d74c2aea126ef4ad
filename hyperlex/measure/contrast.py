"""Must two texts have like codes, or unlike ones? The third measure of meaning (M3), its pairs.

A measure of similarity is judged by the area under its ROC curve (AUC): the chance that of a pair
that says the same and a pair that does not, the first is more similar, ties counting half (J. A.
Hanley, B. J. McNeil, *The meaning and use of the area under a receiver operating characteristic
curve*, 1982).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hyperlex.measure.bootstrap import DRAWS, LEVEL, Interval

_RARE = 4  # rarest words of a text by which others of the same source are looked for
_NEAR = 60  # texts that share such a word and are looked at, the latest ones
_SAME_SOURCE = 0.5


def auc(same: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Area under the ROC curve.

    Args:
        same: bool [pairs], whether a pair says the same.
        scores: float [pairs], how similar it was found.
        weights: how often each pair counts: [pairs], or [draws, pairs] for as many areas.

    Returns:
        A float, or float64 [draws]; NaN where one of the two classes is empty.
    """
    same, scores = np.asarray(same, bool), np.asarray(scores, np.float64)
    order = np.argsort(scores, kind="stable")
    table = np.ones(len(same)) if weights is None else np.asarray(weights, np.float64)
    table = np.atleast_2d(table)[:, order]
    positive = table * same[order]
    negative = table - positive
    _, first = np.unique(scores[order], return_index=True)
    if not len(first):
        return float("nan")
    # One step for each distinct score; pairs with the same score are ties.
    positive = np.add.reduceat(positive, first, axis=1)
    negative = np.add.reduceat(negative, first, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    wins = (positive * (below + negative / 2)).sum(1)
    total = positive.sum(1) * negative.sum(1)
    areas = np.divide(wins, total, out=np.full(len(wins), np.nan), where=total > 0)
    return areas if weights is not None and np.ndim(weights) == 2 else float(areas[0])


def auc_interval(
    same: ArrayLike,
    scores: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """The area with the percentile interval of draws of clusters.

    Args:
        same, scores: as in `auc`.
        clusters: int [pairs], which pairs are drawn together; each by itself unless given.
    """
    same = np.asarray(same, bool)
    named = np.arange(len(same)) if clusters is None else np.asarray(clusters)
    _, place = np.unique(named, return_inverse=True)
    count = int(place.max()) + 1 if len(place) else 0
    value = auc(same, scores)
    if count < 2:
        return Interval(value, float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    areas = []
    for start in range(0, draws, 100):
        size = min(100, draws - start)
        drawn = random.integers(0, count, (size, count))
        drawn += np.arange(size)[:, None] * count
        weights = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        areas.append(auc(same, scores, weights[:, place]))
    found = np.concatenate(areas)
    found = found[np.isfinite(found)]
    if not len(found):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Interval(value, low, high)


def sources(texts: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Which texts stem from one source: those that share half of their distinct words or more.

    Pairs of one sentence are no independent evidence, and a model that learned from one of them has
    seen the others. They are found by their four rarest words, so a few may be missed.

    Args:
        texts: the words of each, as lemmas.

    Returns:
        int64 [texts], the same number for the same source.
    """
    bags = [frozenset(words) for words in texts]
    seen = Counter(word for bag in bags for word in bag)
    parent = list(range(len(bags)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    holders: defaultdict[str, list[int]] = defaultdict(list)
    for place, bag in enumerate(bags):
        rare = sorted(bag, key=lambda word: (seen[word], word))[:_RARE]
        near = {other for word in rare for other in holders[word][-_NEAR:]}
        for other in sorted(near):
            if len(bag & bags[other]) >= _SAME_SOURCE * len(bag | bags[other]):
                parent[root(place)] = root(other)
        for word in rare:
            holders[word].append(place)
    return np.array([root(place) for place in range(len(bags))], np.int64)
