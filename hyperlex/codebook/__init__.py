"""Hypertokens and the base ids that they stand for.

Names are resolved on first use: a tokenizer that only encodes and decodes needs no numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperlex.codebook.base import BaseTokenizer as BaseTokenizer
    from hyperlex.codebook.codebook import Codebook as Codebook
    from hyperlex.codebook.codebook import CodebookEntry as CodebookEntry
    from hyperlex.codebook.corpus import Document as Document
    from hyperlex.codebook.train.config import TrainConfig as TrainConfig
    from hyperlex.codebook.train.train import train_codebook as train_codebook

MACHINE_FILE, READABLE_FILE = "codebook.safetensors", "codebook.tsv"

_HOMES = {
    "BaseTokenizer": "hyperlex.codebook.base",
    "Codebook": "hyperlex.codebook.codebook",
    "CodebookEntry": "hyperlex.codebook.codebook",
    "Document": "hyperlex.codebook.corpus",
    "TrainConfig": "hyperlex.codebook.train.config",
    "train_codebook": "hyperlex.codebook.train.train",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
