"""The table of government: which preposition and case a word takes, learned from read scenes.

A linear model with one weight per trait and pair, learned by the averaged perceptron with a margin
(Collins 2002; Crammer and Singer 2001): integers all through, so that the same scenes give the same
bytes on every machine. It chooses from left to right and is trained on its own choices, as it will
be used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hyperlex.files import atomic_write_bytes
from hyperlex.ladder.outline import Item, Lexeme, Literal, Outline, Slot
from hyperlex.ladder.realise.forms import Forms, of_literal
from hyperlex.ladder.realise.government import NOMINATIVE, WEIGHTS, Pair, Table, pack
from hyperlex.ladder.realise.hints import hints
from hyperlex.ladder.realise.sketch import Joins, Sketch, Stand, choose, joining, stands
from hyperlex.word.dictionary import dictionary

Scene = tuple[Outline, tuple[str, ...]]
"""An outline with observed slots, and the spelling of each item in the text."""

_Slots = list[Slot | None]
_Prepared = tuple[Sketch, _Slots]


@dataclass(frozen=True)
class GovernmentConfig:
    """What decides the table.

    Attributes:
        pairs: pairs of preposition and case, the most frequent.
        min_count: a trait met less often is left out.
        min_bigram: the same for two neighbours.
        rounds: passes over the scenes.
        margin: how far the right pair must lead; in weights before averaging.
        floor: averaged scores below it, in units of the stored ones, are left out.
        scale: stored units per weight.
    """

    pairs: int = 72
    min_count: int = 10
    min_bigram: int = 8
    rounds: int = 5
    margin: int = 12
    floor: int = 4
    scale: float = 3.0


def learn(scenes: Sequence[Scene], config: GovernmentConfig | None = None) -> Table:
    """The table of some scenes with observed slots."""
    config = config or GovernmentConfig()
    forms: dict[Lexeme, Forms] = {}
    prepared = [_prepare(outline, forms) for outline, _ in scenes]
    pairs = _frequent_pairs(prepared, config)
    traits = _traits(prepared, config)
    learner = _Learner(pairs, traits, _participles(scenes), config)
    lessons = [learner.lesson(sketch, given) for sketch, given in prepared]
    for _ in range(config.rounds):
        for lesson in lessons:
            learner.see(lesson)
    return learner.table(_indoors(scenes), _impersonal(scenes))


def save(table: Table, directory: Path) -> Path:
    """Writes the table to a folder; returns the file."""
    from safetensors.numpy import save as to_bytes

    path = directory / WEIGHTS
    atomic_write_bytes(path, to_bytes(pack(table)))
    return path


def _prepare(outline: Outline, known: dict[Lexeme, Forms]) -> _Prepared:
    words: list[Forms] = []
    for item in outline.items:
        if isinstance(item, Literal):
            words.append(of_literal(item.text))
            continue
        forms = known.get(item.lexeme)
        if forms is None:
            forms = known[item.lexeme] = Forms(item.lexeme)
        words.append(forms)
    given = hints(outline.items)
    return Sketch(outline.frame, words, _observed(given)), given


def _observed(given: _Slots) -> Joins:
    """Whether a modifier belongs to a noun, by their slots."""

    def joins(words: Sequence[Forms], place: int, noun: int) -> bool:
        return _agree(given[place], given[noun]) is not False

    return joins


def _agree(one: Slot | None, other: Slot | None) -> bool | None:
    """Whether two words may belong together; None where it cannot be told."""
    if one is None or other is None or not one.case or not other.case:
        return None
    return (one.case, one.number) == (other.case, other.number)


def _frequent_pairs(prepared: Sequence[_Prepared], config: GovernmentConfig) -> list[Pair]:
    seen: Counter[Pair] = Counter()
    for sketch, given in prepared:
        for place, slot in enumerate(given):
            if slot is not None and slot.case and sketch.heads[place] < 0:
                seen[slot.preposition, slot.case] += 1
    ranked = sorted(seen, key=lambda pair: (-seen[pair], pair))
    return ranked[: config.pairs]


class _Growing(dict[Any, int]):
    """Gives every trait that is asked for a row."""

    def get(self, key: Any, default: Any = 0) -> int:
        return self.setdefault(key if isinstance(key, str) else "|".join(key), len(self) + 1)


def _traits(prepared: Sequence[_Prepared], config: GovernmentConfig) -> list[str]:
    """The traits that are met often enough, by the observed slots."""
    grown = _Growing()
    table = Table([NOMINATIVE], [], np.zeros((1, 1), np.int32), [0], {}, frozenset(), frozenset())
    table.rows = table.small = grown
    counts: Counter[int] = Counter()
    for sketch, given in prepared:

        def observe(
            place: int, rows: list[int], of: tuple[str, ...], given: _Slots = given
        ) -> tuple[Pair, bool]:
            slot = given[place]
            if slot is None or not slot.case:
                return ("", ""), False
            counts.update(rows)
            pair = (slot.preposition, slot.case)
            counts.update(table.number(pair, of))
            return pair, slot.number == "Plur"

        nothing = [None] * len(given)
        choose(sketch, stands(sketch, nothing, table), nothing, table, observe)
        for rows, _ in _joints(sketch, given, table):
            counts.update(rows)
    for sketch, _ in prepared:
        _forget(sketch)
    return sorted(
        trait
        for trait, row in grown.items()
        if counts[row] >= (config.min_bigram if trait[:2] in ("x|", "y|") else config.min_count)
    )


def _forget(sketch: Sketch) -> None:
    """Undoes what a table noted at words of its own."""
    for word in sketch.words:
        word.roles = None


def _joints(sketch: Sketch, given: _Slots, table: Table) -> list[tuple[list[int], bool]]:
    """Modifiers with a noun after them: the rows of each, and whether the two belong together."""
    found: list[tuple[list[int], bool]] = []

    def joins(words: Sequence[Forms], place: int, noun: int) -> bool:
        right = _agree(given[place], given[noun])
        if right is not None:
            found.append((joining(words, place, noun, table), right))
        return right is not False

    Sketch(sketch.frame, sketch.words, joins)
    return found


@dataclass(frozen=True, slots=True)
class _Lesson:
    """A scene with all of it that does not change while it is learned from."""

    sketch: Sketch
    given: _Slots
    nothing: _Slots
    found: list[Stand | None]
    joints: list[tuple[list[int], bool]]


class _Learner:
    """The perceptron: weights, and what their average lacks."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        traits: Sequence[str],
        participles: dict[str, str],
        config: GovernmentConfig,
    ) -> None:
        self.config = config
        self.steps = 1
        rows = len(traits) + 1
        self.late = np.zeros((rows, len(pairs)), np.int64)
        self.late_plural = [0] * rows
        scores = np.zeros((rows, len(pairs)), np.int32)
        self.now = Table(pairs, traits, scores, [0] * rows, participles, frozenset(), frozenset())

    def lesson(self, sketch: Sketch, given: _Slots) -> _Lesson:
        """What one scene teaches."""
        nothing: _Slots = [None] * len(given)
        found = stands(sketch, nothing, self.now)
        return _Lesson(sketch, given, nothing, found, _joints(sketch, given, self.now))

    def see(self, lesson: _Lesson) -> None:
        """One scene."""
        table, margin = self.now, self.config.margin
        given = lesson.given
        scores, late = table.scores, self.late
        pairs, index = table.pairs, table.index

        def decide(place: int, rows: list[int], of: tuple[str, ...]) -> tuple[Pair, bool]:
            self.steps = step = self.steps + 1
            total = scores.take(rows, 0).sum(0)
            best = int(total.argmax())
            slot = given[place]
            if slot is None or not slot.case:
                return pairs[best], False
            right = index.get((slot.preposition, slot.case), -1)
            known = [row for row in rows if row]
            if right >= 0:
                lead = int(total[right])
                total[right] -= 1 << 20
                rival = int(total.argmax())
                if lead - int(total[rival]) < margin:
                    scores[known, right] += 1
                    scores[known, rival] -= 1
                    late[known, right] += step
                    late[known, rival] -= step
            known += table.number((slot.preposition, slot.case), of)
            is_plural = slot.number == "Plur"
            if slot.number:
                self._move(known, is_plural)
            return pairs[best], is_plural

        choose(lesson.sketch, lesson.found, lesson.nothing, table, decide)
        for rows, right in lesson.joints:
            self._move(rows, right)
        table.plural[0] = 0

    def _move(self, rows: list[int], up: bool) -> None:
        """Makes sure of the sign of a sum of points."""
        plural, late, step = self.now.plural, self.late_plural, self.steps
        points = sum(plural[row] for row in rows if row)
        if (points if up else -points) < self.config.margin:
            sign = 1 if up else -1
            for row in rows:
                plural[row] += sign
                late[row] += sign * step

    def table(self, indoors: frozenset[str], impersonal: frozenset[str]) -> Table:
        """The average, in stored units, without what is near nothing."""
        now, config = self.now, self.config
        mean = config.scale * (now.scores - self.late / self.steps)
        scores = np.rint(mean).astype(np.int32)
        scores[np.abs(scores) < config.floor] = 0
        points = config.scale * (np.array(now.plural) - np.array(self.late_plural) / self.steps)
        plural = np.clip(np.rint(points), -127, 127).astype(np.int32)
        held = (scores != 0).any(1) | (plural != 0)
        kept = [0, *(k for k in np.nonzero(held)[0].tolist() if k)]
        scores = np.clip(scores[kept], -127, 127)
        scores[0] = 0
        return Table(
            now.pairs,
            [now.traits[k - 1] for k in kept[1:]],
            scores,
            [0, *plural[kept[1:]].tolist()],
            now.participles,
            indoors,
            impersonal,
        )


