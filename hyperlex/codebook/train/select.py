"""Step 3: which grams become phrases. Start from a pool that is too large, parse the corpus with
it, drop what saves least, parse again, until the size is met (the way Unigram training prunes; Kudo
2018, arXiv:1804.10959).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.train.grams import Grams
from hyperlex.codebook.train.stream import UnitStream

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Usage:
    """What a parse of the corpus used.

    Attributes:
        weighted: float64 [grams], weighted uses of each gram; units used alone are counted under
            their own id.
        count: int64 [grams], plain uses.
        whole: int64 [grams], uses that were a whole span.
    """

    weighted: Floats
    count: NDArray[np.int64]
    whole: NDArray[np.int64]


class Selector:
    """The corpus and its grams, ready to be parsed again and again."""

    def __init__(self, stream: UnitStream, grams: Grams) -> None:
        self.stream, self.grams = stream, grams
        self.spans = np.flatnonzero(stream.starts_span)
        self.span_stops = np.append(self.spans[1:], len(stream.ids))

    def parse(self, active: Bools) -> Usage:
        """Longest match, left to right, in every span at once: step k moves every span to its k-th
        token.
        """
        grams, stream = self.grams, self.stream
        longest = np.ones(len(stream.ids), np.uint8)
        for level in grams.levels:
            longest[level.places[active[level.grams]]] = level.length
        begins = np.zeros(len(stream.ids), np.bool_)
        at, stops = self.spans, self.span_stops
        while len(at):
            begins[at] = True
            at = at + longest[at]
            inside = at < stops
            at, stops = at[inside], stops[inside]
        size = len(grams.length)
        weighted, count, whole = np.zeros(size), np.zeros(size, np.int64), np.zeros(size, np.int64)
        span_length = np.zeros(len(stream.ids), np.int32)
        span_length[self.spans] = self.span_stops - self.spans

        def tally(
            places: NDArray[np.int32], ids: NDArray[np.int32], length: int, first: int, stop: int
        ) -> None:
            numbers = ids - first
            weighted[first:stop] += np.bincount(numbers, grams.weight[places], stop - first)
            count[first:stop] += np.bincount(numbers, minlength=stop - first)
            whole[first:stop] += np.bincount(
                numbers[span_length[places] == length], minlength=stop - first
            )

        alone = np.flatnonzero(begins & (longest == 1)).astype(np.int32)
        tally(alone, stream.ids[alone], 1, 0, grams.units)
        for level in grams.levels:
            used = (
                begins[level.places] & (longest[level.places] == level.length) & active[level.grams]
            )
            tally(level.places[used], level.grams[used], level.length, level.first, level.stop)
        return Usage(weighted, count, whole)

    def cost_without(self, active: Bools, unit_cost: Floats) -> Floats:
        """Tokens that each gram would take if it alone were not in the codebook (float64 [grams]).

        Every run inside a frequent gram is a frequent gram itself, so this needs no second look at
        the corpus.
        """
        grams = self.grams
        units = grams.units
        longest_prefix = np.arange(
            len(grams.length)
        )  # the longest active gram that begins each gram
        cost = np.where(active[:units], 1.0, unit_cost)
        cost = np.concatenate([cost, np.empty(len(grams.length) - units)])
        without = np.concatenate([unit_cost, np.empty(len(grams.length) - units)])
        for level in grams.levels:
            here = np.arange(level.first, level.stop)
            shorter = longest_prefix[grams.prefix[here]]
            rest = here.copy()
            for step in range(1, level.length):
                move = grams.length[shorter] >= step
                rest[move] = grams.suffix[rest[move]]
            without[here] = cost[shorter] + cost[rest]
            longest_prefix[here] = np.where(active[here], here, shorter)
            cost[here] = np.where(active[here], 1.0, without[here])
        return without

    def select(
        self,
        pool: Bools,
        unit_cost: Floats,
        size: int,
        *,
        keep: float,
        progress: Callable[[int], None],
    ) -> tuple[Bools, Floats, Usage]:
        """Prune `pool` to `size` grams. Returns the grams kept, what each saves (weighted base
        tokens), and their usage.
        """
        active = pool.copy() if size else np.zeros_like(pool)
        while True:
            usage = self.parse(active)
            gain = np.where(
                active, usage.weighted * (self.cost_without(active, unit_cost) - 1), -np.inf
            )
            held = int(active.sum())
            progress(held)
            if held <= size:
                return active, gain, usage
            target = max(size, int(held * keep))
            # Equal gains: the lower gram id stays, so the result does not depend on how sorting
            # breaks ties.
            order = np.lexsort((np.arange(len(gain)), -gain))
            active = np.zeros_like(active)
            active[order[:target]] = True
