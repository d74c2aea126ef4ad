"""The measuring case of routed LoRA: its gate, and its tables."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.cases.routed_lora")


def test_a_dry_run_holds_a_layer_against_float64_and_times_nothing(case: ModuleType) -> None:
    (row,) = case._layers("cpu", dry_run=True)
    assert row["gate"] and row["error"] < 1e-5 and "p50" not in row
    assert not list(case._layers("cpu", dry_run=False))


def rows(case: ModuleType, **common: Any) -> list[dict[str, Any]]:
    common = {
        "date": "2026-01-01",
        "device": "cpu",
        "torch": "2",
        "threads": 1,
        "model": "llama, given",
        "model_parameters": 2_000_000,
        "steps": 50,
        "tokens_a_step": 1024,
        **common,
    }
    bits: dict[str, Any] = {"metric": "bits_per_character", "value": 2.5, "low": 2.4, "high": 2.6}
    over = {"value": -0.0123, "low": -0.02, "high": 0.001}
    made: list[dict[str, Any]] = []
    for arm in ("not adapted", *case.ARMS):
        added = {"over_lora": over, "over_lora_by_seed": [-0.03, 0.01]}
        for text, domain in (
            ("exact", "all"),
            ("hypertokens", "all"),
            ("both", "all"),
            ("both", "news"),
        ):
            row = {**common, **bits, "arm": arm, "rate": 0.005, "text": text, "domain": domain}
            made.append({**row, **(added if arm in case.VARIANTS else {})})
    for arm in case.ARMS:
        step = {"metric": "step", "arm": arm, "rank": 4, "trainable": 1234, "time_over_lora": 1.5}
        made.append({**common, **step, "bytes_over_lora": 1.02})
    return made


def test_tables_show_the_newest_run_and_every_arm(case: ModuleType) -> None:
    old = [{**row, "value": 9.9} for row in rows(case, date="2025-01-01")]
    text = case.tables(old + rows(case))["docs/routed-lora.md"]
    assert "-0.0123 (-0.0200 to +0.0010)" in text and "-0.0300 to +0.0100" in text
    assert "9.9" not in text and "news" in text and "1.02" in text
    assert "No GPU has been measured yet" in text
    for arm in case.ARMS:
        assert text.count(f"| {arm} |") >= 2


def test_a_layer_measured_on_a_gpu_is_shown(case: ModuleType) -> None:
    layer = {
        "metric": "layer",
        "device": "cuda",
        "gpu": "Some GPU",
        "shape": [4096, 14336],
        "tokens": 4096,
        "experts": 8,
        "r": 8,
        "top_k": 2,
        "lora_rank": 64,
        "p50": 210.0,
        "lora_p50": 200.0,
        "over_lora": 1.05,
        "error": 2e-3,
    }
    text = case.tables([*rows(case), layer])["docs/routed-lora.md"]
    assert "| Some GPU | 4096 to 14336 | 4,096 | 210 | 200 | 1.05 | 2.0e-03 |" in text
