"""The directory of a run: new, to go on with, or finished; and its log."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from hyperlex.errors import ConfigError, FormatError
from hyperlex.files import append_text, atomic_write_text
from hyperlex.recipes.config import RESOLVED_FILE, flag, read_recipe, require_same
from hyperlex.recipes.pretrain.checkpoint import has_checkpoint
from hyperlex.recipes.pretrain.config import BUDGETS, PretrainConfig
from hyperlex.recipes.pretrain.finished import read_figures, write_figures
from hyperlex.recipes.pretrain.train import Budget, Line, Progress

LOG_FILE: Final = "log.jsonl"

_FREE = {"output", "resume", "checkpoint_every", "log_every", "micro_batch", "compile", *BUDGETS}
"""Keys that may be another when a run goes on: they change no step that has been made."""


@dataclass(frozen=True)
class PretrainResult:
    """What a run gave.

    Attributes:
        directory: with the model and its tokenizer, `recipe.toml` and `log.jsonl`.
        losses: nats a token, one for each line of the log.
        bits_per_character: of the last line of the log.
        tokens, characters, flops, seconds: see `train.Progress`.
        parameters: of the model, a tied matrix once.
        first: whether this process is the one that writes and speaks.
    """

    directory: Path
    losses: tuple[float, ...]
    bits_per_character: float
    tokens: int
    characters: int
    flops: int
    seconds: float
    parameters: int
    first: bool

    @classmethod
    def of(
        cls, directory: Path, log: Log, now: Progress, parameters: int, *, first: bool
    ) -> PretrainResult:
        """The result of a run that has come so far."""
        return cls(
            directory=directory,
            losses=tuple(line["loss"] for line in log.lines),
            bits_per_character=log.lines[-1]["bits_per_character"],
            tokens=now.tokens,
            characters=now.characters,
            flops=now.flops,
            seconds=now.seconds,
            parameters=parameters,
            first=first,
        )


class Log:
    """`log.jsonl`, one line at a time; of a run that goes on, what it had come to by `step`.

    Raises:
        FormatError: no such file, or a line that is none of a log. Half a line at the end, of a run
            that was killed, is none.
    """

    def __init__(self, directory: Path, step: int) -> None:
        self._file = directory / LOG_FILE
        self.lines = [line for line in self._read() if line["step"] <= step] if step else []

    def begin(self) -> None:
        """Keep these lines alone: what was logged after them is done again."""
        atomic_write_text(self._file, "".join(json.dumps(line) + "\n" for line in self.lines))

    def add(self, line: Line, *, writes: bool) -> None:
        """Take up a line; the process that `writes` writes it down."""
        self.lines.append(line.as_dict())
        if writes:
            append_text(self._file, json.dumps(line.as_dict()) + "\n")

    def _read(self) -> list[dict[str, float]]:
        found: list[dict[str, float]] = []
        try:
            for line in self._file.read_text("utf-8").splitlines(keepends=True):
                if line.endswith("\n"):
                    found.append(json.loads(line))
                    int(found[-1]["step"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{self._file} is no log behind line {len(found)} ({error}). The log that the run "
                "wrote was expected: put it back, or name a new output."
            ) from error
        return found


def open_run(output: Path, config: PretrainConfig) -> bool:
    """Refuse an `output` that is not for this run, and tell whether there is a checkpoint there."""
    recipe = output / RESOLVED_FILE
    if output.exists() and not output.is_dir():
        raise ConfigError(f"{output} is a file: a new directory was expected as output.")
    if output.is_dir() and any(output.iterdir()):
        if not config.resume:
            raise ConfigError(
                f"{output} is not empty: a new directory was expected as output. Choose another, "
                f"or go on with a run that stopped there: {flag('resume')}."
            )
        if not recipe.is_file():
            raise ConfigError(
                f"{output} holds no {RESOLVED_FILE}, so it is no run to go on with. Choose another "
                "output."
            )
        require_same(read_recipe(PretrainConfig, recipe), config, may_change=_FREE)
    return has_checkpoint(output)


def write_result(directory: Path, now: Progress, parameters: int, files: list[str]) -> None:
    """Write down how far the model in `directory` was trained, once all of it is there."""
    write_figures(directory, {**asdict(now), "parameters": parameters}, files)


def finished(
    output: Path, config: PretrainConfig, going_on: bool, first: bool
) -> PretrainResult | None:
    """The result in `output` where it has spent the budget; None where there is more to train.

    The log alone cannot say it: behind a finished model, of a run that went on with a longer
    budget and was stopped, it is ahead of the model.

    Raises:
        ConfigError: there is more to train, and no checkpoint of the model that is there.
        FormatError: a damaged log.
    """
    found = read_figures(output)
    if found is None:
        return None
    now = Progress(**{key: found[key] for key in asdict(Progress())})
    if budget(config).spent(now) >= 1:
        return PretrainResult.of(
            output, Log(output, now.step), now, found["parameters"], first=first
        )
    if not going_on:
        raise ConfigError(
            f"{output} holds a finished model of {now.step:,} steps and no checkpoint: to go on "
            "would be to begin anew, and to lose it. Name a new output, and set "
            f"{flag('checkpoint_every')} for a run that is to go on."
        )
    return None


def budget(config: PretrainConfig) -> Budget:
    """The one that the recipe names."""
    (unit,) = (key for key in BUDGETS if getattr(config, key) is not None)
    return Budget(unit, getattr(config, unit))  # type: ignore[arg-type]
