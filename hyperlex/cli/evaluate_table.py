"""A finished evaluation in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from hyperlex.cli.console import stdout, table
from hyperlex.cli.render import on_one_line
from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.figures import Style
from hyperlex.measure.perplexity import NOTE

if TYPE_CHECKING:
    from rich.console import Console

    from hyperlex.measure.classification import Accuracy
    from hyperlex.recipes.evaluate.report import Evaluation, ModelReport

SCORES = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "exact": "exact",
}


def show(found: Evaluation) -> None:
    """Print what was measured, part by part."""
    console = stdout()
    if found.found:
        part = "all" if found.used == found.found else f"a sample of {found.used:,}"
        there = _count(found.found, "text or row", "texts and rows")
        console.print(Text(f"{there}: {part}, seed {found.seed}.", "dim"))
    _perplexity(console, found.models)
    _generation(console, found.models)
    _classification(console, found.models)
    _copying(console, found.models, found.copies)
    for report in found.models:
        if report.shortened:
            line = f"{on_one_line(report.name)}: {report.shortened:,} prompts lost their beginning."
            console.print(Text(line, "yellow"))


def _perplexity(console: Console, models: Sequence[ModelReport]) -> None:
    found = [(report, report.perplexity) for report in models if report.perplexity]
    if not found:
        return
    first = found[0][1]
    console.print(
        f"\nPlain text: {_count(first.documents, 'document')}, {first.characters:,} characters; "
        f"{_count(first.clusters, first.unit)} drawn"
    )
    if first.unit == "block":
        console.print(Text("Documents are few: intervals say nothing of others.", "yellow"))
    rows = [
        [
            on_one_line(report.name),
            f"{of_model.tokens:,}",
            f"{of_model.characters / max(1, of_model.tokens):.2f}",
            figure(of_model.bits_per_character),
            figure(of_model.per_token),
            f"{of_model.per_character.value:.2f}",
        ]
        for report, of_model in found
    ]
    heads = [
        "model\n",
        "#tokens\n",
        "#characters\n/ token",
        "#bits\n/ character",
        "#perplexity\n/ token",
        "#/ letter\n",
    ]
    console.print(table(heads, rows))
    for report, _ in found:
        if report.difference is not None:
            more = figure(report.difference, signed=True)
            names = on_one_line(report.name), on_one_line(found[0][0].name)
            console.print(f"{names[0]} against {names[1]}: {more} bits a character", markup=False)
    console.print(Text(NOTE, "dim"))


def _generation(console: Console, models: Sequence[ModelReport]) -> None:
    found = [(report, report.generation) for report in models if report.generation]
    if not found:
        return
    first = found[0][1]
    console.print(
        f"\nGenerated against expected: {_count(first.rows, 'row')}, "
        f"{_count(first.clusters, 'document')} drawn"
    )
    rows = [[SCORES[key], *(figure(scores.scores[key]) for _, scores in found)] for key in SCORES]
    console.print(table(["", *(f"#{on_one_line(report.name)}" for report, _ in found)], rows))
    console.print(Text(f"0 to 100. sacrebleu {first.signature}", "dim"))


def _classification(console: Console, models: Sequence[ModelReport]) -> None:
    for report in models:
        if report.classification is None:
            continue
        of_model = report.classification
        one = of_model.by_likelihood
        console.print(
            f"\nClasses: {on_one_line(report.name)}, {_count(one.rows, 'row')}; "
            f"the commonest alone {one.majority:.1%}",
            markup=False,
        )
        ways = (("by likelihood", one), ("by generation", of_model.by_generation))
        rows = [[name, _share(way.share), f"{way.right:,}"] for name, way in ways]
        console.print(table(["", "#accuracy", "#right"], rows))
        for name, way in ways:
            console.print(f"\n{name}: rows are labels, columns answers")
            console.print(_confusion(way))


def _confusion(found: Accuracy) -> object:
    labels = [on_one_line(label) for label in found.labels]
    rows = [
        [label, *map(str, counts)] for label, counts in zip(labels, found.confusion, strict=True)
    ]
    return table(["", *(f"#{label}" for label in labels), "#none"], rows)


def _copying(console: Console, models: Sequence[ModelReport], asked: int) -> None:
    found = [(report, report.copying) for report in models if report.copying]
    if not found:
        return
    there = found[0][1].rows
    console.print(f"\nCopy test: {_count(there, 'text')}")
    if there < asked:
        line = f"{asked:,} were asked for; a tenth of all sentences is kept for this test."
        console.print(Text(f"{line} Name more text.", "yellow"))
    rows = [
        [
            on_one_line(report.name),
            _share(copies.exact),
            _share(copies.canonical),
            f"{copies.hyper_emitted:.1%}",
            f"{copies.hyper_canonical:.1%}",
            figure(copies.emission),
        ]
        for report, copies in found
    ]
    heads = [
        "model\n",
        "#exact\n",
        "#in canonical\nids",
        "#hypertokens\nwritten",
        "#hypertokens\ncanonical",
        "#written /\ncanonical",
    ]
    console.print(table(heads, rows))


def figure(interval: Interval, *, signed: bool = False) -> str:
    """A figure with its interval, where there is one."""
    style = Style.of("", [interval.value])
    bounds = style.bounds(interval, signed=signed)
    return style(interval.value, signed=signed) + (f" [{bounds}]" if bounds else "")


def _count(number: int, noun: str, many: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def _share(interval: Interval) -> str:
    style = Style.of("%", [interval.value])
    return f"{style(interval.value)} [{style.bounds(interval)}]"
