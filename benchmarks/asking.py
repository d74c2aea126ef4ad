"""What the measures M1 and M4 share: asking a decoder, and sums over blocks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.measure.bootstrap import Statistic, divided
from hyperlex.measure.conditional import Given, Score, bits_given

Floats = NDArray[np.float64]

ALL = "all domains"
TEXT, CONTENT, REST, NAMES = "all", "content words", "the rest", "names met before"
"""Parts of a text."""


def asked(score: Score, given: Sequence[Given]) -> list[Floats]:
    """Bits of the scored ids; the run ends where a second look gives others, or no number."""
    found = bits_given(score, given)
    again = bits_given(score, given[:1])
    finite = all(np.isfinite(each).all() for each in found)
    if not finite or not np.allclose(found[0], again[0], rtol=1e-4, atol=1e-4):
        sys.exit("The decoder gives no numbers, or others when asked again. No figure is written.")
    return found


def by_block(owners: Sequence[int], values: Sequence[Any], blocks: int) -> Floats:
    """Sums of values over the block that each belongs to: float64 [blocks]."""
    return np.bincount(owners, np.asarray(values), blocks).astype(np.float64)


def chosen(domains: Sequence[str]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """All blocks, then those of each domain: bool [blocks]."""
    names = np.array(domains)
    yield ALL, np.ones(len(names), bool)
    for domain in dict.fromkeys(domains):
        yield domain, names == domain


def per(above: str, below: str) -> Statistic:
    """One total over another."""
    return lambda counts: divided(counts[above], counts[below])
