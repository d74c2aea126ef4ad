"""The directory of a run: new, or that of the same run, on the same data."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_write_text, require_writable
from hyperlex.recipes.config import (
    RESOLVED_FILE,
    read_recipe,
    require_same,
    settled,
    write_recipe,
)
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.finetune.log import RunLog
from hyperlex.recipes.finetune.sequences import Sequences
from hyperlex.recipes.pretrain.finished import read_figures, write_figures

DATA_FILE: Final = "data.json"
"""Beside the result: how much was learned from, and its hash."""

MAY_CHANGE: Final = frozenset({"resume", "gpu_memory", "keep_checkpoints", "output"})
"""Keys that a run may go on with another value of: the result does not depend on them."""


@dataclass(frozen=True)
class FinetuneResult:
    """What a run did.

    Attributes:
        directory: where the result is.
        losses: nats a token, line by line of the log.
        trainable, total: numbers of parameters, adapters counted in both.
        seconds: of training, over all parts of an interrupted run.
    """

    directory: Path
    losses: tuple[float, ...]
    trainable: int
    total: int
    seconds: float


def write_result(result: FinetuneResult, files: list[str]) -> None:
    """Write down that the run has come to its end, and the `files` of its result."""
    figures = {
        "trainable": result.trainable,
        "total": result.total,
        "seconds": round(result.seconds, 3),
    }
    write_figures(result.directory, figures, files)


def finished(directory: Path) -> FinetuneResult | None:
    """The result of a run that came to its end; None of any other."""
    found = read_figures(directory)
    if found is None:
        return None
    log = RunLog(directory)
    log.read()
    losses = tuple(entry["loss"] for entry in log.lines)
    if not losses:
        return None
    return FinetuneResult(directory, losses, found["trainable"], found["total"], found["seconds"])


def open_run(config: FinetuneConfig, directory: Path) -> bool:
    """Whether there is a run in `directory` to go on with.

    Raises:
        ConfigError: something is in `directory`, and it is no run, none that may go on, or one of
            another recipe.
    """
    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        require_writable([directory / RESOLVED_FILE])
        return False
    recipe = directory / RESOLVED_FILE
    if not recipe.is_file():
        raise ConfigError(
            f"output = {config.output!r} is not empty, and no run of hyperlex finetune. Name a new "
            "directory."
        )
    if not config.resume:
        raise ConfigError(
            f"output = {config.output!r} holds a run. Go on with it by --resume, or name a new "
            "directory."
        )
    before = read_recipe(FinetuneConfig, recipe)
    require_same(before, with_whole_paths(config), may_change=MAY_CHANGE)
    return True


def compare_data(directory: Path, sequences: Sequences) -> None:
    """Raise `ConfigError` where a run that goes on finds other data than it began with."""
    file = directory / DATA_FILE
    if not file.is_file():
        return
    before, found = json.loads(file.read_bytes()), _figures(sequences)
    if before.get("sha256") != found["sha256"]:
        raise ConfigError(
            f"The data is not what the run in {directory} began with: {before.get('tokens'):,} "
            f"tokens then, {found['tokens']:,} now, or others. Put the old data back, or name a "
            "new output."
        )


def begin_run(config: FinetuneConfig, directory: Path, sequences: Sequences) -> None:
    """Write down the recipe and what is learned from, by which a run that is killed is known.

    Not before the model is there: a run that was refused leaves nothing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    atomic_write_text(directory / DATA_FILE, json.dumps(_figures(sequences), indent=2) + "\n")
    write_recipe(settled(config), directory / RESOLVED_FILE)


def _figures(sequences: Sequences) -> dict[str, Any]:
    return {
        "format_version": 1,
        "sequences": len(sequences),
        "tokens": len(sequences.ids),
        "learned": sum(sequences.learned),
        "sha256": sequences.sha256,
    }


def with_whole_paths(config: FinetuneConfig) -> FinetuneConfig:
    """Local paths made absolute, so that the result is found again from anywhere."""
    changed: dict[str, Any] = {
        key: str(Path(value).resolve())
        for key in ("model", "tokenizer", "data", "validation")
        if isinstance(value := getattr(config, key), str) and Path(value).exists()
    }
    return replace(config, **changed)
