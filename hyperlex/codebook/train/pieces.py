"""Step 4: pieces, by byte-pair merging of base ids inside units (Sennrich et al. 2016,
arXiv:1508.07909).

Where morphemes are known, a merge that would leave a piece with half a morpheme beside something
else counts less, so that words grow along their joints as long as that costs little.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

Pair = tuple[int, int]


@dataclass(frozen=True)
class Pieces:
    """Merges in order of rank.

    Attributes:
        parts: the two ids that each joins; `seam + n` is piece number n.
        gains: what each was chosen by, never rising: weighted uses when it was learned (each saves
            one base token), those that cross a morpheme's edge discounted.
        uses: weighted uses when it was learned.
        examples: for each the heaviest word in which it was merged, and the base id of that word at
            which it begins.
    """

    parts: list[Pair]
    gains: list[float]
    uses: list[float]
    examples: list[tuple[int, int]]

    def first(self, count: int) -> Pieces:
        """The first `count` of them."""
        return Pieces(
            self.parts[:count], self.gains[:count], self.uses[:count], self.examples[:count]
        )


def learn_pieces(
    words: Sequence[tuple[tuple[int, ...], float]],
    *,
    seam: int,
    limit: int,
    least_gain: float,
    accept: Callable[[Pair], bool],
    edges: Sequence[frozenset[int]] | None = None,
    crossing: float = 1.0,
    progress: Callable[[int], None] = lambda done: None,
) -> Pieces:
    """Learn up to `limit` merges.

    Args:
        words: base ids of each distinct unit and its weight, heaviest first.
        seam: the id of the first piece.
        least_gain: stop when the best pair is worth less.
        accept: asked once for each best pair, in order; a refused pair is never merged.
        edges: for each word where morphemes begin or end, its own ends included: `2 * n` is before
            base id n, `2 * n + 1` inside it. None if unknown.
        crossing: what a use counts that has a morpheme's edge inside and does not begin and end at
            such edges itself. 1 is blind to morphemes, near 0 all others come first.
    """
    learner = _Learner(words, edges, crossing)
    result = Pieces([], [], [], [])
    while len(result.parts) < limit:
        best = learner.best()
        if best is None or best[1] < least_gain:
            break
        pair, gain = best
        if not accept(pair):
            learner.refuse(pair)
            continue
        uses, example = learner.merge(pair, seam + len(result.parts))
        result.parts.append(pair)
        result.gains.append(min(gain, result.gains[-1]) if result.gains else gain)
        result.uses.append(uses)
        result.examples.append(example)
        if len(result.parts) % 500 == 0:
            progress(len(result.parts))
    return result


class _Learner:
    """Words as lists of ids, the score of each pair, and where each pair stands."""

    def __init__(
        self,
        words: Sequence[tuple[tuple[int, ...], float]],
        edges: Sequence[frozenset[int]] | None,
        crossing: float,
    ) -> None:
        self.words = [list(ids) for ids, _ in words]
        self.weights = [weight for _, weight in words]
        self.crossing = crossing
        # Where each id of each word begins, counted as edges are, and last where the word ends.
        self.starts = [list(range(0, 2 * len(ids) + 1, 2)) for ids, _ in words]
        # Edges of morphemes as bits.
        self.masks = None if edges is None else [sum(1 << e for e in some) for some in edges]
        self.refused: set[Pair] = set()
        self.counts: dict[Pair, float] = defaultdict(float)
        self.where: dict[Pair, set[int]] = defaultdict(set)
        for number in range(len(words)):
            self._tally(number, 1.0)
        self.heap = [(-count, pair) for pair, count in self.counts.items()]
        heapify(self.heap)

    def best(self) -> tuple[Pair, float] | None:
        while self.heap:
            negative, pair = self.heap[0]
            count = self.counts.get(pair, 0.0)
            if pair in self.refused or count <= 0:
                heappop(self.heap)
            elif (
                abs(count + negative) > 1e-6 * count
            ):  # stale: merges since then took some of its places
                heappop(self.heap)
                heappush(self.heap, (-count, pair))
            else:
                return pair, count
        return None

    def refuse(self, pair: Pair) -> None:
        self.refused.add(pair)

    def merge(self, pair: Pair, new: int) -> tuple[float, tuple[int, int]]:
        """Merge `pair` wherever it stands, as the parse does. Returns its weighted uses and an
        example.
        """
        left, right = pair
        raised: set[Pair] = set()
        uses, example = 0.0, (-1, -1)
        for number in sorted(self.where.pop(pair)):
            word, starts = self.words[number], self.starts[number]
            at, merged, kept = 0, [], []
            while at < len(word):
                joins = at + 1 < len(word) and word[at] == left and word[at + 1] == right
                merged.append(new if joins else word[at])
                kept.append(starts[at])
                if joins and example[0] < 0:
                    example = number, starts[at] // 2
                at += 2 if joins else 1
            if len(merged) == len(word):
                continue
            uses += self.weights[number] * (len(word) - len(merged))
            self._tally(number, -1.0)
            self.words[number], self.starts[number] = merged, [*kept, starts[-1]]
            raised |= self._tally(number, 1.0)
        self.counts.pop(pair, None)
        for other in sorted(raised):
            if new in other:
                heappush(self.heap, (-self.counts[other], other))
        return uses, example

    def _tally(self, number: int, sign: float) -> set[Pair]:
        """Add (or take away) the pairs of a word; those that were added."""
        weight = sign * self.weights[number]
        mask = None if self.masks is None else self.masks[number]
        starts = self.starts[number]
        met = set()
        for at, pair in enumerate(itertools.pairwise(self.words[number])):
            follows = mask is None or _follows(mask, starts[at], starts[at + 2])
            self.counts[pair] += weight if follows else self.crossing * weight
            if sign > 0:
                self.where[pair].add(number)
                met.add(pair)
        return met


def _follows(mask: int, start: int, stop: int) -> bool:
    """Is the run from `start` to `stop` inside one morpheme, or whole morphemes?"""
    inner = (mask >> (start + 1)) & ((1 << (stop - start - 1)) - 1)
    return not inner or bool(mask >> start & 1 and mask >> stop & 1)
