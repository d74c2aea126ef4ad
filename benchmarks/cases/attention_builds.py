"""The attention kernels compiled for cards that are not there: registers, and instructions counted.

python -m benchmarks.run attention_builds
python -m benchmarks.report                              # rows -> docs/kernels.md
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.machine import facts
from hyperlex_kernels.attention.ahead_of_time import build_all

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "attention_builds.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS, help="rows are appended here")
    parser.add_argument("--dry-run", action="store_true", help="a sample; write nothing")


def run(options: argparse.Namespace) -> None:
    machine = facts("attention_builds", "none")
    lines = []
    for build in build_all(options.dry_run, options.workers):
        result = asdict(build)
        row = {**machine, **result.pop("job"), **result, "gate": build.passes}
        print(json.dumps(row, sort_keys=True), flush=True)
        lines.append(json.dumps(row, sort_keys=True) + "\n")
    if not options.dry_run:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.writelines(lines)


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Decode of the newest run: registers a thread and instructions an element of the cache."""
    last = rows[-1]
    kinds = ("kernel", "architecture", "kind", "dtype", "head_size", "rows", "plain")
    newest = {
        tuple(row[kind] for kind in kinds): row for row in rows if row["date"] == last["date"]
    }
    decode = [row for row in newest.values() if row["kernel"] == "decode" and row["plain"]]
    sizes = sorted({row["head_size"] for row in decode})
    failing = sum(not row["gate"] for row in newest.values())
    lines = [
        f"{len(newest)} builds of {last['date']}, triton {last['triton']}, {failing} failing. "
        "Decode of four query heads a key head in float16: registers a thread, and instructions an "
        "element of the cache in the inner loop.",
        "",
        "| card | cache | " + " | ".join(f"D={size}" for size in sizes) + " |",
        "|---|---|" + "---:|" * len(sizes),
    ]
    for card, kind in dict.fromkeys((row["architecture"], row["kind"]) for row in decode):
        found = {
            row["head_size"]: row
            for row in decode
            if (row["architecture"], row["kind"]) == (card, kind)
        }
        cells = [f"{found[s]['registers']}, {found[s]['instructions']:.1f}" for s in sizes]
        lines.append(f"| sm_{card} | {kind} | {' | '.join(cells)} |")
    return {"docs/kernels.md": "\n".join(lines)}
