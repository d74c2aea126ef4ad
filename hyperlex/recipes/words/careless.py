"""Sentences as careless people write them: without marks, a full stop, or a capital.

A net that has only read what editors corrected waits for a comma before it sees a clause. The
targets stay as they were: a boundary does not go away because nobody marked it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import torch
from torch.nn.utils.rnn import pad_sequence

from hyperlex.recipes.words.corrupt import MARKS, STOPS
from hyperlex.recipes.words.silver import Views
from hyperlex.recipes.words.treebank import Target

SHARE = 0.2
"""Of sentences: half of them lose all their marks, the others some."""
_SOME = 0.4
"""Share of marks that these others lose."""
_NO_STOP, _SMALL = 0.5, 0.4
"""Shares, of `SHARE`, of sentences without a stop at the end and without a capital."""
INNER_MARKS = frozenset(MARKS) - frozenset(STOPS)
"""Marks that are left out; stops are, at the end of trees, by themselves."""


def trees(sentences: Sequence[Sequence[Target]], random: Random) -> list[list[Target]]:
    """The sentences, some of them written carelessly."""
    return [_tree(list(sentence), random) for sentence in sentences]


def _tree(sentence: list[Target], random: Random) -> list[Target]:
    if random.random() < SHARE:
        marks = [t.upos == "PUNCT" and t.form in INNER_MARKS for t in sentence]
        sentence = _without(sentence, _kept(marks, random))
    if random.random() < SHARE * _NO_STOP and sentence[-1].form in STOPS and len(sentence) > 2:
        sentence = _without(sentence, list(range(len(sentence) - 1)))
    if random.random() < SHARE * _SMALL:
        sentence = [replace(sentence[0], form=sentence[0].form.lower()), *sentence[1:]]
    return sentence


def _kept(marks: Sequence[bool], random: Random) -> list[int]:
    """Places that stay, at least two."""
    lost = 1.0 if random.random() < 0.5 else _SOME
    kept = [k for k, mark in enumerate(marks) if not mark or random.random() >= lost]
    return kept if len(kept) > 1 else list(range(len(marks)))


def _without(sentence: list[Target], kept: list[int]) -> list[Target]:
    """The tree of the kept words; the whole one where a lost mark has something below it."""
    place = {k: new for new, k in enumerate(kept)}
    if any(sentence[k].head not in place for k in kept):
        return sentence
    return [replace(sentence[k], head=place[sentence[k].head]) for k in kept]


def silver(
    forms: Sequence[Sequence[int]], views: Views, marks: frozenset[int], random: Random
) -> tuple[list[list[int]], Views]:
    """A labelled batch without some of its marks: the teachers saw them, the student does not.

    Args:
        forms: spellings of each sentence.
        views: of the same sentences.
        marks: spellings that may be left out.
    """
    kept = [_kept([form in marks for form in sentence], random) for sentence in forms]
    place = pad_sequence([torch.tensor(k) for k in kept], batch_first=True)
    real = pad_sequence([torch.ones(len(k)) for k in kept], batch_first=True)
    row = torch.arange(len(kept))[:, None]
    arcs = views.arcs[row[..., None], place[..., None], place[:, None]] * real[:, None]
    arcs = arcs / arcs.sum(-1, keepdim=True).clamp(min=1e-3)
    # A word whose head is left out, which is rare, is asked for its relation to itself.
    own = torch.arange(place.shape[1]).expand_as(place)
    new = torch.full(views.heads.shape, -1)
    for k, places in enumerate(kept):
        new[k, places] = own[k, : len(places)]
    heads = new.gather(1, views.heads[row, place])
    thinner = Views(
        views.tags[row, place],
        views.breaks[row, place],
        arcs,
        torch.where(heads < 0, own, heads),
        views.relations[row, place],
    )
    return [[s[k] for k in places] for s, places in zip(forms, kept, strict=True)], thinner
