"""AdamW for the matrices and its sparse sister for the feature table, warmed up and then cooled."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from hyperlex.recipes.words.net import Net

_WARM = 200


class Optimiser:
    """One optimiser for a net and the heads of the step.

    Args:
        net: its encoder is trained at `rate * encoder`.
        heads: parameters trained at `rate`.
        rate: the highest learning rate.
        steps: over which it falls to nothing, in a line.
        decay: of weights.
        encoder: less than 1 where the encoder has learned already.
    """

    def __init__(
        self,
        net: Net,
        heads: Iterable[nn.Parameter],
        rate: float,
        steps: int,
        decay: float,
        encoder: float = 1.0,
    ) -> None:
        heads = list(heads)
        known = {id(p) for p in heads} | {id(net.table.weight)}
        body = [p for p in net.parameters() if p.requires_grad and id(p) not in known]
        self._dense = [*body, *heads]
        self._optimisers = (
            torch.optim.AdamW(
                [{"params": body, "scale": encoder}, {"params": heads, "scale": 1.0}],
                weight_decay=decay,
                betas=(0.9, 0.98),
            ),
            torch.optim.SparseAdam([{"params": [net.table.weight], "scale": encoder}]),
        )
        self._rate, self._steps, self._done = rate, steps, 0

    def step(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`."""
        factor = min(1, (self._done + 1) / _WARM) * (1 - self._done / self._steps)
        for optimiser in self._optimisers:
            optimiser.zero_grad()
            for group in optimiser.param_groups:
                group["lr"] = self._rate * factor * group["scale"]
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._dense, 2.0)
        for optimiser in self._optimisers:
            optimiser.step()
        self._done += 1
