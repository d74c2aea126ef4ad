"""From counts to preferences, in the form that ships."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from hyperlex.recipes.attachment.count import Counts
from hyperlex.word.attachment import STEP

PREPOSITIONS = 32
"""The most frequent ones."""
RARE = 30
"""Words that each word is taken to have been met beside its own, of the average kind."""
LEAST = 30
"""Times that a word was met; of rarer ones nothing is said."""
LONGEST = 3.0
"""Nats that a preference is cut at."""
_TELLING = 0.25
"""Nats between what is stored of a pair and what would be said without."""


@dataclass(frozen=True)
class Preferences:
    """As `hyperlex.word.attachment.Attachment` reads them.

    Attributes:
        lemmas: in order.
        prepositions: by frequency.
        others: `[len(lemmas), 2]`, int8.
        places: `[P]`, uint32.
        values: `[P]`, int8.
    """

    lemmas: list[str]
    prepositions: list[str]
    others: NDArray[np.int8]
    places: NDArray[np.uint32]
    values: NDArray[np.int8]


def preferences(counts: Counts) -> Preferences:
    """log P(preposition, side | word) - log P(preposition, side | kind of word), smoothed.

    With n the times a word was met, c those with the preposition on that side, and p the share of
    it with all words of the kind: log((c + RARE * p) / (n + RARE)) - log(p), cut at `LONGEST`.
    """
    of_kind: Counter[bool] = Counter()
    for (_, verbal), times in counts.words.items():
        of_kind[verbal] += times
    of_preposition: Counter[str] = Counter()
    shares: Counter[tuple[bool, str, bool]] = Counter()
    for (_, verbal, preposition, behind), times in counts.phrases.items():
        of_preposition[preposition] += times
        shares[verbal, preposition, behind] += times
    # Ties by spelling, so that the order of counting changes nothing.
    ranked = sorted(of_preposition, key=lambda lemma: (-of_preposition[lemma], lemma))
    prepositions = ranked[:PREPOSITIONS]
    number = {lemma: k for k, lemma in enumerate(prepositions)}
    met = {key: times for key, times in counts.words.items() if times >= LEAST}
    lemmas = sorted({lemma for lemma, _ in met})
    others = np.zeros((len(lemmas), 2), np.int8)
    place = {lemma: k for k, lemma in enumerate(lemmas)}
    for (lemma, verbal), times in met.items():
        others[place[lemma], int(verbal)] = _units(log(RARE / (times + RARE)))
    kept: dict[int, int] = {}
    for (lemma, verbal, preposition, behind), times in counts.phrases.items():
        if (lemma, verbal) not in met or preposition not in number:
            continue
        share = shares[verbal, preposition, behind] / of_kind[verbal]
        value = _units(log((times / share + RARE) / (met[lemma, verbal] + RARE)))
        if abs(value - int(others[place[lemma], int(verbal)])) * STEP >= _TELLING:
            word = 2 * place[lemma] + verbal
            kept[(word * len(prepositions) + number[preposition]) * 2 + behind] = value
    places = np.array(sorted(kept), np.uint32)
    values = np.array([kept[k] for k in places.tolist()], np.int8)
    return Preferences(lemmas, prepositions, others, places, values)


def _units(nats: float) -> int:
    return round(max(-LONGEST, min(LONGEST, nats)) / STEP)
