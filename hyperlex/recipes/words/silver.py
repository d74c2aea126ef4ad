"""Raw text as the teachers see it: labelled once, in bytes, so that a student may read it often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hyperlex.recipes.words.batches import Spellings, by_length
from hyperlex.recipes.words.corpus import Sample
from hyperlex.recipes.words.net import Batch, Net, groups
from hyperlex.recipes.words.steps import Arrays
from hyperlex.word.labels import GROUPS, RELATIONS

SHARD = 250_000
"""Words that are labelled, and kept, at once."""
WORDS = 1_500
"""In a batch."""

_SHORTEST, _LONGEST = 3, 60
_ONE = 255
"""A probability is kept as a byte, this many for certainty."""


class Views(NamedTuple):
    """The teachers' mean probabilities for a batch.

    Attributes:
        tags: `[B, T, K]`, within each group.
        breaks: `[B, T]`.
        arcs: `[B, T, T]`, row = word, column = its head, diagonal = the root.
        heads: `[B, T]`, the likeliest.
        relations: `[B, T, R]`, to that head.
    """

    tags: Tensor
    breaks: Tensor
    arcs: Tensor
    heads: Tensor
    relations: Tensor


def views(teachers: Sequence[Net], batch: Batch) -> Views:
    """What the teachers say of a batch, on average."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        read = [teacher.read(teacher.encode(batch), batch.mask) for teacher in teachers]
        arcs = _mean([one.arcs for one in read])
        heads = arcs.argmax(-1)
        return Views(
            torch.cat([_mean(g) for g in zip(*(groups(v.tags) for v in read), strict=True)], -1),
            torch.stack([one.breaks.float().sigmoid() for one in read]).mean(0),
            arcs,
            heads,
            _mean([t.relations(v, heads) for t, v in zip(teachers, read, strict=True)]),
        )


def label(teachers: Sequence[Net], sample: Sample, spellings: Spellings, shard: int) -> Arrays:
    """The views of one shard of the sample; `Silver` reads them.

    Sentences are drawn over all the sample and so over its domains as it has them; no two shards
    share one.
    """
    own = _drawn(sample, shard)
    lengths = sample.lengths[own]
    starts = _starts(sample.lengths)[own]
    words, pairs = int(lengths.sum()), int((lengths**2).sum())
    tags = np.zeros((words, sum(GROUPS)), np.uint8)
    relations = np.zeros((words, len(RELATIONS)), np.uint8)
    breaks, heads = np.zeros(words, np.uint8), np.zeros(words, np.uint8)
    arcs = np.zeros(pairs, np.uint8)
    first, corner = _starts(lengths), _starts(lengths**2)
    for chosen in by_length(lengths, WORDS, Random(0)):
        batch = spellings.batch(
            [
                [spellings.id(sample.types[t]) for t in sample.tokens[starts[k] :][: lengths[k]]]
                for k in chosen
            ]
        )
        seen = views(teachers, batch)
        found = [_bytes(seen.tags), _bytes(seen.relations), _bytes(seen.breaks)]
        square, head = _bytes(seen.arcs), seen.heads.numpy()
        for row, k in enumerate(chosen):
            n = lengths[k]
            place = slice(first[k], first[k] + n)
            tags[place], relations[place], breaks[place] = (one[row, :n] for one in found)
            heads[place] = head[row, :n]
            arcs[corner[k] : corner[k] + n * n] = square[row, :n, :n].reshape(-1)
    return {"own": own, "tags": tags, "relations": relations, "breaks": breaks, "arcs": arcs,
            "heads": heads}  # fmt: skip


@dataclass(frozen=True)
class _Shard:
    """As `label` gives it, and where in it each sentence's words and its square of arcs begin."""

    arrays: Arrays
    first: NDArray[np.int64]
    corner: NDArray[np.int64]


class Silver:
    """Labelled sentences of the corpora.

    Args:
        shards: as `label` gives them.
        sample: that they were labelled from.
    """

    def __init__(self, shards: Sequence[Arrays], sample: Sample, spellings: Spellings) -> None:
        own = [np.asarray(shard["own"], np.int64) for shard in shards]
        self.lengths = sample.lengths[np.concatenate(own)]
        starts = _starts(sample.lengths)
        numbers: dict[int, int] = {}
        self.forms: list[list[int]] = []
        """The spellings of each sentence."""
        for k in np.concatenate(own).tolist():
            types = sample.tokens[starts[k] : starts[k] + sample.lengths[k]].tolist()
            for t in types:
                if t not in numbers:
                    numbers[t] = spellings.id(sample.types[t])
            self.forms.append([numbers[t] for t in types])
        self._place = [(s, k) for s, sentences in enumerate(own) for k in range(len(sentences))]
        self._shards = [
            _Shard(
                shard, _starts(sample.lengths[sentences]), _starts(sample.lengths[sentences] ** 2)
            )
            for shard, sentences in zip(shards, own, strict=True)
        ]

    def views(self, chosen: Sequence[int]) -> Views:
        """The views of the chosen sentences, filled with zeros to the longest."""
        size, longest = len(chosen), max(int(self.lengths[k]) for k in chosen)
        parts = {
            "tags": np.zeros((size, longest, sum(GROUPS)), np.uint8),
            "breaks": np.zeros((size, longest), np.uint8),
            "heads": np.zeros((size, longest), np.uint8),
            "relations": np.zeros((size, longest, len(RELATIONS)), np.uint8),
        }
        arcs = np.zeros((size, longest, longest), np.uint8)
        for row, sentence in enumerate(chosen):
            shard, k = self._place[sentence]
            n, kept = int(self.lengths[sentence]), self._shards[shard]
            place = slice(kept.first[k], kept.first[k] + n)
            for name, filled in parts.items():
                filled[row, :n] = kept.arrays[name][place]
            square = kept.arrays["arcs"][kept.corner[k] :][: n * n]
            arcs[row, :n, :n] = square.reshape(n, n)
        return Views(
            _shares(parts["tags"]),
            _shares(parts["breaks"]),
            _shares(arcs),
            torch.from_numpy(parts["heads"].astype(np.int64)),
            _shares(parts["relations"]),
        )


def _drawn(sample: Sample, shard: int) -> NDArray[np.int64]:
    fit = np.flatnonzero((sample.lengths >= _SHORTEST) & (sample.lengths <= _LONGEST))
    order = np.random.default_rng(100).permutation(fit)
    read = np.cumsum(sample.lengths[order])
    return np.asarray(order[(read > shard * SHARD) & (read <= (shard + 1) * SHARD)], np.int64)


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.cumsum(lengths) - lengths, np.int64)


def _mean(logits: Sequence[Tensor]) -> Tensor:
    return torch.stack([one.float().softmax(-1) for one in logits]).mean(0)


def _bytes(probabilities: Tensor) -> NDArray[np.uint8]:
    return (probabilities * _ONE).round().to(torch.uint8).numpy()


def _shares(values: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(values).float() / _ONE
