"""Grammatical Russian from outlines: the other half of the ladder's lower rungs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hyperlex.ladder.outline import Lexeme, Outline
from hyperlex.ladder.realise.government import table
from hyperlex.ladder.realise.sentence import Realiser

__all__ = ["inflect", "realise"]


@cache
def _realiser() -> Realiser:
    return Realiser(table())


def realise(outlines: Sequence[Outline]) -> list[str]:
    """A sentence per outline, with a capital and its final mark; "" for one that says nothing.

    Every item is written once, in the order given, and no other content word is; literals stand to
    the letter. The same outline gives the same sentence, whatever stands around it.

    Raises:
        FormatError: the table of government that ships with the package is absent or broken.
    """
    sentence = _realiser().sentence
    return [sentence(outline) for outline in outlines]


def inflect(lexeme: Lexeme, key: str) -> str:
    """The form of a lexeme for a key of `hyperlex.ladder.realise.forms`, or the nearest it has.

    >>> inflect(Lexeme("дверь", "N"), "GenSing")
    'двери'
    """
    return _realiser().forms(lexeme).form(key)
