"""The analyzer against treebanks, Tikhonov's dictionary and the golden scenes.

The figures of trees and morphemes are those of a script outside this repository (--checks), which
knows the public door only; the facets are judged on tests/golden/scenes.txt.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import hyperlex

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "analyzer.jsonl"

BARS = (  # text, metric, reference, aim
    ("tikhonov_dev", "typed words", "88–89 (CNN ensembles)", "≥ 90"),
    ("tikhonov_dev", "words by boundaries", "", "≥ 92"),
    ("tikhonov_dev", "boundary F1", "98", "≥ 98"),
    ("tikhonov_dev", "words/s, cold", "", "≥ 5,000"),
    ("tikhonov_dev", "words/s, warm", "", "≥ 300,000"),
    ("ru_pud-ud-test", "lemmas", "94.5 (pymorphy3)", "≥ 97"),
    ("ru_gsd-ud-dev", "lemmas", "94.2 (pymorphy3)", "≥ 96.5"),
    ("ru_taiga-ud-dev", "lemmas", "92.5 (pymorphy3)", "≥ 95.5"),
    ("ru_pud-ud-test", "clause boundary F1", "87 (linear tagger)", "≥ 90"),
    ("ru_gsd-ud-dev", "clause boundary F1", "77 (linear tagger)", "≥ 82"),
    ("ru_taiga-ud-dev", "clause boundary F1", "75 (linear tagger)", "≥ 80"),
    ("ru_pud-ud-test", "nsubj F1", "86 (linear tagger)", "≥ 89"),
    ("ru_pud-ud-test", "obj F1", "81 (linear tagger)", "≥ 85"),
    ("ru_pud-ud-test", "obl F1", "77 (linear tagger)", "≥ 82"),
    ("ru_pud-ud-test", "tokens/s, whole analysis", "", "≥ 8,000"),
    ("golden", "polarity", "", "≥ 95"),
    ("golden", "modality", "", "≥ 90"),
    ("golden", "tense", "", "≥ 97"),
    ("golden", "agent", "", "≥ 88"),
    ("process", "import and first analysis, over pymorphy3", "", "≤ 0.3"),
    ("process", "memory, over pymorphy3", "", "≤ 60"),
)

_PROBE = """
import re, time
begin = time.perf_counter()
{}
seconds = time.perf_counter() - begin
status = open("/proc/self/status").read()
print(seconds, int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024)
"""
"""Peak memory is the kernel's own figure: getrusage counts the parent's, too."""
_SENTENCE = "Он стоял у двери, не решаясь войти."
_PYMORPHY = "import pymorphy3; pymorphy3.MorphAnalyzer().parse('стоял')"
_ANALYZER = f"import hyperlex; hyperlex.scenes({_SENTENCE!r}); hyperlex.morphemes('подоконник')"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--checks", type=Path, default=Path("../shared/checks"))


def run(options: argparse.Namespace) -> None:
    script = [sys.executable, str(options.checks / "analyzer.py"), "--json"]
    answer = subprocess.run(
        [*script, "--data", str(options.data)], check=True, capture_output=True, text=True
    )
    measured = [*_from_script(json.loads(answer.stdout)), *_golden(), *_process()]
    stamp = {"hyperlex": hyperlex.__version__, "date": date.today().isoformat()}
    with RESULTS.open("a", encoding="utf-8") as file:
        for text, metric, value, unit in measured:
            row = {"text": text, "metric": metric, "value": round(value, 4), "unit": unit}
            print(f"{text:20} {metric:40} {value:.4g} {unit}")
            file.write(json.dumps(row | stamp, ensure_ascii=False) + "\n")


Measured = Iterator[tuple[str, str, float, str]]


def _from_script(result: dict[str, dict[str, Any]]) -> Measured:
    for text, row in result.items():
        if "words" in row:
            yield text, "typed words", 100 * row["typed_word_accuracy"], "%"
            yield text, "words by boundaries", 100 * row["word_accuracy"], "%"
            yield text, "boundary F1", 100 * row["boundaries"]["F1"], "%"
            yield text, "words/s, cold", row["words_per_s_cold"], "words/s"
            yield text, "words/s, warm", row["words_per_s_warm"], "words/s"
            continue
        yield text, "lemmas", 100 * row["lemma_accuracy"], "%"
        for name, key in (("P", "precision"), ("R", "recall"), ("F1", "F1")):
            yield text, f"clause boundary {key}", 100 * row["clause_boundaries"][name], "%"
        for relation, scores in row["arguments"].items():
            yield text, f"{relation} F1", 100 * scores["F1"], "%"
        yield text, "tokens/s, whole analysis", row["tokens_per_s"], "tokens/s"


def _golden() -> Measured:
    sys.path.insert(0, str(ROOT.parent / "tests"))
    from golden import reading, scoring

    passages = reading.read_scenes()
    for facet, share in scoring.shares(list(scoring.judge(passages))).items():
        yield "golden", facet, 100 * share, "%"
    pairs = [scoring.boundaries(p) for p in (*passages, *reading.read_clauses())]
    hits = sum(len(gold & found) for gold, found in pairs)
    both = sum(len(gold) + len(found) for gold, found in pairs)
    yield "golden", "clause boundary F1", 100 * 2 * hits / both, "%"


def _process() -> Measured:
    """The best of three fresh processes each."""

    def best(statement: str) -> tuple[float, float]:
        runs = []
        for _ in range(3):
            probe = [sys.executable, "-c", _PROBE.format(statement)]
            answer = subprocess.run(probe, check=True, capture_output=True, text=True)
            seconds, mebibytes = map(float, answer.stdout.split())
            runs.append((seconds, mebibytes))
        return min(s for s, _ in runs), min(m for _, m in runs)

    (alone, light), (ours, heavy) = best(_PYMORPHY), best(_ANALYZER)
    yield "process", "import and first analysis, over pymorphy3", ours - alone, "s"
    yield "process", "memory, over pymorphy3", heavy - light, "MiB"


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest row of each metric as Markdown."""
    newest = {(row["text"], row["metric"]): row for row in rows}
    bars = ["| text | what | reference | aim | measured |", "|---|---|---|---|---|"]
    for text, metric, reference, aim in BARS:
        if row := newest.get((text, metric)):
            measured = f"**{_number(row['value'])}** {row['unit']}"
            bars.append(f"| {text} | {metric} | {reference} | {aim} | {measured} |")
    shown = {(text, metric) for text, metric, _, _ in BARS}
    rest = ["| text | what | measured |", "|---|---|---|"]
    for (text, metric), row in newest.items():
        if (text, metric) not in shown:
            rest.append(f"| {text} | {metric} | {_number(row['value'])} {row['unit']} |")
    last = rows[-1]
    stamp = f"Measured {last['date']} with hyperlex {last['hyperlex']} on two shared CPU cores."
    return {"docs/benchmarks.md": "\n".join([*bars, "", *rest, "", stamp])}


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
