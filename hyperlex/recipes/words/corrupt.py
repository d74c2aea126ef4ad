"""Sentences made worse, for an encoder to find out where and how.

Words are hidden (Devlin et al. 2019, arXiv 1810.04805) or replaced (after Clark et al. 2020,
arXiv 2003.10555, without a generator): by another form of their lemma, which breaks agreement and
government, or by another word of their tag. Marks are left out, so that it is learned where clauses
end, and from text that nobody has annotated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperlex.recipes.words.batches import Spellings
from hyperlex.recipes.words.corpus import Sample
from hyperlex.recipes.words.loss import IGNORED

HIDDEN, REPLACED = 0.12, 0.15
"""Shares of words. Replacing finds no other word for some, so the two come to about the same."""
OTHER_FORM = 0.55
"""Of the words to replace, those that are to become another form of their lemma."""
LEMMAS, TAGS = 6_000, 600
"""The most frequent ones are guessed."""

STOPS = (".", "!", "?", "…", "...")
_KINDS = ((",",), ("—", "–", "-"), (":", ";"), ("(", ")", "«", "»", '"'), STOPS)
MARKS = {mark: kind for kind, marks in enumerate(_KINDS, 1) for mark in marks}
"""The kind of each mark that may be left out, from 1."""
KINDS_OF_MARKS = len(_KINDS) + 1
"""With 0, for nothing left out."""
_WITHOUT_ANY, _WITHOUT_SOME, _SOME = 0.25, 0.30, 0.3
"""Shares of sentences without marks and of those that lose some, and how many these lose."""
_JOINED, _LONGEST_JOINED = 0.15, 45
"""Share of sentences that run on into the next, where both together are no longer than that."""
_FEWEST = 3
"""A sentence is left as it is where fewer words than that would be left of it."""
_MET = 2
"""Times that a spelling is met in the sample before it may replace another."""


@dataclass(frozen=True)
class Corrupted:
    """A batch of `B` sentences, the longest of `T` words; arrays are `[B, T]`.

    Attributes:
        words: what is seen, as numbers of spellings; zeros for filling.
        real: where a word is.
        hidden: words that are not seen.
        replaced: words in whose place another is seen.
        lemmas, tags: to guess of hidden and replaced words; else, or where rare, `IGNORED`.
        marks: the kind of the first mark left out before a word, 0 for none; `IGNORED` for the
            first word and for filling.
    """

    words: NDArray[np.int64]
    real: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    replaced: NDArray[np.bool_]
    lemmas: NDArray[np.int64]
    tags: NDArray[np.int64]
    marks: NDArray[np.int64]


class Corruption:
    """Draws corrupted batches of a sample.

    Args:
        sample: of text.
        spellings: takes up all types of the sample.
        lemmas: how many of those that have a vector may be asked for.
        seed: of everything that is drawn.
    """

    def __init__(self, sample: Sample, spellings: Spellings, lemmas: int, seed: int) -> None:
        self._sample = sample
        self._random = np.random.default_rng(seed)
        self._starts = np.cumsum(sample.lengths) - sample.lengths
        self._numbers = np.array([spellings.id(form) for form in sample.types], np.int64)
        self._marks = np.array([MARKS.get(form, 0) for form in sample.types], np.int64)
        meaning = np.array([spellings.meanings[k] for k in self._numbers], np.int64)
        unknown = int(meaning.max())
        self._lemmas = np.where(meaning < lemmas, meaning, IGNORED)
        counts = np.bincount(sample.tokens, minlength=len(sample.types))
        tags = _numbered([spellings.tags[k] for k in self._numbers], counts)
        self._tags = np.where(tags < 0, IGNORED, tags)
        common = (counts >= _MET) & np.array([form[:1].isalpha() for form in sample.types])
        self._forms = _Group(meaning, common & (meaning < unknown), np.ones_like(counts))
        often = np.minimum(50, np.ceil(counts**0.5).astype(np.int64))
        self._words = _Group(tags, common & (tags >= 0), often)

    def batch(self, sentences: NDArray[np.int64]) -> Corrupted:
        """These sentences of the sample, each corrupted in its own way."""
        told = [self._thinned(k) for k in sentences.tolist()]
        shape = len(told), max(len(types) for types, _ in told)
        types, real = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        marks = np.full(shape, IGNORED)
        for row, (own, before) in enumerate(told):
            types[row, : len(own)], marks[row, 1 : len(own)] = own, before[1:]
            real[row, : len(own)] = True
        drawn = self._random.random(shape)
        hidden, changed = real & (drawn < HIDDEN), real & (drawn > 1 - REPLACED)
        seen = types.copy()
        seen[changed] = self._others(types[changed])
        replaced = seen != types
        guessed = hidden | replaced
        return Corrupted(
            np.where(real, self._numbers[seen], 0), real, hidden, replaced,
            np.where(guessed, self._lemmas[types], IGNORED),
            np.where(guessed, self._tags[types], IGNORED),
            marks,
        )  # fmt: skip

    def _thinned(self, sentence: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Types of a sentence, and before each the kind of the first mark left out."""
        lengths, start = self._sample.lengths, self._starts[sentence]
        size = lengths[sentence]
        if sentence + 1 < len(lengths) and self._random.random() < _JOINED:
            both = size + lengths[sentence + 1]
            size = both if both <= _LONGEST_JOINED else size
        types = self._sample.tokens[start : start + size].astype(np.int64)
        kinds = self._marks[types]
        drawn = self._random.random()
        left_out = kinds > 0
        if drawn >= _WITHOUT_ANY:
            some = _SOME if drawn < _WITHOUT_ANY + _WITHOUT_SOME else 0.0
            left_out &= self._random.random(size) < some
        kept = np.flatnonzero(~left_out)
        if len(kept) < _FEWEST:
            return types, np.zeros_like(types)
        before = np.zeros(len(kept) + 1, np.int64)
        gone = np.flatnonzero(left_out)[::-1]  # the first before a word is written last
        before[np.searchsorted(kept, gone)] = kinds[gone]
        return types[kept], before[:-1]

    def _others(self, types: NDArray[np.int64]) -> NDArray[np.int64]:
        as_form = self._random.random(len(types)) < OTHER_FORM
        drawn = self._random.random(len(types))
        return np.where(as_form, self._forms.draw(types, drawn), self._words.draw(types, drawn))


