"""From arc scores to one tree: each word's best head; Chu–Liu/Edmonds where those make a cycle."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
from numpy.typing import NDArray


def best_tree(arcs: NDArray[np.float32]) -> NDArray[np.int64]:
    """The heads of the highest-scoring tree with exactly one root, `[T]`; the root is its own head.

    Args:
        arcs: `[T, T]`, row = word, column = head, diagonal = the word as root; any finite scores.
            Adding to a row changes no choice, for every tree takes one score of each.
    """
    size = len(arcs)
    if size == 1:
        return np.zeros(1, np.int64)
    places = np.arange(size)
    scores = arcs.astype(np.float64)
    diagonal = scores[places, places]
    scores[places, places] = -np.inf
    heads: NDArray[np.int64] = scores.argmax(1)
    best = scores[places, heads]
    # One root: what a word gains by being it rather than taking its best other head.
    gains = diagonal - best
    root = int(gains.argmax())
    heads[root] = root
    if _cycle(heads, root) is None:
        return heads
    # No tree with a root scores more than the best heads and its gain: most roots need no try.
    top = -np.inf
    for root in np.argsort(-gains, kind="stable").tolist():
        if best.sum() + gains[root] <= top:
            break
        tried = np.array(_edmonds(scores, root), np.int64)
        kept = scores[places, tried]
        kept[root] = diagonal[root]
        if kept.sum() > top:
            heads, top = tried, kept.sum()
    return heads


def _cycle(heads: NDArray[np.int64] | list[int], root: int) -> list[int] | None:
    """The members of one cycle that does not lead to the root, or None."""
    heads = list(map(int, heads))
    state = [0] * len(heads)
    state[root] = 2
    for start in range(len(heads)):
        path = []
        node = start
        while state[node] == 0:
            state[node] = 1
            path.append(node)
            node = heads[node]
        if state[node] == 1:
            return path[path.index(node) :]
        for passed in path:
            state[passed] = 2
    return None


def _edmonds(scores: NDArray[np.float64], root: int) -> list[int]:
    """Chu & Liu 1965, Edmonds 1967: contract a cycle into one node, solve, and open it again."""
    size = len(scores)
    heads = scores.argmax(1)
    heads[root] = root
    cycle = _cycle(heads, root)
    if cycle is None:
        return [int(h) for h in heads]
    inside = np.zeros(size, bool)
    inside[cycle] = True
    rest = [i for i in range(size) if not inside[i]]
    kept = scores[cycle, heads[cycle]]
    new = len(rest)
    small = np.full((new + 1, new + 1), -np.inf)
    small[:new, :new] = scores[np.ix_(rest, rest)]
    # Into the cycle: the member that loses least by leaving its head there. Out of it: the best.
    into = scores[np.ix_(cycle, rest)] - kept[:, None]
    out = scores[np.ix_(rest, cycle)]
    small[new, :new] = into.max(0)
    small[:new, new] = out.max(1)
    solved = _edmonds(small, rest.index(root))
    answer = [int(h) for h in heads]
    for place, node in enumerate(rest):
        head = solved[place]
        answer[node] = cycle[int(out[place].argmax())] if head == new else rest[head]
    entering = solved[new]
    broken = cycle[int(into[:, entering].argmax())]
    answer[broken] = rest[entering]
    answer[root] = root
    return answer


def depends_on(heads: Sequence[int], place: int, above: int) -> bool:
    """Whether a word is another or stands anywhere below it; the root is its own head."""
    while place != above:
        if heads[place] == place:
            return False
        place = heads[place]
    return True


def has(heads: Sequence[int], relations: Sequence[str], place: int, names: Container[str]) -> bool:
    """Whether a word has a dependent with one of these relations."""
    return any(head == place and relations[k] in names for k, head in enumerate(heads))


def root_of(heads: Sequence[int]) -> int:
    """The word that is its own head."""
    return next(place for place, head in enumerate(heads) if place == head)
