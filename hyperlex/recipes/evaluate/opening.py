"""A model directory, opened to read and write with: the model, its tokenizer, its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperlex.recipes.finetune.chat import Chat
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


def stop_at_turns(model: Any, tok: HyperTokenizer) -> Chat:
    """Have `model` end an answer where the chat template ends one, too; returns the template.

    A base that was taught to talk (ChatML's `<|im_end|>`) still has its old end of text alone in
    its generation config, and would go on with the next turn.
    """
    from hyperlex.model.generate import end_ids

    chat = Chat.of(tok)
    if end := chat.end_of_turn:
        (index,) = tok.encode(end)
        model.generation_config.eos_token_id = sorted({index, *end_ids(model)})
    return chat
