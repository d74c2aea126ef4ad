"""A run that was stopped goes on as if it had not been, and a full disk costs no checkpoint."""

from __future__ import annotations

import errno
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from hyperlex.errors import ConfigError
from hyperlex.recipes.finetune import FinetuneConfig, finetune
from hyperlex.recipes.finetune import checkpoint as kept
from hyperlex.recipes.loading import load_trained

STEPS = 11
_RUN: dict[str, Any] = {
    "steps": STEPS,
    "checkpoint_every": 2,
    "log_every": 3,
    # Of four steps an epoch: step 4 ends one, and a checkpoint is there.
    # What draws from the generators: dropout of the model and of LoRA, and the order of the data,
    # which begins anew after each of two epochs.
    "lora_dropout": 0.2,
    "accumulation": 2,
    "batch": 2,
    "validation": 0.2,
}


class Killed(BaseException):
    pass


def killed_at(step: int) -> Callable[[str, int, int | None], None]:
    def progress(stage: str, done: int, end: int | None) -> None:
        if done == step:
            raise Killed

    return progress


def log_of(config: FinetuneConfig) -> list[dict[str, Any]]:
    lines = (Path(config.output) / "log.jsonl").read_text("utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


@pytest.mark.parametrize("kind", ["lora and rows", "all weights"])
def test_a_killed_run_goes_on_with_the_same_loss_curve(
    kind: str, recipe: Callable[..., FinetuneConfig], tmp_path: Path
) -> None:
    options: dict[str, Any] = {"adapters": "none"} if kind == "all weights" else {"rows": True}
    whole = recipe(**_RUN, **options, output=str(tmp_path / "whole"))
    finetune(whole)
    at = [random.randrange(1, STEPS)] + [5] * (kind == "lora and rows")
    for step in at:
        stopped = recipe(**_RUN, **options, output=str(tmp_path / f"stopped at {step}"))
        with pytest.raises(Killed):
            finetune(stopped, progress=killed_at(step))
        finetune(replace(stopped, resume=True))
        expected, found = log_of(whole), log_of(stopped)
        assert [line["step"] for line in found] == [line["step"] for line in expected]
        for one, other in zip(expected, found, strict=True):
            assert other == pytest.approx(one, rel=1e-6), f"stopped at {step}"
        name = "model.safetensors" if kind == "all weights" else "adapter_model.safetensors"
        ours, theirs = (load_file(Path(c.output) / name) for c in (whole, stopped))
        for key, tensor in ours.items():
            torch.testing.assert_close(theirs[key], tensor, rtol=1e-5, atol=1e-7)


def test_a_run_that_goes_on_has_learned_before(recipe: Callable[..., FinetuneConfig]) -> None:
    """The test above would pass if nothing were random and nothing learned: it is not so."""
    config = recipe(**_RUN)
    finetune(config)
    lines = log_of(config)
    assert lines[-1]["validation_loss"] < lines[0]["loss"] - 0.01
    again = replace(config, output=config.output + " with another seed", seed=1)
    finetune(again)
    assert log_of(again)[0]["loss"] != pytest.approx(lines[0]["loss"], rel=1e-5)


def test_a_full_disk_leaves_the_last_good_checkpoint(
    recipe: Callable[..., FinetuneConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = recipe(steps=5, checkpoint_every=2)
    save, saved = kept.save_trained, []

    def full(model: Any, directory: Path) -> None:
        saved.append(directory)
        if len(saved) == 2:
            (directory / "half").write_bytes(b"written before the disk was full")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(model, directory)

    monkeypatch.setattr("hyperlex.recipes.finetune.trainer.save_trained", full)
    with pytest.raises(ConfigError, match=r"step 4 could not be written .*checkpoint-2 is whole"):
        finetune(config)
    directory = Path(config.output)
    assert [path.name for path in (directory / "checkpoints").iterdir()] == ["checkpoint-2"]
    finetune(replace(config, resume=True))
    assert (directory / "adapter_model.safetensors").is_file()


def test_a_run_that_was_stopped_is_no_result(recipe: Callable[..., FinetuneConfig]) -> None:
    config = recipe(steps=4, checkpoint_every=2, resume=True)
    told: list[str] = []
    with pytest.raises(Killed):
        finetune(config, told=told.append, progress=killed_at(3))
    assert any("no run in" in line and "begins anew" in line for line in told)
    with pytest.raises(ConfigError, match=r"not come to its end: .*recipe\.toml --resume"):
        load_trained(config.output)


def test_what_a_killed_process_left_is_cleared_away(recipe: Callable[..., FinetuneConfig]) -> None:
    """A half-written checkpoint, and half a line at the end of the log."""
    config = recipe(steps=4, checkpoint_every=2)
    with pytest.raises(Killed):
        finetune(config, progress=killed_at(3))
    directory = Path(config.output)
    (directory / "checkpoints" / ".hyperlex-0123456789abcdef").mkdir()
    with (directory / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 3, "lo')
    finetune(replace(config, resume=True))
    assert [line["step"] for line in log_of(config)] == [1, 2, 3, 4]
    assert [path.name for path in (directory / "checkpoints").iterdir()] == ["checkpoint-2"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),
        SafetensorError("Error while serializing: I/O error: No space left on device"),
    ],
)
def test_a_full_disk_is_told_in_one_way(error: Exception, tmp_path: Path) -> None:
    """As the system, torch.save and safetensors raise it; other errors stay what they are."""
    with pytest.raises(ConfigError, match=r"could not be written .*--resume"), told(tmp_path):
        raise error
    with pytest.raises(RuntimeError, match="shapes"), told(tmp_path):
        raise RuntimeError("shapes do not match")


def told(directory: Path) -> Any:
    return kept.told_of_writing("The result", directory)


def test_only_the_newest_checkpoints_stay(recipe: Callable[..., FinetuneConfig]) -> None:
    config = recipe(steps=5, checkpoint_every=1, keep_checkpoints=2)
    finetune(config)
    assert [kept.step_of(path) for path in kept.checkpoints(Path(config.output))] == [3, 4]


def contents(directory: str) -> dict[Path, tuple[int, bytes]]:
    files = [path for path in Path(directory).rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.mark.parametrize("kind", ["all", "routed", "none"])
def test_a_finished_run_is_left_as_it_is(kind: str, recipe: Callable[..., FinetuneConfig]) -> None:
    """Whatever has become of its data: nothing of it is read, and nothing is trained."""
    config = recipe(steps=3, checkpoint_every=2, adapters=kind)
    first = finetune(config)
    before = contents(config.output)
    Path(config.data).unlink()
    told: list[str] = []
    again = finetune(replace(config, resume=True), told=told.append)
    assert told == [
        f"The run in {config.output} is finished, and was left as it is. To train further, name a "
        "new output."
    ]
    assert contents(config.output) == before
    assert replace(again, seconds=0.0) == replace(first, seconds=0.0)
    assert again.seconds == pytest.approx(first.seconds, abs=1e-3)


@pytest.mark.parametrize("lost", ["adapter_config.json", "tokenizer.json", "result.json"])
def test_a_result_that_lost_a_file_is_made_anew(
    lost: str, recipe: Callable[..., FinetuneConfig]
) -> None:
    config = recipe(steps=3, checkpoint_every=2)
    finetune(config)
    (Path(config.output) / lost).unlink()
    told: list[str] = []
    finetune(replace(config, resume=True), told=told.append)
    assert "Going on from step 2." in told
    assert (Path(config.output) / lost).is_file()


def test_an_output_that_is_no_run_is_refused(
    recipe: Callable[..., FinetuneConfig], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "diary.txt").write_text("не трогать", encoding="utf-8")
    for resume in (False, True):
        with pytest.raises(ConfigError, match="is not empty"):
            finetune(recipe(resume=resume))


def test_going_on_asks_for_the_same_recipe_and_the_same_data(
    recipe: Callable[..., FinetuneConfig], tmp_path: Path
) -> None:
    config = recipe(steps=2)
    finetune(config)
    with pytest.raises(ConfigError, match="--resume"):
        finetune(config)
    with pytest.raises(ConfigError, match=r"learning_rate = 0\.5, and the run .* has 0\.01"):
        finetune(replace(config, resume=True, learning_rate=0.5))
    (Path(config.output) / "result.json").unlink()  # as if it had been stopped
    Path(config.data).write_text('{"text": "Совсем другой текст."}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="The data is not what the run"):
        finetune(replace(config, resume=True))
