"""The texts that a codebook is trained on: hashed and sampled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hyperlex.codebook.corpus import documents

_SAMPLE, _SAMPLE_OF_FILE = 1_000_000, 20_000  # characters


def cards(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Name, size and sha256 of each file. Names are relative to where all of them are."""
    top = Path(*_shared([file.resolve().parent.parts for file in files]))
    return [
        {
            "file": file.resolve().relative_to(top).as_posix(),
            "bytes": file.stat().st_size,
            "sha256": _sha256(file),
        }
        for file in files
    ]


def _shared(paths: Sequence[tuple[str, ...]]) -> list[str]:
    return [level[0] for level in zip(*paths, strict=False) if len(set(level)) == 1]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sample(files: Sequence[Path]) -> list[str]:
    """The beginning of each file, a million characters together at most."""
    share = min(_SAMPLE_OF_FILE, max(1, _SAMPLE // len(files)))
    texts = []
    for file in files:
        room = share
        for document in documents(file):
            texts.append(document.text[:room])
            room -= len(texts[-1])
            if room <= 0:
                break
    return texts