class _Group:
    """Types that share something, to draw one of them for another.

    Args:
        shared: `[types]`, what they share, from 0; negative for nothing.
        fit: `[types]`, those that may be drawn.
        often: `[types]`, how often each is in the urn.
    """

    def __init__(
        self, shared: NDArray[np.int64], fit: NDArray[np.bool_], often: NDArray[np.int64]
    ) -> None:
        self._shared = shared
        urn = np.repeat(np.flatnonzero(fit), often[fit])
        self._urn = urn[np.argsort(shared[urn], kind="stable")]
        self._edges = np.searchsorted(shared[self._urn], np.arange(int(shared.max()) + 2))

    def draw(self, types: NDArray[np.int64], drawn: NDArray[np.float64]) -> NDArray[np.int64]:
        """One of each type's group, by a number from 0 to 1; where there is none, the type."""
        shared = self._shared[types]
        first, last = self._edges[shared], self._edges[shared + 1]
        found = (shared >= 0) & (last > first)
        others = types.copy()
        place = first + (drawn * (last - first)).astype(np.int64)
        others[found] = self._urn[place[found]]
        return others


def _numbered(tags: list[str], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of the `TAGS` tags whose types come first by count; -1 for the others and for ""."""
    numbers: dict[str, int] = {}
    for k in np.argsort(-counts, kind="stable").tolist():
        if tags[k] and len(numbers) < TAGS:
            numbers.setdefault(tags[k], len(numbers))
    return np.array([numbers.get(tag, -1) if tag else -1 for tag in tags], np.int64)
