"""A whole model directory with fewer key and value heads, for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory, refuse_second_model
from hyperlex.hub import from_cache_alone
from hyperlex.model.directory import bring_along, load_causal_model
from hyperlex.model.grouping import CALIBRATION_TOKENS, find_attention, group_heads, heads_recorded
from hyperlex.model.loss import WINDOW, TextLoss, text_loss

MAX_LOSS_TOKENS = 8192
"""Of the text at most so many are used to measure, so that a large model does not take hours."""


@dataclass(frozen=True)
class GroupedDirectory:
    """What `group_directory` did. Losses are None for a model without a tokenizer beside it."""

    layers: int
    heads_before: int
    heads_after: int
    aligned_on: int
    before: TextLoss | None
    after: TextLoss | None


def group_directory(
    source: str | Path, target: str | Path, key_heads: int, text: str, *, align: bool
) -> GroupedDirectory:
    """Write the causal language model at `source` with `key_heads` key and value heads.

    An ordinary checkpoint: `AutoModelForCausalLM` reads `target`, and the tokenizer comes along.
    The result is a starting point for training, not a model to use. All is written or nothing.

    Args:
        source: a model directory or a hub id, with dense weights.
        target: a directory without a model in it; it is made if it does not exist.
        text: to measure the loss on, before and after.
        align: turn and order the heads by the first half of `text` first, and measure on the rest.

    Raises:
        ConfigError: no such model, heads that do not divide, a text that is too short, a place
            that cannot be written.
        FormatError: a model without some of its weights.
    """
    target = Path(target)
    refuse_second_model(target)
    with atomic_directory(target) as staged:
        model = load_causal_model(source).eval()
        layers = find_attention(model)
        heads = layers[0].key_heads
        tokenizer = _tokenizer(source)
        learn, measure = _split(tokenizer, text, align)
        before = _loss(model, tokenizer, measure)
        if learn:
            with heads_recorded(layers) as recorded:
                _read(model, learn)
            group_heads(model, key_heads, recorded)
        else:
            group_heads(model, key_heads)
        after = _loss(model, tokenizer, measure)
        model.save_pretrained(staged)
        bring_along(source, staged)
    return GroupedDirectory(len(layers), heads, key_heads, len(learn), before, after)


def _tokenizer(source: str | Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(source, local_files_only=from_cache_alone(source))
    except (OSError, ValueError):
        return None


def _split(tokenizer: Any, text: str, align: bool) -> tuple[list[int], list[int]]:
    """The ids to align on and those to measure on."""
    if tokenizer is None:
        if align:
            raise ConfigError(
                "The model has no tokenizer beside it, so it cannot read a calibration text. Put "
                "one into its directory, or leave --calibration out."
            )
        return [], []
    ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    if not align:
        return [], ids[:MAX_LOSS_TOKENS]
    half = min(len(ids) // 2, CALIBRATION_TOKENS)
    if half < 2:
        raise ConfigError(
            f"A calibration text of {len(ids)} tokens: half of it is read, half is measured on. "
            f"A longer text was expected; {2 * CALIBRATION_TOKENS} tokens are enough."
        )
    return ids[:half], ids[half : half + MAX_LOSS_TOKENS]


def _read(model: Any, ids: list[int]) -> None:
    device = model.get_input_embeddings().weight.device
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    window = min(WINDOW, positions or WINDOW)
    with torch.no_grad():
        for start in range(0, len(ids), window):
            part = torch.tensor([ids[start : start + window]], device=device)
            model.base_model(input_ids=part, use_cache=False)


def _loss(model: Any, tokenizer: Any, ids: list[int]) -> TextLoss | None:
    return None if tokenizer is None else text_loss(model, ids, tokenizer.decode)
