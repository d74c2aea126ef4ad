"""Step 2: all runs of units that recur inside spans, counted level by level (Agrawal & Srikant
1994: a run can only be frequent if both runs one shorter are).

A gram of one unit is the unit's own id; longer grams are numbered after the units, shorter ones
first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.edges import SAMPLES, closes_at, opens_at, sample_of
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
    """For each place: may a phrase begin with this unit, and may one end with it?

    `edges.py` looks at two characters on each side, and never beyond the document: it is asked once
    for each way in which those can be, and each edge between units looks its answer up.
    """
    may_open, may_close = _answers()
    heads = np.array([[_code(t[:1]), _code(t[1:2])] for t in texts], np.int16).reshape(-1, 2)
    tails = np.array([[_code(t[-1:]), _code(t[-2:-1])] for t in texts], np.int16).reshape(-1, 2)
    ids, starts = stream.ids, stream.starts_document
    right, right_second = heads[ids].T
    left, left_second = _shifted(tails[ids].T, 1)
    left[starts] = left_second[starts] = 0
    # A unit of one character has no second one: it is that of the neighbour, if there is one.
    left_second = np.where(left_second > 0, left_second, np.where(left > 0, _shifted(left, 1), 0))
    following = _shifted(np.where(starts, 0, right), -1)
    right_second = np.where(right_second > 0, right_second, following)
    code = ((left_second * _WAYS + left) * _WAYS + right) * _WAYS + right_second
    blank = np.array([not text.strip() for text in texts], np.bool_)
    ends_blank = np.array([text[-1:].isspace() or not text for text in texts], np.bool_)
    opens = may_open[code] & ~blank[ids]
    closes = np.append(may_close[code[1:]] | starts[1:], True)[: len(ids)] & ~ends_blank[ids]
    return opens, closes


_WAYS = len(SAMPLES) + 1  # kinds of characters, and none at all, which is 0


def _code(character: str) -> int:
    return SAMPLES.index(sample_of(character)) + 1 if character else 0


def _answers() -> tuple[Bools, Bools]:
    """`opens_at` and `closes_at` between any two characters and any two, by their codes."""
    opens, closes = [], []
    for before, last, first, after in product(("", *SAMPLES), repeat=4):
        text, at = before + last + first + after, len(before + last)
        opens.append(bool(first) and opens_at(text, at))
        closes.append(bool(last) and closes_at(text, at))
    return np.array(opens, np.bool_), np.array(closes, np.bool_)


def _shifted(rows: NDArray[np.int16], by: int) -> NDArray[np.int16]:
    """The last axis moved `by` places to the right (or the left), with 0 where nothing comes in."""
    result = np.zeros_like(rows)
    if by > 0:
        result[..., by:] = rows[..., :-by]
    else:
        result[..., :by] = rows[..., -by:]
    return result
