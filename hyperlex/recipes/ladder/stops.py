"""The model of stops: whether a capital tells of a new sentence, learned from the corpora.

Places between sentences teach what a stop is, capitals inside sentences what is none. Fitted with
Adam (Kingma and Ba 2015) to a logistic loss in which a stop where there is none weighs more than a
missed one: the encoder sees what is missed and writes the full stop. One thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from hyperlex.codebook.corpus import Document
from hyperlex.ladder.neighbours import tokens_of
from hyperlex.ladder.punctuation import ends_plainly, sentences_of, thin
from hyperlex.ladder.stops import WIDTH, StopModel, stop_features
from hyperlex.recipes.ladder.rounding import rounded

_BATCH = 1024


@dataclass(frozen=True)
class StopConfig:
    """What decides the model.

    Attributes:
        characters: of the sample that is read.
        facts: the most frequent ones are kept.
        epochs: passes over the places.
        rate: of Adam at first; it falls to 0.
        wrong: how many missed stops weigh as much as one where there is none.
    """

    characters: int = 40_000_000
    facts: int = 32_000
    epochs: int = 3
    rate: float = 0.02
    wrong: float = 3.0


def learn_stops(sample: Iterable[Document], config: StopConfig) -> StopModel:
    """The model that some texts teach. Deterministic."""
    facts: list[list[int]] = []
    answers: list[bool] = []
    for document in sample:
        for left, right, stop in _places(document.text):
            facts.append(stop_features(left, right))
            answers.append(stop)
    if not facts:
        return StopModel.empty()
    distinct, inverse, counts = np.unique(
        np.array(facts, np.uint32), return_inverse=True, return_counts=True
    )
    kept = np.sort(np.argsort(-counts, kind="stable")[: config.facts])
    # The last row stands for all facts that are not kept.
    rows = np.full(len(distinct), len(kept), np.int64)
    rows[kept] = np.arange(len(kept))
    shown = torch.from_numpy(rows[inverse.reshape(len(facts), -1)])
    return StopModel(distinct[kept], rounded(_fitted(shown, answers, len(kept), config)))


def _fitted(
    shown: torch.Tensor, answers: list[bool], facts: int, config: StopConfig
) -> NDArray[np.float32]:
    """[facts] weights.

    Args:
        shown: [places, facts of a place] int64, rows of facts; `facts` for one that is not kept.
    """
    torch.manual_seed(0)
    torch.set_num_threads(1)
    labels = torch.tensor(answers, dtype=torch.float32)
    importance = torch.where(labels > 0, 1.0, config.wrong)
    weights = torch.nn.EmbeddingBag(facts + 1, 1, mode="sum", sparse=True, padding_idx=facts)
    torch.nn.init.zeros_(weights.weight)
    optimiser = torch.optim.SparseAdam(weights.parameters(), lr=config.rate)
    random = np.random.default_rng(0)
    batches = [
        batch
        for _ in range(config.epochs)
        for batch in torch.split(torch.from_numpy(random.permutation(len(answers))), _BATCH)
    ]
    for step, batch in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = config.rate * (1 - step / len(batches))
        scores = weights(shown[batch]).squeeze(1)
        loss = binary_cross_entropy_with_logits(scores, labels[batch], importance[batch])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()  # type: ignore[no-untyped-call]
    found: NDArray[np.float32] = weights.weight.detach().numpy()[:-1, 0]
    return found


def _places(text: str) -> Iterator[tuple[list[str], list[str], bool]]:
    """The two sides of each capital behind a word, and whether a sentence begins with it."""
    before = ""
    for sentence in sentences_of(text):
        line = thin(sentence)
        tokens = tokens_of(line)
        if tokens and tokens[0][0].isupper() and ends_plainly(before):
            yield tokens_of(before)[-WIDTH:], tokens[:WIDTH], True
        for place in range(1, len(tokens)):
            if tokens[place][0].isupper() and tokens[place - 1][-1].isalnum():
                yield tokens[max(0, place - WIDTH) : place], tokens[place : place + WIDTH], False
        before = line
