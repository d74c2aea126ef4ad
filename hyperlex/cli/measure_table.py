"""A finished measurement in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from hyperlex.cli.console import stdout, table
from hyperlex.cli.render import on_one_line
from hyperlex.measure.figures import Style, headline
from hyperlex.measure.markdown import sizes
from hyperlex.measure.report import MetricInfo, Report, Score

SHOWN = {
    "characters_per_token": "characters\n/ token",
    "tokens_per_scene": "tokens\n/ scene",
    "tokens_per_word": "tokens\n/ word",
    "single_token_words": "words in\none token",
    "joint_precision": "cuts on\njoints",
    "premium": "premium\n",
}
"""Metrics of the ranking, with the heads of their columns; the others are in the files."""

WITH_INTERVAL = ("characters_per_token", "tokens_per_scene")
WIDE = 90
"""Columns of a terminal from which there is room for intervals."""

_OF_DOMAINS = "characters_per_token"


def show(report: Report, *, by_domain: bool) -> None:
    """Print the ranking and what a reader must know beside it."""
    console = stdout()
    console.print(Text.assemble("\n", (on_one_line(report.title), "bold")))
    console.print(Text(sizes(report), "dim"))
    console.print()
    console.print(Text(headline(report)))
    console.print()
    console.print(_ranking(report, console.width))
    if by_domain and report.domains:
        console.print("\nCharacters per token, by domain\n")
        console.print(_domains(report))
    if report.models:
        console.print("\nLanguage models\n")
        console.print(_models(report))
    console.print("\nWhere the tokens go, in percent\n")
    console.print(_kinds(report))
    lossy = [t.name for t in report.tokenizers if not t.exact]
    if lossy:
        names = ", ".join(map(on_one_line, lossy))
        console.print(Text(f"\nDoes not give back the text: {names}", "yellow"))
    for skipped in report.skipped:
        line = f"Skipped {on_one_line(skipped.name)}: {on_one_line(skipped.reason)}"
        console.print(Text(line, "yellow"))


def _ranking(report: Report, width: int) -> Table:
    rows = [(row.tokenizer, row.scores) for row in report.rows]
    of_key = {metric.key: metric for metric in report.metrics}
    metrics = [of_key[key] for key in SHOWN if key in of_key]
    cells = _cells(rows, metrics, WITH_INTERVAL if width >= WIDE else ())
    styled: list[list[str | Text]] = [[*line] for line in cells]
    styled[0] = [Text(cell, "bold green") for cell in cells[0]]
    return table(["tokenizer\n", *(f"#{SHOWN[m.key]}" for m in metrics)], styled)


def _models(report: Report) -> Table:
    assert report.models
    metrics = [m for m in report.metrics if m.scope == "model"]
    rows = [(f"{row.model} · {row.tokenizer}", row.scores) for row in report.models.rows]
    cells = _cells(rows, metrics, [m.key for m in metrics])
    return table(["model", *(f"#{m.title}" for m in metrics)], cells)


def _cells(
    rows: Sequence[tuple[str, Mapping[str, Score]]],
    metrics: Sequence[MetricInfo],
    bounded: Sequence[str],
) -> list[list[str]]:
    """Names and figures, those of the keys `bounded` with their intervals."""
    cells = [[on_one_line(name)] for name, _ in rows]
    for metric in metrics:
        found = [scores.get(metric.key) for _, scores in rows]
        style = Style.of(metric.unit, (score.interval.value for score in found if score))
        for line, score in zip(cells, found, strict=True):
            bounds = style.bounds(score.interval) if score and metric.key in bounded else ""
            value = style(score.interval.value) if score else ""
            line.append(f"{value} [{bounds}]" if bounds else value)
    return cells


def _domains(report: Report) -> Table:
    names = [row.tokenizer for row in report.rows]
    rows = []
    for domain in report.domains:
        found = {row.tokenizer: row.scores[_OF_DOMAINS].interval.value for row in domain.rows}
        shown = (f"{found[name]:.2f}" for name in names)
        rows.append([on_one_line(domain.name), f"{domain.size.characters:,}", *shown])
    return table(["domain", "#characters", *(f"#{on_one_line(name)}" for name in names)], rows)


def _kinds(report: Report) -> Table:
    classes = [c for c in report.kinds[0].tokens if any(h.tokens[c] for h in report.kinds)]
    rows = []
    of_name = {histogram.tokenizer: histogram.tokens for histogram in report.kinds}
    for row in report.rows:
        tokens = of_name[row.tokenizer]
        total = max(1, sum(tokens.values()))
        shares = (f"{100 * tokens[c] / total:.1f}" for c in classes)
        rows.append([on_one_line(row.tokenizer), f"{total:,}", *shares])
    return table(["tokenizer", "#tokens", *(f"#{c}" for c in classes)], rows)
