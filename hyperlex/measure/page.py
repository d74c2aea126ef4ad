"""One self-contained HTML page of a finished measurement. The looks are in `page.html`.

The template escapes what comes from outside, and `_shown` makes visible what a browser would hide
or reverse. Everything essential is there without JavaScript: metrics are switched by radio buttons
and CSS, and charts stand in tables that hold their figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar

from hyperlex.measure.figures import headline
from hyperlex.measure.page_metrics import panel
from hyperlex.measure.page_tokens import COVERAGE, histograms, panes
from hyperlex.measure.report import Histogram, PassageCut, Report, WordCut
from hyperlex.visible import PART, visible

if TYPE_CHECKING:
    from jinja2 import Template

Cut = TypeVar("Cut", Histogram, PassageCut, WordCut)

SCOPES = {
    "all": "all texts",
    "sample": "analysed sample",
    "parallel": "parallel sentences",
    "model": "language models",
}

TYPES = {
    "PREF": "prefix",
    "ROOT": "root",
    "LINK": "linking vowel",
    "SUFF": "suffix",
    "END": "ending",
    "POSTFIX": "postfix",
    "HYPH": "hyphen",
}


def render(report: Report) -> str:
    """The page as HTML; the same report gives the same bytes."""
    # One order everywhere: that of the ranking.
    rank = {row.tokenizer: place for place, row in enumerate(report.rows)}

    def ranked(parts: Sequence[Cut]) -> list[Cut]:
        return sorted(parts, key=lambda part: rank[part.tokenizer])

    return _template().render(
        report=report,
        headline=headline(report),
        scopes=SCOPES,
        types=TYPES,
        panels=[panel(report, metric) for metric in report.metrics],
        lengths=histograms(ranked(report.lengths)),
        kinds=histograms(ranked(report.kinds)),
        panes=panes(report.passage.text, ranked(report.passage.cuts)) if report.passage else [],
        examples=[(example, ranked(example.cuts)) for example in report.alignments],
        coverage=COVERAGE,
        part=PART,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = files("hyperlex.measure").joinpath("page.html").read_text("utf-8")
    return environment.from_string(source)


def _shown(value: Any) -> Any:
    """What the template writes for a value: separators in numbers, and text with nothing hidden."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(value)
    return value
