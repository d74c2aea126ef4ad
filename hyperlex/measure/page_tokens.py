"""What the page shows of tokens: how long they are, where they go, and a passage cut by each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from hyperlex.measure.axis import Axis, Tick
from hyperlex.measure.report import Histogram, PassageCut
from hyperlex.measure.words import word_spans
from hyperlex.visible import PART

SEVERAL, WHOLE, PIECE, SIGN = "several", "whole", "piece", "sign"

COVERAGE = {
    SEVERAL: "several words, or parts of them",
    WHOLE: "a whole word",
    PIECE: "a part of a word",
    SIGN: "a sign or a space",
}
"""What a token of a passage covers."""


@dataclass(frozen=True, slots=True)
class Part:
    """The tokens of one class.

    Attributes:
        start, width: of its bar, in percent of the axis.
        height: in percent of the tallest bar of all tokenizers.
        tokens, percent: how many, and which part of all tokens of the tokenizer.
    """

    name: str
    start: str
    width: str
    height: str
    tokens: int
    percent: str


@dataclass(frozen=True, slots=True)
class Bars:
    """The tokens of one tokenizer by class.

    Attributes:
        total: of its tokens.
        median: the class of the token in the middle.
        parts: all classes that any tokenizer has, in one order.
    """

    tokenizer: str
    total: int
    median: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Histograms:
    """Bars of all tokenizers over one axis of tokens.

    Attributes:
        step: length of a step of the axis, in percent of it.
        highest: the share of the tallest bar, in percent.
    """

    classes: tuple[str, ...]
    bars: tuple[Bars, ...]
    step: str
    ticks: tuple[Tick, ...]
    highest: str


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the passage.

    Attributes:
        lead: the space that leads it: it stands before the colour, or lines would end in slivers.
        shown: all of it on one line, with its spaces made visible.
        kind: one of `COVERAGE`.
        id: its number in the vocabulary.
    """

    lead: str
    text: str
    shown: str
    kind: str
    hyper: bool
    id: int


@dataclass(frozen=True, slots=True)
class Pane:
    """The passage under one tokenizer.

    Attributes:
        torn: whether a token of it ends inside a character.
    """

    tokenizer: str
    tokens: tuple[Token, ...]
    torn: bool


def histograms(found: Sequence[Histogram]) -> Histograms:
    """Bars for tables of one kind, side by side over the longest of them and on top of each other.

    A class that a tokenizer does not name has no tokens there.
    """
    classes = tuple(dict.fromkeys(name for histogram in found for name in histogram.tokens))
    totals = [sum(histogram.tokens.values()) for histogram in found]
    axis = Axis.over(totals, zero=True)
    shares = (
        count / total
        for histogram, total in zip(found, totals, strict=True)
        for count in histogram.tokens.values()
        if total
    )
    tallest = max(shares, default=0.0)
    bars = tuple(_bars(histogram, classes, axis, tallest) for histogram in found)
    ticks = axis.ticks() if axis else ()
    return Histograms(classes, bars, axis.step if axis else "", ticks, _percent(tallest))


def _bars(histogram: Histogram, classes: Sequence[str], axis: Axis | None, tallest: float) -> Bars:
    counts = [histogram.tokens.get(name, 0) for name in classes]
    total = sum(counts)
    ends = list(accumulate(counts, initial=0))
    parts = tuple(
        Part(
            name,
            axis.at(start) if axis else "",
            axis.at(count) if axis else "",
            f"{100 * count / total / tallest:.2f}%" if total and tallest else "0%",
            count,
            _percent(count / total) if total else "",
        )
        for name, start, count in zip(classes, ends[:-1], counts, strict=True)
    )
    middle = [name for name, end in zip(classes, ends[1:], strict=True) if 2 * end >= total > 0]
    return Bars(histogram.tokenizer, total, middle[0] if middle else "", parts)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def panes(text: str, cuts: Sequence[PassageCut]) -> list[Pane]:
    """A passage under each tokenizer."""
    words = [(int(start), int(stop)) for start, stop in word_spans(text)]
    return [
        Pane(cut.tokenizer, tuple(_tokens(cut, words)), not all(run.text for run in cut.runs))
        for cut in cuts
    ]


def _tokens(cut: PassageCut, words: Sequence[tuple[int, int]]) -> Iterator[Token]:
    stop, inside = 0, False
    for run in cut.runs:
        start, stop = stop, stop + len(run.text)
        whole = not inside and any(start <= a < b <= stop for a, b in words)
        if run.words > 1:
            kind = SEVERAL
        elif not run.text:
            kind = PIECE
        else:
            kind = (WHOLE if whole else PIECE) if run.words else SIGN
        # What the next token completes was begun by this one.
        inside = not run.text
        lead = " " if re.match(r" \S", run.text) else ""
        shown = run.text.replace(" ", "␣").replace("\n", "⏎") or PART
        yield Token(lead, run.text.removeprefix(lead), shown, kind, run.hyper, run.id)
