"""How fast text goes up and down the ladder, on one core.

    OMP_NUM_THREADS=1 python -m benchmarks.run ladder_speed --data ../shared/data

Passages of the held-out domains by themselves, as a program that runs for a while meets them: the
analyzer and the ladder have read other text before, but not these. Then the same passages once
more, as the old turns of a talk. Each rung has passages of its own, in turn along a text.
Characters of text a second of CPU time, analysis included; decode by the text that comes out. A
gate before: the code of a passage is the same both times, and rung 4 gives the passage back.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import hyperlex
from benchmarks.heldout import domains
from benchmarks.machine import facts, where
from benchmarks.rows import record, say
from hyperlex.ladder.code import SceneCode

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "ladder_speed.jsonl"
DOCUMENT = "docs/benchmarks.md"

PASSAGE = 2_500
"""Characters of a passage."""
MEASURED = 5
"""Passages of each domain that are timed for each rung; as many are read before."""
RUNGS = (1, 2, 3)
Rows = Iterator[dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))


def run(options: argparse.Namespace) -> None:
    stamp = facts("ladder_speed", "cpu") | {"hyperlex": hyperlex.__version__}
    record(RESULTS, (row | stamp for row in measured(domains(options.data / "heldout"))))


def measured(texts: Mapping[str, str]) -> Rows:
    """A row for each rung: at first, again, and back to text.

    Raises `AssertionError` where the gate does not hold.
    """
    turns = len(RUNGS) + 1
    cut = [
        [text[start : start + PASSAGE] for start in range(0, len(text), PASSAGE)]
        for text in texts.values()
    ]
    by_turn = [[p for of in cut for p in of[turn::turns][:MEASURED]] for turn in range(turns)]
    for text in by_turn[0]:
        for rung in RUNGS:
            hyperlex.compress(text, rung=rung).decode()
    for rung, passages in zip(RUNGS, by_turn[1:], strict=True):
        say(f"rung {rung}")
        compress = partial(hyperlex.compress, rung=rung)
        first, codes = _timed(compress, passages)
        again, same = _timed(compress, passages)
        back, decoded = _timed(SceneCode.decode, codes)
        for passage, code, repeated in zip(passages, codes, same, strict=True):
            assert code.ids == repeated.ids, passage
            assert hyperlex.compress(passage, rung=4).decode() == passage, passage
        characters = sum(map(len, passages))
        yield {
            "rung": rung,
            "characters": characters,
            "first": round(characters / first),
            "again": round(characters / again),
            "decode": round(sum(map(len, decoded)) / back),
        }


def _timed(call: Callable[[Any], Any], inputs: Sequence[Any]) -> tuple[float, list[Any]]:
    begin = time.process_time()
    made = [call(each) for each in inputs]
    return time.process_time() - begin, made


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest figures as Markdown."""
    newest = {row["rung"]: row for row in rows}
    last = rows[-1]
    lines = [
        "| rung | a new text | the same text again | back to text |",
        "|---:|---:|---:|---:|",
        *(
            f"| {rung} | {row['first']:,} | {row['again']:,} | {row['decode']:,} |"
            for rung, row in newest.items()
        ),
        "",
        f"Characters a second on {last['characters']:,} characters; {where(last)}, {last['date']}.",
    ]
    return {DOCUMENT: "\n".join(lines)}
