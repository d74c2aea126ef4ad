"""Figures in words: how many digits, percent, signs, intervals, and the sentence above them all."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.report import Report, Row, Score

NONE = "–"
"""Shown for a figure that is undefined."""

LOST = 0.001
"""Share of unknown tokens from which the headline warns of them."""

_SPACE = "\N{NO-BREAK SPACE}"
_MOST_DECIMALS = 8


@dataclass(frozen=True, slots=True)
class Style:
    """One way of writing all figures of a column, so that they can be compared down it.

    Attributes:
        percent: figures are shares, shown times 100.
        decimals: digits after the point.
    """

    percent: bool
    decimals: int

    @classmethod
    def of(cls, unit: str, values: Iterable[float]) -> Style:
        """The style of figures of a unit as `MetricInfo.unit` tells it.

        The largest is shown with four significant digits; with three where it is a share or below
        1. What is counted one by one has no decimals.
        """
        percent = unit == "%"
        found = (abs(value) for value in values if math.isfinite(value))
        largest = max(found, default=0.0) * (100 if percent else 1)
        if unit == "ids":
            return cls(percent, 0)
        if not largest:
            return cls(percent, 1 if percent else 3)
        digits = 3 if percent or largest < 1 else 4
        decimals = digits - 1 - math.floor(math.log10(largest))
        return cls(percent, min(max(decimals, int(percent)), _MOST_DECIMALS))

    def __call__(self, value: float, *, signed: bool = False) -> str:
        """`1,234`, `1.375`, `34.2 %`, or with a sign `+0.120`, `−3.1 points`."""
        if not math.isfinite(value):
            return NONE
        text = self._number(value, signed)
        if self.percent:
            return f"{text}{_SPACE}{'points' if signed else '%'}"
        return text

    def bounds(self, interval: Interval, *, signed: bool = False) -> str:
        """`1.360–1.390`, or with signs `−0.12 to +0.03`; empty where there is no interval."""
        if not bounded(interval):
            return ""
        ends = (self._number(end, signed) for end in (interval.low, interval.high))
        return (" to " if signed or interval.low < 0 else "–").join(ends)

    def _number(self, value: float, signed: bool) -> str:
        shown = round(value * (100 if self.percent else 1), self.decimals)
        sign = "−" if shown < 0 else "+" if signed and shown > 0 else ""
        return f"{sign}{abs(shown):,.{self.decimals}f}"


def bounded(interval: Interval) -> bool:
    """Whether there was something to resample."""
    return math.isfinite(interval.low) and math.isfinite(interval.high)


def relative(score: Score, reference: Score) -> float:
    """The difference to the reference, in shares of the reference; NaN where undefined."""
    if score.difference is None or not reference.interval.value:
        return math.nan
    return score.difference.value / reference.interval.value


def headline(report: Report) -> str:
    """Who needs the fewest tokens, how many, how sure that is, and against whom."""
    if not report.rows:
        return "No tokenizer could be measured."
    first, *others = report.rows
    key = "tokens_per_word"
    if key not in first.scores:
        return f"{first.tokenizer} needs the fewest tokens." if others else first.tokenizer
    style = Style.of("", (row.scores[key].interval.value for row in report.rows))
    interval = first.scores[key].interval
    bounds = style.bounds(interval)
    sure = f" ({100 * report.settings.level:g}{_SPACE}% interval {bounds})" if bounds else ""
    needs = "needs the fewest tokens:" if others else "needs"
    unit = "per word" if others else "tokens per word"
    told = f"{first.tokenizer} {needs} {style(interval.value)} {unit}{sure}"
    scenes = [row.scores.get("tokens_per_scene") for row in report.rows]
    if scenes[0] and math.isfinite(cost := scenes[0].interval.value):
        style = Style.of("", (score.interval.value for score in scenes if score))
        told += f" and {style(cost)} per scene"
    told += f"{_against(report, first, others[0], key) if others else ''}."
    if not next(t.exact for t in report.tokenizers if t.name == first.tokenizer):
        told += " But what it decodes is not the text: it needs fewer because it keeps less."
    if (lost := first.scores.get("unknown_tokens")) and lost.interval.value >= LOST:
        share = Style.of("%", [lost.interval.value])(lost.interval.value)
        told += f" But {share} of its tokens are unknown ones: text that is lost."
    return told


def _against(report: Report, first: Row, second: Row, key: str) -> str:
    """How the first stands to the reference; if it is that itself, how the second stands to it."""
    leads = first.tokenizer == report.reference
    score = (second if leads else first).scores.get(key)
    reference = report.row(report.reference).scores.get(key)
    if score is None or reference is None or score.difference is None:
        return ""
    share = relative(score, reference)
    rival = f"{second.tokenizer}, the next" if leads else f"{report.reference}, the reference"
    if bounded(score.difference) and 0 in score.difference:
        return f"; these texts do not tell it apart from {rival}"
    if not math.isfinite(share):
        return ""
    percent = f"{abs(share):.0%}".replace("%", f"{_SPACE}%")
    if leads:
        return f"; {rival}, needs {percent} more"
    return f"; that is {percent} fewer than {rival}"
