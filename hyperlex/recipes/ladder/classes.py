"""Learning classes of lexemes from what stands beside them in observed scenes.

What stands beside a word: the other words of its scene, the words right before and after it, and
its own slots. The counts are weighed by pointwise mutual information, the leading directions of the
matrix are kept, and the words of each part of speech are clustered in them by spherical k-means.
Rare words are placed in what came out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hyperlex.files import atomic_write_bytes
from hyperlex.ladder.classes import FILE, Classes, to_bytes
from hyperlex.ladder.lexicon import Lexicon
from hyperlex.ladder.outline import KINDS, Lexeme, Slot
from hyperlex.recipes.ladder.observations import Observation
from hyperlex.recipes.vectors import Floats, cluster, leading, unit, weigh

Integers = NDArray[np.int64]

_VERBS, _ADJECTIVES = "VIGT", "ASC"
_NEGATION = "-"
_BLOCK = 4_096
"""Words that are placed at a time: a dense row of features each."""


@dataclass(frozen=True)
class ClassConfig:
    """What decides the classes.

    Attributes:
        classes: how many to begin with.
        min_words: a smaller class is given up, and its words are placed in others.
        min_count: a word met as often or more is clustered; a rarer one is placed in the class
            whose centre is nearest.
        min_placed: a word met less often has no class.
        min_likeness: nor has one that was to be placed and whose cosine with the nearest centre is
            lower.
        companions: words that count as features anywhere in a scene, the most frequent.
        neighbours: words that count as features right before and right after, the most frequent.
        slots: the same for slots.
        reach: items on either side that stand beside a word.
        dimensions: directions that are kept.
        rounds: of k-means at most.
        seed: of the first directions and centres.
    """

    classes: int = 2_550
    min_words: int = 3
    min_count: int = 12
    min_placed: int = 3
    min_likeness: float = 0.35
    companions: int = 5_000
    neighbours: int = 2_000
    slots: int = 300
    reach: int = 6
    dimensions: int = 160
    rounds: int = 25
    seed: int = 3


@dataclass(frozen=True)
class _Features:
    """How often what stood beside each word, sparse: `counts[i]` times `columns[i]` beside
    `rows[i]`; sorted by row.
    """

    rows: Integers
    columns: Integers
    counts: Integers
    width: int

    def dense(self, start: int, stop: int) -> Floats:
        """`[stop - start, width]` The weights of some rows."""
        low, high = np.searchsorted(self.rows, [start, stop])
        made = np.zeros((stop - start, self.width), np.float32)
        made[self.rows[low:high] - start, self.columns[low:high]] = self.counts[low:high]
        weigh(made, self.totals)
        return made

    @property
    def totals(self) -> Floats:
        """`[width]` How often each feature was met."""
        return np.bincount(self.columns, self.counts, self.width).astype(np.float32)


def learn_classes(
    observations: Iterable[Observation], lexicon: Lexicon, config: ClassConfig | None = None
) -> Classes:
    """The classes of a lexicon's lexemes. A word's verb forms (finite, infinitive, gerund,
    participle) have one class, and so have the forms of an adjective; a negation has none.

    Deterministic: the same scenes in the same order give the same classes.
    """
    config = config or ClassConfig()
    words, parts = _words(lexicon.lexemes)
    slots = {slot: k for k, slot in enumerate(lexicon.slots)}
    scene_of, word_of, slot_of = _coded(observations, words, slots)
    if not len(word_of):
        return Classes([])
    counts = np.bincount(word_of, minlength=len(parts))
    order = np.lexsort((np.arange(len(counts)), -counts))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    counts = counts[order]
    features = _features(scene_of, rank[word_of], slot_of, config)
    placed = _placed(features, counts, parts[order], config)
    members: dict[int, list[Lexeme]] = {}
    for lexeme, word in words.items():
        members.setdefault(int(rank[word]), []).append(lexeme)
    return Classes([[lexeme for word in of for lexeme in members[word]] for of in placed])


def save(classes: Classes, directory: Path) -> Path:
    """Writes the table to a folder; returns the file."""
    path = directory / FILE
    atomic_write_bytes(path, to_bytes(classes))
    return path


def _words(lexemes: Sequence[Lexeme]) -> tuple[dict[Lexeme, int], Integers]:
    """The number of the word that each lexeme is a form of, and the part of speech of each word;
    negations are left out.
    """
    verbs = {lexeme.lemma for lexeme in lexemes if lexeme.kind in _VERBS}
    numbers: dict[tuple[str, str], int] = {}
    words = {}
    for lexeme in lexemes:
        kind = lexeme.kind
        if kind == _NEGATION:
            continue
        # A short participle has the lemma of its verb, and the kind of short adjectives.
        if kind in _VERBS or (kind == "S" and lexeme.lemma in verbs):
            kind = _VERBS[0]
        elif kind in _ADJECTIVES:
            kind = _ADJECTIVES[0]
        words[lexeme] = numbers.setdefault((lexeme.lemma, kind), len(numbers))
    return words, np.array([KINDS.index(kind) for _, kind in numbers], np.int64)


def _coded(
    observations: Iterable[Observation], words: dict[Lexeme, int], slots: dict[Slot, int]
) -> tuple[Integers, Integers, Integers]:
    """Scene, word and slot (0 for none) of each item that has a word, in order."""
    rows = [
        (scene, words[item.lexeme], slots.get(item.slot, 0) if item.slot else 0)
        for scene, observation in enumerate(observations)
        for item in observation.items
        if item.lexeme in words
    ]
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return columns[0], columns[1], columns[2]


def _features(scenes: Integers, words: Integers, slots: Integers, config: ClassConfig) -> _Features:
    """What stands beside each word; words are numbered by falling count."""
    before = config.companions
    after = before + config.neighbours
    slot = after + config.neighbours
    width = slot + config.slots
    keys = []

    def count(rows: Integers, beside: Integers, first: int, number: int) -> None:
        known = beside < number
        keys.append(rows[known] * width + first + beside[known])

    for distance in range(1, config.reach + 1):
        together = scenes[distance:] == scenes[:-distance]
        left, right = words[:-distance][together], words[distance:][together]
        count(left, right, 0, config.companions)
        count(right, left, 0, config.companions)
        if distance == 1:
            count(right, left, before, config.neighbours)
            count(left, right, after, config.neighbours)
    # Slots of the lexicon stand by falling count; the first is the empty one.
    count(words[slots > 0], slots[slots > 0] - 1, slot, config.slots)
    found, counts = np.unique(np.concatenate(keys), return_counts=True)
    return _Features(found // width, found % width, counts, width)


def _placed(
    features: _Features, counts: Integers, parts: Integers, config: ClassConfig
) -> list[list[int]]:
    """The words of each class: the clustered ones, nearest first, then the placed ones likewise.
    Classes by falling count.
    """
    frequent = int((counts >= config.min_count).sum())
    known = int((counts >= config.min_placed).sum())
    space = leading(features.dense(0, frequent), config.dimensions, config.seed)
    vectors = space.vectors
    assigned = _clustered(vectors, counts[:frequent], parts[:frequent], config)
    core = np.flatnonzero(assigned >= 0)
    if not len(core):
        return []
    assigned, vectors = assigned[core], vectors[core]
    centres = np.zeros((assigned.max() + 1, vectors.shape[1]), np.float32)
    np.add.at(centres, assigned, vectors * np.log1p(counts[core, None]).astype(np.float32))
    centres = unit(centres)
    part_of = np.empty(len(centres), np.int64)
    part_of[assigned] = parts[core]
    classes = np.empty(known, np.int64)
    nearness = np.empty(known, np.float32)
    for start in range(0, known, _BLOCK):
        block = slice(start, min(start + _BLOCK, known))
        found = space.place(features.dense(block.start, block.stop)) @ centres.T
        found[parts[block, None] != part_of] = -1
        classes[block], nearness[block] = found.argmax(axis=1), found.max(axis=1)
    classes[nearness < config.min_likeness] = -1
    classes[core], nearness[core] = assigned, np.einsum("nd,nd->n", vectors, centres[assigned])
    placed = np.ones(known, np.bool_)
    placed[core] = False
    members: list[list[int]] = [[] for _ in centres]
    for word in np.lexsort((np.arange(known), -nearness, placed)).tolist():
        if classes[word] >= 0:
            members[classes[word]].append(word)
    return sorted(members, key=lambda words: (-counts[words].sum(), words))


def _clustered(vectors: Floats, counts: Integers, parts: Integers, config: ClassConfig) -> Integers:
    """The class of each vector, -1 where its class is too small to be kept. Parts of speech are
    clustered apart, each into as many classes as is its share of the words.
    """
    assigned = np.full(len(vectors), -1)
    number = 0
    for part in np.unique(parts).tolist():
        words = np.flatnonzero(parts == part)
        share = replace(config, classes=max(1, round(config.classes * len(words) / len(parts))))
        found = cluster(vectors[words], counts[words], share)
        kept = np.flatnonzero(np.bincount(found) >= config.min_words)
        inside = np.isin(found, kept)
        assigned[words[inside]] = number + np.searchsorted(kept, found[inside])
        number += len(kept)
    return assigned
