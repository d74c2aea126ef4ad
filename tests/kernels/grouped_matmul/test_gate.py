"""The shipped grouped kernels, compiled for cards that are not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")

from hyperlex_kernels.grouped_matmul import ahead_of_time as aot


def gate(tmp_path: Path, *arguments: str) -> list[dict[str, object]]:
    """The builds, in a process of its own: this one may have its kernels interpreted."""
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    environment["TRITON_CACHE_DIR"] = str(tmp_path / "cache")
    rows = tmp_path / "builds.jsonl"
    command = [sys.executable, "-m", "hyperlex_kernels.grouped_matmul.ahead_of_time"]
    result = subprocess.run(
        [*command, *arguments, "--json", str(rows)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    failing = [line for line in result.stdout.splitlines() if not line.endswith(": ok")]
    assert result.returncode == 0, "\n".join(failing) + result.stderr[-2000:]
    return [json.loads(line) for line in rows.read_text("utf-8").splitlines()]


def test_a_sample_of_the_kernels_passes_the_gate(tmp_path: Path) -> None:
    builds = gate(tmp_path, "--quick", "--workers", "1")
    assert len(builds) == len(list(aot.sample()))
    kernels = {build["job"]["kernel"] for build in builds}  # type: ignore[index]
    assert kernels == {"product", "transposed", "dw"}


@pytest.mark.slow
def test_every_shipped_kernel_passes_the_gate(tmp_path: Path) -> None:
    assert len(gate(tmp_path)) == len(list(aot.jobs()))


def test_the_gate_covers_every_kernel_and_shape_on_every_card() -> None:
    built = {(j.kernel, j.architecture, j.k, j.n) for j in aot.jobs()}
    assert built == {
        (kernel, architecture, k, n)
        for kernel in ("product", "transposed", "dw")
        for architecture in (75, 80, 86, 89, 90, 120)
        for k, n in aot.SHAPES
    }
    assert set(aot.sample()) < set(aot.jobs())
