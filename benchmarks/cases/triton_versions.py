"""The kernels compiled by other versions of Triton: which of them run, and which are dearer.

python -m benchmarks.run triton_versions                 # fetches 200 MB a version; 20 minutes
python -m benchmarks.report                              # rows -> docs/kernels.md

Each version goes into build/triton and stands before the environment's own while a gate compiles
with it. torch asks for one version of Triton exactly, so users have any of these.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "triton_versions.jsonl"
FETCHED = ROOT.parent / "build" / "triton"
# By what torch asks for each.
VERSIONS = {
    "3.5.0": "2.9",
    "3.6.0": "2.10, 2.11",
    "3.7.1": "2.12, 2.13",
    "3.8.0": "2.14",
    "3.9.0": "2.15",
}
GATES = {
    "ahead_of_time": "4-bit product",
    "attention.ahead_of_time": "attention",
    "grouped_matmul.ahead_of_time": "grouped product",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--versions", nargs="+", default=list(VERSIONS), metavar="VERSION")
    parser.add_argument("--out", type=Path, default=RESULTS, help="rows are appended here")


def run(options: argparse.Namespace) -> None:
    for version in options.versions:
        folder = fetched(version)
        for gate in GATES:
            row = {
                "case": "triton_versions",
                "date": date.today().isoformat(),
                "triton": version,
                "gate": gate,
                **counts(builds_by(folder, gate)),
            }
            line = json.dumps(row, sort_keys=True)
            print(line, flush=True)
            with options.out.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def fetched(version: str) -> Path:
    """The folder of that Triton, fetched from the package index unless it is there."""
    folder = FETCHED / version
    if not folder.is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--target", str(folder), f"triton=={version}"], check=True)
    return folder


def builds_by(folder: Path, gate: str) -> list[dict[str, Any]]:
    """The builds of a gate, by the Triton in `folder`.

    Raises:
        RuntimeError: a kernel does not compile; what the compiler said is told.
    """
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "builds.jsonl"
        environment["TRITON_CACHE_DIR"] = str(Path(scratch) / "cache")
        command = [sys.executable, "-m", f"hyperlex_kernels.{gate}", "--json", str(rows)]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        if not rows.is_file():
            raise RuntimeError(f"{gate} with {folder.name}: {result.stderr[-2000:]}")
        return [json.loads(line) for line in rows.read_text("utf-8").splitlines()]


def counts(builds: list[dict[str, Any]]) -> dict[str, int]:
    """How many builds there are, cannot run, and run but cost more than they should."""
    return {
        "builds": len(builds),
        "failing": sum(bool(build["problems"]) for build in builds),
        "dearer": sum(bool(build["costs"]) and not build["problems"] for build in builds),
    }


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest row of each version and gate."""
    newest = {(row["triton"], row["gate"]): row for row in rows}
    lines = [
        f"Compiled {rows[-1]['date']}: builds that cannot run, and those that run with a stack, "
        "spills, a wait or more instructions than the budget.",
        "",
        "| triton | asked for by torch | " + " | ".join(GATES.values()) + " |",
        "|---|---|" + "---|" * len(GATES),
    ]
    for version, torch in VERSIONS.items():
        cells = []
        for gate in GATES:
            row = newest.get((version, gate))
            cells.append(_cell(row) if row else "—")
        lines.append(f"| {version} | {torch} | {' | '.join(cells)} |")
    return {"docs/kernels.md": "\n".join(lines)}


def _cell(row: dict[str, Any]) -> str:
    return f"{row['failing']} and {row['dearer']} of {row['builds']}"
