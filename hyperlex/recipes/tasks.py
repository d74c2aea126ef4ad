"""What a recipe does: plain fine-tuning, or one of the tasks that are made of several steps.

A recipe names its task by the key `task`; one without it is fine-tuning. Each task has a dataclass
of its keys and a function that runs it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from hyperlex.errors import ConfigError, HyperlexError, did_you_mean
from hyperlex.files import require_writable
from hyperlex.recipes.config import RESOLVED_FILE, read_recipe, read_toml, require_same
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.finetune.output import MAY_CHANGE

Told = Callable[[str], None]
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class TaskResult:
    """What a task did.

    Attributes:
        directory: where the result is.
        figures: what JSON can hold.
        lines: the same in words.
    """

    directory: Path
    figures: dict[str, Any]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """A task by name.

    Attributes:
        kind: the dataclass of its keys, for `read_recipe`.
        run: `run(config, told=…, progress=…) -> TaskResult`.
    """

    kind: type[Any]
    run: Callable[..., TaskResult]


# By name: module, dataclass, function. No task is imported before it is asked for.
_TASKS: Final = {
    "finetune": ("hyperlex.recipes.tasks", "FinetuneConfig", "run_finetune"),
    "moderation": ("hyperlex.recipes.moderation", "ModerationConfig", "compare"),
    "adapt-vocabulary": ("hyperlex.recipes.adaptation", "AdaptationConfig", "adapt"),
    "generate": ("hyperlex.recipes.generation", "GenerationConfig", "answer"),
}
TASKS: Final[tuple[str, ...]] = tuple(_TASKS)

_MAY_CHANGE: Final = MAY_CHANGE | {"regimes", "copy_test"}
"""What is compared or measured at the end is no part of what was learned before."""


def task_of(recipe: str | Path | None) -> Task:
    """The task of the recipe at a path; fine-tuning where there is none.

    Raises:
        ConfigError: no such file, no TOML, an unknown task.
    """
    table = {} if recipe is None else read_toml(Path(recipe))
    name = table.get("task", "finetune")
    if {"layers", "hidden"} & table.keys():
        raise ConfigError(
            f"{recipe} is a recipe of pretraining, which begins without a model. Run it: hyperlex "
            f"pretrain {recipe}"
        )
    if name not in _TASKS:
        hint = did_you_mean(str(name), TASKS)
        raise ConfigError(f"{recipe}: task = {name!r}. Expected one of {', '.join(TASKS)}.{hint}")
    module, kind, run = _TASKS[name]
    found = import_module(module)
    return Task(getattr(found, kind), getattr(found, run))


def run_finetune(
    config: FinetuneConfig, *, told: Told | None = None, progress: Progress | None = None
) -> TaskResult:
    """Plain fine-tuning, see `hyperlex.recipes.finetune.finetune`."""
    from hyperlex.recipes.finetune import finetune

    result = finetune(config, told=told, progress=progress)
    figures = {
        "directory": str(result.directory),
        "first_loss": result.losses[0],
        "last_loss": result.losses[-1],
        "trainable": result.trainable,
        "total": result.total,
        "seconds": round(result.seconds, 1),
    }
    line = (
        f"Loss {result.losses[0]:.3f} -> {result.losses[-1]:.3f} nats a token, "
        f"{result.trainable:,} of {result.total:,} parameters, {result.seconds:,.0f} s."
    )
    return TaskResult(result.directory, figures, (line,))


def stage_of(config: FinetuneConfig, **changes: Any) -> FinetuneConfig:
    """The fine-tuning of a task's step: the keys that both have, with `changes`."""
    kept = {each.name: getattr(config, each.name) for each in fields(FinetuneConfig)}
    return FinetuneConfig(**(kept | changes))


def open_output(output: str) -> Path:
    """The directory of a task that does not go on: what is written first makes it. Raises
    `ConfigError` for one in use.
    """
    return _opened(output, "Name")


@contextmanager
def open_task(config: FinetuneConfig) -> Iterator[Path]:
    """The directory of a task, which what is written first makes; with `config.resume` also that
    of the same task begun before. A new one that is refused before a step of it has begun leaves
    nothing, so that the same output may be named again.

    Raises:
        ConfigError: something else is in it, or the same task by another recipe.
    """
    directory = _task_directory(config)
    is_new = not (directory / RESOLVED_FILE).is_file()
    try:
        yield directory
    except HyperlexError:
        if is_new and not any(directory.glob(f"*/{RESOLVED_FILE}")):
            shutil.rmtree(directory, ignore_errors=True)
        raise


def _task_directory(config: FinetuneConfig) -> Path:
    recipe = Path(config.output) / RESOLVED_FILE
    if not recipe.is_file():
        return _opened(config.output, "Name")
    if not config.resume:
        return _opened(config.output, "Go on with it by --resume, or name")
    require_same(read_recipe(type(config), recipe), config, may_change=_MAY_CHANGE)
    return recipe.parent


def _opened(output: str, remedy: str) -> Path:
    directory = Path(output)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ConfigError(f"output = {output!r} is not empty. {remedy} a new directory.")
    require_writable([directory / RESOLVED_FILE])
    return directory


def nested(progress: Progress | None, name: str) -> Progress | None:
    """`progress` of a step, its stages with the name of the step before them."""
    return None if progress is None else partial(_nested, progress, name)


def _nested(progress: Progress, name: str, stage: str, done: int, end: int | None) -> None:
    progress(f"{name}: {stage}", done, end)
