"""Rows for hypertokens in an embedding matrix, from the rows of the base ids they stand for."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hyperlex.codebook.codebook import Codebook

Initialisation = Literal["mean", "exponential"]
INITIALISATIONS: tuple[str, ...] = get_args(Initialisation)

Role = Literal["input", "output", "tied"]
"""What a matrix is for: reading ids, predicting them, or both with the same numbers."""

BLOCK = 2**24
"""How many numbers are gathered at once, as float32: 64 MiB."""


def position_weights(initialisation: Initialisation, role: Role, length: int) -> Tensor:
    """How much each of the `length` base ids of a hypertoken counts in its row.

    `mean` weighs all alike. `exponential` is AdaptiVocab's (Nakash et al., COLM 2025,
    arXiv:2503.19693, section 3.3): the base id at position i = 1 … k weighs

        exp(2i)  / Σ_j exp(2j)     in an input matrix: what comes next continues the last base id
        exp(-2i) / Σ_j exp(-2j)    in an output matrix: the first base id is what is predicted first

    The paper has no tied models. A row that is both gets the mean of the two, which is plain `mean`
    for two base ids and leans on the first and the last of three or more.

    Returns:
        float32 [length], sums to 1.
    """
    if initialisation == "mean":
        return torch.full((length,), 1 / length)
    exponents = 2.0 * torch.arange(1, length + 1)
    growing, falling = exponents.softmax(0), (-exponents).softmax(0)
    return {"input": growing, "output": falling, "tied": (growing + falling) / 2}[role]


def fill_hypertoken_rows(
    table: Tensor, codebook: Codebook, initialisation: Initialisation, role: Role
) -> None:
    """Overwrite the rows of all hypertokens of `codebook`, and no others.

    Args:
        table: [rows, width], any floating type and device; row `n` belongs to id `n`. A bias is a
            table of width 1.
    """
    first = codebook.base_size
    fill_rows(table, codebook.ids, codebook.lengths, first, initialisation, role)


def fill_rows(
    table: Tensor,
    ids: NDArray[np.integer[Any]],
    lengths: NDArray[np.integer[Any]],
    first: int,
    initialisation: Initialisation,
    role: Role,
) -> None:
    """Overwrite rows with weighted means of other rows.

    Rows of one length are one matrix of ids, so this takes a step per length and block and none per
    row. Sums are in float32, in a fixed order: the same bits on every run.

    Args:
        table: [rows, width], any floating type and device.
        ids: [n] which rows are averaged, those of one target after those of another.
        lengths: [targets] how many for each; a target of none keeps its row.
        first: the row of the first target.
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
            table[targets] = (parts * weights).sum(1).to(table.dtype)


def mean_row(table: Tensor, rows: int) -> Tensor:
    """The mean of the first `rows` rows of `table`, float32 [width]."""
    total = torch.zeros(table.shape[1], device=table.device)
    step = max(1, BLOCK // table.shape[1])
    for start in range(0, rows, step):
        total += table[start : min(start + step, rows)].float().sum(0)
    return total / rows
