"""Spellings to feature bags and sentences to batches, for every step that trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray

from hyperlex.recipes.words.net import Batch
from hyperlex.word.dictionary import dictionary
from hyperlex.word.entries import distributional_lemma
from hyperlex.word.features import features


class Spellings:
    """Numbers spellings and remembers their features.

    Args:
        lemmas: those that have a vector, in order of rows.
    """

    def __init__(self, lemmas: Sequence[str]) -> None:
        self._row = {lemma: k for k, lemma in enumerate(lemmas)}
        self._ids: dict[str, int] = {}
        self._bags: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
        self.meanings: list[int] = []
        """For each spelling the row of its lemma, or `len(lemmas)`, the row of zeros."""
        self.tags: list[str] = []
        """For each spelling pymorphy3's tag where it is sure of one, else ""."""

    def __len__(self) -> int:
        return len(self._bags)

    def id(self, form: str) -> int:
        """The number of a spelling."""
        number = self._ids.get(form)
        if number is None:
            number = self._ids[form] = len(self._bags)
            parses = dictionary().parse(form)
            self._bags.append(features(form, parses))
            self.meanings.append(self._row.get(distributional_lemma(form, parses), len(self._row)))
            self.tags.append(str(parses[0].tag) if parses[0].score > 0.6 else "")
        return number

    def batch(self, sentences: Sequence[Sequence[int]]) -> Batch:
        """Sentences of numbers side by side."""
        longest = max(map(len, sentences))
        ids = np.zeros((len(sentences), longest), np.int64)
        mask = torch.zeros(len(sentences), longest)
        for k, sentence in enumerate(sentences):
            ids[k, : len(sentence)] = sentence
            mask[k, : len(sentence)] = 1
        unique, words = np.unique(ids, return_inverse=True)
        bags = [self._bags[k] for k in unique]
        sizes = np.array([len(rows) for rows, _ in bags])
        return Batch(
            torch.from_numpy(np.concatenate([rows for rows, _ in bags])),
            torch.from_numpy(np.cumsum(sizes) - sizes),
            torch.from_numpy(np.concatenate([weights for _, weights in bags])),
            torch.tensor([self.meanings[k] for k in unique]),
            torch.from_numpy(words.reshape(ids.shape)),
            mask,
        )


def by_length(
    lengths: Sequence[int] | NDArray[np.int64], words: int, random: Random
) -> Iterator[list[int]]:
    """Batches of about `words` words, of sentences of like length, in random order."""
    order = list(range(len(lengths)))
    random.shuffle(order)
    order.sort(key=lambda k: lengths[k] + random.random() * 6)
    batches: list[list[int]] = [[]]
    size = 0
    for k in order:
        batches[-1].append(k)
        size += int(lengths[k])
        if size > words:
            batches.append([])
            size = 0
    batches = [batch for batch in batches if batch]
    random.shuffle(batches)
    yield from batches
