"""The directory of a run: new, or that of the same run, on the same data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_write_text, require_writable
from hyperlex.recipes.config import RESOLVED_FILE, read_recipe, require_same
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.finetune.sequences import Sequences

DATA_FILE: Final = "data.json"
"""Beside the result: how much was learned from, and its hash."""

MAY_CHANGE: Final = frozenset({"resume", "gpu_memory", "keep_checkpoints", "output"})
"""Keys that a run may go on with another value of: the result does not depend on them."""


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


def compare_data(directory: Path, sequences: Sequences, go_on: bool) -> None:
    """Write down what is learned from; a run that goes on must find the same."""
    file = directory / DATA_FILE
    found = {
        "format_version": 1,
        "sequences": len(sequences),
        "tokens": len(sequences.ids),
        "learned": sum(sequences.learned),
        "sha256": sequences.sha256,
    }
    if go_on and file.is_file():
        before = json.loads(file.read_bytes())
        if before.get("sha256") != found["sha256"]:
            raise ConfigError(
                f"The data is not what the run in {directory} began with: {before.get('tokens'):,} "
                f"tokens then, {found['tokens']:,} now, or others. Put the old data back, or name "
                "a new output."
            )
    atomic_write_text(file, json.dumps(found, indent=2) + "\n")


def with_whole_paths(config: FinetuneConfig) -> FinetuneConfig:
    """Local paths made absolute, so that the result is found again from anywhere."""
    changed: dict[str, Any] = {
        key: str(Path(value).resolve())
        for key in ("model", "tokenizer", "data", "validation")
        if isinstance(value := getattr(config, key), str) and Path(value).exists()
    }
    return replace(config, **changed)
