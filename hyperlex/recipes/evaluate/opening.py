"""A model directory, opened to read and write with: the model, its tokenizer, its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperlex.recipes.loading import load_for, load_tokenizer, load_trained
from hyperlex.tokenizer import HyperTokenizer


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that is ready to read and write.

    Attributes:
        name: as reports call it.
        model: of transformers, in evaluation mode.
        tok: of the model; without hypertokens where it has none.
    """

    name: str
    model: Any
    tok: HyperTokenizer


def open_model(source: str, tokenizer: str | None = None) -> Opened:
    """The model at `source`: dense or 4-bit, a directory or a hub id, or adapters of a fine-tuning.

    Args:
        tokenizer: where the model directory has none, or another is wanted.

    Raises as `hyperlex.recipes.loading.load_trained`.
    """
    name = Path(source).name or source
    if tokenizer is None:
        return Opened(name, *load_trained(source))
    if Path(source).is_dir() and not (Path(source) / "config.json").is_file():
        model, _ = load_trained(source)  # adapters, which have a tokenizer beside them
    else:
        model = load_for(source).eval()
    return Opened(name, model, load_tokenizer(tokenizer))
