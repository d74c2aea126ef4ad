"""The canonical parse, fast. `reference.py` tells the same slowly."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from hyperlex.codebook.units import Units

# Key of a trie node under which the entry's id stands; units are tuples, so it cannot clash.
_END = "end"
_CACHE_LIMIT = 100_000


class Parser:
    """Replaces runs of base ids by hypertokens: longest phrase first, then pieces by rank.

    Args:
        unit_runs: for each entry its units as tuples of base ids; an empty run marks a piece.
        parts: for each entry the two ids that a piece joins.
        seam: the id of the first entry.
    """

    def __init__(
        self,
        unit_runs: Sequence[tuple[tuple[int, ...], ...]],
        parts: Sequence[Sequence[int]],
        seam: int,
    ) -> None:
        self.trie: dict[Any, Any] = {}
        self.merges: dict[tuple[int, int], int] = {}
        self.cache: dict[tuple[int, ...], list[int]] = {}
        for index, (run, (left, right)) in enumerate(zip(unit_runs, parts, strict=True), seam):
            if not run:
                self.merges[left, right] = index
                continue
            node = self.trie
            for unit in run:
                node = node.setdefault(unit, {})
            node[_END] = index

    def __call__(self, ids: list[int], units: Units) -> list[int]:
        edges, opens, closes = units.edges, units.opens, units.closes
        last = len(edges) - 1
        runs = [tuple(ids[start:stop]) for start, stop in itertools.pairwise(edges)]
        result: list[int] = []
        at = 0
        while at < last:
            node = self.trie.get(runs[at])
            best, best_stop = None, at + 1
            if node is not None:
                best = node.get(_END)  # one whole unit: nothing more is asked of its edges
                stop = at + 1
                while opens[at] and stop < last:
                    node = node.get(runs[stop])
                    if node is None:
                        break
                    stop += 1
                    if closes[stop] and _END in node:
                        best, best_stop = node[_END], stop
            if best is None:
                result.extend(self._pieces(runs[at]))
            else:
                result.append(best)
            at = best_stop
        return result

    def _pieces(self, unit: tuple[int, ...]) -> list[int]:
        if len(unit) < 2:
            return list(unit)
        found = self.cache.get(unit)
        if found is None:
            found = merge_by_rank(list(unit), self.merges)
            if len(self.cache) >= _CACHE_LIMIT:
                self.cache.clear()
            self.cache[unit] = found
        return found


def merge_by_rank(ids: list[int], merges: dict[tuple[int, int], int]) -> list[int]:
    """Byte-pair merging of one unit: the pair of lowest rank first, all its occurrences from left
    to right.

    The id of a merge grows with its rank, so the id serves as the rank. Linear in the length for
    each merge that fires; units are words, and very long ones (a page without a space) go through a
    heap.
    """
    if len(ids) > _HEAP_FROM:
        return _merge_with_heap(ids, merges)
    while len(ids) > 1:
        best = min((merges.get(pair, _NEVER) for pair in itertools.pairwise(ids)), default=_NEVER)
        if best == _NEVER:
            break
        merged, at = [], 0
        while at < len(ids):
            if at + 1 < len(ids) and merges.get((ids[at], ids[at + 1])) == best:
                merged.append(best)
                at += 2
            else:
                merged.append(ids[at])
                at += 1
        ids = merged
    return ids


_NEVER = 1 << 62
_HEAP_FROM = 128


def _merge_with_heap(ids: list[int], merges: dict[tuple[int, int], int]) -> list[int]:
    """The same in O(n log n): a heap of candidate pairs over a linked list."""
    from heapq import heapify, heappop, heappush

    following = [*range(1, len(ids)), -1]
    previous = [-1, *range(len(ids) - 1)]
    heap = [(merges[pair], at) for at, pair in enumerate(itertools.pairwise(ids)) if pair in merges]
    heapify(heap)
    while heap:
        rank, left = heappop(heap)
        right = following[left]
        if ids[left] < 0 or right < 0 or merges.get((ids[left], ids[right])) != rank:
            continue  # a neighbour merged first
        ids[left], ids[right] = rank, -1
        after = following[left] = following[right]
        if after >= 0:
            previous[after] = left
            if (ids[left], ids[after]) in merges:
                heappush(heap, (merges[ids[left], ids[after]], left))
        before = previous[left]
        if before >= 0 and (ids[before], ids[left]) in merges:
            heappush(heap, (merges[ids[before], ids[left]], before))
    return [index for index in ids if index >= 0]
