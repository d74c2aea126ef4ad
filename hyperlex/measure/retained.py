"""Bits retained: how much less a text says to somebody who has read its code (M1).

For texts x with codes c at rung r, after the exact text ctx that stands before each of them,

    B(r) = 1 - Σ NLL_q(x | c, ctx) / min(Σ NLL_q(x | nothing, ctx), Σ NLL_LM(x | ctx))

where q is one decoder that was trained with and without codes, and LM the model that it began as:
the information about x that the decoder q can use (Xu et al. 2020, *A theory of usable information
under computational constraints*, arXiv 2002.10689), as a share of all that x says to the better of
the two that have no code. 1: the code tells the text; 0: it tells nothing; less: it misleads.

Two controls belong to it. Codes of other texts must not give more than 0. The exact text as its own
code gives what this decoder makes of perfect news, and the distance from there to 1 is the
decoder's, not the code's. Sums are of bits, over all texts before they are divided, and the minimum
is of sums, too; where texts are drawn anew for an interval, of the sums of each draw.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hyperlex.measure.bootstrap import BLOCK_UNIT, Draws, Interval, divided

_NAMES = ("coded", "uncoded", "model", "ids")


def retained(coded: Any, uncoded: Any, model: Any) -> Any:
    """B of totals.

    Args:
        coded: bits that q needs for the texts after their codes; a number, or an array [draws].
        uncoded: the same without codes.
        model: bits that the language model needs that q began as.
    """
    return 1 - divided(coded, np.minimum(uncoded, model))


def removed_per_id(coded: Any, uncoded: Any, model: Any, ids: Any) -> Any:
    """Bits that one id of the codes saves the decoder, of totals.

    No code over V ids can save more than log2(V) an id; a figure above the entropy of the ids shows
    a weak decoder without codes, or a leak.
    """
    return divided(np.minimum(uncoded, model) - coded, ids)


def bits_retained(
    coded: ArrayLike,
    uncoded: ArrayLike,
    model: ArrayLike,
    *,
    unit: str = BLOCK_UNIT,
    draws: Draws | None = None,
) -> Interval:
    """B with its interval.

    Args:
        coded, uncoded, model: as in `retained`, summed over each cluster: float [clusters].
        unit: what a cluster is.
        draws: how clusters are drawn.
    """
    counts = {"coded": coded, "uncoded": uncoded, "model": model}
    found = (draws or Draws()).over(counts, unit)
    return found.interval(lambda c: retained(c["coded"], c["uncoded"], c["model"]))


def bits_removed_per_id(
    coded: ArrayLike,
    uncoded: ArrayLike,
    model: ArrayLike,
    ids: ArrayLike,
    *,
    unit: str = BLOCK_UNIT,
    draws: Draws | None = None,
) -> Interval:
    """`removed_per_id` with its interval; `ids` are those of the codes of each cluster."""
    counts = dict(zip(_NAMES, (coded, uncoded, model, ids), strict=True))
    found = (draws or Draws()).over(counts, unit)
    return found.interval(lambda c: removed_per_id(*(c[name] for name in _NAMES)))
