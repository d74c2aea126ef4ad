"""The encoder learns from raw text: guess the lemma and the dictionary tag of hidden words.

Trees are few, about 80,000 words; the corpora are many. After Devlin et al. 2019
(arXiv 1810.04805), at the scale of one processor and some minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor, nn

from hyperlex.recipes.words.batches import Spellings, by_length
from hyperlex.recipes.words.corpus import Sample
from hyperlex.recipes.words.net import Net
from hyperlex.recipes.words.schedule import Optimiser

TARGET_LEMMAS, TARGET_TAGS = 6_000, 600
HIDDEN = 0.18
"""Share of words that are hidden."""
WORDS = 1_100
"""In a batch."""
_SHORTEST, _LONGEST = 4, 50


def pretrain(
    net: Net,
    sample: Sample,
    spellings: Spellings,
    words: int,
    progress: Callable[[int, int, str], None],
) -> None:
    """Trains `net`'s encoder on about `words` words of the sample; its heads stay as they are."""
    torch.manual_seed(0)
    width = net.shape.width
    guess_lemma = nn.Linear(width, net.meanings.shape[1], bias=False)
    lemma_rows = nn.Parameter(net.meanings[:-1][:TARGET_LEMMAS].clone())
    lemma_bias = nn.Parameter(torch.zeros(len(lemma_rows)))
    guess_tag = nn.Linear(width, TARGET_TAGS)
    heads = [*guess_lemma.parameters(), lemma_rows, lemma_bias, *guess_tag.parameters()]
    batches = list(_batches(sample, words))
    optimiser = Optimiser(net, heads, rate=1.5e-3, steps=len(batches), decay=0.01)
    tags: dict[str, int] = {}
    numbers: dict[int, int] = {}
    net.train()
    total = np.zeros(2)
    for step, sentences in enumerate(batches):
        own = [_numbers(sentence, sample, spellings, numbers) for sentence in sentences]
        batch = spellings.batch(own)
        hidden = (torch.rand(batch.mask.shape) < HIDDEN) & (batch.mask > 0)
        targets = _targets(own, hidden, spellings, tags, len(lemma_rows))
        with torch.autocast("cpu", torch.bfloat16):
            h = net.encode(batch, hidden)[hidden]
            lemmas = guess_lemma(h) @ lemma_rows.T + lemma_bias
            losses = [
                functional.cross_entropy(logits.float(), target, ignore_index=-100)
                for logits, target in zip((lemmas, guess_tag(h)), targets, strict=True)
            ]
        optimiser.step(losses[0] + losses[1])
        total += [loss.item() for loss in losses]
        if step % 200 == 199:
            progress(step + 1, len(batches), "lemma {:.3f}, tag {:.3f}".format(*(total / 200)))
            total[:] = 0


def _batches(sample: Sample, words: int) -> Iterator[list[NDArray[np.int32]]]:
    starts = np.cumsum(sample.lengths) - sample.lengths
    fit = np.flatnonzero((sample.lengths >= _SHORTEST) & (sample.lengths <= _LONGEST))
    chosen = np.random.default_rng(0).permutation(fit)
    chosen = chosen[np.cumsum(sample.lengths[chosen]) <= words]
    for batch in by_length(sample.lengths[chosen], WORDS, Random(0)):
        yield [
            sample.tokens[starts[k] : starts[k] + sample.lengths[k]]
            for k in chosen[np.array(batch)]
        ]


def _numbers(
    sentence: NDArray[np.int32], sample: Sample, spellings: Spellings, known: dict[int, int]
) -> list[int]:
    for k in sentence.tolist():
        if k not in known:
            known[k] = spellings.id(sample.types[k])
    return [known[k] for k in sentence.tolist()]


def _targets(
    own: list[list[int]], hidden: Tensor, spellings: Spellings, tags: dict[str, int], known: int
) -> tuple[Tensor, Tensor]:
    lemmas, guesses = [], []
    for k, place in hidden.nonzero().tolist():
        number = own[k][place]
        meaning = spellings.meanings[number]
        lemmas.append(meaning if meaning < known else -100)
        tag = spellings.tags[number]
        if tag and tag not in tags and len(tags) < TARGET_TAGS:
            tags[tag] = len(tags)
        guesses.append(tags.get(tag, -100) if tag else -100)
    return torch.tensor(lemmas), torch.tensor(guesses)
