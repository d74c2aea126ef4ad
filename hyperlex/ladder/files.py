"""The lexicon on disk: `lexicon.safetensors` for machines, `lexicon.tsv.gz` for eyes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import FormatError
from hyperlex.ladder.expected import FormModel
from hyperlex.ladder.lexicon import Lexicon
from hyperlex.ladder.outline import Frame, Lexeme, Slot
from hyperlex.ladder.stops import StopModel

FORMAT_VERSION = 2
MACHINE_FILE = "lexicon.safetensors"
READABLE_FILE = "lexicon.tsv.gz"
EMBEDDED = Path(__file__).parent.parent / "artifacts" / "ladder"
_REMEDY = "Install hyperlex again, or make the file anew: python -m hyperlex.recipes.ladder"


def to_bytes(lexicon: Lexicon) -> bytes:
    """The machine file; the same content gives the same bytes."""
    from safetensors.numpy import save

    arrays: dict[str, NDArray[Any]] = {
        "counts": lexicon.counts,
        "pairs": lexicon.pairs,
        "leaves": lexicon.leaves,
        "leaf_slots": lexicon.leaf_slots.astype(np.uint16),
        "lengths": np.diff(lexicon.ends, prepend=0).astype(np.uint8),
        "forms": _packed(lexicon.forms),
        "frames": _packed(_fields(f.agent, f.tense, f.mood, "?" * f.question)
                          for f in lexicon.frames),
        "lexemes": _packed(_fields(x.lemma, x.kind) for x in lexicon.lexemes),
        "slots": _packed(_fields(s.preposition, s.case, s.number) for s in lexicon.slots),
        "form_parts": _packed(lexicon.expected.parts),
        "form_facts": lexicon.expected.facts,
        "form_weights": lexicon.expected.weights,
        "stop_facts": lexicon.stops.facts,
        "stop_weights": lexicon.stops.weights,
    }  # fmt: skip
    arrays = {name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())}
    return save(arrays, {"format_version": str(FORMAT_VERSION)})


def from_bytes(data: bytes, origin: Path) -> Lexicon:
    """The inverse of `to_bytes`. Raises `FormatError` for a damaged file or another version."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(data)
        version = _version(data)
        if version != str(FORMAT_VERSION):
            raise FormatError(
                f"{origin} has format version {version!r}; this hyperlex reads version "
                f"{FORMAT_VERSION}. {_REMEDY}"
            )
        expected = FormModel(
            _unpacked(arrays["form_parts"]), arrays["form_facts"], arrays["form_weights"]
        )
        return Lexicon(
            _unpacked(arrays["forms"]),
            [_frame(row) for row in _unpacked(arrays["frames"])],
            [Lexeme(*row.split("\t")) for row in _unpacked(arrays["lexemes"])],
            [Slot(*row.split("\t")) for row in _unpacked(arrays["slots"])],
            arrays["counts"],
            arrays["pairs"],
            arrays["leaves"],
            arrays["leaf_slots"].astype(np.int32),
            np.cumsum(arrays["lengths"], dtype=np.int64),
            expected,
            StopModel(arrays["stop_facts"], arrays["stop_weights"]),
            hashlib.sha256(data).hexdigest(),
        )
    except FormatError:
        raise
    except (SafetensorError, ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{origin} is damaged ({type(error).__name__}: {error}). The lexicon of the ladder was "
            f"expected. {_REMEDY}"
        ) from error


def save_lexicon(lexicon: Lexicon, directory: Path) -> None:
    """Write the machine file and its readable twin into a directory."""
    (directory / MACHINE_FILE).write_bytes(to_bytes(lexicon))
    (directory / READABLE_FILE).write_bytes(to_table(lexicon))


def load_lexicon(directory: str | Path) -> Lexicon:
    """The lexicon in `directory`. Raises `FormatError` where it is missing or damaged."""
    path = Path(directory) / MACHINE_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{path} cannot be read ({error.strerror}). The lexicon of the ladder was expected. "
            f"{_REMEDY}"
        ) from error
    return from_bytes(data, path)


@cache
def embedded() -> Lexicon:
    """The one that is shipped, read once a process."""
    return load_lexicon(EMBEDDED)


def to_table(lexicon: Lexicon) -> bytes:
    """The readable twin, packed: code, name, count where it was counted, bits."""
    rows = ["code\tname\tcount\tbits"]
    for code, name in enumerate(lexicon.names()):
        counted = code - lexicon.first_frame
        count = lexicon.counts[counted] if 0 <= counted < len(lexicon.counts) else ""
        rows.append(f"{code}\t{name}\t{count}\t{lexicon.bits[code]:.1f}")
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        file.write(("\n".join(rows) + "\n").encode())
    return packed.getvalue()


def _fields(*values: str) -> str:
    return "\t".join(values)


def _packed(rows: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(rows).encode(), np.uint8)


def _unpacked(array: NDArray[np.uint8]) -> list[str]:
    return array.tobytes().decode().split("\n") if len(array) else []


def _frame(row: str) -> Frame:
    agent, tense, mood, question = row.split("\t")
    return Frame(agent, tense, mood, bool(question))


def _version(data: bytes) -> str | None:
    size = int.from_bytes(data[:8], "little")
    version = json.loads(data[8 : 8 + size]).get("__metadata__", {}).get("format_version")
    return None if version is None else str(version)
