"""The learned parts of this room on disk: `words.safetensors`, `words.json` and two word lists.

Tables and large matrices are int8 with one float16 scale per row, the rest float16; no pickle.
`words.json` carries the format version, the shape of the network and the label sets it was trained
on.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import FormatError
from hyperlex.word.entries import Entries
from hyperlex.word.features import ROWS
from hyperlex.word.labels import FEATS, GROUPS, RELATIONS, UPOS
from hyperlex.word.network import Network
from hyperlex.word.table import Rows, Table

FORMAT_VERSION = 1
WEIGHTS = "words.safetensors"
CONFIG = "words.json"
LEMMAS = "words_lemmas.txt"
LEARNED = "words_learned.tsv"

_TABLES = ("table", "meanings")
"""Of these a few rows are read per new spelling: they stay in 8 bits."""

_REMEDY = "Reinstall hyperlex, or make it anew with `python -m hyperlex.recipes.words`."


def embedded() -> Path:
    """The folder of the analyzer that ships with the package."""
    return Path(str(files("hyperlex") / "artifacts" / "analyzer"))


def labels() -> dict[str, Any]:
    """The label sets, as `words.json` records them."""
    return {
        "upos": list(UPOS),
        "feats": {name: list(values) for name, values in FEATS.items()},
        "relations": list(RELATIONS),
        "rows": ROWS,
    }


def load(directory: Path | None = None) -> tuple[Network, Entries]:
    """The network and the entries of `directory`, by default of the embedded analyzer.

    Raises:
        FormatError: a file is absent or broken, or was made for other labels or another format.
    """
    directory = directory or embedded()
    try:
        return _load(directory)
    except FormatError:
        raise
    except KeyError as error:
        what = f"has no {error}"
    except (OSError, ValueError, TypeError, AttributeError, IndexError) as error:
        what = f"cannot be read: {error}"
    raise FormatError(f"The word analyzer in {directory} {what}. {_REMEDY}")


def _load(directory: Path) -> tuple[Network, Entries]:
    config = json.loads((directory / CONFIG).read_text(encoding="utf-8"))
    for name, value in {"format_version": FORMAT_VERSION, "labels": labels()}.items():
        if config.get(name) != value:
            raise FormatError(
                f"{directory / CONFIG} has another {name} than this version of hyperlex expects. "
                f"{_REMEDY}"
            )
    lemmas = (directory / LEMMAS).read_text(encoding="utf-8").split("\n")
    learned = (directory / LEARNED).read_text(encoding="utf-8").splitlines()
    tensors, tables = _tensors(directory / WEIGHTS)
    table, meanings = (tables[name] for name in _TABLES)
    if len(meanings) != len(lemmas) + 1 or len(table) != ROWS:
        raise FormatError(f"{directory / LEMMAS} and {WEIGHTS} do not fit each other. {_REMEDY}")
    rows = (line.split("\t") for line in learned[1:])
    entries = Entries(
        table,
        {lemma: k for k, lemma in enumerate(lemmas)},
        meanings,
        tensors.pop("input.w"),
        tensors.pop("input.b"),
        {(form, upos): lemma for form, upos, lemma in rows},
    )
    return Network(tensors, config["layers"], config["heads"], GROUPS), entries


def _tensors(path: Path) -> tuple[dict[str, NDArray[np.float32]], dict[str, Rows]]:
    """The matrices widened to float32, and the tables as they are stored."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(path)
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    tensors: dict[str, NDArray[np.float32]] = {}
    tables: dict[str, Rows] = {}
    for name, value in stored.items():
        if name.endswith(".scale"):
            continue
        narrow = value.dtype == np.int8
        table = Table(value, stored[name + ".scale"]) if narrow else value.astype(np.float32)
        if name in _TABLES:
            tables[name] = table
        else:
            tensors[name] = table[:]
    return tensors, tables


def quantise(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """`[N, D]` as int8 with a float16 scale per row, `[N]`; rounding to nearest, absmax at 127."""
    scale = np.maximum(np.abs(table).max(1) / 127, 1e-6).astype(np.float16)
    steps = np.rint(table / scale.astype(np.float32)[:, None])
    return np.clip(steps, -127, 127).astype(np.int8), scale
