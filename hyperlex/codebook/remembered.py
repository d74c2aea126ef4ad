"""Span starts of whole corpora, found once and kept in a file.

Scenes are found at about ten thousand words a second, and a codebook for each base asks for them
again: the answers are kept under the hash of each text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from hyperlex.codebook.corpus import Document
from hyperlex.codebook.files import in_order
from hyperlex.codebook.processes import in_processes
from hyperlex.codebook.spans import SceneStarts
from hyperlex.codebook.train.stream import batches, text_hash
from hyperlex.files import atomic_write_bytes

FORMAT_VERSION = 1
_ARRAYS = ("hashes", "stops", "starts")


class RememberedStarts:
    """A `SceneStarts` that answers from memory where it can and asks `scene_starts` where not.

    Args:
        scene_starts: whom to ask about a text that was never met.
        hashes: uint64 [texts], ascending.
        stops: int64 [texts], where the starts of each text end in `starts`.
        starts: uint32 [all starts], text after text.
    """

    def __init__(
        self,
        scene_starts: SceneStarts,
        hashes: NDArray[np.uint64],
        stops: NDArray[np.int64],
        starts: NDArray[np.uint32],
    ) -> None:
        self.scene_starts = scene_starts
        self.hashes, self.stops, self.starts = hashes, stops, starts

    def __call__(self, text: str) -> Sequence[int]:
        digest = np.uint64(text_hash(text))
        at = int(np.searchsorted(self.hashes, digest))
        if at == len(self.hashes) or self.hashes[at] != digest:
            return self.scene_starts(text)
        begin = int(self.stops[at - 1]) if at else 0
        return [int(start) for start in self.starts[begin : int(self.stops[at])]]

    def __len__(self) -> int:
        return len(self.hashes)


def remember_starts(
    file: Path,
    documents: Iterable[Document],
    scene_starts: SceneStarts,
    *,
    version: str,
    workers: int,
    progress: Callable[[str, int, int | None], None] = lambda stage, done, total: None,
) -> RememberedStarts:
    """The span starts of `documents`: read from `file` where it holds those of this `version`, else
    found in several processes and written there.

    Args:
        version: of what answers and of the documents; a file of another one is made anew.
    """
    if (kept := _read(file, version)) is not None:
        return RememberedStarts(scene_starts, *kept)
    found: dict[int, Sequence[int]] = {}
    read = 0
    for job, answers in in_processes(partial(_ask, scene_starts), batches(documents), workers):
        for document, starts in zip(job, answers, strict=True):
            found[text_hash(document.text)] = starts
            read += len(document.text)
        progress("finding scenes", read, None)
    order = sorted(found)
    made = (
        np.array(order, np.uint64),
        np.cumsum([len(found[digest]) for digest in order], dtype=np.int64),
        np.array([start for digest in order for start in found[digest]], np.uint32),
    )
    metadata = {"format_version": str(FORMAT_VERSION), "version": version}
    tensors: dict[str, np.ndarray[Any, Any]] = dict(zip(_ARRAYS, made, strict=True))
    atomic_write_bytes(file, in_order(save_tensors(tensors, metadata)))
    return RememberedStarts(scene_starts, *made)


def _ask(scene_starts: SceneStarts, job: list[Document]) -> list[Sequence[int]]:
    return [
        list(scene_starts(document.text.encode("utf-8", "ignore").decode())) for document in job
    ]


def _read(
    file: Path, version: str
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint32]] | None:
    """What `remember_starts` wrote, or None: a memory that cannot be read is made anew."""
    try:
        data = file.read_bytes()
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        arrays = load_tensors(data)
    except (OSError, SafetensorError, ValueError):
        return None
    metadata = header.get("__metadata__", {})
    if metadata != {"format_version": str(FORMAT_VERSION), "version": version}:
        return None
    hashes, stops, starts = (arrays[name] for name in _ARRAYS)
    return hashes, stops, starts
