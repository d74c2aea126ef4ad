"""From scores to one tree that grammar allows: arcs and relations are chosen together.

The network judges every arc and every relation for itself, so that what it likes best may have two
subjects for one verb or a conjunct before its head. Each word keeps its likeliest heads, each of
these every relation; what grammar says of them is added (`grammar.evidence`); then `best_tree`
chooses the heads. What still stands twice where it may stand once is moved or renamed, at the least
cost: constraints of a second order, which no tree algorithm takes (McDonald & Pereira 2006, whose
approximate search this is).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperlex.word.grammar import ONCE, UNLIKELY, as_roots, evidence
from hyperlex.word.labels import RELATIONS
from hyperlex.word.network import Network, Scores
from hyperlex.word.tree import best_tree, depends_on

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

CANDIDATES = 5
"""Heads that are kept for each word."""
_GAIN = 1e-3
"""Nats that a move must bring, more than sums are rounded by."""

_ROOT = RELATIONS.index("root")
_GROUPS = [next((k for k, names in enumerate(ONCE) if name in names), -1) for name in RELATIONS]
"""Of each relation the number of its group in `ONCE`, or -1."""
_COSTS = np.array([[UNLIKELY * (g == k) for g in _GROUPS] for k in range(len(ONCE))], np.float32)
"""`[G, R]`, what it costs to be one more of a group."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """What the words of one sentence may depend on.

    Attributes:
        heads: `[T, K]`, candidates; the word itself where there are fewer than K.
        arcs: `[T, K]`, their scores, `-inf` for the word itself.
        relations: `[T, K, R]`, log-probabilities with grammar's evidence.
        as_roots: `[T]`, grammar's evidence on the root.
    """

    heads: Places
    arcs: Floats
    relations: Floats
    as_roots: Floats


def decode(network: Network, scores: Sequence[Scores]) -> list[tuple[list[int], list[str]]]:
    """Heads and relations of each sentence; the root is its own head.

    Args:
        network: whose `relations` is asked about the candidates.
        scores: of sentences; together they are worth one call, so hand them over together.
    """
    near = [_candidates(score.arcs) for score in scores]
    first = np.cumsum([0, *map(len, near)]).tolist()
    heads = np.concatenate([own + start for own, start in zip(near, first, strict=False)])
    tags = np.exp(np.concatenate([score.tags for score in scores]))
    relations = _relations(network, scores, tags, heads)
    trees = []
    for k, (score, own) in enumerate(zip(scores, near, strict=True)):
        rows = np.arange(len(own))[:, None]
        arcs = score.arcs[rows, own]
        arcs[own == rows] = -np.inf
        words = slice(first[k], first[k + 1])
        choices = _Choices(own, arcs, relations[words], as_roots(tags[words]))
        trees.append(_decode(network, score, choices))
    return trees


def _candidates(arcs: Floats) -> Places:
    """`[T, K]`, the likeliest heads of each word, in no order."""
    size = len(arcs)
    own = np.arange(size)
    others = -arcs
    others[own, own] = np.inf
    if size > CANDIDATES:
        return np.argpartition(others, CANDIDATES - 1, 1)[:, :CANDIDATES]
    filled = np.broadcast_to(own[:, None], (size, CANDIDATES)).copy()
    filled[:, :size] = others.argsort(1)
    return filled


def _relations(network: Network, scores: Sequence[Scores], tags: Floats, heads: Places) -> Floats:
    """`[N, K, R]`, log-probabilities with evidence, for the words of all sentences."""
    dependents = np.concatenate([score.dependents for score in scores])
    governors = np.concatenate([score.governors for score in scores])
    logits = network.relations(dependents, governors, heads)
    logits[:, :, _ROOT] = -np.inf
    found = _log_softmax(logits)
    found += evidence(tags, np.concatenate([score.breaks for score in scores]), heads)
    return found


def _decode(network: Network, scores: Scores, choices: _Choices) -> tuple[list[int], list[str]]:
    rows = np.arange(len(scores.arcs))
    best = choices.relations.argmax(2)
    totals = scores.arcs - UNLIKELY
    totals[rows[:, None], choices.heads] = choices.arcs + choices.relations.max(2)
    totals[rows, rows] = scores.arcs[rows, rows] + choices.as_roots
    tree = best_tree(totals)
    chosen = choices.heads == tree[:, None]
    relations = best[rows, chosen.argmax(1)]
    far = np.flatnonzero(~chosen.any(1))
    if len(far):
        governors = tree[far][:, None]
        logits = network.relations(scores.dependents[far], scores.governors, governors)[:, 0]
        logits[:, _ROOT] = -np.inf
        relations[far] = logits.argmax(1)
    relations[tree == rows] = _ROOT
    heads, numbers = tree.tolist(), relations.tolist()
    _part(heads, numbers, choices)
    return heads, [RELATIONS[k] for k in numbers]


def _part(heads: list[int], relations: list[int], choices: _Choices) -> None:
    """Moves or renames words that are one too many of their group under a head, in place.

    Every move takes off `_GAIN` more than it costs, so there is a last one.
    """
    tried = set()
    while True:
        members = _members(heads, relations)
        crowded = (key for key, places in members.items() if len(places) > 1 and key not in tried)
        key = next(crowded, None)
        if key is None:
            return
        moves = [_cheapest(place, heads, relations, choices, members) for place in members[key]]
        cost, place, head, relation = min(moves)
        if cost < UNLIKELY - _GAIN:
            heads[place], relations[place] = head, relation
        else:
            tried.add(key)


def _members(heads: list[int], relations: list[int]) -> dict[tuple[int, int], list[int]]:
    """The words of each group under each head."""
    members: dict[tuple[int, int], list[int]] = {}
    for place, (head, relation) in enumerate(zip(heads, relations, strict=True)):
        group = _GROUPS[relation]
        if group >= 0:
            members.setdefault((head, group), []).append(place)
    return members


def _cheapest(
    place: int,
    heads: list[int],
    relations: list[int],
    choices: _Choices,
    members: dict[tuple[int, int], list[int]],
) -> tuple[float, int, int, int]:
    """What it costs to take a word from its group, its place, and its new head and relation."""
    options = []
    now = -np.inf
    for k, head in enumerate(choices.heads[place].tolist()):
        if head == place or depends_on(heads, head, place):
            continue
        arc, found = choices.arcs[place, k], choices.relations[place, k]
        if head == heads[place]:
            now = arc + found[relations[place]]
        likely = arc + found
        for group, cost in enumerate(_COSTS):
            others = members.get((head, group), ())
            if others and (len(others) > 1 or others[0] != place):
                likely -= cost
        if head == heads[place]:
            likely[relations[place]] = -np.inf  # that would be no move
        relation = int(likely.argmax())
        options.append((-float(likely[relation]), place, head, relation))
    if now == -np.inf or not options:  # its head is none of the candidates: it stays
        return (np.inf, place, heads[place], relations[place])
    cost, *move = min(options)
    return (cost + float(now), *move)


def _log_softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    moved: Floats = logits - logits.max(-1, keepdims=True)
    moved -= np.log(np.exp(moved).sum(-1, keepdims=True))
    return moved
