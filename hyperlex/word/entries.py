"""What is known of a spelling before its context: its vector and its readings, remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.types import features_of
from hyperlex.word.dictionary import dictionary
from hyperlex.word.features import bag as bag_of
from hyperlex.word.labels import COLUMNS, FEATS, UPOS
from hyperlex.word.readings import Offer, Reading, offers
from hyperlex.word.table import Rows

CAPACITY = 16_384
"""Spellings to remember; then all are forgotten, for words follow Zipf and come back at once."""
_CHARACTERS = 32 * CAPACITY
"""The same for their length in all, for text without white space has long ones."""
_LONGEST = 64
"""Whatever is longer is no word, and the dictionary's guesser would take its time over it."""

_AT_ONCE = 64
"""New spellings whose features are read together: enough to pay the calls, and still few bytes."""

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
    for name, values in FEATS.items():
        start = COLUMNS[name].start
        columns[name] = start
        for k, value in enumerate(values):
            columns[f"{name}={value}"] = start + 1 + k
    return columns


_COLUMN = _columns()


@dataclass(frozen=True, slots=True)
class Entry:
    """One spelling.

    Attributes:
        row: of its vector in `Entries.vectors`.
        offers: what it can be.
        columns: `[R, 1 + len(_JUDGED)]`, the outputs of the network that speak for each reading;
            empty where there is but one.
        prior: of each reading, what speaks for it without context; likewise.
    """

    row: int
    offers: tuple[Offer, ...]
    columns: NDArray[np.int64]
    prior: tuple[float, ...]

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What it can be."""
        return tuple([Reading(*offer) for offer in self.offers])


def choose(
    entries: Sequence[Entry],
    tags: NDArray[np.float32],
    cased: Set[int] = frozenset(),
    named: Set[int] = frozenset(),
) -> list[Offer]:
    """For each word of a sentence the reading that the network's view of it speaks for most.

    Args:
        entries: of the words.
        tags: `[T, K]`, the network's log-probabilities for each word.
        cased: places where only a reading with a case will do, if there is one.
        named: places of words with a capital: one that the dictionary lacks, or has as a particle
            or conjunction, is a name there if it may be one.
    """
    chosen = [entry.offers[0] for entry in entries]
    places = [k for k, entry in enumerate(entries) if entry.prior]
    if not places:
        return chosen
    found = [entries[k] for k in places]
    sizes = [len(entry.prior) for entry in found]
    columns = np.concatenate([entry.columns for entry in found])
    columns += np.repeat([k * tags.shape[1] for k in places], sizes)[:, None]
    support = np.add.reduce(tags.reshape(-1).take(columns), 1)
    support += np.array([x for entry in found for x in entry.prior], np.float32)
    scores = support.tolist()
    start = 0
    for place, entry, size in zip(places, found, sizes, strict=True):
        own = scores[start : start + size]
        start += size
        best = own.index(max(own))
        if place in cased:
            stated = [k for k, offer in enumerate(entry.offers) if "Case=" in offer[2]]
            best = max(stated, key=own.__getitem__, default=best)
        if place in named and _unlikely(entry.offers[best]):
            names = [k for k, offer in enumerate(entry.offers) if offer[1] == "PROPN"]
            best = max(names, key=own.__getitem__, default=best)
        chosen[place] = entry.offers[best]
    return chosen


_CLOSED = frozenset(("AUX", "CCONJ", "PART", "SCONJ"))


def _unlikely(offer: Offer) -> bool:
    """Whether a word was read as what has no capital: the unknown «Марвел» as a verb, «Брюс Ли» as
    a question.
    """
    lemma, upos, _, _, by = offer
    if upos in _CLOSED:
        return True
    adjective = upos == "ADJ" and not lemma.endswith(("ский", "цкий", "ской", "цкой"))
    return by == "suffix" and (adjective or upos == "VERB")


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
        self._learned: dict[str, dict[str, str]] = {}
        for (form, upos), lemma in learned.items():
            if len(form) > 1:  # what a letter stands for, its neighbours tell
                self._learned.setdefault(form, {})[upos] = lemma
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
        parse = dictionary().parse
        while first + len(forms) > len(self._vectors):
            self._vectors = np.concatenate((self._vectors, np.zeros_like(self._vectors)))
        joint = np.empty((len(forms), len(self._weight)), np.float32)
        made = {}
        for start in range(0, len(forms), _AT_ONCE):
            some = forms[start : start + _AT_ONCE]
            parses = [parse(form[:_LONGEST]) for form in some]
            self._read(some, parses, joint[start : start + len(some)])
            for k, (form, found) in enumerate(zip(some, parses, strict=True), first + start):
                made[form] = self._entry(k, form, found)
        vectors = joint @ self._weight
        vectors += self._bias
        self._vectors[first : first + len(forms)] = vectors
        self._entries.update(made)
        self._characters += sum(map(len, forms))

    def _read(
        self, forms: Sequence[str], parses: Sequence[Sequence[Any]], joint: NDArray[np.float32]
    ) -> None:
        """Writes the sum of each word's features and its meaning into `joint`, `[N, B + V]`."""
        rows: list[int] = []
        weights: list[float] = []
        edges = [0]
        for form, found in zip(forms, parses, strict=True):
            bag = bag_of(form[:_LONGEST], found)
            rows += bag[0]
            weights += bag[1]
            edges.append(len(rows))
        wide = self._table.take(np.array(rows), 0)
        weight = np.array(weights, np.float32)
        width = wide.shape[1]
        for k, (a, b) in enumerate(pairwise(edges)):
            np.matmul(weight[a:b], wide[a:b], out=joint[k, :width])
        meanings = [
            self._lemmas.get(distributional_lemma(form[:_LONGEST], found), -1)
            for form, found in zip(forms, parses, strict=True)
        ]
        joint[:, width:] = self._meanings.take(meanings, 0)

    def _entry(self, row: int, form: str, parses: Sequence[Any]) -> Entry:
        found = offers(form, parses)
        learned = self._learned.get(form.lower())
        if learned is not None:
            found = [
                (learned[upos], upos, feats, prior, "treebank")
                if upos in learned
                else (lemma, upos, feats, prior, by)
                for lemma, upos, feats, prior, by in found
            ]
        if len(found) < 2:
            return Entry(row, tuple(found), _NO_COLUMNS, ())
        columns = _judged(tuple([offer[1:3] for offer in found]))
        priors = []
        last = None
        rarity = 0.0
        for lemma, _, _, prior, _ in found:
            if lemma != last:
                rank = self._lemmas.get(lemma) or self._lemmas.get(plain(lemma), _UNRANKED)
                rarity = _RANK * log(rank + 20)
                last = lemma
            priors.append(_PRIOR * log(prior) - rarity)
        return Entry(row, tuple(found), columns, tuple(priors))


