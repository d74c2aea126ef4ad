"""The ways in which a sentence may be told, from what must be kept to its exact text.

A sentence at a time: words that are told in running text (rungs 3 and 4) are found again by their
neighbours, so half a sentence is worth less than half.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from hyperlex.ladder.allocate import Step
from hyperlex.ladder.encode import INFLECTED, VERBATIM, Draft, Told
from hyperlex.ladder.outliner import IdGroup, floor, telling
from hyperlex.ladder.punctuation import sentence_starts
from hyperlex.scene.fillers import fillers
from hyperlex.scene.scene import Scene

_OUTLINED = 0.55
"""What a statement told at rung 2 is worth, in exact text being 1."""

_BITS = 0.1
"""Of that, what the words of a scene are worth for their bits, whatever role they have."""

_RUNNING = {INFLECTED: 0.93, VERBATIM: 1.0}
"""The same of running text. Rung 2 keeps .65 of the propositions of a text, rung 3 .91
(docs/benchmarks.md); of .45, .55 and .65 for rung 2, tried on the corpora, .55 kept most."""


Way = tuple[Told, Step]
"""How one scene is told, and what that costs and is worth: statements of exact text."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Scenes that begin in one sentence, and the ways to tell them together.

    Attributes:
        scenes: their numbers.
        steps: what each way costs and gives; the first is what must be told.
        outlines: of each scene its own ways by rungs 1 and 2, from the floor on.
        grown: the place of the scene whose next way each further way of the sentence takes.
        running: the rungs of running text that are the last ways.
    """

    scenes: tuple[int, ...]
    steps: tuple[Step, ...]
    outlines: tuple[list[Way], ...]
    grown: tuple[int, ...]
    running: tuple[int, ...]

    def told(self, way: int) -> list[Told]:
        """How each scene is told by one of the ways."""
        if way > len(self.grown):
            return [Told(self.running[way - len(self.grown) - 1])] * len(self.scenes)
        taken = [0] * len(self.scenes)
        for place in self.grown[:way]:
            taken[place] += 1
        return [ways[number][0] for ways, number in zip(self.outlines, taken, strict=True)]


def ways_of(draft: Draft) -> list[Sentence]:
    """The sentences of a draft, in order."""
    starts = sentence_starts(draft.text)
    by_sentence: dict[int, list[int]] = {}
    for number, scene in enumerate(draft.scenes):
        by_sentence.setdefault(bisect_right(starts, scene.span.start), []).append(number)
    return [_sentence(draft, scenes) for scenes in by_sentence.values()]


def _sentence(draft: Draft, scenes: Sequence[int]) -> Sentence:
    """Outlines, a group at a time, the one that says most for an id first; then running text."""
    outlines = tuple(_outlines(draft, scene) for scene in scenes)
    now = Step(sum(w[0][1].ids for w in outlines), sum(w[0][1].value for w in outlines))
    steps, grown = [now], []
    taken = [0] * len(scenes)
    heap: list[tuple[float, int]] = []

    def offer(place: int) -> None:
        here = taken[place]
        for _, further in outlines[place][here + 1 : here + 2]:
            heapq.heappush(heap, (-outlines[place][here][1].gain(further), place))

    for place in range(len(scenes)):
        offer(place)
    while heap:
        _, place = heapq.heappop(heap)
        (_, before), (_, after) = outlines[place][taken[place] : taken[place] + 2]
        now = Step(now.ids + after.ids - before.ids, now.value + after.value - before.value)
        steps.append(now)
        grown.append(place)
        taken[place] += 1
        offer(place)
    worth = sum(_statements(draft.scenes[scene]) for scene in scenes)
    foreign = any(draft.readings[scene].foreign for scene in scenes)
    running = tuple(rung for rung in _RUNNING if rung == VERBATIM or not foreign)
    steps += [Step(draft.together(scenes, rung), _RUNNING[rung] * worth) for rung in running]
    return Sentence(tuple(scenes), tuple(steps), outlines, tuple(grown), running)


def _outlines(draft: Draft, scene: int) -> list[Way]:
    """How one scene is told by rungs 1 and 2, from the floor on: what it is about, then who and
    what takes part in it, then the rest. A foreign one exactly.
    """
    source = draft.scenes[scene]
    if draft.readings[scene].foreign:
        step = Step(draft.together([scene], VERBATIM), _statements(source))
        return [(Told(VERBATIM), step)]
    if draft.readings[scene].says_nothing:
        return [(Told(0), Step(0, 0.0))]
    groups, about = draft.groups[scene], draft.about[scene]
    roles = _roles(source, groups, about)
    kept = frozenset(floor(groups))
    orders = [kept]
    if about is not None and about not in kept:
        orders.append(kept | {0, about})
    rest = [place for place in range(len(groups)) if place not in orders[-1]]
    rest.sort(key=lambda place: _rank(groups[place], roles[place]))
    for place in rest:
        orders.append(orders[-1] | {0, place})
    whole = sum(group.bits for group in groups) or 1.0
    ways = []
    for order in dict.fromkeys(orders):
        told = tuple(sorted(order))
        rung = 0 if not told else 2 if len(told) == len(groups) and order != kept else 1
        ids = sum(len(groups[place].ids) for place in told)
        said = 1 + sum(roles[place] for place in told) if about in order else 0
        bits = sum(groups[place].bits for place in told) / whole
        value = _OUTLINED * ((1 - _BITS) * said + _BITS * bits * _statements(source))
        ways.append((Told(rung, told), Step(ids, value)))
    return ways


def _roles(scene: Scene, groups: Sequence[IdGroup], about: int | None) -> list[int]:
    """How many roles each group fills."""
    roles = [0] * len(groups)
    for filler in fillers(scene):
        place = telling(filler.word, groups)
        if place is None and filler.word is scene.agent.word:
            place = about  # a pronoun, or the agent of the clause before: the frame shows it
        if place is not None:
            roles[place] += 1
    return roles


def _rank(group: IdGroup, roles: int) -> tuple[float, float]:
    """Roles for an id, then bits for an id, the greatest first."""
    return -roles / len(group.ids), -group.bits / len(group.ids)


def _statements(scene: Scene) -> int:
    """How much a scene says: that it is so, and each role that a word fills."""
    return 1 + sum(1 for _ in fillers(scene))
