"""What the page shows of a metric: ranking, differences to the reference, domains."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hyperlex.measure.axis import Axis, Tick
from hyperlex.measure.figures import Style, bounded, relative
from hyperlex.measure.report import MetricInfo, Report, Score


@dataclass(frozen=True, slots=True)
class Mark:
    """A dot with its whiskers, in a row that tells it in figures.

    Attributes:
        at, low, high: places in percent of the axis; "" where there is none.
        share: the difference in percent of the reference.
        verdict: of a difference: `better`, `worse`, `open` where its interval holds 0, or "".
    """

    name: str
    value: str
    bounds: str
    at: str
    low: str
    high: str
    share: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Marks over one axis.

    Attributes:
        step: length of a step of the axis, in percent of it.
        guide: place of the reference, or of no difference.
    """

    marks: tuple[Mark, ...]
    step: str
    ticks: tuple[Tick, ...]
    guide: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of one domain.

    Attributes:
        depth: 0 to 1, the depth of its colour.
    """

    value: str
    bounds: str
    depth: float


@dataclass(frozen=True, slots=True)
class Panel:
    """All that is shown of one metric.

    Attributes:
        reference: name of the mark that differences are taken from; "" where it is alone.
    """

    metric: MetricInfo
    note: str
    reference: str
    ranking: Chart
    differences: Chart | None
    domains: tuple[tuple[str, tuple[Cell, ...]], ...]


def panel(report: Report, metric: MetricInfo) -> Panel:
    """All that the page shows of one metric."""
    named = dict(_named(report, metric))
    scores = dict(_sorted(named.items(), metric))
    # Models are compared to the first of them.
    reference = next(iter(named), "") if metric.scope == "model" else report.reference
    reference = reference if len(scores) > 1 and reference in scores else ""
    return Panel(
        metric,
        _note(report, metric, scores),
        reference,
        _ranking(metric, scores, scores.get(reference)),
        _differences(metric, scores, scores.get(reference)),
        tuple(_domains(report, metric, list(scores))),
    )


def _named(report: Report, metric: MetricInfo) -> Iterator[tuple[str, Score]]:
    """Names and scores in the order of the report."""
    if metric.scope == "model":
        rows = report.models.rows if report.models else ()
        found = [(f"{row.model} · {row.tokenizer}", row.scores) for row in rows]
    else:
        found = [(row.tokenizer, row.scores) for row in report.rows]
    return ((name, scores[metric.key]) for name, scores in found if metric.key in scores)


def _sorted(named: Iterable[tuple[str, Score]], metric: MetricInfo) -> list[tuple[str, Score]]:
    """The best first, the undefined last; in the same order where neither end is better."""
    sign = {"less": 1, "more": -1}.get(metric.better, 0)

    def rank(item: tuple[str, Score]) -> tuple[bool, float]:
        value = item[1].interval.value
        return math.isnan(value), 0.0 if math.isnan(value) else sign * value

    return sorted(named, key=rank)


def _ranking(metric: MetricInfo, scores: Mapping[str, Score], reference: Score | None) -> Chart:
    intervals = [score.interval for score in scores.values()]
    style = Style.of(metric.unit, (interval.value for interval in intervals))
    axis = Axis.over(end for i in intervals for end in (i.value, i.low, i.high))
    marks = (
        Mark(name, style(i.value), style.bounds(i), *_places(axis, score))
        for name, score in scores.items()
        for i in (score.interval,)
    )
    guide = _at(axis, reference.interval.value) if reference else ""
    return _chart(axis, tuple(marks), style, guide)


def _differences(
    metric: MetricInfo, scores: Mapping[str, Score], reference: Score | None
) -> Chart | None:
    gaps = {name: s.difference for name, s in scores.items() if s.difference is not None}
    if not gaps or reference is None:
        return None
    style = Style.of(metric.unit, (gap.value for gap in gaps.values()))
    axis = Axis.over((end for g in gaps.values() for end in (g.value, g.low, g.high)), zero=True)
    marks = []
    for name, gap in gaps.items():
        share = math.nan if metric.unit == "%" else relative(scores[name], reference)
        even = gap.value == 0 or (bounded(gap) and 0 in gap)
        better = metric.better and (gap.value > 0) == (metric.better == "more")
        verdict = "better" if better else "worse" if metric.better else ""
        marks.append(
            Mark(
                name,
                style(gap.value, signed=True),
                style.bounds(gap, signed=True),
                *_places(axis, Score(gap)),
                "" if math.isnan(share) else _signed_percent(share),
                "open" if even else verdict,
            )
        )
    return _chart(axis, tuple(marks), style, _at(axis, 0.0))


def _chart(axis: Axis | None, marks: tuple[Mark, ...], style: Style, guide: str) -> Chart:
    if axis is None:
        return Chart(marks, "100%", (), guide)
    return Chart(marks, axis.step, axis.ticks(factor=100 if style.percent else 1), guide)


def _places(axis: Axis | None, score: Score) -> tuple[str, str, str]:
    interval = score.interval
    low, high = (interval.low, interval.high) if bounded(interval) else (math.nan, math.nan)
    return _at(axis, interval.value), _at(axis, low), _at(axis, high)


def _at(axis: Axis | None, value: float) -> str:
    return axis.at(value) if axis and math.isfinite(value) else ""


def _signed_percent(share: float) -> str:
    text = f"{abs(share):.1%}".replace("%", "\N{NO-BREAK SPACE}%")
    return ("+" if share > 0 else "−" if share < 0 else "") + text


def _note(report: Report, metric: MetricInfo, scores: Mapping[str, Score]) -> str:
    """What was drawn for the intervals of a metric."""
    if not any(bounded(score.interval) for score in scores.values()):
        return "No intervals: there was nothing to draw anew for this figure."
    settings = report.settings
    told = f"Intervals hold {100 * settings.level:g}\N{NO-BREAK SPACE}% of {settings.draws:,} draws"
    if metric.scope == "parallel":
        return f"{told} of {report.parallel:,} pairs of sentences."
    found = report.resampling if metric.scope == "all" else report.sample_resampling
    told += f" of {found.clusters:,} {found.unit}s."
    if found.unit == "block":
        told += (
            " There were too few documents to draw from, so blocks of text were drawn: where "
            "documents differ, true intervals are wider."
        )
    return told


def _domains(
    report: Report, metric: MetricInfo, order: Sequence[str]
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    """Tokenizers, in this order, with a cell for each domain."""
    table = [{row.tokenizer: row.scores.get(metric.key) for row in d.rows} for d in report.domains]
    found = [score for column in table for score in column.values() if score is not None]
    values = [score.interval.value for score in found if math.isfinite(score.interval.value)]
    if not values:
        return
    style = Style.of(metric.unit, values)
    for name in order:
        yield (
            name,
            tuple(_cell(column.get(name), style, values, metric.better) for column in table),
        )


def _cell(score: Score | None, style: Style, values: Sequence[float], better: str) -> Cell:
    if score is None:
        return Cell("", "", 0.0)
    value, low, high = score.interval.value, min(values), max(values)
    # Figures of tokenizers differ by factors; a linear scale would show one of them only.
    scale = math.log if low > 0 else float
    if not math.isfinite(value) or low == high:
        depth = 0.0
    else:
        depth = (scale(value) - scale(low)) / (scale(high) - scale(low))
        depth = 1 - depth if better == "less" else depth
    return Cell(style(value), style.bounds(score.interval), round(depth, 3))
