"""Words cut into morphemes: `подоконник` is `под:PREF/окон:ROOT/ник:SUFF`."""

from __future__ import annotations

from hyperlex.errors import require_text
from hyperlex.morpheme.analyzer import MorphemeAnalyzer, shared
from hyperlex.morpheme.notation import notation, parse_notation
from hyperlex.types import Morpheme, MorphemeType

__all__ = [
    "Morpheme",
    "MorphemeAnalyzer",
    "MorphemeType",
    "cuts",
    "morphemes",
    "notation",
    "parse_notation",
]


def morphemes(word: str) -> tuple[Morpheme, ...]:
    """The morphemes of `word`, in order. Their spans tile it; the empty string has none.

    Any string is answered. Raises `FormatError` where the installed data cannot be read, TypeError
    for what is no str.
    """
    require_text(word)
    return shared()(word)


def cuts(word: str) -> tuple[int, ...]:
    """The offsets between the morphemes of `word`, ascending, for callers that need no more.

    A plain function over plain data, for worker processes; answers are not kept.
    """
    return shared().cuts(word)
