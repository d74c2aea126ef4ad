"""Where one clause ends and another begins: the tree and the network decide together.

The tree gives every word an owner, the nearest clause head above it, and so a boundary wherever the
owner changes. The network that parsed the sentence also gave each word a probability of being such
a boundary, learned directly. `KEEPS` says how much of it either answer needs.
"""

from __future__ import annotations

from typing import NamedTuple

from hyperlex.scene.head_rules import head_rule
from hyperlex.scene.tree import NOWHERE, Tree

KEEPS = {"tree": 0.2, "tree, no marks": 0.03, "network": 0.8}
"""A boundary that the tree gives stays at this probability or above; one that only the network
gives is made at this probability or above. Of 25 pairs from 0.05 to 0.3 and 0.5 to 0.9, tried
with a network of the same recipe, these are among the best for PUD, GSD, Taiga and poetry; F1 moves
by 0.02 for PUD and poetry and by 0.04 for GSD and Taiga, and these two against each other. In a
sentence without marks the network, which has learned to wait for them, is less sure.
"""
_MARKS = frozenset((",", ".", ";", ":", "!", "?", "…", "?!", "!?"))


class Cut(NamedTuple):
    """A sentence in clauses.

    Attributes:
        starts: positions in `tree.content` at which a piece begins; the first is 0.
        owners: for each piece, the place of the head of its clause.
        of_word: for each word but punctuation, the head of its clause.
        by: for each piece, the rule or weight that began it.
        host: for each clause head, the head of the clause that it depends on, or `NOWHERE`.
        rules: for each clause head, the rule that made it one.
    """

    starts: list[int]
    owners: list[int]
    of_word: list[int]
    by: list[str]
    host: dict[int, int]
    rules: dict[int, str]


def owners_of(tree: Tree) -> tuple[list[int], dict[int, str]]:
    """For each word the nearest clause head at or above it; and the rule of each clause head."""
    count = len(tree.words)
    owners = [NOWHERE] * count
    rules: dict[int, str] = {}
    heads = tree.heads
    for start in range(count):
        if owners[start] != NOWHERE:
            continue
        path = []
        place = start
        while True:
            if (owner := owners[place]) != NOWHERE:
                break
            if (rule := head_rule(tree, place)) is not None:
                rules[place] = rule.name
                owner = owners[place] = place
                break
            path.append(place)
            place = heads[place]
        for place in path:
            owners[place] = owner
    return owners, rules


def needed(tree: Tree, by_tree: bool) -> float:
    """The network's probability from which on a boundary stands, by what the tree says of it."""
    if not by_tree:
        return KEEPS["network"]
    marked = any(word.text in _MARKS for word in tree.words)
    return KEEPS["tree" if marked else "tree, no marks"]


def cut(tree: Tree) -> Cut:
    """The pieces of the clauses of one sentence."""
    content, breaks = tree.content, tree.breaks
    if not content:
        return Cut(
            [0], [0], [0] * len(tree.words), ["punctuation"], {0: NOWHERE}, {0: "punctuation"}
        )
    owners, rules = owners_of(tree)
    starts = [0]
    needs = {by_tree: needed(tree, by_tree) for by_tree in (True, False)}
    changed = False
    before = owners[content[0]]
    for position in range(1, len(content)):
        place = content[position]
        owner = owners[place]
        by_tree = owner != before
        kept = breaks[place] >= needs[by_tree]
        if kept:
            starts.append(position)
        changed = changed or kept != by_tree
        before = owner
    if changed:
        pieces, lasting = _settle(tree, starts, owners, rules)
    else:
        pieces = [owners[content[start]] for start in starts]
        lasting = owners
    by = []
    seen: set[int] = set()
    for start, owner in zip(starts, pieces, strict=True):
        place = content[start]
        if start and owners[place] == owners[content[start - 1]]:
            by.append(f"network {breaks[place]:.2f}")
        else:
            by.append("resume" if owner in seen else rules[owner])
        seen.add(owner)
    host = {}
    for owner in sorted(seen):
        above = tree.heads[owner]
        over = lasting[above] if above != NOWHERE else NOWHERE
        host[owner] = over if over != owner and over in seen else NOWHERE
    return Cut(starts, pieces, lasting, by, host, rules)


def _settle(
    tree: Tree, starts: list[int], owners: list[int], rules: dict[int, str]
) -> tuple[list[int], list[int]]:
    """Owners of pieces whose edges are not those of the tree, and of all words after that.

    A piece belongs to the highest clause head in it, else to the clause that most of its words
    belong to. Where that makes neighbours equal, the one without the head resumes the clause that
    its own highest word depends on if that is a third one, and otherwise opens a clause of its own.
    """
    content = tree.content
    edges = [*starts, len(content)]
    runs = [content[edges[n] : edges[n + 1]] for n in range(len(starts))]
    alias: dict[int, int] = {}
    chosen = []
    for run in runs:
        heads = [place for place in run if owners[place] == place]
        if heads:
            owner = min(heads, key=lambda place: (tree.depth(place), place))
            alias.update({head: owner for head in heads if head != owner})
        else:
            counts: dict[int, int] = {}
            for place in run:
                counts[owners[place]] = counts.get(owners[place], 0) + 1
            owner = max(counts, key=lambda owner: (counts[owner], -owner))
        chosen.append(owner)
    # An absorbed head lies in the run of its absorber, so every chain of aliases ends at once.
    chosen = [alias.get(owner, owner) for owner in chosen]
    run_of = {place: n for n, run in enumerate(runs) for place in run}
    for n, run in enumerate(runs):
        beside = [chosen[m] for m in (n - 1, n + 1) if 0 <= m < len(runs)]
        if chosen[n] not in beside or chosen[n] in run:
            continue
        top = min(run, key=lambda place: (tree.depth(place), place))
        above = run_of.get(tree.heads[top], n)
        if chosen[above] not in [*beside, chosen[n]]:
            chosen[n] = chosen[above]
        else:
            chosen[n] = top
            rules[top] = "network"
    lasting = list(owners)
    for owner, run in zip(chosen, runs, strict=True):
        for place in run:
            lasting[place] = owner
    return chosen, lasting


def edges_of(tree: Tree, starts: list[int]) -> list[int]:
    """Places at which the pieces begin when marks are dealt out, and the end of the sentence.

    Marks go with the piece before them; opening quotes and brackets and dashes with the one after.
    """
    edges = [0]
    for start in starts[1:]:
        place = tree.content[start]
        last = tree.content[start - 1]
        edge = place
        for mark in range(last + 1, place):
            if _opens(tree, mark):
                edge = mark
                break
        edges.append(edge)
    edges.append(len(tree.words))
    return edges


_OPENING = frozenset("«([{<„‹—–-−―‒")
_EITHER = frozenset("\"'“”‘’")


def _opens(tree: Tree, place: int) -> bool:
    mark = tree.words[place]
    first = mark.text[0]
    if first in _OPENING:
        return True
    if first not in _EITHER:
        return False
    after = tree.words[place + 1].span.start == mark.span.stop
    before = place > 0 and tree.words[place - 1].span.stop == mark.span.start
    return after and not before
