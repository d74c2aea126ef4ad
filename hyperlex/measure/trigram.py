"""A small language model of ids: trigrams by interpolated Kneser–Ney smoothing.

It tells how much each token of a text says that the two before it do not: what compressors that
delete the least informative tokens go by (Y. Li et al., *Compressing Context to Enhance Inference
Efficiency of Large Language Models*, 2023; H. Jiang et al., *LLMLingua*, 2023).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import VocabularyError

DISCOUNT = 0.75
"""What is taken from each count and given to the shorter context (S. F. Chen, J. Goodman, 1999)."""

_MOST_IDS = (1 << 21) - 1  # three of them fill 63 bits

Keys = NDArray[np.int64]


class Trigram:
    """Counts of trigrams, and what they predict.

    Args:
        texts: the ids of each text.
        size: of the vocabulary; ids are from 0 to `size - 1`.

    Raises:
        VocabularyError: an id outside the vocabulary, or a vocabulary of two million ids or more.
    """

    def __init__(self, texts: Iterable[Sequence[int]], size: int) -> None:
        if size >= _MOST_IDS:
            raise VocabularyError(
                f"A vocabulary of {size:,} ids: fewer than {_MOST_IDS:,} were expected. Count "
                "trigrams of a smaller tokenizer."
            )
        self.size = size
        self._base = size + 1  # and one for what stands before a text
        streams = [self._stream(ids) for ids in texts]
        read = [self._trigrams(stream) for stream in streams]
        keys = np.concatenate(read) if read else np.zeros(0, np.int64)
        self._triples, self._counts = np.unique(keys, return_counts=True)
        base = self._base
        # What stands before each pair in how many ways, and after it.
        self._pairs, self._before_pair = np.unique(self._triples % base**2, return_counts=True)
        self._singles, self._before_single = np.unique(self._pairs % base, return_counts=True)
        self._contexts, self._context_count, self._context_kinds = _contexts(
            self._triples // base, self._counts
        )
        self._heads, self._head_count, self._head_kinds = _contexts(
            self._pairs // base, self._before_pair
        )

    def bits(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """Bits of each token after the two before it: float64 [T].

        Raises:
            VocabularyError: an id outside the vocabulary.
        """
        keys = self._trigrams(self._stream(ids))
        base = self._base
        total = max(1, int(self._before_single.sum()))
        known = len(self._singles)
        found = _look_up(self._singles, self._before_single, keys % base)
        rest = DISCOUNT * known / total if known else 1.0
        chance = np.maximum(found - DISCOUNT, 0) / total + rest / self.size
        for places, values, contexts, counts, kinds, key in (
            (
                self._pairs,
                self._before_pair,
                self._heads,
                self._head_count,
                self._head_kinds,
                keys % base**2,
            ),
            (
                self._triples,
                self._counts,
                self._contexts,
                self._context_count,
                self._context_kinds,
                keys,
            ),
        ):
            found = _look_up(places, values, key)
            count = _look_up(contexts, counts, key // base)
            kind = _look_up(contexts, kinds, key // base)
            seen = np.maximum(count, 1)
            longer = (np.maximum(found - DISCOUNT, 0) + DISCOUNT * kind * chance) / seen
            chance = np.where(count > 0, longer, chance)
        return np.asarray(-np.log2(chance), np.float64)

    def _stream(self, ids: Sequence[int]) -> Keys:
        given = np.asarray(ids, np.int64)
        if len(given) and (given.min() < 0 or given.max() >= self.size):
            raise VocabularyError(
                f"Ids from {given.min()} to {given.max()}: ids from 0 to {self.size - 1} were "
                "expected. Count and score with the same tokenizer."
            )
        return np.concatenate([np.full(2, self.size), given])

    def _trigrams(self, stream: Keys) -> Keys:
        base = self._base
        return (stream[:-2] * base + stream[1:-1]) * base + stream[2:]


def _contexts(keys: Keys, counts: Keys) -> tuple[Keys, Keys, Keys]:
    """Of sorted keys: each once, the sum of its counts, and in how many rows it stands."""
    names, first, kinds = np.unique(keys, return_index=True, return_counts=True)
    sums = np.add.reduceat(counts, first) if len(first) else counts
    return names, sums, kinds


def _look_up(keys: Keys, values: Keys, wanted: Keys) -> Keys:
    """The value of each wanted key, 0 where it is absent."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
