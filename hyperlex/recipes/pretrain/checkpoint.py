"""What a run leaves behind to go on from: checkpoints/step-00001000/

model.safetensors        the weights
optimiser.safetensors    the moments of AdamW, by the name of their weight
rows.safetensors         what each row of the batch has tokenised and not yet seen
state.json               how far training and reading have come

A checkpoint is there whole or not at all; the one before it goes only then. One written by several
processes is read by any number of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    get_state_dict,
    set_state_dict,
)

from hyperlex.errors import ConfigError, FormatError
from hyperlex.files import atomic_directory
from hyperlex.recipes.pretrain.mixture import Mixture
from hyperlex.recipes.pretrain.packing import PackedRows, Row
from hyperlex.recipes.pretrain.train import Progress, Trainer

DIRECTORY = "checkpoints"
FORMAT_VERSION = 1

_MODEL, _OPTIMISER, _ROWS = "model.safetensors", "optimiser.safetensors", "rows.safetensors"
_STATE = "state.json"
_FULL = StateDictOptions(full_state_dict=True, cpu_offload=True)


def save_checkpoint(output: Path, trainer: Trainer, rows: PackedRows, mixture: Mixture) -> None:
    """Write one, of all processes, and delete those before it.

    Raises:
        ConfigError: it cannot be written (a full disk, say); the last one stays.
    """
    accelerator = trainer.process
    _meet(trainer, rows)
    weights, optimiser = _state(trainer)
    weights, shared = _each_once(weights)
    waiting = _gathered(trainer, rows)
    if accelerator.is_main_process:
        moments = {
            f"{name}\n{key}": value
            for name, values in optimiser["state"].items()
            for key, value in values.items()
        }
        state = {
            "format_version": FORMAT_VERSION,
            "progress": asdict(trainer.progress),
            "shared": shared,
            "mixture": mixture.state,
            "dealt": rows.dealt.tolist(),
            "taken": rows.taken,
        }
        target = output / DIRECTORY / f"step-{trainer.progress.step:08d}"
        with atomic_directory(target) as staged:
            _write(staged / _MODEL, weights)
            _write(staged / _OPTIMISER, moments)
            _write(staged / _ROWS, waiting)
            (staged / _STATE).write_text(json.dumps(state) + "\n", "utf-8")
        for older in _checkpoints(output):
            if older != target:
                shutil.rmtree(older)
    accelerator.wait_for_everyone()


def has_checkpoint(output: Path) -> bool:
    """Whether there is one to go on from."""
    return bool(_checkpoints(output))


def load_checkpoint(output: Path, trainer: Trainer, rows: PackedRows, mixture: Mixture) -> None:
    """Go on from the last one in `output`.

    Raises:
        FormatError: a damaged one, or one of another shape.
    """
    last = _checkpoints(output)[-1]
    try:
        state = json.loads((last / _STATE).read_bytes())
        weights, moments = _read(last / _MODEL), _read(last / _OPTIMISER)
        waiting = _read(last / _ROWS)
        weights |= {name: weights[same] for name, same in state["shared"].items()}
        version = state["format_version"]
    except (OSError, ValueError, KeyError) as error:
        raise FormatError(
            f"{last} is damaged ({error}). Delete it to go on from nothing."
        ) from error
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{last} has format version {version!r}; this hyperlex reads {FORMAT_VERSION}. Install "
            "the hyperlex that wrote it."
        )
    if len(state["dealt"]) != len(rows.dealt):
        raise FormatError(
            f"{last} is of a batch of {len(state['dealt'])}, the recipe's is {len(rows.dealt)}. "
            "Use the same recipe."
        )
    _restore(trainer, weights, moments)
    trainer.progress = Progress(**state["progress"])
    mixture.go_to(state["mixture"])
    rows.dealt[:] = state["dealt"]
    rows.taken = state["taken"]
    for row in rows.rows:
        rows.rows[row] = Row.of(waiting[f"ids.{row}"].numpy(), waiting[f"characters.{row}"].numpy())


def _restore(
    trainer: Trainer, weights: dict[str, Any], moments: Mapping[str, torch.Tensor]
) -> None:
    """Weights and moments into the model: each process takes its part of the whole."""
    optimiser = trainer.optimiser.optimizer
    # Every process has these by itself, where the whole state is gathered by the first alone.
    settings = get_optimizer_state_dict(trainer.module, optimiser)["param_groups"]
    held: dict[str, Any] = {}
    for each, value in moments.items():
        name, _, key = each.partition("\n")
        held.setdefault(name, {})[key] = value
    set_state_dict(
        trainer.module,
        optimiser,
        model_state_dict=weights,
        optim_state_dict={"state": held, "param_groups": settings},
        options=StateDictOptions(full_state_dict=True),
    )


def _state(trainer: Trainer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Weights, and moments with the settings of the optimiser, by the names of the weights."""
    return get_state_dict(trainer.module, trainer.optimiser.optimizer, options=_FULL)


def _meet(trainer: Trainer, rows: PackedRows) -> None:
    """Bring all processes to one place in the documents."""
    if trainer.process.num_processes > 1:
        taken = torch.tensor([rows.taken], device=trainer.process.device)
        gathered: Any = trainer.process.gather(taken)
        rows.advance(int(gathered.max()))


def _gathered(trainer: Trainer, rows: PackedRows) -> dict[str, torch.Tensor]:
    """What waits in the rows of all processes, by the row."""
    for row in rows.rows.values():
        row.merge()
    longest = max(len(row) for row in rows.rows.values())
    held = np.full((len(rows.rows), 2, longest + 1), -1, np.int64)
    for index, row in enumerate(rows.rows.values()):
        held[index, :, 0] = len(row)
        held[index, 0, 1 : len(row) + 1] = row.ids
        held[index, 1, 1 : len(row) + 1] = row.characters
    every: Any = torch.from_numpy(held)
    if trainer.process.num_processes > 1:
        every = every.to(trainer.process.device)
        every = trainer.process.pad_across_processes(every, dim=2, pad_index=-1)
        every = trainer.process.gather(every).cpu()
    result = {}
    for index, (ids, characters) in enumerate(every):
        length = int(ids[0]) + 1
        result[f"ids.{index}"] = ids[1:length].clone()
        result[f"characters.{index}"] = characters[1:length].clone()
    return result


def _each_once(weights: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The weights without the second names of those that have two, such as a tied head's; and
    which name each of these stands for.
    """
    first: dict[int, str] = {}
    names = {name: first.setdefault(value.data_ptr(), name) for name, value in weights.items()}
    once = {name: value for name, value in weights.items() if names[name] == name}
    return once, {name: same for name, same in names.items() if name != same}


def _checkpoints(output: Path) -> list[Path]:
    return sorted((output / DIRECTORY).glob("step-*"))


def _write(file: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    try:
        save_file({name: value.contiguous() for name, value in tensors.items()}, file)
    except (OSError, SafetensorError) as error:
        raise ConfigError(
            f"{file.parent.name}/{file.name} cannot be written ({error}). The last checkpoint "
            "stays: make room, and go on from it with --resume."
        ) from error


def _read(file: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(file)
    except SafetensorError as error:
        raise ValueError(f"{file.name}: {error}") from error
