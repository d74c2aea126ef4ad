"""Bits of some ids of a sequence, given all that stands before them: codes, text, or mixtures.

Unlike `language_model.bits`, which scores a text, this scores the ids that are asked for, and ids
go in through an embedding of the caller's, so a model may read ids that it has no row for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hyperlex.compat import require

if TYPE_CHECKING:
    from torch import Tensor

Integers = NDArray[np.int64]
Embed = Callable[["Tensor"], "Tensor"]
"""Ids, int64 [n], to vectors, float [n, width]."""

PLACES = 1 << 13
"""Places of a batch, at most, unless a single sequence has more."""

_LOGITS = 1 << 24  # that are held at once, fp32


@dataclass(frozen=True, slots=True)
class Given:
    """What a model reads, and what of it is scored.

    Attributes:
        ids: int64 [n].
        scored: bool [n]; never the first, and never an id that shares its place.
        places: int64 [n], from 0, rising by 0 or 1: where each id stands. Ids of one place are read
            as the mean of their vectors.
    """

    ids: Integers
    scored: NDArray[np.bool_]
    places: Integers

    @classmethod
    def of(cls, parts: Iterable[tuple[ArrayLike, bool]]) -> Given:
        """Runs of ids one after another, a place for each, with whether they are scored."""
        runs = [(np.asarray(ids, np.int64).reshape(-1), scored) for ids, scored in parts]
        ids = np.concatenate([run for run, _ in runs])
        scored = np.concatenate([np.full(len(run), each) for run, each in runs])
        return cls(ids, scored, np.arange(len(ids)))

    def pooled(self, start: int, stop: int, places: int) -> Given:
        """The ids from `start` to `stop`, which have a place each, in so many places together, as
        many in each as can be."""
        length = stop - start
        shared = self.places.copy()
        shared[start:stop] = start + np.arange(length) * min(places, length) // max(1, length)
        shared[stop:] -= length - min(places, length)
        return Given(self.ids, self.scored, shared)

    def __len__(self) -> int:
        """Places that it takes."""
        return int(self.places[-1]) + 1


@dataclass(frozen=True)
class Gathered:
    """Some sequences as one batch, padded on the right: nothing reads what stands after it.

    Attributes:
        ids: int64 [n], of all sequences.
        places: int64 [n], their places in the flat batch.
        shape: rows and places of each.
        scored: int64 [k], which of `ids` are scored.
    """

    ids: Tensor
    places: Tensor
    shape: tuple[int, int]
    scored: Tensor

    @classmethod
    def of(cls, given: Sequence[Given], device: Any = "cpu") -> Gathered:
        import torch

        longest = max(map(len, given))
        ids = np.concatenate([each.ids for each in given])
        places = np.concatenate([row * longest + each.places for row, each in enumerate(given)])
        scored = np.flatnonzero(np.concatenate([each.scored for each in given]))
        tensors = (torch.from_numpy(each).to(device) for each in (ids, places, scored))
        return cls(next(tensors), next(tensors), (len(given), longest), next(tensors))

    def vectors(self, embed: Embed) -> Tensor:
        """What is read at each place: float [rows, places, width], the mean of its ids' vectors."""
        import torch

        found = embed(self.ids)
        cells = self.shape[0] * self.shape[1]
        count = torch.bincount(self.places, minlength=cells).clamp(min=1).to(found.dtype)
        grid = found.new_zeros(cells, found.shape[1]).index_add(0, self.places, found)
        return (grid / count[:, None]).view(*self.shape, -1)

    @property
    def asked(self) -> Tensor:
        """The places, of the flat batch, after which each scored id comes: int64 [k]."""
        return self.places[self.scored] - 1

    @property
    def targets(self) -> Tensor:
        """The scored ids: int64 [k]."""
        return self.ids[self.scored]


def batches(given: Sequence[Given], places: int = PLACES) -> Iterator[list[int]]:
    """Numbers of sequences of about one length, so many that they take `places` at most padded."""
    batch: list[int] = []
    for number in sorted(range(len(given)), key=lambda k: (len(given[k]), k)):
        if batch and (len(batch) + 1) * len(given[number]) > places:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


Score = Callable[[Gathered], "Tensor"]
"""A batch to -ln p of each of its scored ids, float [k]."""


def plain_score(model: Any, embed: Embed | None = None) -> Score:
    """The score of a causal language model of transformers.

    Args:
        model: it reads `inputs_embeds`, and its head is a plain product with its output embeddings.
        embed: vectors of all ids that are read; by default the model's input embedding.
    """
    require("torch", extra="model")
    import torch

    read = embed or model.get_input_embeddings()

    def score(batch: Gathered) -> Tensor:
        head = model.get_output_embeddings().weight.float()
        found = model.base_model(inputs_embeds=batch.vectors(read), use_cache=False)
        hidden = found.last_hidden_state.flatten(0, 1)[batch.asked].float()
        at_once = max(1, _LOGITS // len(head))
        parts = zip(torch.split(hidden, at_once), torch.split(batch.targets, at_once), strict=True)
        return torch.cat(
            [torch.nn.functional.cross_entropy(h @ head.T, t, reduction="none") for h, t in parts]
        )

    return score


def bits_given(
    score: Score, given: Sequence[Given], device: Any = "cpu"
) -> list[NDArray[np.float64]]:
    """Bits that a model needs for the scored ids of each sequence.

    Args:
        score: of a model in `eval` mode.
        given: the sequences.
        device: that the model is on.

    Returns:
        For each sequence float64 [scored], -log2 p(id | what stands before it).
    """
    require("torch", extra="model")
    import torch

    result: list[NDArray[np.float64]] = [np.zeros(0)] * len(given)
    with torch.inference_mode():
        for numbers in batches(given):
            chosen = [given[number] for number in numbers]
            found = score(Gathered.of(chosen, device)).double().cpu().numpy() / np.log(2)
            counts = [int(each.scored.sum()) for each in chosen]
            for number, part in zip(numbers, np.split(found, np.cumsum(counts)[:-1]), strict=True):
                result[number] = part
    return result
