"""Checkpoints of a run: whole or not there, the newest few.

A checkpoint holds the trained parameters, bit by bit, and what transformers' Trainer keeps to go
on: the state of optimiser and schedule, of the random generators, and how far it was.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from hyperlex.errors import ConfigError, FormatError, first_line
from hyperlex.files import atomic_directory
from hyperlex.recipes.finetune.adapters import trained_parameters

FOLDER = "checkpoints"
TRAINED_FILE = "trained.safetensors"
_NAME = re.compile(r"checkpoint-(\d+)")


def checkpoints(directory: Path) -> list[Path]:
    """Those of a run, the oldest first."""
    found = {
        int(match[1]): path
        for path in (directory / FOLDER).glob("checkpoint-*")
        if (match := _NAME.fullmatch(path.name))
    }
    return [found[step] for step in sorted(found)]


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


@contextmanager
def checkpoint_written(directory: Path, step: int, keep: int) -> Iterator[Path]:
    """Yield a directory that becomes the checkpoint of `step` when the block ends well; of the
    older ones `keep` less one stay.

    Raises:
        ConfigError: it could not be written (the disk is full): the checkpoints before it stay.
    """
    target = directory / FOLDER / f"checkpoint-{step}"
    with (
        told_of_writing(f"The checkpoint of step {step}", directory),
        atomic_directory(target) as staged,
    ):
        yield staged
    for old in checkpoints(directory)[:-keep]:
        shutil.rmtree(old)


@contextmanager
def told_of_writing(what: str, directory: Path) -> Iterator[None]:
    """Tell what could not be written, the disk being full, as `ConfigError`: torch and safetensors
    raise errors of their own.
    """
    try:
        yield
    except (OSError, SafetensorError, RuntimeError, ConfigError) as error:
        if not _is_about_writing(error):
            raise
        reason = _reason(error.__cause__ or error)
        last = checkpoints(directory)
        stays = f"{last[-1]} is whole" if last else "There is no checkpoint before it"
        raise ConfigError(
            f"{what} could not be written ({reason}). {stays}. Make room, and go on with --resume."
        ) from error


def save_trained(model: nn.Module, directory: Path) -> None:
    """Write the trained parameters, each in its own type."""
    tensors = {name: each.detach().contiguous() for name, each in trained_parameters(model).items()}
    save_file(tensors, directory / TRAINED_FILE, metadata={"format": "pt"})


def load_trained_parameters(model: nn.Module, directory: Path) -> None:
    """Put the trained parameters of a checkpoint into a model that was prepared alike.

    Raises:
        FormatError: it holds other parameters.
    """
    found = load_file(directory / TRAINED_FILE)
    wanted = trained_parameters(model)
    odd = [
        name
        for name in (*wanted, *found)
        if name not in found or name not in wanted or found[name].shape != wanted[name].shape
    ]
    if odd:
        raise FormatError(
            f"{directory} holds other parameters than this recipe trains ({odd[0]}). Go on with "
            "the recipe that it was written by, or start anew in another output."
        )
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(found[name])


def remove_remains(directory: Path) -> None:
    """Delete what a killed process had not finished writing."""
    for left in (directory / FOLDER).glob(".hyperlex-*"):
        shutil.rmtree(left, ignore_errors=True)


def _is_about_writing(error: BaseException) -> bool:
    if isinstance(error, RuntimeError):
        return "inline_container" in str(error)  # torch.save
    return True


def _reason(error: Any) -> str:
    if isinstance(error, RuntimeError) or getattr(error, "errno", None) == errno.ENOSPC:
        return "no space left on the device"
    return first_line(error).rstrip(".")
