"""No quantising: what torch's own linear layer takes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import linear

from benchmarks.providers import Prepared


@dataclass(frozen=True)
class Dense:
    """The weight as it is."""

    name: str = "torch dense"
    version: str = torch.__version__

    def refuse(self, weight: Tensor, batch: int) -> str | None:
        return None

    def prepare(self, weight: Tensor) -> Prepared:
        kept = weight.clone()
        return Prepared(
            run=lambda x: linear(x, kept),
            dense=kept.float,
            copy=lambda: self.prepare(kept),
            stored_bytes=kept.numel() * kept.element_size(),
            implementation=lambda x: "linear",
        )


def providers() -> list[Dense]:
    return [Dense()]
