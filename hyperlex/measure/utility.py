"""Context utility at equal budget: what a shortened past is worth to a reader (M4).

    U = (NLL(no context) - NLL(coded context)) / (NLL(no context) - NLL(full exact context))

of the exact tokens that come next, for one model, and for all ways to shorten a context the same
number of places. 1: as good as the full exact context; 0: as good as none; less: it misleads. A
code is held against what costs nothing to make: the last so many exact tokens, the rarest words,
means of embeddings ("mean pooling beats compression tokens": arXiv 2510.20797). As in `retained`,
sums are divided, never averaged.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from hyperlex.measure.bootstrap import BLOCK_UNIT, Draws, Interval, divided


def utility(without: Any, shortened: Any, full: Any) -> Any:
    """U of totals.

    Args:
        without: bits of what comes next without a context; a number, or an array [draws].
        shortened: after the shortened context.
        full: after the full exact context. NaN where it saves nothing.
    """
    return divided(without - shortened, without - full)


def lead(without: Any, ours: Any, theirs: Any, full: Any) -> Any:
    """By how much U of one shortened context exceeds that of another, of totals."""
    return divided(theirs - ours, without - full)


def context_utility(
    without: ArrayLike,
    shortened: ArrayLike,
    full: ArrayLike,
    *,
    unit: str = BLOCK_UNIT,
    draws: Draws | None = None,
) -> Interval:
    """U with its interval; bits summed over each cluster, float [clusters]."""
    counts = {"without": without, "shortened": shortened, "full": full}
    found = (draws or Draws()).over(counts, unit)
    return found.interval(lambda c: utility(c["without"], c["shortened"], c["full"]))


def utility_lead(
    without: ArrayLike,
    ours: ArrayLike,
    theirs: ArrayLike,
    full: ArrayLike,
    *,
    unit: str = BLOCK_UNIT,
    draws: Draws | None = None,
) -> Interval:
    """`lead` on the same draws of clusters: the paired difference of two utilities."""
    counts = {"without": without, "ours": ours, "theirs": theirs, "full": full}
    found = (draws or Draws()).over(counts, unit)
    return found.interval(lambda c: lead(c["without"], c["ours"], c["theirs"], c["full"]))
