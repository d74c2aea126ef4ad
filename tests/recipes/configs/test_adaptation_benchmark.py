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


def test_lengthened_rows_are_as_long_as_base_rows_and_point_where_they_did(
    benchmarks: Any, tok: HyperTokenizer
) -> None:
    case, induction = benchmarks("benchmarks.cases.adaptation"), benchmarks("benchmarks.induction")
    seam = tok.layout.base_size
    model = extend_model(induction.copying_llama(seam, 0, 64, seed=0), tok)
    rows = model.get_input_embeddings().weight.detach()
    before = rows.clone()
    case.lengthen(model, tok)
    middle, new = before[:seam].mean(0), slice(seam, len(tok))
    assert rows[:seam].equal(before[:seam])
    lengths = (rows[new] - middle).norm(dim=1)
    typical = (before[:seam] - middle).norm(dim=1).mean()
    torch.testing.assert_close(lengths, typical.expand_as(lengths))
    cosines = torch.cosine_similarity(rows[new] - middle, before[new] - middle)
    torch.testing.assert_close(cosines, torch.ones_like(cosines))


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
