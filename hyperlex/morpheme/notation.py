"""Tikhonov's notation as later work types it: `под:PREF/окон:ROOT/ник:SUFF`."""

from __future__ import annotations

from collections.abc import Iterable

from hyperlex.errors import FormatError
from hyperlex.types import Morpheme, MorphemeType, Span

WRITTEN = "notation"
"""The `by` of morphemes that a person wrote down."""


def notation(morphemes: Iterable[Morpheme]) -> str:
    """One line that a linguist can read; the empty word gives the empty line.

    A `/` inside a morpheme is written as `\\/` and a backslash as two, so that every word has a
    notation that `parse_notation` reads back.
    """
    return "/".join(
        f"{m.text.replace(chr(92), chr(92) * 2).replace('/', chr(92) + '/')}:{m.type.value}"
        for m in morphemes
    )


def parse_notation(line: str) -> tuple[Morpheme, ...]:
    """The morphemes of one line; they tile the word that their texts make.

    Raises `FormatError` where a piece is empty or has no type of `MorphemeType`.
    """
    if not line:
        return ()
    found: list[Morpheme] = []
    position = 0
    for piece in _pieces(line):
        text, colon, name = piece.rpartition(":")
        if not colon or not text or name not in MorphemeType.__members__:
            raise FormatError(
                f"{piece!r} in {line!r} is no morpheme. `text:TYPE` with a type of "
                f"{', '.join(MorphemeType.__members__)} was expected. Write the word like "
                "под:PREF/окон:ROOT/ник:SUFF."
            )
        span = Span(position, position + len(text))
        found.append(Morpheme(span, text, MorphemeType[name], WRITTEN))
        position = span.stop
    return tuple(found)


def _pieces(line: str) -> list[str]:
    pieces = [""]
    escaped = False
    for char in line:
        if escaped:
            pieces[-1] += char
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "/":
            pieces.append("")
        else:
            pieces[-1] += char
    return pieces
