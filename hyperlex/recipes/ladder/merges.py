"""Learning hyperlexemes: which frames and lexemes of a scene become one id.

Pairs are joined greedily, as byte pair encoding joins adjacent ones (Sennrich et al. 2016), but in
any order inside a scene: each time the pair whose joining saves most. All ids of a vocabulary cost
the same log2(size) bits in a stream of ids, so the total of bits saved is that constant times the
number of scenes that hold the pair, and the scenes are what is counted.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np

from hyperlex.ladder.merge import attach, merge

Scene = tuple[int, ...]
"""The symbols of one scene: its frame, then its lexemes, in the order of the text."""

_LONGEST = 48
"""A scene of more distinct symbols (a list, a table) teaches nothing about scenes."""


def learn_merges(
    scenes: Sequence[Scene],
    documents: Sequence[int],
    symbols: int,
    size: int,
    min_count: int = 3,
    min_documents: int = 3,
) -> list[tuple[int, int]]:
    """The pairs to join, in order; pair k becomes symbol `symbols + k`.

    Args:
        scenes: what to learn from.
        documents: for each scene the number of its document, not decreasing.
        symbols: one past the greatest symbol in `scenes`.
        size: how many pairs at most.
        min_count: scenes that must hold a pair.
        min_documents: documents that must.

    Returns:
        Pairs, the lesser symbol first. The same input gives the same pairs.
    """
    held = [set(scene) if len(set(scene)) <= _LONGEST else set() for scene in scenes]
    where = _index(held, min_count)
    heap = [(-len(places), pair) for pair, places in where.items()]
    heapq.heapify(heap)
    made: list[tuple[int, int]] = []
    while heap and len(made) < size:
        count, pair = heapq.heappop(heap)
        places = where.get(pair)
        if places is None or len(places) < min_count:
            where.pop(pair, None)
            continue
        if len(places) != -count:
            heapq.heappush(heap, (-len(places), pair))
            continue
        if not _in_documents(places, documents, min_documents):
            del where[pair]
            continue
        new = symbols + len(made)
        made.append(pair)
        _join(pair, new, where, held, heap, min_count)
    return made


def _index(held: Sequence[set[int]], min_count: int) -> dict[tuple[int, int], set[int]]:
    """The scenes that hold each pair, of pairs that enough scenes hold."""
    frequent = _frequent_pairs(held, min_count)
    where: dict[tuple[int, int], set[int]] = defaultdict(set)
    for place, scene in enumerate(held):
        for pair in combinations(sorted(scene), 2):
            if pair in frequent:
                where[pair].add(place)
    return dict(where)


def _frequent_pairs(held: Sequence[set[int]], min_count: int) -> set[tuple[int, int]]:
    keys = np.fromiter(
        (a << 32 | b for scene in held for a, b in combinations(sorted(scene), 2)), np.int64
    )
    keys, counts = np.unique(keys, return_counts=True)
    return {(key >> 32, key & 0xFFFFFFFF) for key in keys[counts >= min_count].tolist()}


def _in_documents(places: set[int], documents: Sequence[int], least: int) -> bool:
    seen: set[int] = set()
    for place in places:
        seen.add(documents[place])
        if len(seen) >= least:
            return True
    return False


def _join(
    pair: tuple[int, int],
    new: int,
    where: dict[tuple[int, int], set[int]],
    held: Sequence[set[int]],
    heap: list[tuple[int, tuple[int, int]]],
    min_count: int,
) -> None:
    """Replace `pair` by `new` wherever it stands, and keep the index true."""
    places = where.pop(pair)
    beside: Counter[int] = Counter()
    for place in places:
        scene = held[place]
        scene.difference_update(pair)
        for other in scene:
            for old in pair:
                old_places = where.get((other, old) if other < old else (old, other))
                if old_places is not None:
                    old_places.discard(place)
        beside.update(scene)
    frequent = [other for other, count in beside.items() if count >= min_count]
    for other in frequent:
        where[other, new] = set()
    wanted = set(frequent)
    for place in places:
        for other in held[place] & wanted:
            where[other, new].add(place)
        held[place].add(new)
    for other in sorted(frequent):
        heapq.heappush(heap, (-len(where[other, new]), (other, new)))


def attached(
    scenes: Sequence[Scene],
    documents: Sequence[int],
    attaching: Container[int],
    min_documents: int = 3,
) -> list[tuple[int, int]]:
    """Pairs of a negation and the symbol after it, the most frequent first: they are joined before
    all others, and only where they adjoin.

    Args:
        attaching: symbols that negate what follows.
    """
    met: dict[tuple[int, int], set[int]] = defaultdict(set)
    counts: Counter[tuple[int, int]] = Counter()
    for scene, document in zip(scenes, documents, strict=True):
        for left, right in pairwise(scene):
            if left in attaching and right not in attaching:
                pair = (min(left, right), max(left, right))
                met[pair].add(document)
                counts[pair] += 1
    kept = [pair for pair, where in met.items() if len(where) >= min_documents]
    return sorted(kept, key=lambda pair: (-counts[pair], pair))


def with_attached(
    scene: Scene, attaching: Container[int], merges: Mapping[tuple[int, int], int]
) -> Scene:
    """A scene as the order-free merges see it: negations joined or, with what they negate, gone."""
    free, _ = attach(scene, attaching, merges, 1 << 62)
    return tuple(group.code for group in free)


def usual_shapes(
    scenes: Sequence[Scene],
    slots: Sequence[Sequence[int]],
    pairs: Sequence[tuple[int, int]],
    symbols: int,
    frames: int,
    attaching: Container[int] = (),
) -> list[tuple[tuple[int, int], ...]]:
    """For each pair, its members in their most frequent order, each with its usual slot.

    Args:
        scenes: as in `learn_merges`, before `with_attached`.
        slots: for each scene the slots of its symbols.
        pairs: all pairs in order; pair k is symbol `symbols + k`.
        symbols: one past the greatest symbol in `scenes`.
        frames: symbols below this are frames, and stand first.
        attaching: as in `attached`.

    Returns:
        For each pair its (symbol, slot) members; slot 0 where no slot is found more often than not.
    """
    merges = {pair: symbols + k for k, pair in enumerate(pairs)}
    end = symbols + len(pairs)
    seen: list[Counter[tuple[tuple[int, int], ...]]] = [Counter() for _ in pairs]
    for scene, of_scene in zip(scenes, slots, strict=True):
        if len(scene) > 2 * _LONGEST:
            continue
        free, _ = attach(scene, attaching, merges, end)
        for code, within in merge([group.code for group in free], merges, end):
            if code >= symbols:
                places = sorted(place for k in within for place in free[k].places)
                seen[code - symbols][tuple((scene[p], of_scene[p]) for p in places)] += 1
    shapes: list[tuple[tuple[int, int], ...]] = []
    for pair, counts in zip(pairs, seen, strict=True):
        shapes.append(_usual(counts) if counts else _of_parts(pair, shapes, symbols))
        shapes[-1] = tuple(sorted(shapes[-1], key=lambda leaf: leaf[0] >= frames))
    return shapes


def _usual(counts: Counter[tuple[tuple[int, int], ...]]) -> tuple[tuple[int, int], ...]:
    orders: Counter[tuple[int, ...]] = Counter()
    slots: dict[int, Counter[int]] = defaultdict(Counter)
    for shape, count in counts.items():
        orders[tuple(symbol for symbol, _ in shape)] += count
        for symbol, slot in shape:
            slots[symbol][slot] += count
    order = min(orders.items(), key=lambda entry: (-entry[1], entry[0]))[0]
    usual = []
    for symbol in order:
        slot, count = min(slots[symbol].items(), key=lambda entry: (-entry[1], entry[0]))
        usual.append((symbol, slot if 2 * count > slots[symbol].total() else 0))
    return tuple(usual)


def _of_parts(
    pair: tuple[int, int], shapes: Sequence[tuple[tuple[int, int], ...]], symbols: int
) -> tuple[tuple[int, int], ...]:
    """The shape of a pair that no scene is coded with, because a greater one takes its place."""
    return tuple(
        leaf
        for part in pair
        for leaf in (shapes[part - symbols] if part >= symbols else ((part, 0),))
    )
