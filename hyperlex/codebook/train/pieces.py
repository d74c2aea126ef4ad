"""Step 4: pieces, by byte-pair merging of base ids inside units (Sennrich et al. 2016,
arXiv:1508.07909).

Where morphemes are known, pairs inside a morpheme merge first and pairs across an edge only when
none inside is worth it.
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
        gains: weighted uses when it was learned (each saves one base token); never rising.
    """

    parts: list[Pair]
    gains: list[float]


def learn_pieces(
    words: Sequence[tuple[tuple[int, ...], float]],
    *,
    seam: int,
    limit: int,
    least_gain: float,
    accept: Callable[[Pair, list[Pair]], bool],
    cuts: Sequence[frozenset[int]] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Pieces:
    """Learn up to `limit` merges.

    Args:
        words: base ids of each distinct unit and its weight.
        seam: the id of the first piece.
        least_gain: stop when the best pair is worth less.
        accept: asked once for each best pair (with the parts so far); a refused pair is never
            merged.
        cuts: for each word the indices of base ids at which a morpheme begins; None if unknown.
    """
    learner = _Learner(words, cuts)
    parts: list[Pair] = []
    gains: list[float] = []
    while len(parts) < limit:
        best = learner.best()
        if best is None or best[1] < least_gain:
            if learner.release_morpheme_edges():
                continue
            break
        pair, gain = best
        if not accept(pair, parts):
            learner.refuse(pair)
            continue
        learner.merge(pair, seam + len(parts))
        parts.append(pair)
        gains.append(min(gain, gains[-1]) if gains else gain)
        if len(parts) % 500 == 0:
            progress(len(parts))
    return Pieces(parts, gains)


class _Learner:
    """Words as lists of ids, the weight of each pair, and where each pair stands."""

    def __init__(
        self, words: Sequence[tuple[tuple[int, ...], float]], cuts: Sequence[frozenset[int]] | None
    ) -> None:
        self.words = [list(ids) for ids, _ in words]
        self.weights = [weight for _, weight in words]
        # For each id of each word: does a morpheme begin with it? Kept in step with the merges.
        self.edges = (
            None
            if cuts is None
            else [
                [i in cut for i in range(len(w))] for w, cut in zip(self.words, cuts, strict=True)
            ]
        )
        self.refused: set[Pair] = set()
        self._count()

    def _count(self) -> None:
        self.counts: dict[Pair, float] = defaultdict(float)
        self.where: dict[Pair, set[int]] = defaultdict(set)
        for number, word in enumerate(self.words):
            for at, pair in enumerate(itertools.pairwise(word), 1):
                if self.edges is None or not self.edges[number][at]:
                    self.counts[pair] += self.weights[number]
                    self.where[pair].add(number)
        self.heap = [
            (-count, pair) for pair, count in self.counts.items() if pair not in self.refused
        ]
        heapify(self.heap)

    def release_morpheme_edges(self) -> bool:
        """Let pairs across morpheme edges merge from now on; False if they could already."""
        if self.edges is None:
            return False
        self.edges = None
        self._count()
        return True

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

    def merge(self, pair: Pair, new: int) -> None:
        left, right = pair
        raised: set[Pair] = set()
        for number in sorted(self.where.pop(pair)):
            word, weight = self.words[number], self.weights[number]
            edges = self.edges[number] if self.edges is not None else None
            at, merged, kept = 0, [], []
            while at < len(word):
                joins = at + 1 < len(word) and word[at] == left and word[at + 1] == right
                joins = joins and not (edges is not None and edges[at + 1])
                merged.append(new if joins else word[at])
                if edges is not None:
                    kept.append(edges[at])
                at += 2 if joins else 1
            if len(merged) == len(word):
                continue
            self._tally(number, word, edges, -weight)
            self.words[number] = merged
            if self.edges is not None:
                self.edges[number] = kept
            raised |= self._tally(number, merged, kept if edges is not None else None, weight)
        self.counts.pop(pair, None)
        for other in sorted(raised):
            if new in other:
                heappush(self.heap, (-self.counts[other], other))

    def _tally(
        self, number: int, word: list[int], edges: list[bool] | None, weight: float
    ) -> set[Pair]:
        met = set()
        for at, pair in enumerate(itertools.pairwise(word), 1):
            if edges is None or not edges[at]:
                self.counts[pair] += weight
                if weight > 0:
                    self.where[pair].add(number)
                    met.add(pair)
        return met
