"""Which content word of one text stands for which of another."""

from __future__ import annotations

from collections import defaultdict
from difflib import SequenceMatcher
from functools import lru_cache

from hyperlex.measure.sketch import Sketch

LEAST_LIKE = 0.6
"""Words less alike than this, of 1, are different words. Set on pairs of RuPAWS, where a name is
often spelled in two ways («Котрилл», «Коттерилл»)."""

_STRICT = frozenset("M-D")
"""Kinds that are the same word or not: numerals, negations, pronouns."""

_COMMON_START = 3
"""Letters. Words that begin alike are more likely of one root than words that only share letters:
likeness counts for 0.95 then, else for 0.9."""


def align(first: Sketch, second: Sketch) -> dict[int, tuple[int, float]]:
    """Places of `first` → the place in `second` and how alike the two words are, 0.6 to 1.

    Equal lemmas are matched in order of their occurrence, then what is left by likeness of
    spelling, the most alike first, the nearest of equals. Each word is matched once at most.
    """
    free: defaultdict[str, list[int]] = defaultdict(list)
    for place, mark in enumerate(second):
        free[mark.lemma].append(place)
    pairs: dict[int, tuple[int, float]] = {}
    for place, mark in enumerate(first):
        if left := free.get(mark.lemma):
            pairs[place] = (left.pop(0), 1.0)
    taken = {other for other, _ in pairs.values()}
    candidates = sorted(
        (-alike, abs(place - other), place, other)
        for place, mark in enumerate(first)
        if place not in pairs and mark.kind not in _STRICT
        for other, its in enumerate(second)
        if other not in taken and its.kind not in _STRICT
        if (alike := likeness(mark.lemma, its.lemma)) >= LEAST_LIKE
    )
    for alike, _, place, other in candidates:
        if place not in pairs and other not in taken:
            pairs[place] = (other, -alike)
            taken.add(other)
    return dict(sorted(pairs.items()))


@lru_cache(maxsize=1 << 16)
def likeness(first: str, second: str) -> float:
    """How alike two spellings are, 0 to 1: by letters in common in the same order (the ratio of
    `difflib`); 0 where they begin differently, 1 where they are equal.
    """
    if first == second:
        return 1.0
    if first[:1] != second[:1]:
        return 0.0
    start = next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    # The ratio of difflib depends on the order of the two.
    low, high = sorted((first, second))
    ratio = SequenceMatcher(None, low, high, autojunk=False).ratio()
    return ratio * (0.95 if start >= _COMMON_START else 0.9)
