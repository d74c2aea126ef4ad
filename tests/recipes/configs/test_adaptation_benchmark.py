"""The case `adaptation`: its base copies before any training, and it runs from text to table."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hyperlex import HyperTokenizer
from hyperlex.model import extend_model

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module


@pytest.mark.parametrize("length", [5, 20, 80])
def test_the_base_copies_any_ids_before_it_is_trained(benchmarks: Any, length: int) -> None:
    induction = benchmarks("benchmarks.induction")
    model = induction.copying_llama(1_000, 0, 256, seed=1).eval()
    drawn = np.random.default_rng(length).permutation(1_000)[:length].tolist()
    read = torch.tensor([drawn * 3])
    with torch.no_grad():
        said = model(input_ids=read).logits[0].argmax(-1)
    third = slice(2 * length, 3 * length - 1)
    assert said[third].tolist() == read[0, 2 * length + 1 :].tolist()


@pytest.mark.parametrize("initialisation", ["mean", "distinct"])
def test_hypertokens_are_copied_before_any_training_where_their_rows_are_distinct(
    benchmarks: Any, tok: HyperTokenizer, initialisation: Any
) -> None:
    induction = benchmarks("benchmarks.induction")
    model = induction.copying_llama(tok.layout.base_size, 0, 256, seed=0).eval()
    extend_model(model, tok, initialisation=initialisation)
    drawn = np.random.default_rng(0).permutation(len(tok))[:60].tolist()
    asked = torch.tensor([tok.layout.is_hyper(index) for index in drawn])[1:]
    with torch.no_grad():
        said = model(input_ids=torch.tensor([drawn * 3])).logits[0].argmax(-1)
    right = said[120:179] == torch.tensor(drawn)[1:]
    assert asked.any() and right[~asked].float().mean() > 0.9
    assert right[asked].all() == (initialisation == "distinct")


def test_a_sentence_that_was_learned_stops_the_measurement(benchmarks: Any, tmp_path: Path) -> None:
    case = benchmarks("benchmarks.cases.adaptation")
    copying = benchmarks("hyperlex.measure.copying")
    text = " ".join(f"Почтальон шёл домой {number} дней." for number in range(60))
    heldout = tmp_path / "heldout.jsonl"
    heldout.write_text(json.dumps({"text": text}), encoding="utf-8")
    mixture = tmp_path / "mixture.jsonl"
    for part in ("train", "test"):
        task = copying.copy_tasks([text], 1, part=part)[0]
        row = {"prompt": task.prompt, "text": task.completion}
        mixture.write_text(json.dumps(row), encoding="utf-8")
        if part == "train":
            case._check_unseen(mixture, heldout)
    with pytest.raises(SystemExit, match="1 sentences of the test were learned"):
        case._check_unseen(mixture, heldout)


def test_the_case_runs_from_text_to_table() -> None:
    command = [sys.executable, "-m", "benchmarks.run", "adaptation", "--dry-run"]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    stages = ("the base, in base ids", "extended", "rows alone", "adapted")
    assert [found.count(f"| {stage} |") for stage in stages] == [1, 2, 2, 2]
    assert "7 rows, none is written" in found