def _participles(scenes: Iterable[Scene]) -> dict[str, str]:
    """The kind of participle that each verb is met in most, where it is not the usual one."""
    seen: dict[str, Counter[str]] = {}
    for outline, spellings in scenes:
        for item, spelling in zip(outline.items, spellings, strict=True):
            if isinstance(item, Item) and item.lexeme.kind == "T":
                kind = _participle(spelling.lower())
                if kind:
                    seen.setdefault(item.lexeme.lemma, Counter())[kind] += 1
    found = {}
    for lemma in sorted(seen):
        kind = max(sorted(seen[lemma]), key=seen[lemma].__getitem__)
        if seen[lemma][kind] > 1 and kind != Forms(Lexeme(lemma, "T")).participle:
            found[lemma] = kind
    return found


@cache
def _participle(spelling: str) -> str:
    for parse in dictionary().parse(spelling):
        if parse.tag.POS == "PRTF":
            return f"{parse.tag.voice} {parse.tag.tense}"
    return ""


def _impersonal(scenes: Iterable[Scene]) -> frozenset[str]:
    """Adjectives whose short form is mostly the neuter: by two more than by all else together."""
    seen: Counter[str] = Counter()
    for outline, spellings in scenes:
        for item, spelling in zip(outline.items, spellings, strict=True):
            if isinstance(item, Item) and item.lexeme.kind == "S":
                forms = _forms(item.lexeme)
                if not forms.participle:
                    seen[item.lexeme.lemma] += 1 if spelling.lower() == forms.form("Neut") else -1
    return frozenset(lemma for lemma, lead in seen.items() if lead > 1)


def _indoors(scenes: Iterable[Scene]) -> frozenset[str]:
    """Nouns that are met more often in the locative of «в лесу» than in the other."""
    seen: Counter[str] = Counter()
    for outline, spellings in scenes:
        given = hints(outline.items)
        for item, slot, spelling in zip(outline.items, given, spellings, strict=True):
            if not isinstance(item, Item) or slot is None or item.lexeme.kind not in "NP":
                continue
            if (slot.case, slot.number) == ("Loc", "Sing") and slot.preposition in ("в", "на"):
                table = _forms(item.lexeme).table
                place, plain = table.get("PlaceSing"), table.get("LocSing")
                if place and place != plain:
                    lower = spelling.lower()
                    place, plain = place.lower(), (plain or "").lower()
                    seen[item.lexeme.lemma] += (lower == place) - (lower == plain)
    return frozenset(lemma for lemma, lead in seen.items() if lead > 0)


@cache
def _forms(lexeme: Lexeme) -> Forms:
    return Forms(lexeme)
