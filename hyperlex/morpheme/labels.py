"""What the network says of a letter: the type of its morpheme, and whether it begins it."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.types import MorphemeType

TYPES = tuple(MorphemeType)
"""A class is twice the place of the type here, plus one for a letter that does not begin."""

CLASSES = 2 * len(TYPES)

Piece = tuple[int, MorphemeType]
"""A morpheme before it has a place: its length in letters, and its type."""


def classes(pieces: Sequence[Piece]) -> list[int]:
    """One class per letter."""
    found: list[int] = []
    for length, kind in pieces:
        begin = 2 * TYPES.index(kind)
        found += [begin, *[begin + 1] * (length - 1)]
    return found


def pieces(path: Sequence[int]) -> tuple[Piece, ...]:
    """The inverse of `classes`; a letter that continues nothing begins."""
    found: list[Piece] = []
    start = 0
    for index in range(1, len(path) + 1):
        if index == len(path) or path[index] % 2 == 0 or path[index] // 2 != path[start] // 2:
            if index > start:
                found.append((index - start, TYPES[path[start] // 2]))
            start = index
    return tuple(found)
