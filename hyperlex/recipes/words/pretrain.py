"""The encoder learns from raw text: what was hidden, what was replaced, which marks were left out.

Trees are few, about 80,000 words; the corpora are many. The tasks are those of `corrupt`, at the
scale of two processor cores and some eighty minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor, nn

from hyperlex.recipes.words import corrupt
from hyperlex.recipes.words.batches import Spellings, by_length
from hyperlex.recipes.words.corpus import Sample
from hyperlex.recipes.words.corrupt import Corrupted, Corruption
from hyperlex.recipes.words.loss import cross_entropy
from hyperlex.recipes.words.net import Net
from hyperlex.recipes.words.schedule import Optimiser

WORDS = 1_600
"""In a batch."""
FINDING = 4.0
"""Weight of what is asked of every word (replaced? marks before it?), beside the guesses of the few
that are hidden or replaced."""
_SHORTEST, _LONGEST = 4, 50


class Questions(nn.Module):
    """The heads that are thrown away once the encoder has learned.

    Args:
        width: of the encoder.
        meanings: `[L, V]`, vectors of the lemmas that are asked for: their output weights to begin
            with.
    """

    def __init__(self, width: int, meanings: Tensor) -> None:
        super().__init__()
        self.inner = nn.Linear(width, meanings.shape[1], bias=False)
        self.rows = nn.Parameter(meanings.clone())
        self.bias = nn.Parameter(torch.zeros(len(meanings)))
        self.tags = nn.Linear(width, corrupt.TAGS)
        self.replaced = nn.Linear(width, 1)
        self.marks = nn.Linear(2 * width, corrupt.KINDS_OF_MARKS)

    def losses(self, h: Tensor, given: Corrupted) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of lemmas, tags, replaced words and marks, for the encoder's `[B, T, D]`."""
        guessed = torch.from_numpy(given.hidden | given.replaced)
        guesses = h[guessed]
        lemmas = self.inner(guesses) @ self.rows.T + self.bias
        seen = torch.from_numpy(given.real & ~given.hidden)
        found = self.replaced(h[seen])[:, 0].float()
        before = functional.pad(h[:, :-1], (0, 0, 1, 0))
        return (
            cross_entropy(lemmas, torch.from_numpy(given.lemmas)[guessed]),
            cross_entropy(self.tags(guesses), torch.from_numpy(given.tags)[guessed]),
            functional.binary_cross_entropy_with_logits(
                found, torch.from_numpy(given.replaced)[seen].float()
            ),
            cross_entropy(self.marks(torch.cat((h, before), -1)), torch.from_numpy(given.marks)),
        )


def pretrain(
    net: Net,
    sample: Sample,
    spellings: Spellings,
    words: int,
    progress: Callable[[int, int, str], None],
) -> None:
    """Trains `net`'s encoder on about `words` words of the sample; its heads stay as they are."""
    torch.manual_seed(0)
    asked = net.meanings[:-1][: corrupt.LEMMAS]
    questions = Questions(net.shape.width, asked)
    corruption = Corruption(sample, spellings, len(asked), seed=0)
    batches = list(_batches(sample, words))
    optimiser = Optimiser(net, questions.parameters(), rate=1.5e-3, steps=len(batches), decay=0.01)
    net.train()
    total = np.zeros(4)
    for step, sentences in enumerate(batches):
        given = corruption.batch(sentences)
        batch = spellings.batch(
            [row[real].tolist() for row, real in zip(given.words, given.real, strict=True)]
        )
        with torch.autocast("cpu", torch.bfloat16):
            h = net.encode(batch, torch.from_numpy(given.hidden))
            losses = questions.losses(h, given)
        optimiser.step(losses[0] + losses[1] + FINDING * (losses[2] + losses[3]))
        total += [loss.item() for loss in losses]
        if step % 200 == 199:
            told = "lemma {:.3f}, tag {:.3f}, replaced {:.3f}, marks {:.3f}"
            progress(step + 1, len(batches), told.format(*(total / 200)))
            total[:] = 0


def _batches(sample: Sample, words: int) -> Iterator[NDArray[np.int64]]:
    fit = np.flatnonzero((sample.lengths >= _SHORTEST) & (sample.lengths <= _LONGEST))
    chosen = np.random.default_rng(0).permutation(fit)
    chosen = chosen[np.cumsum(sample.lengths[chosen]) <= words]
    for batch in by_length(sample.lengths[chosen], WORDS, Random(0)):
        yield chosen[np.array(batch)]
