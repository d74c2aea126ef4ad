"""Rows of M4: what a shortened context is worth, the ladder's and others' of as many ids."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.asking import ALL, CONTENT, NAMES, TEXT, Floats, asked, by_block, chosen, per
from benchmarks.decoder import (
    FULL,
    LAST,
    MIXED,
    NO_CONTEXT,
    OUTLINES,
    POOLED,
    SHORTENED,
    WORDS,
    Decoder,
    Sequences,
)
from benchmarks.meaning import Row, row
from benchmarks.passages import Passage
from hyperlex.measure.baselines import shuffled_codes
from hyperlex.measure.bootstrap import BLOCK_UNIT, Bootstrap
from hyperlex.measure.parts import content_spans, known_names, shares
from hyperlex.measure.utility import context_utility, utility_lead
from hyperlex.word import iter_sentences

STRANGE = "rung 2, codes of other texts"
PARTS = (TEXT, CONTENT, NAMES)
BASELINES = (LAST, WORDS, POOLED)


@dataclass(frozen=True)
class Place:
    """A context and what follows it.

    Attributes:
        block: the number of the block.
        context: coded by itself.
        following: its exact ids, int64 [T].
        parts: for each of `PARTS` the share of each token that follows, float64 [T].
    """

    block: int
    context: Passage
    following: NDArray[np.int64]
    parts: dict[str, Floats]


def places_of(number: int, text: str, domain: str, sequences: Sequences) -> Iterator[Place]:
    """The first place of a block with a full context before it and enough after it, if any."""
    whole = sequences.coder.passage(text, domain)
    lengths = sequences.lengths
    cut = next((k for k in range(len(whole.begins)) if whole.edge(k) >= lengths.context), None)
    if cut is None or len(whole.ids) - whole.edge(cut) < lengths.following:
        return
    part = sequences.part(whole, cut)
    edge = whole.edge(cut)
    end = edge + lengths.following
    start = whole.character(edge) - len(part.text)
    seen = text[start : whole.character(end)]
    words = [word for sentence in iter_sentences(seen) for word in sentence.words]
    stops = whole.stops[edge - len(part.ids) : end] - start
    following = slice(len(part.ids), None)
    parts = {
        TEXT: np.ones(lengths.following),
        CONTENT: shares(seen, stops, content_spans(words))[following],
        NAMES: shares(seen, stops, known_names(words, len(part.text)))[following],
    }
    context = sequences.coder.passage(part.text, domain)
    yield Place(number, context, whole.ids[edge:end], parts)


class Utility:
    """M4 of one decoder.

    Args:
        decoder: trained.
        sequences: as it was trained with.
        places: in held-out text.
        domains: of each block.
    """

    def __init__(
        self,
        decoder: Decoder,
        sequences: Sequences,
        places: Sequence[Place],
        domains: Sequence[str],
    ) -> None:
        self._decoder, self._sequences = decoder, sequences
        self._places, self._domains = places, domains
        self._contexts = [place.context for place in places]
        self._without = self._bits(self._contexts, NO_CONTEXT)
        self._full = self._bits(self._contexts, FULL)
        self._held = self._sums([1.0] * len(places)) > 0

    def rows(self) -> Iterator[Row]:
        """What a full context saves, then what shortened ones do."""
        yield from self._plain_rows()
        for budget in self._sequences.lengths.budgets:
            rate = f"{budget} ids"
            bits = {system: self._bits(self._contexts, system, budget) for system in SHORTENED}
            strangers = shuffled_codes(self._contexts)
            bits[STRANGE] = self._bits(strangers, "rung 2", budget)
            for system, found in bits.items():
                yield from self._utility_rows(system, rate, found)
            for system in (*OUTLINES, *MIXED):
                for other in BASELINES:
                    yield from self._lead_rows(system, other, rate, bits)

    def _plain_rows(self) -> Iterator[Row]:
        for part in PARTS:
            counts = {
                NO_CONTEXT: self._without[part][self._held],
                FULL: self._full[part][self._held],
                "tokens": self._sums([float(p.parts[part].sum()) for p in self._places])[
                    self._held
                ],
            }
            drawn = Bootstrap(counts, unit=BLOCK_UNIT)
            for system in (NO_CONTEXT, FULL):
                found = drawn.interval(per(system, "tokens"))
                yield row("M4", ALL, system, "", f"bits per token, {part}", found)

    def _utility_rows(self, system: str, rate: str, bits: dict[str, Floats]) -> Iterator[Row]:
        for domain, here in chosen(self._domains):
            kept = here & self._held
            for part in PARTS if domain == ALL else (TEXT,):
                found = context_utility(
                    self._without[part][kept], bits[part][kept], self._full[part][kept]
                )
                yield row("M4", domain, system, rate, f"utility, {part}", found)

    def _lead_rows(
        self, system: str, other: str, rate: str, bits: dict[str, dict[str, Floats]]
    ) -> Iterator[Row]:
        for part in PARTS:
            found = utility_lead(
                self._without[part][self._held],
                bits[system][part][self._held],
                bits[other][part][self._held],
                self._full[part][self._held],
            )
            yield row("M4", ALL, system, rate, f"lead over {other}, {part}", found)

    def _bits(self, contexts: Sequence[Passage], system: str, budget: int = 0) -> dict[str, Floats]:
        """Bits of each part of what follows, summed over blocks."""
        given = [
            self._sequences.after(context, place.following, system, budget)
            for context, place in zip(contexts, self._places, strict=True)
        ]
        taken = max(
            len(each) - 1 - len(place.following)
            for each, place in zip(given, self._places, strict=True)
        )
        if budget and taken > budget:
            sys.exit(f"{system} takes {taken} places, not {budget}. No figure is written.")
        found = asked(self._decoder, given)
        pairs = list(zip(found, self._places, strict=True))
        return {
            part: self._sums([float(each @ p.parts[part]) for each, p in pairs]) for part in PARTS
        }

    def _sums(self, values: Sequence[float]) -> Floats:
        owners = [place.block for place in self._places]
        return by_block(owners, values, len(self._domains))
