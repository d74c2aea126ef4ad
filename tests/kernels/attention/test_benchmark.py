"""The measuring cases of attention: they run anywhere, and time nothing that is wrong."""

from __future__ import annotations

import argparse
import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

ROOT = Path(__file__).resolve().parents[3]


def case(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.cases.{name}")


@pytest.fixture(autouse=True)
def benchmarks_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.parametrize("name", ["attention_decode", "attention_prefill"])
def test_dry_run_passes_the_gate_and_writes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    module = case(name)
    module.add_arguments(parser)
    out = tmp_path / "rows.jsonl"
    module.run(parser.parse_args(["--dry-run", "--out", str(out)]))
    printed = capsys.readouterr().out
    assert "hyperlex int4" in printed or "softcap" in printed
    assert "GATE FAILED" not in printed and printed.count(" ok") >= 5
    assert not out.exists()


def test_a_wrong_output_is_not_timed() -> None:
    attention = importlib.import_module("benchmarks.attention")

    class Wrong(attention.Torch):  # type: ignore[misc, name-defined]
        def store(self, *given: torch.Tensor) -> Any:
            stored = super().store(*given)
            return replace(stored, run=lambda query: stored.run(query) * 1.02)

    right = next(attention.decoders(["sdpa enable_gqa"]))
    wrong = Wrong("wrong", right.attend)
    options = argparse.Namespace(dtype="float32", dry_run=False, rounds=2)
    shape = (1, 4, 2, 32, 16)
    rows = list(case("attention_decode")._shape([right, wrong], shape, "cpu", 1e9, options))
    assert [row["gate"] for row in rows] == [True, False]
    assert ["p50" in row for row in rows] == [True, False]
    assert rows[1]["error"] == pytest.approx(0.02, rel=1e-3)


def test_codes_are_held_to_what_they_stand_for() -> None:
    """An int4 cache is far from what it was given and exact over what it stores."""
    attention = importlib.import_module("benchmarks.attention")
    (int4,) = attention.decoders(["hyperlex int4"])
    query, key, value = (torch.randn(2, heads, 40, 64) for heads in (4, 2, 2))
    stored = int4.store(query[:, :, :1], key, value)
    error, cosine = case("attention_decode")._errors(stored, query[:, :, :1], key, value)
    assert error < 1e-5 and 0.97 < cosine < 0.999
    assert stored.copy().stored_bytes == stored.stored_bytes


def test_tables_show_gpus_only() -> None:
    row = {
        "device": "cuda",
        "gpu": "Some GPU",
        "driver": "1",
        "torch": "2",
        "triton": "3",
        "date": "2026-01-01",
        "copy_gb_per_s": 4300.0,
        "dtype": "float16",
        "heads": "32/8",
        "batch": 1,
        "context": 4096,
        "provider": "hyperlex int4",
        "p50": 7.0,
        "fraction_of_copy": 0.5,
        "way": "causal",
    }
    for name in ("attention_decode", "attention_prefill"):
        module = case(name)
        text = module.tables([row, {**row, "p50": 5.0}])["docs/kernels.md"]
        assert "Some GPU" in text and " 5" in text and " 7" not in text
        nothing = module.tables([{**row, "device": "cpu"}])["docs/kernels.md"]
        assert f"python -m benchmarks.run {name}" in nothing
