"""What anybody can do without a ladder: words left out of a text until it fits a budget of ids.

Each baseline ranks the words of a text; the best are kept, as many as the budget holds, in the
order of the text. All are asked for the same number of ids under the same tokenizer as the code
that they are held against.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.measure.trigram import Trigram


@dataclass(frozen=True, slots=True)
class Compressed:
    """What is left of a text.

    Attributes:
        text: what a reader gets back.
        ids: what it costs: the ids of the code.
    """

    text: str
    ids: tuple[int, ...]


Compressor = Callable[[str], Compressed]
"""A text to what is left of it, at a rate of the compressor's own."""

Encode = Callable[[str], Sequence[int]]

Rank = Callable[[str, Sequence[str]], Sequence[float]]
"""A text and its words to a number for each: words of higher numbers are kept first, of equal ones
those that stand first."""

_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"\w+(?:-\w+)*")


def thinned(
    text: str, budget: int, rank: Rank, encode: Encode, *, marks: bool = True
) -> Compressed:
    """The highest-ranked words of `text` in order, with one space between two, in `budget` ids at
    most.

    Args:
        text: what is thinned.
        budget: ids.
        rank: of the words.
        encode: the tokenizer that counts.
        marks: whether words keep the punctuation that touches them; otherwise it is left out.
    """
    words = (_CHUNK if marks else _WORD).findall(text)
    ranks = rank(text, words)
    order = sorted(range(len(words)), key=lambda place: (-ranks[place], place))

    def of(count: int) -> Compressed:
        kept = " ".join(words[place] for place in sorted(order[:count]))
        return Compressed(kept, tuple(encode(kept)) if kept else ())

    low, high = 0, len(words)
    best = of(0)
    while low < high:
        middle = (low + high + 1) // 2
        tried = of(middle)
        if len(tried.ids) <= budget:
            low, best = middle, tried
        else:
            high = middle - 1
    return best


def lead(text: str, words: Sequence[str]) -> list[float]:
    """The first words of the text first."""
    return [-float(place) for place in range(len(words))]


def scene_lead(text: str, words: Sequence[str]) -> list[float]:
    """The first word of every scene, then every second one, and so on."""
    from hyperlex.scene import iter_scenes

    starts = sorted(segment.start for scene in iter_scenes(text) for segment in scene.segments)
    begins = _starts(text, words)
    owners = np.searchsorted(np.array(starts), begins, "right")
    seen: Counter[int] = Counter()
    ranks = []
    for owner in owners.tolist():
        ranks.append(-float(seen[owner]))
        seen[owner] += 1
    return ranks


def shuffled(seed: int) -> Rank:
    """Words by chance, the same for the same text and seed."""

    def rank(text: str, words: Sequence[str]) -> list[float]:
        digest = hashlib.blake2b(f"{seed} {text}".encode(), digest_size=8).digest()
        found: list[float] = np.random.default_rng(list(digest)).random(len(words)).tolist()
        return found

    return rank


class RarestFirst:
    """Words by inverse document frequency: those that few texts have first.

    Args:
        documents: the texts to count in.
    """

    def __init__(self, documents: Iterable[str]) -> None:
        self.count = 0
        self._holders: Counter[str] = Counter()
        for text in documents:
            self.count += 1
            self._holders.update(set(_WORD.findall(text.lower())))

    def __call__(self, text: str, words: Sequence[str]) -> list[float]:
        return [
            max((self._of(form) for form in _WORD.findall(word.lower())), default=0.0)
            for word in words
        ]

    def _of(self, form: str) -> float:
        return math.log((self.count + 1) / (self._holders[form] + 1))


class MostSurprising:
    """Words by what they say that the two tokens before them do not: self-information under a
    trigram model, in bits for each token that the word costs.

    Args:
        model: of the tokenizer's ids.
        encode: text to ids and, for each id, the place in the text where its token ends.
    """

    def __init__(
        self, model: Trigram, encode: Callable[[str], tuple[Sequence[int], Sequence[int]]]
    ) -> None:
        self._model, self._encode = model, encode

    def __call__(self, text: str, words: Sequence[str]) -> list[float]:
        ids, stops = self._encode(text)
        bits = self._model.bits(ids)
        begins = _starts(text, words)
        # A token belongs to the word in which its last character stands.
        owner = np.searchsorted(begins, np.asarray(stops, np.int64) - 1, "right") - 1
        said: NDArray[np.float64] = np.zeros(len(words))
        cost: NDArray[np.float64] = np.zeros(len(words))
        inside = owner >= 0
        np.add.at(said, owner[inside], bits[inside])
        np.add.at(cost, owner[inside], 1)
        found: list[float] = (said / np.maximum(cost, 1)).tolist()
        return found


def _starts(text: str, words: Sequence[str]) -> NDArray[np.int64]:
    """Where each word begins; they stand in the text in this order."""
    begins, at = [], 0
    for word in words:
        at = text.index(word, at)
        begins.append(at)
        at += len(word)
    return np.array(begins, np.int64)


def shuffled_codes(compressed: Sequence[Any], seed: int = 0) -> list[Any]:
    """The control: each text gets the code of another one. One text alone keeps its own."""
    order = np.random.default_rng(seed).permutation(len(compressed)).tolist()
    result = list(compressed)
    for place, other in zip(order, order[1:] + order[:1], strict=True):
        result[place] = compressed[other]
    return result
