"""`hyperlex measure` on the held-out text, held against figures that were known before it.

    python -m benchmarks.run measure --data ../shared/data

Nothing is written unless the known figures come out: characters per token of the nine domains,
tokens of «Хамелеон», the premium of o200k on PUD, and the same JSON from two processes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import hyperlex
from benchmarks.rows import record
from hyperlex.codebook.corpus import documents
from hyperlex.measure import METRICS, Report, load_peer, measure
from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.figures import Style

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "measure.jsonl"
DOCUMENT = "docs/measuring.md"
DEFAULT = "default"
STORY = "chekhov_khameleon"

KNOWN = {
    # characters per token over the nine domains together, tokens of «Хамелеон»: data/README.md
    "gpt2": (0.947, 6_128),
    "cl100k": (2.144, 2_958),
    "qwen3": (2.873, 2_334),
    "o200k": (3.567, 1_934),
    "llama4": (4.007, 1_819),
    "darulm_128k_bpe": (4.675, 1_505),
}
TOLERANCE = 0.002
PREMIUM, PREMIUM_TOLERANCE = ("o200k", 1.375), 0.01
SPEED_BYTES, SPEED_SECONDS = 50_000_000, 120

SHOWN = (
    "characters_per_token",
    "tokens_per_word",
    "tokens_per_scene",
    "tokens_per_clause",
    "tokens_per_proposition",
    "single_token_words",
    "joint_precision",
    "joint_f1",
    "renyi_efficiency",
    "gini",
    "vocabulary_use",
    "premium",
)

Rows = list[dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--html", type=Path, help="also write the page here")
    parser.add_argument("--no-speed", action="store_true", help="leave the 50 MB out")


def run(options: argparse.Namespace) -> None:
    report = compared(options.data)
    rows = [*gates(report, options.data), *figures(report)]
    if not options.no_speed:
        rows += speed(options.data)
    failed = [row for row in rows if row.get("held") is False]
    for row in failed:
        print(f"not held: {row['metric']} {row.get('tokenizer', '')}: {row['value']}")
    if failed:
        raise SystemExit("Nothing was written.")
    if options.html is not None:
        from hyperlex.files import atomic_write_text
        from hyperlex.measure.page import render

        atomic_write_text(options.html, render(report))
    stamp: dict[str, Any] = {"hyperlex": hyperlex.__version__, "date": date.today().isoformat()}
    stamp |= {"characters": report.size.characters, "analysed": report.sample.characters}
    stamp |= {"scenes": report.sample.scenes, "blocks": report.resampling.clusters}
    record(RESULTS, (row | stamp for row in rows))


def compared(data: Path) -> Report:
    """The report on the nine domains, under the default and the six tokenizers."""
    texts = sorted(p for p in (data / "heldout").glob("*.txt") if p.stem != STORY)
    assert len(texts) == 9
    tokenizers = [DEFAULT, *(data / "tokenizers" / name for name in KNOWN)]
    pairs = data / "parallel" / "pud_ru_en.tsv"
    return measure(texts, tokenizers, parallel=pairs, title="held-out")


def gates(report: Report, data: Path) -> Iterator[dict[str, Any]]:
    """What must come out, and whether it does."""
    story = (data / "heldout" / f"{STORY}.txt").read_text(encoding="utf-8")
    for name, (per_token, tokens) in KNOWN.items():
        value = report.value(name, "characters_per_token")
        yield {
            "metric": "characters per token, known",
            "tokenizer": name,
            "value": round(value, 4),
            "known": per_token,
            "held": abs(value / per_token - 1) <= TOLERANCE,
        }
        (ids,) = load_peer(data / "tokenizers" / name).encode_batch([story])
        yield {
            "metric": "tokens of «Хамелеон», known",
            "tokenizer": name,
            "value": len(ids),
            "known": tokens,
            "held": len(ids) == tokens,
        }
    name, known = PREMIUM
    value = report.value(name, "premium")
    yield {
        "metric": "premium on PUD, known",
        "tokenizer": name,
        "value": round(value, 4),
        "known": known,
        "held": abs(value - known) <= PREMIUM_TOLERANCE,
    }
    yield {"metric": "two processes, one JSON", "value": "", "held": _same_bytes(data)}


def _same_bytes(data: Path) -> bool:
    """Whether two processes with other hash seeds write the same JSON of one domain."""
    words = ["measure", str(data / "heldout" / "news.txt"), "--limit", "20000", "--json", "-"]
    command = [sys.executable, "-m", "hyperlex.cli", *words, "-t", DEFAULT]
    command += ["-t", str(data / "tokenizers" / "o200k")]
    runs = {
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    return len(runs) == 1


def figures(report: Report) -> Iterator[dict[str, Any]]:
    """Every score, and characters per token by domain."""
    for row in report.rows:
        for key, score in row.scores.items():
            difference = score.difference and _interval(score.difference)
            yield {
                "metric": key,
                "tokenizer": row.tokenizer,
                **_interval(score.interval),
                "difference": difference,
            }
    for domain in report.domains:
        for row in domain.rows:
            interval = row.scores["characters_per_token"].interval
            yield {
                "metric": "characters_per_token",
                "tokenizer": row.tokenizer,
                "domain": domain.name,
                **_interval(interval),
            }


def _interval(interval: Interval) -> dict[str, float | None]:
    names = ("value", "low", "high")
    values = (interval.value, interval.low, interval.high)
    return {n: None if v != v else round(v, 5) for n, v in zip(names, values, strict=True)}


def speed(data: Path) -> Iterator[dict[str, Any]]:
    """Seconds that the length metrics of 50 MB take, in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.jsonl"
        size = 0
        with file.open("w", encoding="utf-8") as stream:
            for document in documents(data / "corpora" / "news"):
                if size >= SPEED_BYTES:
                    break
                size += len(document.text.encode())
                stream.write(json.dumps({"text": document.text}, ensure_ascii=False) + "\n")
        for name in (DEFAULT, str(data / "tokenizers" / "o200k")):
            begin = time.perf_counter()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            words = ["measure", str(file), "--limit", "1", "--json", os.devnull, "-t", name]
            subprocess.run(
                [sys.executable, "-m", "hyperlex.cli", *words], check=True, capture_output=True
            )
            seconds = time.perf_counter() - begin
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            yield {
                "metric": f"length metrics of {size / 1e6:.0f} MB",
                "tokenizer": Path(name).name,
                "value": round(seconds, 1),
                "processor_seconds": round(processor, 1),
                "gibibytes": round(after.ru_maxrss / 2**20, 2),
                # What one core alone would take; the wall clock of shared cores says less.
                "held": processor <= SPEED_SECONDS,
            }


