"""What is known of a spelling before its context: its vector and its readings, remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.word.dictionary import dictionary
from hyperlex.word.features import features
from hyperlex.word.labels import FEATS, UPOS
from hyperlex.word.readings import Reading, readings
from hyperlex.word.table import Rows

CAPACITY = 16_384
"""Spellings to remember; then all are forgotten, for words follow Zipf and come back at once."""
_CHARACTERS = 32 * CAPACITY
"""The same for their length in all, for text without white space has long ones."""
_LONGEST = 64
"""Whatever is longer is no word, and the dictionary's guesser would take its time over it."""

_JUDGED = ("Case", "Number", "Gender", "Animacy", "Tense", "Aspect", "Mood", "Person", "VerbForm",
           "Voice", "Degree", "Variant")  # fmt: skip
"""Features on which the network's word counts in choosing a reading: those that readings state."""
_PRIOR = 0.6
"""Weight of pymorphy3's own score of a reading against the network's log-probabilities."""
_UNRANKED = 40_000
_RANK = 0.1
"""Weight of the log of a lemma's rank by frequency: «день» rather than «дно» for «дне»."""


def _columns() -> dict[str, int]:
    columns = {}
    position = len(UPOS)
    for name, values in FEATS.items():
        columns[name] = position
        for k, value in enumerate(values):
            columns[f"{name}={value}"] = position + 1 + k
        position += len(values) + 1
    return columns


_COLUMN = _columns()


@dataclass(frozen=True, slots=True)
class Entry:
    """One spelling.

    Attributes:
        row: of its vector in `Entries.vectors`.
        readings: what it can be.
        columns: `[R, 1 + len(_JUDGED)]`, the outputs of the network that speak for each reading;
            empty where there is but one.
        prior: `[R]`, what speaks for each reading without context; likewise.
    """

    row: int
    readings: tuple[Reading, ...]
    columns: NDArray[np.int64]
    prior: NDArray[np.float32]

    def best(self, tags: NDArray[np.float32], cased: bool = False) -> Reading:
        """The reading that the network's log-probabilities for the word, `[K]`, speak for most.

        Args:
            tags: those log-probabilities.
            cased: only a reading with a case will do, if there is one.
        """
        if len(self.readings) == 1:
            return self.readings[0]
        support = tags[self.columns].sum(1) + self.prior
        if cased:
            stated = np.array(["Case=" in reading.feats for reading in self.readings])
            if stated.any():
                support[~stated] = -np.inf
        return self.readings[int(support.argmax())]


class Entries:
    """The entries met so far.

    Args:
        table: `[ROWS, B]`, the vectors of hashed features.
        lemmas: lemma (with `е` for `ё`) to its row in `meanings`.
        meanings: `[L + 1, V]`, distributional vectors of lemmas; the last row is zeros, for those
            that are unknown.
        weight, bias: of the layer that joins both, `[B + V, D]` and `[D]`.
        learned: (spelling in lower case, part of speech) to the lemma that treebanks give it.
    """

    def __init__(
        self,
        table: Rows,
        lemmas: Mapping[str, int],
        meanings: Rows,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32],
        learned: Mapping[tuple[str, str], str],
    ) -> None:
        self._table = table
        self._lemmas = lemmas
        self._meanings = meanings
        self._weight = weight
        self._bias = bias
        self._learned = learned
        self._entries: dict[str, Entry] = {}
        self._characters = 0
        self._vectors = np.zeros((1024, len(bias)), np.float32)
        self._lock = Lock()

    def of(self, forms: Sequence[str]) -> tuple[list[Entry], NDArray[np.float32]]:
        """The entries of the words of a text, in order, and the network's input, `[N, D]`."""
        with self._lock:
            crowded = len(self._entries) + len(forms) > CAPACITY
            if self._characters > _CHARACTERS or (crowded and len(self._entries) > CAPACITY // 2):
                self._entries.clear()
                self._characters = 0
            known = self._entries
            new = [form for form in dict.fromkeys(forms) if form not in known]
            if new:
                self._add(new)
            found = [known[form] for form in forms]
            return found, self._vectors[[entry.row for entry in found]]

    def _add(self, forms: Sequence[str]) -> None:
        first = len(self._entries)
        while first + len(forms) > len(self._vectors):
            self._vectors = np.concatenate((self._vectors, np.zeros_like(self._vectors)))
        joint = np.empty((len(forms), len(self._weight)), np.float32)
        made = {}
        for k, form in enumerate(forms):
            start = form[:_LONGEST]
            parses = dictionary().parse(start)
            self._read(start, parses, joint[k])
            found = tuple(self._relearned(form, reading) for reading in readings(form, parses))
            made[form] = Entry(first + k, found, *self._evidence(found))
        vectors = joint @ self._weight
        vectors += self._bias
        self._vectors[first : first + len(forms)] = vectors
        self._entries.update(made)
        self._characters += sum(map(len, forms))

    def _read(self, form: str, parses: Sequence[Any], joint: NDArray[np.float32]) -> None:
        """Writes the sum of a word's features and its meaning into `joint`, `[B + V]`."""
        rows, weights = features(form, parses)
        width = self._table.shape[1]
        np.matmul(weights, self._table[rows], out=joint[:width])
        joint[width:] = self._meanings[self._lemmas.get(distributional_lemma(form, parses), -1)]

    def _relearned(self, form: str, reading: Reading) -> Reading:
        lemma = self._learned.get((form.lower(), reading.upos))
        if lemma is None:
            return reading
        return Reading(lemma, reading.upos, reading.feats, reading.prior, "treebank")

    def _evidence(self, found: Sequence[Reading]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        if len(found) < 2:
            return _NO_COLUMNS, _NO_PRIOR
        columns = [_judged(reading.upos, reading.feats) for reading in found]
        ranks = [self._lemmas.get(plain(reading.lemma), _UNRANKED) for reading in found]
        prior = [
            _PRIOR * log(reading.prior) - _RANK * log(rank + 20)
            for reading, rank in zip(found, ranks, strict=True)
        ]
        return np.array(columns, np.int64), np.array(prior, np.float32)


_NO_COLUMNS, _NO_PRIOR = np.empty((0, 1 + len(_JUDGED)), np.int64), np.empty(0, np.float32)


@lru_cache(maxsize=4096)
def _judged(upos: str, feats: str) -> tuple[int, ...]:
    """The outputs of the network that speak for a reading: one for its part of speech and each
    feature, the lack of one included.
    """
    stated = dict(pair.split("=", 1) for pair in feats.split("|") if pair)
    columns = (_COLUMN[f"{name}={stated[name]}" if name in stated else name] for name in _JUDGED)
    return UPOS.index(upos), *columns


def distributional_lemma(form: str, parses: Sequence[Any]) -> str:
    """The key of a word among the lemmas that have a vector: the likeliest lemma, short marks as
    they are, `#` for numbers and the rest.
    """
    if any(c.isalpha() for c in form):
        return plain(parses[0].normal_form)
    return form if len(form) < 3 else "#"


def plain(lemma: str) -> str:
    """A lemma as vectors and ranks are filed: lower case, `е` for `ё`."""
    return lemma.lower().replace("ё", "е")
