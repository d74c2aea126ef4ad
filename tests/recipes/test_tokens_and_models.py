"""The experiment `tokens_and_models` runs from text to table, and its arms are what they say."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "corpora" / "samples").glob("*.txt"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own samples laid out as the development data is; thrice, for entries need a count."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "corpora" / "samples").mkdir(parents=True)
    (folder / "heldout").mkdir()
    for index, path in enumerate(SAMPLES):
        text = path.read_text(encoding="utf-8")
        for copy in range(4):
            (folder / "corpora" / "samples" / f"{index}-{copy}.txt").write_text(
                f"{copy}. {text}", encoding="utf-8"
            )
    for index, path in enumerate(SAMPLES[:2]):
        (folder / "heldout" / f"part{index}.txt").write_bytes(path.read_bytes())
    return folder


def test_the_experiment_runs_from_text_to_table(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "rows.jsonl"
    command = [sys.executable, "-m", "benchmarks.run", "tokens_and_models", "--scale", "dry"]
    words = ["--data", data, "--characters", 160_000_000, "--pairs", "small"]
    places = ["--out", tmp_path / "out", "--results", results]
    subprocess.run([*command, *map(str, words + places)], cwd=ROOT, check=True)
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    sizes = {row["arm"]: row for row in rows if row["metric"] == "sizes"}
    base, flops, text = (sizes[arm] for arm in ("base", "equal FLOPs", "equal text"))
    assert flops["ids"] == text["ids"] > base["ids"]
    assert flops["training_flops"] == pytest.approx(base["training_flops"], rel=0.05)
    assert text["training_characters"] == pytest.approx(base["training_characters"], rel=0.05)
    assert flops["tokens_per_1000_characters"] < base["tokens_per_1000_characters"]
    bits = {
        row["arm"]: row
        for row in rows
        if row["metric"] == "bits_per_character" and row["domain"] == "all"
    }
    assert bits["base"]["over_base"]["value"] == 1
    ratio = bits["equal text"]["value"] / bits["base"]["value"]
    assert bits["equal text"]["over_base"]["value"] == pytest.approx(ratio)
    monkeypatch.syspath_prepend(str(ROOT))
    case = importlib.import_module("benchmarks.cases.tokens_and_models")
    (table,) = case.tables(rows).values()
    assert table.count("equal FLOPs") >= 3
    assert (tmp_path / "out" / "small" / "base-0" / "model.safetensors").is_file()
