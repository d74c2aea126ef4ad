"""Text to ids at given rungs: the street of the encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from hyperlex.ladder.code import SceneCode, Vocabulary
from hyperlex.ladder.foreign import fenced, to_the_letter, touches
from hyperlex.ladder.inflected import Inflector
from hyperlex.ladder.lexicon import EXACT, TEXT
from hyperlex.ladder.outline import Lexeme, Literal, run_together
from hyperlex.ladder.outliner import IdGroup, Outliner, best, floor, telling
from hyperlex.ladder.reading import Reading, by_own_words, lexeme_of, read
from hyperlex.ladder.remember import Remembered
from hyperlex.scene.fillers import head_of
from hyperlex.scene.scene import Scene
from hyperlex.types import Span

INFLECTED, VERBATIM = 3, 4
"""Rungs that tell the text in its own order, not scene by scene."""

_TRIES = 4
"""So often at most a text is told with foreign scenes in it, fewer each time."""

_STRETCHES = 1 << 12
"""Stretches of a text whose ids are remembered: some for each of its sentences."""


@dataclass(frozen=True, slots=True)
class Told:
    """How one scene is told.

    Attributes:
        rung: 0 (left out) to 4.
        groups: of its outline, places of the groups that are told; empty at rungs 3 and 4.
    """

    rung: int
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class Encoder:
    """Makes codes of texts.

    Args:
        vocabulary: what ids mean.
        spell: ids of a text in the exact lane.
        outliner: rungs 1 and 2.
        inflector: rung 3.
    """

    vocabulary: Vocabulary
    spell: Callable[[str], list[int]]
    outliner: Outliner
    inflector: Inflector

    def read(self, text: str, scenes: Sequence[Scene]) -> Draft:
        """A text taken apart, to be encoded at one rung or several."""
        return Draft(self, text, tuple(scenes))


@dataclass(frozen=True)
class Draft:
    """A text with its scenes, before it is decided how each is told."""

    encoder: Encoder
    text: str
    scenes: tuple[Scene, ...]

    @cached_property
    def readings(self) -> list[Reading]:
        """What the lower rungs see of each scene. One without letters (a rule of a table) is as
        foreign as the one before it. What a literal of one scene holds is no item of another. One
        without an item («Да.», «А вы?») is told by its own words, and code between fences is
        foreign whatever its comments are written in.
        """
        readings: list[Reading] = []
        fences = fenced(self.text)
        foreign = not any("а" <= c <= "я" for c in self.text.lower())
        claimed: list[Span] = []
        for scene in self.scenes:
            reading = read(scene, self.text)
            foreign = foreign if reading.foreign is None else reading.foreign
            foreign = foreign or touches(fences, scene.span)
            claimed = [span for span in claimed if span.stop > scene.span.start]
            if not reading.found:
                reading = by_own_words(scene, self.text, reading)
            found = tuple(
                one
                for one in reading.found
                if not any(s.start <= one.span.start and one.span.stop <= s.stop for s in claimed)
            )
            readings.append(Reading(reading.frame, found, foreign))
            claimed += [one.span for one in found if isinstance(one.item, Literal)]
        return readings

    @cached_property
    def groups(self) -> list[list[IdGroup]]:
        """The groups of rung 2 of each scene; none for a foreign one."""
        outliner = self.encoder.outliner
        return [
            [] if reading.foreign else outliner.groups(reading, self.text)
            for reading in self.readings
        ]

    @cached_property
    def about(self) -> list[int | None]:
        """Of each scene the place of the group that tells its head."""
        return [
            telling(head_of(scene), groups)
            for scene, groups in zip(self.scenes, self.groups, strict=True)
        ]

    @cached_property
    def lexemes(self) -> dict[str, Lexeme]:
        """The lexeme of each spelling of the text, in lower case: the first that it was read as,
        inside quotations as well.
        """
        found: dict[str, Lexeme] = {}
        for scene in self.scenes:
            for word in scene.words:
                lower = word.text.lower()
                if lower not in found and (lexeme := lexeme_of(word)) is not None:
                    found[lower] = lexeme
        return found

    def at_rung(self, rung: int) -> list[Told]:
        """Every scene told by one rung; a foreign one exactly."""
        if rung == VERBATIM:
            return [Told(VERBATIM)] * len(self.scenes)
        if rung == INFLECTED:
            return self._inflected
        return [
            self._outlined(scene, rung == 1) if not reading.foreign else Told(VERBATIM)
            for scene, reading in enumerate(self.readings)
        ]

    def _outlined(self, scene: int, briefly: bool) -> Told:
        """A scene at rung 1 or 2; one that says nothing there, of emoji, is left out."""
        if self.readings[scene].says_nothing:
            return Told(0)
        groups = self.groups[scene]
        if briefly:
            return Told(1, tuple(best(groups, self.about[scene])))
        return Told(2, tuple(range(len(groups))))

    @cached_property
    def _inflected(self) -> list[Told]:
        """Rung 3. A foreign scene behind others is told in their manner where it stands to the
        letter in what is decoded, for two changes of manner are two ids; the rest exactly.
        """
        told = [Told(VERBATIM if one.foreign else INFLECTED) for one in self.readings]
        first = next((k for k, how in enumerate(told) if how.rung == INFLECTED), len(told))
        tried = {k for k in range(first, len(told)) if told[k].rung == VERBATIM}
        for _ in range(_TRIES):
            if not tried:
                break
            trial = [Told(INFLECTED) if k in tried else how for k, how in enumerate(told)]
            decoded = self.encode(trial).decode()
            kept = {
                scene
                for scene in tried
                if all(to_the_letter(self.text, decoded, self.scenes[scene].segments))
            }
            if kept == tried:
                return trial
            tried = kept
        return told

    def at_floor(self) -> list[Told]:
        """Nothing but what is protected; a scene without it is left out."""
        return [
            Told(VERBATIM) if reading.foreign else Told(int(bool(kept)), tuple(kept))
            for reading, kept in zip(self.readings, map(floor, self.groups), strict=True)
        ]

    def together(self, scenes: Sequence[int], rung: int) -> int:
        """Ids of adjoining scenes at rung 3 or 4 by themselves, their marker among them."""
        segments = [segment for scene in scenes for segment in self.scenes[scene].segments]
        span = Span(min(s.start for s in segments), max(s.stop for s in segments))
        return 1 + len(self._running((rung, span, ())))

    def encode(self, told: Sequence[Told]) -> SceneCode:
        """The code of the text, each scene told as is asked."""
        ids: list[int] = []
        places: dict[int, Span] = {}
        offset = self.encoder.vocabulary.offset
        manner = VERBATIM
        for run in _runs(self.scenes, told, len(self.text)):
            start = len(ids)
            if run.rung < INFLECTED:
                groups = self.groups[run.scenes[0]]
                ids += self._in_order([groups[place] for place in told[run.scenes[0]].groups])
                manner = run.rung
            else:
                if manner != run.rung:
                    ids.append(offset + (TEXT if run.rung == INFLECTED else EXACT))
                manner = run.rung
                ids += self._running((run.rung, Span(run.start, run.stop), self._kept(run)))
            for scene in run.scenes:
                begun = places[scene].start if scene in places else start
                places[scene] = Span(begun, len(ids))
        nowhere = Span(len(ids), len(ids))
        return SceneCode(
            tuple(ids),
            self.scenes,
            tuple(one.rung for one in told),
            tuple(places.get(scene, nowhere) for scene in range(len(self.scenes))),
            self.text,
            self.encoder.vocabulary,
        )

    def _in_order(self, groups: Sequence[IdGroup]) -> list[int]:
        """The ids of groups, a comma between two numbers that would be read as one."""
        ids: list[int] = []
        for place, group in enumerate(groups):
            if place and run_together(groups[place - 1].literal, group.literal):
                ids += self.encoder.spell(",")
            ids += group.ids
        return ids

    def _kept(self, run: _Run) -> tuple[str, ...]:
        """What a run of rung 3 keeps to the letter: its foreign scenes."""
        if run.rung != INFLECTED:
            return ()
        foreign = [
            segment
            for scene in run.scenes
            if self.readings[scene].foreign
            for segment in self.scenes[scene].segments
        ]
        return tuple(filter(None, (span.of(self.text).strip() for span in sorted(foreign))))

    @cached_property
    def _running(self) -> Remembered[tuple[int, Span, tuple[str, ...]], list[int]]:
        """Ids of a stretch of text at rung 3 or 4, by the rung, the stretch and what it keeps.
        Remembered, for a budget is tried several times, and a talk with each turn.
        """
        return Remembered(self._made_running, _STRETCHES)

    def _made_running(self, asked: tuple[int, Span, tuple[str, ...]]) -> list[int]:
        rung, span, kept = asked
        text = span.of(self.text)
        if rung == INFLECTED:
            return self.encoder.inflector.encode(text, self.lexemes, kept)
        return self.encoder.spell(text)


@dataclass(slots=True)
class _Run:
    """A scene of rung 1 or 2, or adjoining text of rung 3 or 4."""

    rung: int
    start: int
    stop: int
    scenes: list[int]


def _runs(scenes: Sequence[Scene], told: Sequence[Told], length: int) -> list[_Run]:
    """The text cut into runs of one manner, in order; white space goes with what stands before."""
    segments = sorted(
        (segment.start, number)
        for number, scene in enumerate(scenes)
        for segment in scene.segments[: None if told[number].rung >= INFLECTED else 1]
        if told[number].rung
    )
    skipped = sorted(
        segment.start
        for number, scene in enumerate(scenes)
        for place, segment in enumerate(scene.segments)
        if told[number].rung == 0 or (place and told[number].rung < INFLECTED)
    )
    runs: list[_Run] = []
    marks = [(start, 1, number) for start, number in segments]
    marks += [(start, 0, -1) for start in skipped]
    for start, kept, number in sorted(marks):
        if runs and runs[-1].stop < 0:
            last = runs[-1]
            rung = told[number].rung if kept else 0
            if last.rung == rung and rung >= INFLECTED:
                if number not in last.scenes:
                    last.scenes.append(number)
                continue
            last.stop = start
        if kept:
            runs.append(_Run(told[number].rung, start, -1, [number]))
    if runs:
        if runs[-1].stop < 0:
            runs[-1].stop = length
        if runs[0].rung >= INFLECTED and runs[0].start == min(start for start, _, _ in marks):
            runs[0].start = 0  # white space before the first scene
    else:
        runs = [_Run(VERBATIM, 0, length, [])] if not scenes else []
    return runs
