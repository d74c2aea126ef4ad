"""The case `ladder_speed` times every rung on passages of its own."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

import hyperlex

ROOT = Path(__file__).resolve().parents[2]
TEXT = "".join(
    f"В {hour} часов старый почтальон не нашёл дома {number} по Садовой улице. "
    for number, hour in enumerate(range(5, 24), 40)
)


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    module = importlib.import_module("benchmarks.cases.ladder_speed")
    monkeypatch.setattr(module, "PASSAGE", 140)
    monkeypatch.setattr(module, "MEASURED", 2)
    return module


def test_every_rung_is_timed(case: ModuleType) -> None:
    rows = list(case.measured({"own": TEXT}))
    assert [row["rung"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert row["characters"] == 280
        assert min(row["first"], row["again"], row["decode"]) > 0
    table = case.tables([row | case.facts("ladder_speed", "cpu") for row in rows])[case.DOCUMENT]
    assert table.count("\n| ") == 3


def test_codes_that_differ_are_not_timed(case: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    compress, asked = hyperlex.compress, []

    def fickle(text: str, **how: int) -> object:
        asked.append(text)
        return compress(text if asked.count(text) == 1 else text[1:], **how)

    monkeypatch.setattr(hyperlex, "compress", fickle)
    with pytest.raises(AssertionError):
        list(case.measured({"own": TEXT}))
