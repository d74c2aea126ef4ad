"""A codebook on disk: `codebook.safetensors` for machines, `codebook.tsv` for eyes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from hyperlex.codebook import MACHINE_FILE as MACHINE_FILE
from hyperlex.codebook import READABLE_FILE as READABLE_FILE
from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.codebook import Codebook
from hyperlex.errors import FormatError, VocabularyError
from hyperlex.files import atomic_directory

FORMAT_VERSION = 1
_ARRAYS = ("ids", "lengths", "unit_sizes", "units", "parts", "counts", "saved", "whole_scenes")
_CUT_ARRAYS = ("cuts", "cut_counts")  # absent where no analyzer was given
_COLUMNS = ("id", "kind", "text", "morphemes", "base_ids", "count", "saved", "whole_scenes")


def save_codebook(codebook: Codebook, directory: Path) -> None:
    with atomic_directory(directory) as staged:
        (staged / MACHINE_FILE).write_bytes(to_bytes(codebook))
        (staged / READABLE_FILE).write_bytes(to_tsv(codebook).encode())


def load_codebook(directory: Path, base: BaseTokenizer) -> Codebook:
    path = directory / MACHINE_FILE
    if not path.is_file():
        raise FormatError(
            f"{directory} holds no {MACHINE_FILE}. Name a directory that Codebook.save or "
            "HyperTokenizer.save wrote."
        )
    return from_bytes(path.read_bytes(), base, path)


def to_bytes(codebook: Codebook) -> bytes:
    """The machine file. Counts fit 8 bytes, ids 4, sizes 2 (4 where an entry is that long)."""
    sizes = np.uint16 if codebook.lengths.max(initial=0) < 1 << 16 else np.uint32
    largest = max(codebook.cuts.max(initial=0), codebook.cut_counts.max(initial=0))
    cuts = np.uint8 if largest < 1 << 8 else np.uint32
    narrow = {
        "ids": np.int32,
        "parts": np.int32,
        "lengths": sizes,
        "unit_sizes": sizes,
        "units": np.uint8,
        "cuts": cuts,
        "cut_counts": cuts,
    }
    arrays = {
        name: np.ascontiguousarray(getattr(codebook, name).astype(narrow.get(name, np.int64)))
        for name in (*_ARRAYS, *(_CUT_ARRAYS if len(codebook.cut_counts) else ()))
    }
    metadata = {
        "format_version": str(FORMAT_VERSION),
        "base_size": str(codebook.base_size),
        "base_sha256": codebook.base.sha256,
    }
    return in_order(save_tensors(arrays, metadata))


def in_order(data: bytes) -> bytes:
    """The same file with its metadata sorted: safetensors writes them in a random order."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    return data[:8] + text.ljust(end - 8) + data[end:]


def from_bytes(data: bytes, base: BaseTokenizer, origin: Path) -> Codebook:
    """The inverse of `to_bytes`."""
    try:
        metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get(
            "__metadata__", {}
        )
        arrays = load_tensors(data)
    except (SafetensorError, ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{origin} is damaged ({error}). Save or fetch it again.") from error
    if metadata.get("format_version") != str(FORMAT_VERSION) or any(
        name not in arrays for name in _ARRAYS
    ):
        raise FormatError(
            f"{origin} has format version {metadata.get('format_version')!r}; this hyperlex reads "
            f"version {FORMAT_VERSION}. "
            "Install the hyperlex that wrote it, or train the codebook again."
        )
    if metadata["base_sha256"] != base.sha256:
        raise VocabularyError(
            f"{origin} was trained for another base tokenizer (sha256 "
            f"{metadata['base_sha256'][:12]}…, {metadata['base_size']} ids; this one "
            f"is {base.sha256[:12]}…, {base.size} ids). Its ids mean other tokens there: use that "
            "base, or train a codebook for this one."
        )
    none = np.zeros(0, np.int64)
    wide = {name: arrays[name].astype(np.int64) for name in _ARRAYS}
    wide |= {name: arrays.get(name, none).astype(np.int64) for name in _CUT_ARRAYS}
    entries = len(wide["lengths"])
    whole = (
        wide["lengths"].sum() == len(wide["ids"])
        and wide["units"].sum() == len(wide["unit_sizes"])
        and wide["cut_counts"].sum() == len(wide["cuts"])
        and len(wide["cut_counts"]) in (0, entries)
    )
    if not whole or any(
        len(wide[name]) != entries for name in ("units", "parts", "counts", "saved", "whole_scenes")
    ):
        raise FormatError(
            f"{origin} is damaged (its arrays disagree in length). Save or fetch it again."
        )
    return Codebook(base=base, **wide)


def to_tsv(codebook: Codebook) -> str:
    """The readable twin: one line an entry, spaces shown as they are, tabs and line ends escaped as
    in JSON.
    """
    lines = ["\t".join(_COLUMNS)]
    for entry in codebook:
        text, morphemes = _one_line(entry.text), _one_line(entry.morphemes)
        base_ids = " ".join(map(str, entry.ids))
        numbers = (entry.count, entry.saved, entry.whole_scenes)
        columns = (entry.id, entry.kind, text, morphemes, base_ids, *numbers)
        lines.append("\t".join(map(str, columns)))
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"')


def compress(data: bytes) -> bytes:
    """Gzip with nothing of the clock in it: the same bytes for the same data."""
    return gzip.compress(data, 9, mtime=0)
