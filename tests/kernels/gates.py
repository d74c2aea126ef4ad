"""The gates over compiled kernels, each in a process of its own: this one may interpret kernels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def builds_of(gate: str, tmp_path: Path, *arguments: str) -> list[dict[str, Any]]:
    """The builds of `python -m hyperlex_kernels.GATE`, none of which breaks a rule."""
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    environment["TRITON_CACHE_DIR"] = str(tmp_path / "cache")
    rows = tmp_path / "builds.jsonl"
    result = subprocess.run(
        [sys.executable, "-m", f"hyperlex_kernels.{gate}", *arguments, "--json", str(rows)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    failing = [line for line in result.stdout.splitlines() if not line.endswith(": ok")]
    assert result.returncode == 0, "\n".join(failing) + result.stderr[-2000:]
    return [json.loads(line) for line in rows.read_text("utf-8").splitlines()]
