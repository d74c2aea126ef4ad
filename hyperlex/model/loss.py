"""How well a causal language model predicts a text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from hyperlex.errors import ConfigError

WINDOW = 512


@dataclass(frozen=True)
class TextLoss:
    """`nats` a token and `bits` a character over `tokens` predicted tokens."""

    nats: float
    bits: float
    tokens: int


def text_loss(
    model: Any, ids: Sequence[int], decode: Callable[[list[int]], str], window: int = WINDOW
) -> TextLoss:
    """The mean loss of `model` on `ids`, read in windows, the first id of each not predicted.

    Bits a character can be compared between tokenizers, nats a token cannot.

    Args:
        decode: ids to text, to count the characters that were predicted.
        window: ids read at once, each window by itself; no longer than the model's positions.

    Raises:
        ConfigError: fewer than two ids.
    """
    if len(ids) < 2:
        raise ConfigError(
            f"A text of {len(ids)} tokens: nothing to predict. A longer text was expected."
        )
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    window = min(window, positions or window)
    total, tokens, characters = 0.0, 0, 0
    device = model.get_input_embeddings().weight.device
    with torch.no_grad():
        for start in range(0, len(ids) - 1, window):
            part = list(ids[start : start + window + 1])[:window]
            if len(part) < 2:
                continue
            inputs = torch.tensor([part], device=device)
            logits = model(input_ids=inputs, use_cache=False).logits[0, :-1].float()
            total += float(F.cross_entropy(logits, inputs[0, 1:], reduction="sum"))
            tokens += len(part) - 1
            characters += len(decode(part[1:]))
    return TextLoss(total / tokens, total / math.log(2) / max(1, characters), tokens)
