"""Teachers learn from trees, a student from trees and from its teachers' view of raw text.

Distillation after Hinton et al. 2015 (arXiv 1503.02531): the teachers differ in their seeds only,
and their mean is what the student is to give for sentences of the corpora.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

from hyperlex.recipes.words import careless
from hyperlex.recipes.words.batches import Spellings, by_length
from hyperlex.recipes.words.loss import IGNORED, cross_entropy
from hyperlex.recipes.words.net import Batch, Net, Outputs, groups
from hyperlex.recipes.words.schedule import Optimiser
from hyperlex.recipes.words.silver import Silver, Views
from hyperlex.recipes.words.treebank import Target
from hyperlex.types import features_of
from hyperlex.word.labels import FEATS, RELATIONS, UPOS

WORDS = 700
"""In a batch of trees."""
BREAKS, FEATURES = 3.0, 0.5
"""Weights of the losses of clause breaks (rare: one word in eight) and of each feature."""
ENCODER = 0.5
"""The pretrained encoder learns at this share of the rate of the heads."""

STUDENT_RATE, STUDENT_WORDS = 4e-3, 900
"""Of the student, which begins from nothing: its rate, and the words in its batches."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Gold:
    """Targets of a batch, `IGNORED` where unknown (breaks: -1)."""

    upos: Tensor
    feats: Tensor
    breaks: Tensor
    heads: Tensor
    relations: Tensor


class Trees:
    """Sentences with their targets as numbers."""

    def __init__(self, sentences: Sequence[Sequence[Target]], spellings: Spellings) -> None:
        self.forms = [[spellings.id(t.form) for t in sentence] for sentence in sentences]
        self._targets = [_numbers(sentence) for sentence in sentences]
        self.lengths = [len(sentence) for sentence in sentences]

    def gold(self, chosen: Sequence[int], longest: int) -> Gold:
        """The targets of the chosen sentences, filled to `longest` words."""
        filled = np.full((len(chosen), longest, 4 + len(FEATS)), IGNORED, np.int64)
        for row, k in enumerate(chosen):
            filled[row, : self.lengths[k]] = self._targets[k]
        numbers = torch.from_numpy(filled)
        return Gold(numbers[..., 0], numbers[..., 4:], *(numbers[..., k] for k in (1, 2, 3)))


