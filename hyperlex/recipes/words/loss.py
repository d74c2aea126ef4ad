"""The loss of every head that names one of several classes."""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor

IGNORED = -100
"""A target that asks nothing."""


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """The mean over all targets `[...]` that are not `IGNORED`, of logits `[..., classes]`."""
    return functional.cross_entropy(
        logits.float().flatten(0, -2), target.flatten(), ignore_index=IGNORED
    )
