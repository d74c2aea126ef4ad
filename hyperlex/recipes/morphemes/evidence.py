"""What a large network may know of a word beside its letters: two kinds of counts.

`Dictionary` counts, over the lemmas of the dictionary, what stands before and after a place: how
many words begin and end like this one, whether the rest is a word, how many words share the stem.
`Votes` counts, over segmented words, how often a boundary stands between the same letters.

For a training word its own vote is taken out, so that training sees what an unknown word will see;
and for some also those of all words with its root (`unrelated_votes`), as for an unknown root.

One more feature tells the words of the list of forms, which was segmented by other hands: so the
networks learn from it without learning its habits.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hyperlex.morpheme.labels import TYPES
from hyperlex.morpheme.network import letter_ids
from hyperlex.recipes.morphemes.data import BEGINS, Row
from hyperlex.types import MorphemeType

Floats = NDArray[np.float32]

DICTIONARY_FEATURES = 16
FOLDS = 4
"""Into how many parts roots are dealt for `unrelated_votes`."""

_ALL = 24
# How many letters before a place and from it on make one context.
CONTEXTS = (
    (2, 2), (3, 3), (4, 2), (2, 4), (4, 4), (5, 3), (3, 5), (5, 5), (7, 3), (3, 7), (7, 7),
    (_ALL, 2), (_ALL, 4), (2, _ALL), (4, _ALL), (0, _ALL), (_ALL, 0),
    (0, 4), (0, 6), (4, 0), (6, 0),
)  # fmt: skip
_PER_CONTEXT = 5
VOTE_FEATURES = _PER_CONTEXT * len(CONTEXTS)
VOTES = slice(DICTIONARY_FEATURES, DICTIONARY_FEATURES + VOTE_FEATURES)
FEATURES = VOTES.stop + 1
"""What a letter has: the counts of `Dictionary`, those of `Votes`, and 1 in a word of the forms."""
_EDGE = 60
_PRIOR = 0.3
_ROOT, _SUFF, _PREF = (2 * TYPES.index(MorphemeType[n]) for n in ("ROOT", "SUFF", "PREF"))


class Dictionary:
    """Counts over the lemmas of a dictionary; `dictionary(word)` is `(len(word), 16)` float32."""

    def __init__(self, lemmas: Sequence[str], rows: Sequence[Row], ipm: dict[str, float]) -> None:
        self._lemmas = frozenset(lemmas)
        self._ipm = ipm
        self._tails, self._heads = _affixes(rows)
        after: defaultdict[str, set[str]] = defaultdict(set)
        before: defaultdict[str, set[str]] = defaultdict(set)
        self._begin: Counter[str] = Counter()
        self._end: Counter[str] = Counter()
        self._stem: Counter[str] = Counter()
        self._rest: Counter[str] = Counter()
        self._core: Counter[str] = Counter()
        for word in lemmas:
            length = len(word)
            for i in range(length):
                head, tail = word[: i + 1], word[i:]
                self._begin[head] += 1
                self._end[tail] += 1
                after[head].add(word[i + 1 : i + 2])
                before[tail].add(word[i - 1 : i])
                if word[i + 1 :] in self._tails:
                    self._stem[head] += 1
                if word[:i] in self._heads:
                    self._rest[tail] += 1
            starts = [i for i in range(min(length, 8)) if i == 0 or word[:i] in self._heads]
            stops = [j for j in range(max(1, length - 10), length + 1) if word[j:] in self._tails]
            self._core.update(word[i:j] for i in starts for j in stops if j - i >= 2)
        self._after = {key: len(value) for key, value in after.items()}
        self._before = {key: len(value) for key, value in before.items()}

    def __call__(self, word: str) -> Floats:
        length = len(word)
        found = np.zeros((length, DICTIONARY_FEATURES), np.float32)
        core, tails, heads = self._core, self._tails, self._heads
        for i in range(length):
            head, tail = word[:i], word[i:]
            from_here = until_here = (0, 0)
            for j in range(i + 2, min(length, i + 9) + 1):
                count = core.get(word[i:j], 0)
                if count and word[j:] in tails:
                    from_here = max(from_here, (count * (j - i), j - i))
            for j in range(max(0, i - 8), i - 1):
                count = core.get(word[j:i], 0)
                if count and (j == 0 or word[:j] in heads):
                    until_here = max(until_here, (count * (i - j), i - j))
            found[i, :10] = (
                self._begin.get(head, 0), self._end.get(tail, 0),
                self._after.get(head, 0), self._before.get(tail, 0),
                self._stem.get(head, 0), self._rest.get(tail, 0),
                from_here[0], until_here[0],
                self._ipm.get(tail, 0.0), self._ipm.get(head, 0.0),
            )  # fmt: skip
            found[i, 10:] = (
                tail in self._lemmas, head in self._lemmas, tail in tails, head in heads,
                from_here[1] / 4, until_here[1] / 4,
            )  # fmt: skip
        found[:, :10] = np.log1p(found[:, :10])
        return found


def _affixes(rows: Sequence[Row]) -> tuple[frozenset[str], frozenset[str]]:
    """What follows the last root and precedes the first one in the typed lemmas, if not once."""
    tails: Counter[str] = Counter()
    heads: Counter[str] = Counter()
    for row in rows:
        if row.types is None or row.inflected or MorphemeType.ROOT not in row.types:
            continue
        first = row.types.index(MorphemeType.ROOT)
        last = len(row.types) - 1 - row.types[::-1].index(MorphemeType.ROOT)
        tails["".join(row.texts[last + 1 :])] += 1
        heads["".join(row.texts[:first])] += 1
    del heads[""]
    return (
        frozenset(tail for tail, count in tails.items() if count >= 2),
        frozenset(head for head, count in heads.items() if count >= 3),
    )


def context_hashes(words: Sequence[str]) -> NDArray[np.uint64]:
    """A hash of each context of each place, `(letters of all words, len(CONTEXTS))`."""
    rng = np.random.default_rng(5)
    odd = rng.integers(1, 1 << 63, (2, _ALL), dtype=np.uint64) | np.uint64(1)
    salts = rng.integers(1, 1 << 63, len(CONTEXTS), dtype=np.uint64)
    lengths = np.array([len(word) for word in words])
    grid = np.zeros((len(words), int(lengths.max(initial=0)) + 2 * _ALL), np.uint8)
    for index, word in enumerate(words):
        grid[index, _ALL - 1] = grid[index, _ALL + len(word)] = _EDGE
        grid[index, _ALL : _ALL + len(word)] = letter_ids(word)
    which = np.repeat(np.arange(len(words)), lengths)
    place = np.concatenate([np.arange(_ALL, _ALL + length) for length in lengths])
    left = np.zeros((_ALL + 1, len(which)), np.uint64)
    right = np.zeros((_ALL + 1, len(which)), np.uint64)
    for n in range(_ALL):
        left[n + 1] = left[n] + grid[which, place - n - 1] * odd[0, n]
        right[n + 1] = right[n] + grid[which, place + n] * odd[1, n]
    hashed = np.stack([left[a] + right[b] for a, b in CONTEXTS], 1) + salts
    hashed ^= hashed >> np.uint64(31)
    hashed *= np.uint64(0x9E3779B97F4A7C15)
    return hashed


def ballots(rows: Sequence[Row]) -> Floats:
    """How each letter of each row votes: one, begins, typed, begins a root, a suffix, a prefix."""
    labels = np.concatenate([np.array(row.labels()) for row in rows])
    typed = labels >= 0
    begins = (typed & (labels % 2 == 0)) | (labels == BEGINS)
    kinds = [labels == kind for kind in (_ROOT, _SUFF, _PREF)]
    return np.stack([np.ones(len(labels), bool), begins, typed, *kinds], 1).astype(np.float32)


class Votes:
    """The ballots of a set of letters, counted by context."""

    def __init__(self, hashes: NDArray[np.uint64], given: Floats) -> None:
        self._counted: list[tuple[NDArray[np.uint64], Floats]] = []
        for column in hashes.T:
            keys, which = np.unique(column, return_inverse=True)
            sums = [np.bincount(which, ballot, len(keys)) for ballot in given.T]
            self._counted.append((keys, np.stack(sums, 1).astype(np.float32)))

    def __call__(self, hashes: NDArray[np.uint64], own: Floats | None = None) -> Floats:
        """Features of letters with these contexts; `own` ballots are taken out.

        Returns `(letters, VOTE_FEATURES)`: for each context the logarithm of the number of votes,
        and the shares that begin a morpheme, a root, a suffix, a prefix.
        """
        found = np.zeros((len(hashes), VOTE_FEATURES), np.float32)
        for index, (keys, sums) in enumerate(self._counted):
            column = hashes[:, index]
            place = np.searchsorted(keys, column)
            place[place == len(keys)] = 0
            votes = sums[place] * (keys[place] == column)[:, None]
            if own is not None:
                votes = np.maximum(votes - own, 0)
            all_, begins, typed, *kinds = votes.T
            at = found[:, _PER_CONTEXT * index :]
            at[:, 0] = np.log1p(all_) / 3
            share = (begins + _PRIOR * 0.3) / (all_ + 0.3)
            at[:, 1] = np.where(all_ > 0, share - _PRIOR, 0) * 2
            for offset, kind in enumerate(kinds, 2):
                at[:, offset] = np.where(typed > 0, kind / (typed + 0.3), 0)
        return found


def unrelated_votes(
    rows: Sequence[Row], hashes: NDArray[np.uint64], given: Floats, related: Floats
) -> Floats:
    """`related`, but for words all of whose roots fall into one part: without any word that has a
    root of that part.
    """
    folds = [{_fold(root) for root in roots} for roots in _roots(rows)]
    letters = np.repeat(np.arange(len(rows)), [len(row.word) for row in rows])
    found = related.copy()
    for fold in range(FOLDS):
        touched = np.array([fold in of for of in folds])[letters]
        within = np.array([fold in of and of <= {fold, -1} for of in folds])[letters]
        found[within] = Votes(hashes[~touched], given[~touched])(hashes[within])
    return found


def _fold(root: str) -> int:
    return zlib.crc32(root.encode()) % FOLDS if len(root) > 2 else -1


def _roots(rows: Sequence[Row]) -> list[list[str]]:
    """The roots of each row; where types are unknown, what is a root elsewhere, or the longest."""
    known = {
        text
        for row in rows
        for text, kind in zip(row.texts, row.types or (), strict=False)
        if kind is MorphemeType.ROOT
    }
    found = []
    for row in rows:
        if row.types is not None:
            pairs = zip(row.texts, row.types, strict=True)
            found.append([text for text, kind in pairs if kind is MorphemeType.ROOT])
        else:
            longer = [text for text in row.texts if text in known and len(text) > 2]
            found.append(longer or [max(row.texts, key=len)])
    return found