def tables(rows: Rows) -> dict[str, str]:
    """The newest comparison as Markdown."""
    newest = {(r["metric"], r.get("tokenizer", ""), r.get("domain", "")): r for r in rows}
    last = rows[-1]
    parts = [
        _comparison(newest),
        "Difference to the default, on the same draws:",
        _differences(newest),
        "Characters per token by domain:",
        _domains(newest),
        "What was known before and came out again:",
        _gates(newest),
        f"Measured {last['date']} with hyperlex {last['hyperlex']} on {last['characters']:,} "
        f"characters in nine domains, {last['analysed']:,} of them analysed ({last['scenes']:,} "
        "scenes), and on the 1,000 sentence pairs of PUD. Intervals: 95 %, 2,000 draws of "
        f"{last['blocks']:,} blocks; nine documents are too few to be drawn, so the intervals say "
        "nothing of other documents.",
    ]
    return {DOCUMENT: "\n\n".join(parts)}


def _names(newest: dict[Any, Any]) -> list[str]:
    found = [name for metric, name, domain in newest if metric == "characters_per_token"]
    return list(dict.fromkeys(found))


def _comparison(newest: dict[Any, Any]) -> str:
    names = _names(newest)
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for key in SHOWN:
        found = [newest.get((key, name, "")) for name in names]
        style = Style.of(METRICS[key].info.unit, [r["value"] for r in found if r and r["value"]])
        cells = (_cell(row, style) for row in found)
        lines.append(f"| {METRICS[key].info.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _differences(newest: dict[Any, Any]) -> str:
    names = [name for name in _names(newest) if name != DEFAULT]
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for key in ("tokens_per_word", "tokens_per_scene", "tokens_per_proposition"):
        found = [newest[key, name, ""]["difference"] for name in names]
        style = Style.of(METRICS[key].info.unit, [row["value"] for row in found])
        cells = (_cell(row, style, signed=True) for row in found)
        lines.append(f"| {METRICS[key].info.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _domains(newest: dict[Any, Any]) -> str:
    names = _names(newest)
    domains = sorted({domain for _, _, domain in newest if domain})
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for domain in domains:
        values = (newest["characters_per_token", name, domain]["value"] for name in names)
        lines.append(f"| {domain} | {' | '.join(f'{value:.2f}' for value in values)} |")
    return "\n".join(lines)


def _gates(newest: dict[Any, Any]) -> str:
    lines = ["| what | tokenizer | known | measured |", "|---|---|---:|---:|"]
    for row in newest.values():
        if "known" in row:
            what = row["metric"].removesuffix(", known")
            lines.append(f"| {what} | {row['tokenizer']} | {row['known']:,} | {row['value']:,} |")
        elif row["metric"].startswith("length metrics"):
            spent = f"{row['processor_seconds']} s of processors, {row['gibibytes']} GiB"
            lines.append(
                f"| {row['metric']} | {row['tokenizer']} | ≤ {SPEED_SECONDS} s on two cores | "
                f"{spent} ({row['value']} s by the clock of a machine with other work) |"
            )
    return "\n".join(lines)


def _cell(row: dict[str, Any] | None, style: Style, *, signed: bool = False) -> str:
    if row is None or row["value"] is None:
        return ""
    value = style(row["value"], signed=signed)
    if row["low"] is None:
        return value
    interval = Interval(row["value"], row["low"], row["high"])
    return f"{value} [{style.bounds(interval, signed=signed)}]"
