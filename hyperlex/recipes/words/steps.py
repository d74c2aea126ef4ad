"""Steps of the recipe kept on disk, so that a run that was cut off goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from hyperlex.files import atomic_write_bytes, atomic_write_text
from hyperlex.recipes.words.corpus import Sample

Arrays = dict[str, NDArray[np.generic]]


def kept(work: Path, name: str, make: Callable[[], Arrays]) -> Arrays:
    """The arrays of a step: read from `work` where an earlier run left them, else made and left."""
    path = _place(work, name)
    if not path.is_file():
        work.mkdir(parents=True, exist_ok=True)
        atomic_write_bytes(path, save(make()))
    return dict(load_file(path))


def is_kept(work: Path, name: str) -> bool:
    """Whether an earlier run left the arrays of a step."""
    return _place(work, name).is_file()


def _place(work: Path, name: str) -> Path:
    return work / f"{name}.safetensors"


def kept_text(work: Path, name: str, lines: Callable[[], list[str]]) -> list[str]:
    """The same for lines of text."""
    path = work / f"{name}.txt"
    if not path.is_file():
        work.mkdir(parents=True, exist_ok=True)
        atomic_write_text(path, "\n".join(lines()))
    return path.read_text(encoding="utf-8").split("\n")


def kept_sample(work: Path, make: Callable[[], Sample]) -> Sample:
    """The sample of the corpora."""
    made: list[Sample] = []

    def arrays() -> Arrays:
        made.append(make())
        kept_text(work, "types", lambda: made[0].types)
        return {"tokens": made[0].tokens, "lengths": made[0].lengths}

    found = kept(work, "sample", arrays)
    types = kept_text(work, "types", lambda: made[0].types)
    return Sample(types, found["tokens"].astype(np.int32), found["lengths"].astype(np.int64))
