"""Sequences as batches: padded on the right, labels where something is learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from hyperlex.recipes.finetune.sequences import Sequence_, Sequences

IGNORED = -100
"""The label of an id that is not learned, as transformers and torch have it."""


class SequenceDataset(Dataset[Sequence_]):
    """`Sequences` as torch takes them."""

    def __init__(self, sequences: Sequences) -> None:
        self.sequences = sequences

    def __len__(self) -> int:
        return len(self.sequences)

    def __getitem__(self, index: int) -> Sequence_:
        return self.sequences[index]


class Collator:
    """Sequences to tensors.

    Args:
        padding: the id that fills up; any will do, it is masked.
        characters: int64 [ids], how many characters each id stands for.
    """

    def __init__(self, padding: int, characters: NDArray[np.int64]) -> None:
        self._padding = padding
        self._characters = characters

    def __call__(self, sequences: Sequence[Sequence_]) -> dict[str, Tensor]:
        """`input_ids`, `attention_mask`, `labels` int64 [B, T], and `characters` int64 [B], of what
        is learned.
        """
        size = (len(sequences), max(len(each.ids) for each in sequences))
        ids = np.full(size, self._padding, np.int64)
        mask = np.zeros(size, np.int64)
        labels = np.full(size, IGNORED, np.int64)
        characters = np.zeros(len(sequences), np.int64)
        for n, each in enumerate(sequences):
            length = len(each.ids)
            ids[n, :length] = each.ids
            mask[n, :length] = 1
            labels[n, :length] = np.where(each.learned, each.ids, IGNORED)
            characters[n] = self._characters[each.ids[each.learned]].sum()
        arrays = {
            "input_ids": ids,
            "attention_mask": mask,
            "labels": labels,
            "characters": characters,
        }
        return {name: torch.from_numpy(values) for name, values in arrays.items()}
