"""Does a code tell its scene from others? The third measure of meaning (M3), its retrieval.

The code alone asks: what it is decoded to is held against candidates, among them scenes of the
same document, by the cosine of the words, of what governs them and how, weighed by information.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hyperlex.measure.sketch import Sketch

Floats = NDArray[np.float64]


class Candidates:
    """Sketches to be found again.

    Args:
        sketches: of the candidates.
    """

    def __init__(self, sketches: Sequence[Sketch]) -> None:
        self.sketches = list(sketches)
        holders: defaultdict[tuple[str, ...], Counter[int]] = defaultdict(Counter)
        for place, found in enumerate(self.sketches):
            for feature in _features(found):
                holders[feature][place] += 1
        self._holders = holders
        count = len(self.sketches)
        self._weights = {
            feature: math.log((count + 1) / len(places)) for feature, places in holders.items()
        }
        self._unseen = math.log(count + 1)
        norms = np.zeros(count)
        for feature, places in holders.items():
            for place, times in places.items():
                norms[place] += times * self._weights[feature] ** 2
        self._norms = np.sqrt(np.maximum(norms, 1e-12))

    def scores(self, query: Sketch) -> Floats:
        """The cosine of the weighed words of a query with those of each candidate, 0 to 1."""
        scores = np.zeros(len(self.sketches))
        square = 0.0
        for feature, times in Counter(_features(query)).items():
            weight = self._weights.get(feature, self._unseen)
            square += times * weight**2
            for place, other in self._holders.get(feature, {}).items():
                scores[place] += min(times, other) * weight**2
        return scores / (self._norms * max(math.sqrt(square), 1e-12))


def _features(found: Sketch) -> Iterator[tuple[str, ...]]:
    """Words, pairs of a word and what governs it, and how it does."""
    for mark in found:
        yield (mark.lemma,)
        if mark.head >= 0:
            governor = found[mark.head].lemma
            yield governor, mark.lemma
            yield governor, mark.link, mark.lemma


def hit(scores: Floats, right: int) -> float:
    """1 where the right candidate alone scores highest, a share of it where others tie, or 0."""
    best = scores >= scores.max() - 1e-12
    return float(best[right] / best.sum())
