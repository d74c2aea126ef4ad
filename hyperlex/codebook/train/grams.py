"""Step 2: all runs of units that recur inside spans, counted level by level (Agrawal & Srikant
1994: a run can only be frequent if both runs one shorter are).

A gram of one unit is the unit's own id; longer grams are numbered after the units, shorter ones
first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.edges import closes_at, first_class, opens_at
from hyperlex.codebook.train.stream import UnitStream

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Level:
    """Where grams of one length stand in the corpus, legal places only (word edges on both sides).

    Attributes:
        length: units in each gram.
        first, stop: the range of gram ids of this length.
        places: int32 [occurrences], ascending positions of the first unit.
        grams: int32 [occurrences], the gram at each place.
    """

    length: int
    first: int
    stop: int
    places: NDArray[np.int32]
    grams: NDArray[np.int32]


@dataclass(frozen=True)
class Grams:
    """All frequent grams of a corpus.

    Attributes:
        units: how many distinct units there are; a gram id below it is a unit.
        levels: grams of 2, 3, … units.
        prefix, suffix: int32 [grams], the gram without its last, or first, unit (-1 for units).
        last: int32 [grams], the last unit of each gram (the unit itself for units).
        length: uint8 [grams].
        weight: float32 [units of the corpus], the weight of each place (its domain's).
    """

    units: int
    levels: list[Level]
    prefix: NDArray[np.int32]
    suffix: NDArray[np.int32]
    last: NDArray[np.int32]
    length: NDArray[np.uint8]
    weight: NDArray[np.float32]

    def spell(self, gram: int) -> list[int]:
        """The units of a gram."""
        result = []
        while gram >= 0:
            result.append(int(self.last[gram]))
            gram = int(self.prefix[gram])
        return result[::-1]


def count_grams(
    stream: UnitStream,
    texts: list[str],
    weight: NDArray[np.float32],
    *,
    max_units: int,
    min_count: int,
    min_documents: int,
) -> Grams:
    """Count grams of up to `max_units` units that occur `min_count` times in `min_documents`
    documents, at least.

    Args:
        texts: the text of each distinct unit.
        weight: float32 [units], the weight of each place.
    """
    ids, size = stream.ids, len(stream.ids)
    units = len(stream.names)
    opens, closes = _edges(stream, texts)
    remaining = _remaining(stream.starts_span)
    document = np.cumsum(stream.starts_document, dtype=np.int32)
    frequent_unit = np.bincount(ids, minlength=units) >= min_count
    prefix, suffix = [np.full(units, -1, np.int32)], [np.full(units, -1, np.int32)]
    last, length = [np.arange(units, dtype=np.int32)], [np.ones(units, np.uint8)]
    levels: list[Level] = []
    total = units
    here = np.where(frequent_unit[ids], ids, -1).astype(
        np.int32
    )  # gram of the current length at each place, or -1
    for n in range(2, max_units + 1):
        places = np.flatnonzero((here[:-1] >= 0) & (here[1:] >= 0) & (remaining[:-1] >= n)).astype(
            np.int32
        )
        if n > 2:
            places = places[places + n - 1 < size]
        keys = here[places].astype(np.int64) * units + ids[places + (n - 1)]
        order = np.argsort(keys, kind="stable").astype(np.int32)
        keys, places = keys[order], places[order]
        starts = (
            np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
            if len(keys)
            else np.zeros(0, np.int64)
        )
        counts = np.diff(np.append(starts, len(keys)))
        # Places of one gram are in order, so its documents are too: count where the document
        # changes.
        changes = (
            np.concatenate([[0], np.cumsum(np.diff(document[places]) != 0)])
            if len(keys)
            else np.zeros(0, np.int64)
        )
        spread = (
            changes[starts + counts - 1] - changes[starts] + 1
            if len(keys)
            else np.zeros(0, np.int64)
        )
        kept = (counts >= min_count) & (spread >= min_documents)
        if not kept.any():
            break
        number = np.where(kept, total + np.cumsum(kept) - 1, -1)
        grams = np.repeat(number, counts).astype(np.int32)
        examples = places[starts[kept]]
        prefix.append(here[examples])
        suffix.append(here[examples + 1])
        last.append(ids[examples + (n - 1)])
        length.append(np.full(len(examples), n, np.uint8))
        places, grams = places[grams >= 0], grams[grams >= 0]
        here = np.full(size, -1, np.int32)
        here[places] = grams
        legal = opens[places] & closes[places + (n - 1)]
        places, grams = places[legal], grams[legal]
        back = np.argsort(places, kind="stable")
        levels.append(Level(n, total, total + len(examples), places[back], grams[back]))
        total += len(examples)
    return Grams(
        units,
        levels,
        np.concatenate(prefix),
        np.concatenate(suffix),
        np.concatenate(last),
        np.concatenate(length),
        weight,
    )


def _remaining(starts_span: Bools) -> NDArray[np.uint8]:
    """How many units are left in the span from each place on, the place included; at most 255."""
    size = len(starts_span)
    edges = np.append(np.flatnonzero(starts_span), size)
    stops = np.repeat(edges[1:], np.diff(edges))
    return np.minimum(stops - np.arange(size), 255).astype(np.uint8)


def _edges(stream: UnitStream, texts: list[str]) -> tuple[Bools, Bools]:
    """For each place: may a phrase begin with this unit, and may one end with it? (`edges.py`,
    asked once for each pair of kinds of unit instead of once for each place.)
    """
    kinds: dict[tuple[str, str, bool, bool], int] = {}
    samples: list[str] = []
    kind_of_unit = np.empty(len(texts), np.int64)
    for unit, text in enumerate(texts):
        key = (_kind(text[:2]), _kind(text[-2:]), text[:1].isspace(), text[-1:].isspace())
        if key not in kinds:
            kinds[key] = len(kinds)
            samples.append(text)
        kind_of_unit[unit] = kinds[key]
    kind = kind_of_unit[stream.ids]
    opens = np.ones(len(kind), np.bool_)
    closes = np.ones(len(kind), np.bool_)
    # A pair is joined as «before» + «after»; a lone hyphen needs the unit beyond it as well, so
    # triples are asked.
    triple = (kind[:-2] * len(kinds) + kind[1:-1]) * len(kinds) + kind[2:]
    met, inverse = np.unique(triple, return_inverse=True)
    answers = np.empty((len(met), 2), np.bool_)
    for row, code in enumerate(met.tolist()):
        a, b, c = (
            samples[k]
            for k in (code // len(kinds) ** 2, code // len(kinds) % len(kinds), code % len(kinds))
        )
        answers[row] = opens_at(a + b + c, len(a + b)), closes_at(a + b + c, len(a))
    opens[2:], closes[:-2] = answers[inverse, 0], answers[inverse, 1]
    closes[-2:] = False
    blank_or_inner = np.array([not t.strip() or (t[0] in "-'’" and len(t) > 1) for t in texts])
    ends_blank = np.array([t[-1:].isspace() or not t for t in texts])
    return opens & ~blank_or_inner[stream.ids], closes & ~ends_blank[stream.ids]


def _kind(two: str) -> str:
    """Characters as classes; hyphens and apostrophes count as themselves."""
    return "".join(
        "-" if c in "-'’" else "s" if c in " \u00a0" else "n" if c.isspace() else first_class(c)[0]
        for c in two
    )
