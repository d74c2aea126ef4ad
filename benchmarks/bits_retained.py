"""Rows of M1: how much less a text says after its code, by rung, with its controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.asking import CONTENT, REST, TEXT, Floats, asked, by_block, chosen, per
from benchmarks.decoder import Decoder, Sequences
from benchmarks.meaning import CONTROL, LADDER, Row, row
from benchmarks.passages import RUNGS, Passage
from hyperlex.ladder.encode import VERBATIM
from hyperlex.measure.baselines import shuffled_codes
from hyperlex.measure.bootstrap import BLOCK_UNIT, Bootstrap
from hyperlex.measure.conditional import Given
from hyperlex.measure.parts import content_spans, shares
from hyperlex.measure.retained import bits_removed_per_id, bits_retained
from hyperlex.word import iter_sentences

UNCODED, MODEL = "decoder without codes", "model that it began as"
EXACT = "the exact text as its own code"
Codes = list[Sequence[int]]
"""A code for each scene of a window."""


@dataclass(frozen=True)
class Window:
    """Some scenes of a block that are scored together.

    Attributes:
        block: the number of the block.
        before: exact ids that stand before them, int64.
        passage: the scenes, coded by themselves.
        content: float64 [T], how much of each token is content words.
    """

    block: int
    before: NDArray[np.int64]
    passage: Passage
    content: Floats

    @property
    def scenes(self) -> int:
        return len(self.passage.begins)


def windows_of(number: int, text: str, domain: str, sequences: Sequences) -> Iterator[Window]:
    """A block cut into runs of scenes, but for the first, which has nothing before it."""
    whole = sequences.coder.passage(text, domain)
    first = sequences.scenes_from(whole, 0)
    while first < len(whole.begins):
        last = sequences.scenes_from(whole, first)
        begin = whole.edge(first)
        part = text[whole.character(begin) : whole.character(whole.edge(last))]
        passage = sequences.coder.passage(part, domain)
        words = (word for sentence in iter_sentences(part) for word in sentence.words)
        content = shares(part, passage.stops, content_spans(words))
        before = whole.ids[max(0, begin - sequences.lengths.before) : begin]
        yield Window(number, before, passage, content)
        first = last


def uncoded(windows: Sequence[Window], sequences: Sequences) -> list[Given]:
    """Plain text: what the decoder reads where it has no code, and what the model began with."""
    return [sequences.told(window.before, [window.passage.ids], None) for window in windows]


class Retained:
    """M1 of one decoder.

    Args:
        decoder: trained.
        sequences: as it was trained with.
        windows: of held-out text.
        alone: bits of the ids of each window for the model that the decoder began as.
        domains: of each block.
    """

    def __init__(
        self,
        decoder: Decoder,
        sequences: Sequences,
        windows: Sequence[Window],
        alone: Sequence[Floats],
        domains: Sequence[str],
    ) -> None:
        self._decoder, self._sequences = decoder, sequences
        self._windows, self._domains = windows, domains
        self._owners = [window.block for window in windows]
        self._scenes = self._sums([window.scenes for window in windows])
        self._model = self._parts(alone)
        self._uncoded = self._parts(self._ask(uncoded(windows, sequences)))

    def rows(self) -> Iterator[Row]:
        """What texts say without codes, then what codes keep of it."""
        yield from self._plain_rows()
        for rung in (*RUNGS, VERBATIM):
            codes = [
                self._sequences.codes(window.passage, 0, window.scenes, rung)
                for window in self._windows
            ]
            system = EXACT if rung == VERBATIM else LADDER
            given = self._given(codes)
            coded = self._parts(self._ask(given))
            yield from self._kept_rows(system, f"rung {rung}", coded)
            yield from self._cost_rows(system, f"rung {rung}", coded, given)
            strange = self._parts(self._ask(self._given(self._of_other_blocks(codes))))
            yield from self._kept_rows(CONTROL, f"rung {rung}", strange)

    def _plain_rows(self) -> Iterator[Row]:
        characters = self._sums([len(window.passage.text) for window in self._windows])
        exact = self._sums([len(window.passage.ids) for window in self._windows])
        for domain, here in chosen(self._domains):
            counts = {
                UNCODED: self._uncoded[TEXT][here],
                MODEL: self._model[TEXT][here],
                "characters": characters[here],
                "exact": exact[here],
                "scenes": self._scenes[here],
            }
            drawn = Bootstrap(counts, unit=BLOCK_UNIT)
            for system in (UNCODED, MODEL):
                found = drawn.interval(per(system, "characters"))
                yield row("M1", domain, system, "", "bits per character", found)
            found = drawn.interval(per("exact", "scenes"))
            yield row("M1", domain, "exact lane", "", "ids per scene", found)

    def _kept_rows(self, system: str, rate: str, coded: dict[str, Floats]) -> Iterator[Row]:
        for domain, here in chosen(self._domains):
            for part in (TEXT, CONTENT, REST):
                sums = [each[part][here] for each in (coded, self._uncoded, self._model)]
                found = bits_retained(sums[0], sums[1], sums[2])
                yield row("M1", domain, system, rate, f"bits retained, {part}", found)

    def _cost_rows(
        self, system: str, rate: str, coded: dict[str, Floats], given: Sequence[Given]
    ) -> Iterator[Row]:
        """Ids of codes with all their markers, and what each saves."""
        ids = self._sums(
            [
                len(each) - 1 - len(window.before) - len(window.passage.ids)
                for each, window in zip(given, self._windows, strict=True)
            ]
        )
        for domain, here in chosen(self._domains):
            sums = [each[TEXT][here] for each in (coded, self._uncoded, self._model)]
            found = bits_removed_per_id(sums[0], sums[1], sums[2], ids[here])
            yield row("M1", domain, system, rate, "bits removed per id", found)
            counts = {"ids": ids[here], "scenes": self._scenes[here]}
            drawn = Bootstrap(counts, unit=BLOCK_UNIT)
            found = drawn.interval(per("ids", "scenes"))
            yield row("M1", domain, system, rate, "ids per scene", found)

    def _given(self, codes: Sequence[Codes]) -> list[Given]:
        """Each scene after its code; codes of a shorter window are used again."""
        return [
            self._sequences.told(
                window.before,
                window.passage.pieces(0, window.scenes),
                [own[place % len(own)] for place in range(window.scenes)],
            )
            for window, own in zip(self._windows, codes, strict=True)
        ]

    def _of_other_blocks(self, codes: Sequence[Codes]) -> list[Codes]:
        """The control: each window gets the codes of a window of another block."""
        held: dict[int, list[Codes]] = {}
        for owner, own in zip(self._owners, codes, strict=True):
            held.setdefault(owner, []).append(own)
        other = dict(zip(held, shuffled_codes(list(held)), strict=True))
        return [
            held[other[owner]][place % len(held[other[owner]])]
            for place, owner in enumerate(self._owners)
        ]

    def _ask(self, given: Sequence[Given]) -> list[Floats]:
        return asked(self._decoder, given)

    def _parts(self, bits: Sequence[Floats]) -> dict[str, Floats]:
        """Bits of each part of the text, summed over blocks."""
        pairs = [(each, window.content) for each, window in zip(bits, self._windows, strict=True)]
        return {
            TEXT: self._sums([float(each.sum()) for each, _ in pairs]),
            CONTENT: self._sums([float(each @ content) for each, content in pairs]),
            REST: self._sums([float(each @ (1 - content)) for each, content in pairs]),
        }

    def _sums(self, values: Sequence[float]) -> Floats:
        return by_block(self._owners, values, len(self._domains))
