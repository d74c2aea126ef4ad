"""The measuring tool: it runs anywhere, times nothing that is wrong, and its tables add up."""

from __future__ import annotations

import importlib
import json
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.cases.matmul_4bit")


def row(provider: str, p50: float, **changes: Any) -> dict[str, Any]:
    usual = {
        "provider": provider,
        "p50": p50,
        "p20": p50,
        "device": "cuda",
        "gpu": "Some GPU",
        "driver": "1",
        "torch": "2",
        "triton": "3",
        "date": "2026-01-01",
        "copy_gb_per_s": 4300.0,
        "dtype": "bfloat16",
        "model": "A",
        "layer": "qkv",
        "m": 1,
        "n": 8,
        "k": 8,
    }
    return usual | changes


def test_dry_run_passes_the_gate_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    command = [sys.executable, "-m", "benchmarks.run", "matmul_4bit", "--dry-run"]
    arguments = ["--providers", "hyperlex", "torch", "--out", str(out)]
    run = subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "hyperlex int4" in run.stdout and "GATE FAILED" not in run.stdout
    assert not out.exists()


def test_a_wrong_product_is_not_timed(case: ModuleType, tmp_path: Path) -> None:
    import argparse

    import torch

    dense = importlib.import_module("benchmarks.providers.dense_provider").Dense()

    class Wrong(type(dense)):  # type: ignore[misc]
        def prepare(self, weight: torch.Tensor) -> Any:
            from dataclasses import replace

            return replace(super().prepare(weight), run=lambda x: x @ weight.T * 1.02)

    options = argparse.Namespace(dtype="float32", dry_run=False, rounds=2)
    measured = list(case._shape([dense, Wrong(name="wrong")], 64, 64, (1, 2), "cpu", 1e9, options))
    assert [each["gate"] for each in measured] == [True, False, True, False]
    assert ["p50" in each for each in measured] == [True, False, True, False]
    assert measured[1]["error"] == pytest.approx(0.02, rel=1e-3)


def test_speed_is_a_geometric_mean_over_shapes(case: ModuleType) -> None:
    rows = [
        row("bitsandbytes nf4", 20.0),
        row("hyperlex nf4", 10.0),
        row("bitsandbytes nf4", 80.0, layer="up"),
        row("hyperlex nf4", 10.0, layer="up"),
        row("hyperlex nf4", 5.0, layer="head"),  # no rival there: it must not count
    ]
    text = case.tables(rows)["docs/kernels.md"]
    assert f"{math.sqrt(2 * 8):.2f} (2.00)" in text


def test_a_newer_row_takes_the_place_of_an_older(case: ModuleType) -> None:
    rows = [row("bitsandbytes nf4", 20.0), row("hyperlex nf4", 20.0), row("hyperlex nf4", 5.0)]
    assert "4.00 (4.00)" in case.tables(rows)["docs/kernels.md"]


def test_without_a_gpu_the_tables_name_the_command(case: ModuleType) -> None:
    cpu = row("hyperlex nf4", 5.0, device="cpu", gpu=None, cpu="AVX2", threads=2)
    text = case.tables([cpu])["docs/kernels.md"]
    assert "python -m benchmarks.run matmul_4bit" in text
    assert "CPU, AVX2, 2 threads" in text


def test_the_floor_is_the_longer_of_two_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    roofline = importlib.import_module("benchmarks.cases.roofline")
    card = roofline.Card("a card", 90, 1, 1.0, 1.0, 9.0)
    # 1 processor x 4 schedulers x 32 lanes x 1 GHz: 128 instructions a nanosecond.
    assert roofline.floor_us(card, 128_000, 4.0, 1.0) == pytest.approx(64.0)  # 64 kB at 1 GB/s
    assert roofline.floor_us(card, 128_000, 4.0, 128.0) == pytest.approx(128.0)


def test_versions_of_triton_in_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    versions = importlib.import_module("benchmarks.cases.triton_versions")
    builds = [
        {"problems": [], "costs": []},
        {"problems": [], "costs": ["8 bytes of stack"]},
        {"problems": ["too large"], "costs": ["8 bytes of stack"]},
    ]
    found = versions.counts(builds)
    assert found == {"builds": 3, "failing": 1, "dearer": 1}
    row = {"triton": "3.6.0", "gate": "ahead_of_time", "date": "2026-01-01", **found}
    older = {**row, "failing": 3}
    text = versions.tables([older, row])["docs/kernels.md"]
    assert "| 3.6.0 | 2.10, 2.11 | 1 and 1 of 3 | — | — |" in text


def test_committed_rows_passed_their_gate() -> None:
    for name in ("matmul_4bit", "roofline", "quality_4bit"):
        lines = (ROOT / "benchmarks" / "results" / f"{name}.jsonl").read_text().splitlines()
        assert lines and all(json.loads(line)["gate"] for line in lines)