_NO_COLUMNS = np.empty((0, 1 + len(_JUDGED)), np.int64)


@lru_cache(maxsize=4096)
def _judged(readings: tuple[tuple[str, str], ...]) -> NDArray[np.int64]:
    """The columns of an entry whose readings have these parts of speech and features."""
    return np.array([_judged_of(upos, feats) for upos, feats in readings], np.int64)


@lru_cache(maxsize=4096)
def _judged_of(upos: str, feats: str) -> tuple[int, ...]:
    """The outputs of the network that speak for a reading: one for its part of speech and each
    feature, the lack of one included.
    """
    stated = features_of(feats)
    columns = (_COLUMN[f"{name}={stated[name]}" if name in stated else name] for name in _JUDGED)
    return UPOS.index(upos), *columns


def distributional_lemma(form: str, parses: Sequence[Any]) -> str:
    """The key of a word among the lemmas that have a vector: the likeliest lemma, short marks as
    they are, `#` for numbers and the rest.
    """
    if form.isalpha() or any(c.isalpha() for c in form):
        return plain(parses[0].normal_form)
    return form if len(form) < 3 else "#"


def plain(lemma: str) -> str:
    """A lemma as vectors and ranks are filed: lower case, `е` for `ё`."""
    return lemma.lower().replace("ё", "е")
