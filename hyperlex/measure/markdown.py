"""A finished measurement as Markdown: every figure, every definition, what was skipped and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hyperlex.measure.figures import Style, headline
from hyperlex.measure.report import Histogram, MetricInfo, Report, Score
from hyperlex.visible import visible

SCOPES = {
    "all": "all texts",
    "sample": "the analysed sample",
    "parallel": "parallel sentences",
    "model": "language models, on the sample",
}
DOMAIN_METRICS = ("characters_per_token", "tokens_per_scene", "single_token_words")
_ENDS = {"more": "more is better", "less": "less is better", "": ""}


def render(report: Report) -> str:
    """The report as Markdown; the same report gives the same bytes."""
    parts = [
        [f"# {_cell(report.title)}", "", headline(report), "", sizes(report), ""],
        *(_scope(report, scope) for scope in SCOPES),
        _domains(report),
        _histogram("Where the tokens of the sample go", report.kinds),
        _histogram("How many characters begin in a token", report.lengths),
        _alignments(report),
        _skipped(report),
        _definitions(report),
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def table(report: Report, scope: str) -> list[str]:
    """Lines of a table: the metrics of a scope by tokenizer, with intervals."""
    rows = _rows_of(report, scope)
    metrics = [m for m in report.metrics if m.scope == scope and any(m.key in s for _, s in rows)]
    if not metrics:
        return []
    styles = [
        Style.of(m.unit, (s[m.key].interval.value for _, s in rows if m.key in s)) for m in metrics
    ]
    lines = ["| | " + " | ".join(m.title for m in metrics) + " |", "|---|" + "---:|" * len(metrics)]
    for name, scores in rows:
        cells = (
            _figure(scores.get(metric.key), style)
            for metric, style in zip(metrics, styles, strict=True)
        )
        lines.append(f"| {_cell(name)} | {' | '.join(cells)} |")
    return lines


def differences(report: Report, scope: str) -> list[str]:
    """Lines of a table: each tokenizer minus the reference, paired."""
    rows = [(n, s) for n, s in _rows_of(report, scope) if any(v.difference for v in s.values())]
    metrics = [
        m
        for m in report.metrics
        if m.scope == scope and any(m.key in s and s[m.key].difference for _, s in rows)
    ]
    if not metrics:
        return []
    lines = ["| | " + " | ".join(m.title for m in metrics) + " |", "|---|" + "---:|" * len(metrics)]
    for name, scores in rows:
        lines.append(f"| {_cell(name)} | {' | '.join(_differing(m, scores) for m in metrics)} |")
    return lines


def by_domain(report: Report, key: str) -> list[str]:
    """Lines of a table: one metric, domains by tokenizer."""
    names = [row.tokenizer for row in report.rows]
    scores = [
        (domain, {row.tokenizer: row.scores[key] for row in domain.rows if key in row.scores})
        for domain in report.domains
    ]
    unit = next((m.unit for m in report.metrics if m.key == key), "")
    style = Style.of(unit, (s.interval.value for _, found in scores for s in found.values()))
    lines = [
        "| domain | characters | drawn | " + " | ".join(map(_cell, names)) + " |",
        "|---|---:|---|" + "---:|" * len(names),
    ]
    for domain, found in scores:
        cells = (_figure(found.get(name), style) for name in names)
        drawn = f"{domain.resampling.clusters:,} {domain.resampling.unit}s"
        lines.append(
            f"| {_cell(domain.name)} | {domain.size.characters:,} | {drawn} | {' | '.join(cells)} |"
        )
    return lines


def sizes(report: Report) -> str:
    """How much was measured, and how sure intervals are."""
    size, sample, drawn = report.size, report.sample, report.resampling
    part = f"a sample of {sample.characters:,} characters (seed {report.settings.seed})"
    if sample.characters == size.characters:
        part = "all of it"
    text = (
        f"{size.documents:,} document{'s' if size.documents != 1 else ''}, "
        f"{size.characters:,} characters, {size.words:,} words. "
        f"Analysed: {part} with {sample.clauses:,} clauses, "
        f"{sample.scenes:,} scenes, {sample.propositions:,} propositions. "
        f"Intervals: {100 * report.settings.level:g} %, {report.settings.draws:,} draws of "
        f"{drawn.clusters:,} {drawn.unit}s"
    )
    if (in_sample := report.sample_resampling) != drawn:
        text += f" ({in_sample.clusters:,} {in_sample.unit}s in the sample)"
    text += "."
    if "block" in (drawn.unit, in_sample.unit):
        text += (
            " Documents are few, so blocks of 2,000 characters and more were drawn: the intervals "
            "say nothing of other documents."
        )
    return text


def _rows_of(report: Report, scope: str) -> list[tuple[str, Mapping[str, Score]]]:
    if scope != "model":
        return [(row.tokenizer, row.scores) for row in report.rows]
    rows = report.models.rows if report.models else ()
    return [(f"{row.model} · {row.tokenizer}", row.scores) for row in rows]


def _scope(report: Report, scope: str) -> list[str]:
    found = table(report, scope)
    if not found:
        return []
    lines = [f"## On {SCOPES[scope]}", "", *found, ""]
    if against := differences(report, scope):
        first = report.reference if scope != "model" else "the first row"
        lines += [f"Difference to {_cell(first)}, on the same draws:", "", *against, ""]
    return lines


def _domains(report: Report) -> list[str]:
    lines = []
    for metric in report.metrics:
        if report.domains and metric.key in DOMAIN_METRICS:
            lines += [f"## By domain: {metric.title}", "", *by_domain(report, metric.key), ""]
    return lines


def _histogram(title: str, histograms: Sequence[Histogram]) -> list[str]:
    if not histograms:
        return []
    classes = [c for c in histograms[0].tokens if any(h.tokens[c] for h in histograms)]
    lines = [f"## {title}", "", "In percent of the tokens.", ""]
    lines += ["| | tokens | " + " | ".join(classes) + " |", "|---|---:|" + "---:|" * len(classes)]
    for histogram in histograms:
        total = sum(histogram.tokens.values())
        shares = (f"{100 * histogram.tokens[c] / max(1, total):.1f}" for c in classes)
        lines.append(f"| {_cell(histogram.tokenizer)} | {total:,} | {' | '.join(shares)} |")
    return [*lines, ""]


def _alignments(report: Report) -> list[str]:
    if not report.alignments:
        return []
    names = [cut.tokenizer for cut in report.alignments[0].cuts]
    lines = ["## Words and their morphemes", "", "`¦` is a cut where two morphemes meet.", ""]
    lines += [
        "| morphemes | " + " | ".join(map(_cell, names)) + " |",
        "|---|" + "---|" * len(names),
    ]
    for example in report.alignments:
        cuts = (
            "".join(
                piece + ("" if n == len(cut.pieces) - 1 else "¦" if cut.on_joint[n] else "·")
                for n, piece in enumerate(cut.pieces)
            )
            for cut in example.cuts
        )
        lines.append(f"| {'-'.join(text for text, _ in example.morphemes)} | {' | '.join(cuts)} |")
    return [*lines, ""]


def _skipped(report: Report) -> list[str]:
    if not report.skipped:
        return []
    found = (f"- {_cell(skipped.name)}: {_cell(skipped.reason)}" for skipped in report.skipped)
    return ["## Skipped", "", *found, ""]


def _definitions(report: Report) -> list[str]:
    lines = ["## What the figures are", ""]
    for m in report.metrics:
        notes = "; ".join(filter(None, (f"in {m.unit}", _ENDS[m.better], m.source)))
        lines.append(f"- **{m.title}**, `{m.key}`: {m.definition} ({notes})")
    sure = (
        f"- {_cell(t.name)}: {t.kind}, {t.size:,} ids"
        + (f", {t.hyper:,} of them hypertokens" if t.hyper else "")
        + ("" if t.exact else "; **does not give back the text**")
        for t in report.tokenizers
    )
    versions = ", ".join(f"{name} {version}" for name, version in report.libraries.items())
    return [*lines, "", *sure, "", f"hyperlex {report.hyperlex}; {versions}."]


def _figure(score: Score | None, style: Style) -> str:
    if score is None:
        return ""
    bounds = style.bounds(score.interval)
    return style(score.interval.value) + (f" [{bounds}]" if bounds else "")


def _differing(metric: MetricInfo, scores: Mapping[str, Score]) -> str:
    difference = scores[metric.key].difference if metric.key in scores else None
    if difference is None:
        return ""
    style = Style.of(metric.unit, [difference.value])
    bounds = style.bounds(difference, signed=True)
    return style(difference.value, signed=True) + (f" [{bounds}]" if bounds else "")


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|").replace("\n", " ")
