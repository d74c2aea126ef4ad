"""Two processes with gloo on the CPU train what one does, by DDP and by FSDP2."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from hyperlex.errors import ConfigError
from hyperlex.recipes.config import write_recipe
from hyperlex.recipes.pretrain import PretrainConfig, pretrain
from hyperlex.recipes.pretrain.run import _share

Recipe = Callable[..., PretrainConfig]

DDP: dict[str, str] = {}
FSDP2 = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
}
"""What `accelerate launch --use_fsdp --fsdp_version 2` sets."""


def run(recipes: list[PretrainConfig], place: Path, settings: dict[str, str]) -> None:
    """Run recipes in two processes."""
    files = []
    for number, config in enumerate(recipes):
        files.append(str(place / f"{number}.toml"))
        write_recipe(config, files[-1])
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    started = []
    for rank in "01":
        process = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
        quiet = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
        started.append(
            subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("worker.py")), *files],
                env={**os.environ, **process, **meeting, **quiet, **settings},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    told = [each.communicate(timeout=600)[0] for each in started]
    assert [each.returncode for each in started] == [0, 0], "\n".join(told)[-5000:]


def losses(output: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (output / "log.jsonl").open(encoding="utf-8")]


def same_weights(one: Path, other: Path) -> None:
    first, second = (load_file(path / "model.safetensors") for path in (one, other))
    assert first.keys() == second.keys()
    for name, weight in first.items():
        # Adam divides by the root of the second moment: rounding shows where that is near 0.
        torch.testing.assert_close(second[name], weight, rtol=1e-3, atol=1e-4)


@pytest.fixture
def half(recipe: Recipe) -> dict[str, Any]:
    """A recipe for the first half of a run."""
    return {"steps": 4, "schedule": "constant", "warmup": 0.0, "checkpoint_every": 4}


def test_ddp_is_one_process_and_one_goes_on_from_two(
    recipe: Recipe, half: dict[str, Any], tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    run([recipe(**half, output=str(two), micro_batch=1)], tmp_path, DDP)
    pretrain(recipe(**half, output=str(one)))
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)
    same_weights(one, two)
    for output in (one, two):
        pretrain(recipe(**{**half, "steps": 8}, output=str(output), resume=True))
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)
    assert len(losses(two)) == 8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "tied"), [(DDP, True), (FSDP2, True), (FSDP2, False)], ids=["ddp", "tied", "two"]
)
def test_two_processes_go_on_as_one_does(
    recipe: Recipe, half: dict[str, Any], tmp_path: Path, settings: dict[str, str], tied: bool
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    whole = {**half, "steps": 8, "tied": tied}
    first = recipe(**half, tied=tied, output=str(two))
    run([first, recipe(**whole, output=str(two), resume=True)], tmp_path, settings)
    pretrain(recipe(**whole, output=str(one)))
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)
    same_weights(one, two)


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    class Three:
        num_processes, process_index = 3, 1

    with pytest.raises(ConfigError, match=r"batch = 4 .* 3 processes.*--batch 6"):
        _share(4, Three())
    assert _share(6, Three()) == range(2, 4)
