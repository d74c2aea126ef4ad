"""Rows for hypertokens in an embedding matrix, from the rows of the base ids they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hyperlex.codebook.codebook import Codebook

Initialisation = Literal["mean", "exponential", "shortened", "distinct"]
"""`shortened` and `distinct` rows are means that are moved: see `placed`."""
INITIALISATIONS: tuple[str, ...] = get_args(Initialisation)

Role = Literal["input", "output", "tied"]
"""What a matrix is for: reading ids, predicting them, or both with the same numbers."""

APART = 1.0
"""The length of z in `placed`, beside 1 for the way to the mean of the pieces. The cosine of a
distinct row with that way is then some 0.71."""

BLOCK = 2**24
"""How many numbers are gathered at once, as float32: 64 MiB."""


def position_weights(initialisation: Initialisation, role: Role, length: int) -> Tensor:
    """How much each of the `length` base ids of a hypertoken counts in its row.

    All alike but for `exponential`, which is AdaptiVocab's (Nakash et al., COLM 2025,
    arXiv:2503.19693, section 3.3): the base id at position i = 1 … k weighs

        exp(2i)  / Σ_j exp(2j)     in an input matrix: what comes next continues the last base id
        exp(-2i) / Σ_j exp(-2j)    in an output matrix: the first base id is what is predicted first

    The paper has no tied models. A row that is both gets the mean of the two, which is plain `mean`
    for two base ids and leans on the first and the last of three or more.

    Returns:
        float32 [length], sums to 1.
    """
    if initialisation != "exponential":
        return torch.full((length,), 1 / length)
    exponents = 2.0 * torch.arange(1, length + 1)
    growing, falling = exponents.softmax(0), (-exponents).softmax(0)
    return {"input": growing, "output": falling, "tied": (growing + falling) / 2}[role]


def placed(
    table: Tensor, base_size: int, initialisation: Initialisation, role: Role
) -> Callable[[Tensor, int], Tensor] | None:
    """What is written instead of a mean r of k base rows; m is the mean of all base rows.

    A vector that all rows share adds as much to every logit and changes no probability: what a row
    predicts lies in r - m alone.

        shortened:  m + (r - m) / √k, where ids are predicted; a bias likewise, so that the whole
                    logit is that much nearer to the mean of all
        distinct:   m + ℓ u / |u|,  u = (r - m) / |r - m| + z, as far from m as base rows are in the
                    mean, ℓ, and apart from each other: z is a random direction, drawn from as wide
                    a distribution in each dimension as base rows have. A bias stays the mean.

    Args:
        table: [rows, width], with its base rows.

    Returns:
        From float32 [n, width] and k to the rows to write, in the order of `fill_rows`; None where
        the mean is written.
    """
    if initialisation == "shortened" and role != "input":
        middle = mean_row(table, base_size)
        return lambda rows, length: middle + (rows - middle) * length**-0.5
    if initialisation != "distinct" or table.shape[1] == 1:
        return None
    middle = mean_row(table, base_size)
    typical, spread = _spread(table, base_size, middle)
    # NumPy draws the same numbers in whatever blocks, and leaves the caller's random state alone.
    random = np.random.default_rng(0)

    def distinct(rows: Tensor, _: int) -> Tensor:
        drawn = torch.from_numpy(random.standard_normal(rows.shape, np.float32)).to(rows.device)
        turned = _direction(rows - middle) + APART * _direction(drawn * spread)
        return middle + typical * _direction(turned)

    return distinct


def _direction(rows: Tensor) -> Tensor:
    return torch.nn.functional.normalize(rows, dim=1)


def fill_hypertoken_rows(
    table: Tensor, codebook: Codebook, initialisation: Initialisation, role: Role
) -> None:
    """Overwrite the rows of all hypertokens of `codebook`, and no others.

    Args:
        table: [rows, width], any floating type and device; row `n` belongs to id `n`. A bias is a
            table of width 1.
    """
    first = codebook.base_size
    place = placed(table, first, initialisation, role)
    fill_rows(table, codebook.ids, codebook.lengths, first, initialisation, role, place)


def fill_rows(
    table: Tensor,
    ids: NDArray[np.integer[Any]],
    lengths: NDArray[np.integer[Any]],
    first: int,
    initialisation: Initialisation,
    role: Role,
    place: Callable[[Tensor, int], Tensor] | None = None,
) -> None:
    """Overwrite rows with weighted means of other rows.

    Rows of one length are one matrix of ids, so this takes a step per length and block and none per
    row. Sums are in float32, in a fixed order: the same bits on every run.

    Args:
        table: [rows, width], any floating type and device.
        ids: [n] which rows are averaged, those of one target after those of another.
        lengths: [targets] how many for each; a target of none keeps its row.
        first: the row of the first target.
        place: of the means of so many rows, what is written instead of them.
    """
    starts = np.cumsum(lengths) - lengths
    for length in np.unique(lengths[lengths > 0]).tolist():
        weights = position_weights(initialisation, role, length).to(table.device)[:, None]
        entries = np.flatnonzero(lengths == length)
        step = max(1, BLOCK // (length * table.shape[1]))
        for block in np.split(entries, range(step, len(entries), step)):
            parts_of = ids[starts[block][:, None] + np.arange(length)]
            parts = table[torch.from_numpy(parts_of).to(table.device)]  # [block, length, width]
            targets = torch.from_numpy(block + first).to(table.device)
            rows = (parts * weights).sum(1)
            table[targets] = (place(rows, length) if place else rows).to(table.dtype)


def _spread(table: Tensor, rows: int, point: Tensor) -> tuple[Tensor, Tensor]:
    """How far the first `rows` rows of `table` are from `point`: the mean distance, float32 [], and
    the root mean square in each dimension, float32 [width]."""
    distance = torch.zeros((), device=table.device)
    squares = torch.zeros_like(point)
    step = max(1, BLOCK // table.shape[1])
    for start in range(0, rows, step):
        away = table[start : min(start + step, rows)].float() - point
        distance += away.norm(dim=1).sum()
        squares += away.square().sum(0)
    return distance / rows, (squares / rows).sqrt()


def mean_row(table: Tensor, rows: int) -> Tensor:
    """The mean of the first `rows` rows of `table`, float32 [width]."""
    total = torch.zeros(table.shape[1], device=table.device)
    step = max(1, BLOCK // table.shape[1])
    for start in range(0, rows, step):
        total += table[start : min(start + step, rows)].float().sum(0)
    return total / rows
