"""A few records of a corpus, drawn without knowing how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any, TypeVar

from .load import load
from .record import Record

T = TypeVar("T")


def sample(name: str, n: int, seed: int = 0, **options: Any) -> list[Record]:
    """`n` records drawn evenly from all, in the order of the corpus; all, if there are fewer.

    The whole corpus is read once, and `n` records are in memory. The same seed draws the same.

    Args:
        name: as for `load`.
        n: how many, at least 1.
        seed: of the draw.
        options: of `load`; with `limit` the draw is from the first so many.

    Raises:
        ValueError: `n` below 1; and as `load`.
    """
    return reservoir(load(name, **options), n, seed)


def reservoir(items: Iterable[T], n: int, seed: int) -> list[T]:
    """`n` of the items, each with the same chance, in their order.

    Algorithm R: the item at place i, from 0, takes the place of one of the n kept ones with the
    chance n / (i + 1) (Vitter, ACM TOMS 1985).
    """
    if n < 1:
        raise ValueError(f"{n} records were asked for: at least 1 was expected.")
    random = Random(seed)
    kept: list[tuple[int, T]] = []
    for place, item in enumerate(items):
        if place < n:
            kept.append((place, item))
        elif (slot := random.randrange(place + 1)) < n:
            kept[slot] = (place, item)
    return [item for _, item in sorted(kept, key=lambda pair: pair[0])]
