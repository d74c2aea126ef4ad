"""Words with known answers: a sorted table of 40-bit hashes, each with a pattern.

The words themselves are not in it. A word outside the table is taken for one inside with a
probability of its size over 2**40, below one in a million, and only where the lengths agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from hyperlex.morpheme.labels import TYPES, Piece

_LETTER = dict(zip("PRLSEXH", TYPES, strict=True))
_OF_TYPE = {kind: letter for letter, kind in _LETTER.items()}


def pattern(pieces: Sequence[Piece]) -> str:
    """A segmentation without its letters: `P3R4S3` for под/окон/ник."""
    return "".join(f"{_OF_TYPE[kind]}{length}" for length, kind in pieces)


def parse_pattern(text: str) -> tuple[Piece, ...]:
    """The inverse of `pattern`. Raises `ValueError` or `KeyError` for anything else."""
    found: list[Piece] = []
    position = 0
    while position < len(text):
        stop = position + 1
        while stop < len(text) and text[stop].isdigit():
            stop += 1
        found.append((int(text[position + 1 : stop]), _LETTER[text[position]]))
        position = stop
    return tuple(found)


def word_hash(word: str) -> int:
    """40 bits of BLAKE2b: the same on every machine."""
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=5).digest())


@dataclass(frozen=True)
class Lexicon:
    """Segmentations by the hash of the word.

    Attributes:
        high: `(N,)` uint32, sorted: the upper 32 bits.
        low: `(N,)` uint8: the lower 8 bits.
        answers: `(N,)` uint16: places in `patterns`.
        patterns: the different segmentations, parsed only when asked for: there are thousands.
    """

    high: NDArray[np.uint32]
    low: NDArray[np.uint8]
    answers: NDArray[np.uint16]
    patterns: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.high)

    def get(self, word: str) -> tuple[Piece, ...] | None:
        """The segmentation of `word`, or None for a word that is not in the table."""
        hashed = word_hash(word)
        high = np.uint32(hashed >> 8)
        place = int(self.high.searchsorted(high))
        while place < len(self.high) and self.high[place] == high:
            if self.low[place] == hashed & 255:
                found = parse_pattern(self.patterns[self.answers[place]])
                return found if sum(length for length, _ in found) == len(word) else None
            place += 1
        return None


def build(rows: Iterable[tuple[str, Sequence[Piece]]]) -> Lexicon:
    """A lexicon of `rows`. Of two words with one hash the first stays."""
    entries: dict[int, str] = {}
    for word, pieces in rows:
        entries.setdefault(word_hash(word), pattern(pieces))
    names = sorted(set(entries.values()))
    place = {name: index for index, name in enumerate(names)}
    hashes = sorted(entries)
    return Lexicon(
        np.array([h >> 8 for h in hashes], np.uint32),
        np.array([h & 255 for h in hashes], np.uint8),
        np.array([place[entries[h]] for h in hashes], np.uint16),
        tuple(names),
    )
