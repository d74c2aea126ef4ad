"""What the models of forms and of stops are fitted by: facts with a row of weights each.

One thread: sums come out differently with more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray


def kept_facts(
    facts: NDArray[np.uint32], size: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The most frequent facts, ascending, and for each of `facts` its place among them; `size`, or
    their number where there are fewer, for one that is not kept. Both have the shape of `facts`.
    """
    distinct, inverse, counts = np.unique(facts, return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-counts, kind="stable")[:size])
    rows = np.full(len(distinct), len(kept), np.int64)
    rows[kept] = np.arange(len(kept))
    return distinct[kept], rows[inverse.reshape(facts.shape)]


def descend(
    weights: torch.nn.EmbeddingBag,
    lessons: int,
    loss: Callable[[NDArray[np.int64]], torch.Tensor],
    random: np.random.Generator,
    *,
    batch: int,
    epochs: int,
    rate: float,
) -> Iterator[float]:
    """Fit `weights`, from 0 on, with Adam (Kingma and Ba 2015) at a rate that falls to 0.

    Args:
        lessons: how many there are.
        loss: the mean loss of the lessons of these numbers.
        random: draws their order.

    Yields:
        The mean loss of each epoch.
    """
    torch.set_num_threads(1)
    torch.nn.init.zeros_(weights.weight)
    optimiser = torch.optim.SparseAdam(weights.parameters(), lr=rate)
    steps = epochs * -(-lessons // batch)
    step = 0
    for _ in range(epochs):
        order = random.permutation(lessons)
        total = 0.0
        for start in range(0, lessons, batch):
            chosen = order[start : start + batch]
            for group in optimiser.param_groups:
                group["lr"] = rate * (1 - step / steps)
            found = loss(chosen)
            optimiser.zero_grad()
            found.backward()  # type: ignore[no-untyped-call]
            optimiser.step()  # type: ignore[no-untyped-call]
            total += float(found.detach()) * len(chosen)
            step += 1
        yield total / max(1, lessons)


def rounded(weights: torch.Tensor) -> NDArray[np.int8]:
    """The same weights as int8 of the same shape, in a unit of their own, so that sums of them are
    the same on every machine; the greatest in 10,000 are clipped.
    """
    found = weights.detach().numpy()
    unit = float(np.quantile(np.abs(found), 0.9999)) / 127 or 1.0
    whole: NDArray[np.int8] = np.clip(np.rint(found / unit), -127, 127).astype(np.int8)
    return whole
