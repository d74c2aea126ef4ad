"""A scene before it is inflected: phrases, predicate, and the slot of every word that declines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hyperlex.ladder.outline import Frame, Slot
from hyperlex.ladder.realise.forms import NUMBER, Forms
from hyperlex.ladder.realise.government import NOMINATIVE, Pair, Table

_MODIFIERS = frozenset("ADTM#")
_PREDICATES = frozenset("VSIG")
_ARGUMENTS = frozenset("NPADTM")

Decide = Callable[[int, list[int], tuple[str, ...]], tuple[Pair, bool]]
"""Of a place, the rows of its traits, and what the number depends on besides its case (agent, sort,
whether a subject stands already, what stands before and its number): the pair and whether it is
plural."""

Joins = Callable[[Sequence[Forms], int, int], bool]
"""Of the words, the place of a modifier and that of the noun after it: whether it belongs there.
Of «люди, знающие дом» «знающие» does not belong to «дом»."""


def joining(words: Sequence[Forms], place: int, noun: int, table: Table) -> list[int]:
    """The rows of what tells whether a modifier belongs to the noun after it."""
    word, right = words[place], words[noun]
    join = (word.roles or table.roles(word)).join
    rows = [join[0], (right.roles or table.roles(right)).join[2]]
    left_kind = "^"
    if place:
        left = words[place - 1]
        left_kind = left.kind
        rows.append((left.roles or table.roles(left)).join[1])
    near = "1" if noun == place + 1 else "2"
    rows.append(table.small.get(("h", word.kind, left_kind, words[place + 1].kind, near), 0))
    return rows


class Sketch:
    """The grammar of a scene.

    Attributes:
        frame: of the scene.
        words: the items.
        heads: for a modifier the place of its noun, else -1.
        starts: for a noun the place where its phrase begins.
        predicate: the place of the first finite verb, else of a short form, else -1.
        pairs: preposition and case by place, None where a word does not decline by itself.
        plural: whether, by place.
        subject: the place of the subject, or -1.
    """

    __slots__ = (
        "frame", "heads", "pairs", "plural", "predicate", "starts", "subject", "words",
    )  # fmt: skip

    def __init__(self, frame: Frame, words: Sequence[Forms], joins: Joins) -> None:
        count = len(words)
        self.frame = frame
        self.words = words
        self.heads = heads = [-1] * count
        self.starts = starts = list(range(count))
        self.pairs: list[Pair | None] = [None] * count
        self.plural = [False] * count
        self.subject = -1
        noun = -1
        verb = short = -1
        for place in range(count - 1, -1, -1):
            kind = words[place].kind
            if kind == "N" or kind == "P":
                noun = place
            elif noun >= 0 and kind in _MODIFIERS:
                if kind == NUMBER or kind == "M" or joins(words, place, noun):
                    heads[place] = noun
                    starts[noun] = place
                else:
                    noun = -1
            elif kind == "R" and noun >= 0 and starts[noun] < noun:
                continue
            else:
                noun = -1
                if kind == "V":
                    verb = place
                elif kind == "S":
                    short = place
        self.predicate = verb if verb >= 0 else short


class Stand(NamedTuple):
    """What is known of a word that declines before anything is chosen.

    Attributes:
        rows: of its traits.
        sort: its own.
        left: the kind of the word before its phrase, `^` where there is none.
        right: the kinds of the two words after it, `$` at the end.
        side: one of `SIDES`.
        over: the nearest predicate before it, else the first one; "" without one.
        takes: the kind of that predicate, and whether it is transitive.
    """

    rows: list[int]
    sort: str
    left: str
    right: str
    side: str
    over: str
    takes: str


def stands(sketch: Sketch, hints: Sequence[Slot | None], table: Table) -> list[Stand | None]:
    """The words whose slot is to be chosen, by place."""
    words, heads, starts = sketch.words, sketch.heads, sketch.starts
    predicate = sketch.predicate
    small = table.small.get
    roles_of = table.roles
    last = len(words) - 1
    governor = -1
    found: list[Stand | None] = []
    for place, word in enumerate(words):
        kind = word.kind
        if kind not in _ARGUMENTS or heads[place] >= 0:
            if kind in _PREDICATES:
                governor = place
            found.append(None)
            continue
        slot = hints[place]
        if slot is not None and slot.case:
            found.append(None)
            continue
        roles = word.roles or roles_of(word)
        side = "n" if predicate < 0 else "b" if place < predicate else "a"
        start = starts[place]
        rows = [*roles.sides[side]]
        left_kind, right_kind = "^", "$"
        if start > 0:
            left = words[start - 1]
            left_kind = left.kind
            rows.append((left.roles or roles_of(left)).left)
            rows.append(small(("x", left.trait, word.trait), 0))
        if place < last:
            right = words[place + 1]
            right_kind = right.kind + (words[place + 2].kind if place + 1 < last else "$")
            rows.append((right.roles or roles_of(right)).right)
        above = governor if governor >= 0 else predicate
        over = takes = ""
        if above >= 0:
            verb = words[above]
            over = verb.trait
            takes = verb.kind + verb.transitive
            if above != start - 1:
                rows.append(small(("y", over, word.trait), 0))
        if start < place:
            first = words[start]
            rows.append((first.roles or roles_of(first)).modifier)
        found.append(Stand(rows, roles.sort, left_kind, right_kind, side, over, takes))
    return found


def choose(
    sketch: Sketch,
    found: Sequence[Stand | None],
    hints: Sequence[Slot | None],
    table: Table,
    decide: Decide,
) -> None:
    """Fills in `pairs`, `plural` and `subject`, from left to right."""
    words, heads = sketch.words, sketch.heads
    agent = sketch.frame.agent
    small = table.small.get
    last = "-"
    nom = acc = number = "0"
    for place, word in enumerate(words):
        if heads[place] >= 0 or word.kind not in _ARGUMENTS:
            continue
        slot = hints[place]
        stand = found[place]
        if stand is None:
            assert slot is not None
            pair = (slot.preposition, slot.case)
            plural = slot.number == "Plur"
        else:
            sort, left, side = stand.sort, stand.left, stand.side
            rows = [
                *stand.rows,
                small(("p", last, left, sort), 0),
                small(("g", agent, side, nom, sort), 0),
                small(("k", left, stand.right, side, nom), 0),
                small(("q", nom, acc, side, sort, left), 0),
                small(("v", stand.over, side, acc), 0),
                small(("i", stand.takes, side, sort, acc), 0),
            ]
            pair, plural = decide(place, rows, (agent, sort, nom, left, number))
            if slot is not None and slot.number:
                plural = slot.number == "Plur"
        if word.only:
            plural = word.only == "Plur"
        sketch.pairs[place] = pair
        sketch.plural[place] = plural
        last = pair[0] + "+" + pair[1]
        number = "2" if plural else "1"
        if pair == NOMINATIVE:
            nom = "1"
            if sketch.subject < 0:
                sketch.subject = place
        elif pair[1] == "Acc" and not pair[0]:
            acc = "1"