def _numbers(sentence: Sequence[Target]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    rows = np.full((len(sentence), 4 + len(FEATS)), IGNORED, np.int64)
    for k, target in enumerate(sentence):
        if target.upos in UPOS:
            rows[k, 0] = UPOS.index(target.upos)
        if target.starts is not None and k:
            rows[k, 1] = target.starts
        rows[k, 2] = target.head
        if target.relation in RELATIONS:
            rows[k, 3] = RELATIONS.index(target.relation)
        if target.feats is not None:
            stated = features_of(target.feats)
            for j, (name, values) in enumerate(FEATS.items()):
                value = stated.get(name)
                rows[k, 4 + j] = values.index(value) + 1 if value in values else 0
    return rows


def gold_loss(net: Net, batch: Batch, gold: Gold) -> Tensor:
    """What `net` gets wrong of a batch of trees."""
    outputs = net.read(net.encode(batch), batch.mask)
    tags = groups(outputs.tags)
    loss = cross_entropy(tags[0], gold.upos) + cross_entropy(outputs.arcs, gold.heads)
    loss = loss + cross_entropy(net.relations(outputs, gold.heads.clamp(min=0)), gold.relations)
    for k, logits in enumerate(tags[1:]):
        loss = loss + FEATURES * cross_entropy(logits, gold.feats[..., k])
    known = gold.breaks >= 0
    breaks = functional.binary_cross_entropy_with_logits(
        outputs.breaks[known].float(), gold.breaks[known].float()
    )
    return loss + BREAKS * breaks


def teach(
    net: Net,
    sentences: Sequence[Sequence[Target]],
    spellings: Spellings,
    epochs: int,
    seed: int,
    progress: Progress,
) -> None:
    """Trains a pretrained net on trees, carelessly written now and then."""
    torch.manual_seed(seed)
    random = Random(seed)
    plan = _epochs(sentences, spellings, epochs, WORDS, random)
    optimiser = Optimiser(net, _heads(net), 2e-3, len(plan), 0.02, ENCODER)
    net.train()
    for step, (trees, chosen) in enumerate(plan):
        with torch.autocast("cpu", torch.bfloat16):
            batch = spellings.batch([trees.forms[k] for k in chosen])
            loss = gold_loss(net, batch, trees.gold(chosen, batch.mask.shape[1]))
        optimiser.step(loss)
        if step % 100 == 99:
            progress(step + 1, len(plan), f"seed {seed}, loss {loss.item():.3f}")
    net.eval()


def distil(
    student: Net,
    sentences: Sequence[Sequence[Target]],
    silver: Silver,
    spellings: Spellings,
    epochs: int,
    rounds: int,
    progress: Progress,
) -> None:
    """Trains a new net on `epochs` rounds of the trees and `rounds` of the silver text, mixed.

    In a share of the batches of either the student does not see all marks that the teachers saw.
    """
    torch.manual_seed(100)
    random = Random(100)
    plan: list[tuple[Trees | None, list[int]]] = [
        *_epochs(sentences, spellings, epochs, STUDENT_WORDS, random),
        *(
            (None, chosen)
            for _ in range(rounds)
            for chosen in by_length(silver.lengths, STUDENT_WORDS, random)
        ),
    ]
    random.shuffle(plan)
    marks = frozenset(spellings.id(mark) for mark in sorted(careless.INNER_MARKS))
    optimiser = Optimiser(student, _heads(student), STUDENT_RATE, len(plan), 0.01)
    student.train()
    for step, (trees, chosen) in enumerate(plan):
        forms = [(trees or silver).forms[k] for k in chosen]
        if trees is None:
            views = silver.views(chosen)
            if random.random() < careless.SHARE:
                forms, views = careless.silver(forms, views, marks, random)
        batch = spellings.batch(forms)
        with torch.autocast("cpu", torch.bfloat16):
            if trees is None:
                loss = _silver_loss(student, batch, views)
            else:
                loss = gold_loss(student, batch, trees.gold(chosen, batch.mask.shape[1]))
        optimiser.step(loss)
        if step % 100 == 99:
            progress(step + 1, len(plan), f"student, loss {loss.item():.3f}")
    student.eval()


def _epochs(
    sentences: Sequence[Sequence[Target]],
    spellings: Spellings,
    epochs: int,
    words: int,
    random: Random,
) -> list[tuple[Trees, list[int]]]:
    """Batches of all epochs: in each of them other sentences are written carelessly."""
    plan = []
    for _ in range(epochs):
        trees = Trees(careless.trees(sentences, random), spellings)
        plan += [(trees, chosen) for chosen in by_length(trees.lengths, words, random)]
    return plan


def _silver_loss(student: Net, batch: Batch, views: Views) -> Tensor:
    own: Outputs = student.read(student.encode(batch), batch.mask)
    real = batch.mask > 0
    loss = _soft_cross(own.arcs, views.arcs, real)
    loss = loss + _soft_cross(student.relations(own, views.heads), views.relations, real)
    pairs = zip(groups(own.tags), groups(views.tags), strict=True)
    for k, (logits, target) in enumerate(pairs):
        loss = loss + (FEATURES if k else 1.0) * _soft_cross(logits, target, real)
    return loss + BREAKS * functional.binary_cross_entropy_with_logits(
        own.breaks[real].float(), views.breaks[real]
    )


def _soft_cross(logits: Tensor, target: Tensor, real: Tensor) -> Tensor:
    return -(target[real] * logits[real].float().log_softmax(-1)).sum(-1).mean()


def _heads(net: Net) -> list[torch.nn.Parameter]:
    inner = ("tags", "breaks", "arc", "label")
    return [p for name, p in net.named_parameters() if name.startswith(inner)]
