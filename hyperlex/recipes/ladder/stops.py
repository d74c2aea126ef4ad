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
from hyperlex.recipes.ladder.fitting import descend, kept_facts, rounded

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
    kept, rows = kept_facts(np.array(facts, np.uint32), config.facts)
    shown, labels = torch.from_numpy(rows), torch.tensor(answers, dtype=torch.float32)
    importance = torch.where(labels > 0, 1.0, config.wrong)
    # The last row stands for all facts that are not kept.
    weights = torch.nn.EmbeddingBag(
        len(kept) + 1, 1, mode="sum", sparse=True, padding_idx=len(kept)
    )

    def loss(chosen: NDArray[np.int64]) -> torch.Tensor:
        batch = torch.from_numpy(chosen)
        scores = weights(shown[batch]).squeeze(1)
        return binary_cross_entropy_with_logits(scores, labels[batch], importance[batch])

    random = np.random.default_rng(0)
    options = {"batch": _BATCH, "epochs": config.epochs}
    for _ in descend(weights, len(answers), loss, random, rate=config.rate, **options):
        pass
    return StopModel(kept, rounded(weights.weight[:-1, 0]))


def _places(text: str) -> Iterator[tuple[list[str], list[str], bool]]:
    """The two sides of each capital behind a word, and whether a sentence begins with it."""
    before = ""
    for _, sentence in sentences_of(text):
        line = thin(sentence)
        tokens = tokens_of(line)
        if tokens and tokens[0][0].isupper() and ends_plainly(before):
            yield tokens_of(before)[-WIDTH:], tokens[:WIDTH], True
        for place in range(1, len(tokens)):
            if tokens[place][0].isupper() and tokens[place - 1][-1].isalnum():
                yield tokens[max(0, place - WIDTH) : place], tokens[place : place + WIDTH], False
        before = line
