"""The learned data on disk: `morphemes.safetensors` for machines, `morphemes.tsv` for eyes.

The first holds the network and the hashed lexicons, the second the rules for endings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import FormatError
from hyperlex.morpheme.endings import EndingRules
from hyperlex.morpheme.lexicon import Lexicon
from hyperlex.morpheme.network import RUNS, Weights

FORMAT_VERSION = 1
MACHINE_FILE = "morphemes.safetensors"
READABLE_FILE = "morphemes.tsv"
EMBEDDED = Path(__file__).parent.parent / "artifacts" / "analyzer"
# Possessive, for what could be given back would be remembered: 25 MB for a megabyte of patterns.
_PATTERNS = re.compile("(?:[PRLSEXH][1-9][0-9]*+ ?+)*+")
LEXICONS = ("dictionary", "ensemble")
"""What people segmented, and what the large networks answered for the words of the dictionary."""


@dataclass(frozen=True)
class Learned:
    """Everything that `python -m hyperlex.recipes.morphemes` learns."""

    weights: Weights
    dictionary: Lexicon
    ensemble: Lexicon
    endings: EndingRules


def quantised(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """8-bit integers and a scale per column: `integers * scales` is `matrix` to half a step."""
    scales = np.maximum(np.abs(matrix).max(0), 1e-12).astype(np.float32) / np.float32(127)
    return np.rint(matrix / scales).astype(np.int8), scales


def to_bytes(learned: Learned) -> bytes:
    """The machine file; the same content gives the same bytes."""
    from safetensors.numpy import save

    weights = learned.weights
    arrays: dict[str, NDArray[Any]] = {
        "multipliers": weights.multipliers.view(np.int64),
        "salts": weights.salts.view(np.int64),
        "runs": weights.runs,
    }
    matrices = {"project": weights.project, "letters": weights.letters, "out": weights.out[0]}
    for index, (matrix, bias) in enumerate(weights.layers):
        matrices[f"layer{index}"] = matrix
        arrays[f"layer{index}.bias"] = bias
    arrays["out.bias"] = weights.out[1]
    for name, matrix in matrices.items():
        arrays[name], arrays[f"{name}.scale"] = quantised(matrix)
    for name in LEXICONS:
        lexicon: Lexicon = getattr(learned, name)
        arrays[f"{name}.high"] = lexicon.high
        arrays[f"{name}.low"] = lexicon.low
        arrays[f"{name}.answers"] = lexicon.answers
        names = " ".join(lexicon.patterns).encode()
        arrays[f"{name}.patterns"] = np.frombuffer(names, np.uint8)
    metadata = {
        "format_version": str(FORMAT_VERSION),
        "layers": str(len(weights.layers)),
        "mix": str(weights.mix),
    }
    data = save({k: np.ascontiguousarray(v) for k, v in sorted(arrays.items())}, metadata)
    # safetensors writes the metadata in a random order.
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    return data[:8] + text.ljust(end - 8) + data[end:]


def from_bytes(data: bytes, endings: str, origin: Path) -> Learned:
    """The inverse of `to_bytes`, with the text of the readable file.

    Raises `FormatError` for a damaged file or another format version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        size = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + size]).get("__metadata__", {})
        version = metadata.get("format_version")
        if version != str(FORMAT_VERSION):
            raise FormatError(
                f"{origin} has format version {version!r}; this hyperlex reads version "
                f"{FORMAT_VERSION}. Install hyperlex again, or make the file anew: "
                "python -m hyperlex.recipes.morphemes --data DATA"
            )
        arrays = load(data)
        return Learned(
            _weights(arrays, int(metadata["layers"]), int(metadata["mix"])),
            _lexicon(arrays, "dictionary"),
            _lexicon(arrays, "ensemble"),
            EndingRules.parse(endings),
        )
    except FormatError:
        raise
    except (SafetensorError, ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{origin} is damaged ({type(error).__name__}: {error}). The learned morphemes of this "
            "version were expected. Install hyperlex again, or make the file anew: "
            "python -m hyperlex.recipes.morphemes --data DATA"
        ) from error


def load_learned(directory: Path) -> Learned:
    """The learned data in `directory`. Raises `FormatError` where it is missing or damaged."""
    machine, readable = directory / MACHINE_FILE, directory / READABLE_FILE
    try:
        data, endings = machine.read_bytes(), readable.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{directory} holds no {MACHINE_FILE} with its {READABLE_FILE} ({error}). A directory "
            "that hyperlex.recipes.morphemes wrote was expected. Install hyperlex again, or make "
            "them: python -m hyperlex.recipes.morphemes --data DATA"
        ) from error
    return from_bytes(data, endings, machine)


@cache
def embedded() -> Learned:
    """What is shipped, read once a process."""
    return load_learned(EMBEDDED)


def _weights(arrays: Mapping[str, NDArray[Any]], layers: int, mix: int) -> Weights:
    def whole(name: str) -> NDArray[np.float32]:
        return np.ascontiguousarray(arrays[name] * arrays[f"{name}.scale"], np.float32)

    weights = Weights(
        arrays["multipliers"].view(np.uint64),
        arrays["salts"].view(np.uint64),
        mix,
        arrays["runs"],
        whole("project"),
        whole("letters"),
        tuple((whole(f"layer{n}"), arrays[f"layer{n}.bias"]) for n in range(layers)),
        (whole("out"), arrays["out.bias"]),
    )
    rows, depth = weights.runs.shape
    width = weights.project.shape[1]
    if (
        rows & (rows - 1)
        or weights.multipliers.shape[1] != RUNS
        or weights.project.shape[0] != 2 * depth
        or any(matrix.shape != (3 * width, width) for matrix, _ in weights.layers)
    ):
        raise ValueError("the arrays of the network do not fit one another")
    return weights


def _lexicon(arrays: Mapping[str, NDArray[Any]], name: str) -> Lexicon:
    patterns = arrays[f"{name}.patterns"].tobytes().decode()
    lexicon = Lexicon(
        arrays[f"{name}.high"],
        arrays[f"{name}.low"],
        arrays[f"{name}.answers"],
        tuple(patterns.split()),
    )
    sizes = {len(lexicon.high), len(lexicon.low), len(lexicon.answers)}
    if not _PATTERNS.fullmatch(patterns):
        raise ValueError("the patterns of a lexicon are no segmentations")
    if len(sizes) != 1 or int(lexicon.answers.max(initial=0)) >= max(1, len(lexicon.patterns)):
        raise ValueError("the arrays of a lexicon do not fit one another")
    return lexicon
