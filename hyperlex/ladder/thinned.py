"""A text as rung 3 spells it: marks are left out where that takes fewer ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from hyperlex.ladder.punctuation import (
    ends_plainly,
    is_unambiguous,
    marks_of,
    sentences_of,
    tells_of_sentence,
    without,
)
from hyperlex.ladder.stops import WIDTH, StopModel
from hyperlex.types import Span

Cost = Callable[[str], int]
"""How many ids a text takes in the exact lane."""

LONGEST = 1000
"""Code points of a sentence that is told as one; what is weighed in it grows with their square, so
that in one twice as long, which has no spaces to be cut at, nothing is.
"""

_AHEAD = 8
"""Of the stretches to keep that are still to come, so many are looked for in a line."""

_MARKED = re.compile(r"[.!…][»\")\]]*$")
_BEGINS = re.compile(r" [\"«]?[А-ЯЁ][а-яё]*(?![\w-])")


def shortest(text: str, cost: Cost, stops: StopModel, kept: Sequence[str] = ()) -> list[str]:
    """The sentences of a text without the marks that cost ids, each with what parts it from the one
    before.

    Between two sentences stands a full stop, with a capital or without, or a capital alone where
    that tells enough; a line that ends without a mark needs none. A line break stays where that
    takes no more ids than a space, the mark before it on its own side or beyond it. Stretches that
    are to be kept, given in order, lose no marks, and no line breaks beside them.
    """
    found: list[str] = []
    marked = closed = False
    passed = 0
    for parted, line in sentences_of(text):
        for number, piece in enumerate(_pieces(line)):
            inside, passed = _inside(piece, kept, passed)
            told = _thinned(piece, " " * bool(found), cost, inside)
            if not number and found:
                before = "".join(found[-WIDTH:])
                plainly = ends_plainly(found[-1])
                pairs = [(found[-1], told)]
                if plainly:
                    pairs = [(f"{found[-1]}.", each) for each in (told, _lowered(told)) if each]
                    if not marked or tells_of_sentence(before + told, len(before), stops):
                        pairs.append((found[-1], told))
                if "\n" in parted:
                    broken = _broken(found[-1], parted, told, "." if plainly and marked else "")
                    beside = closed or (inside and inside[0].start == 0)
                    pairs = broken if beside else broken + pairs
                # The first of the shortest: the one that says most.
                found[-1], told = min(pairs, key=lambda pair: cost(pair[0]) + cost(pair[1]))
            found.append(told)
            closed = bool(inside) and inside[-1].stop == len(piece)
        marked = _MARKED.search(line) is not None
    return found


def _inside(piece: str, kept: Sequence[str], passed: int) -> tuple[list[Span], int]:
    """Where stretches that are to be kept stand in a piece of a text, and how many have been passed
    with it. One that goes over several lines is passed with those after it.
    """
    inside: list[Span] = []
    done = 0
    for number in range(passed, min(passed + _AHEAD, len(kept))):
        start = piece.find(kept[number], done)
        if start >= 0:
            done = start + len(kept[number])
            inside.append(Span(start, done))
            passed = number + 1
    return inside, passed


def _broken(before: str, parted: str, told: str, stop: str) -> list[tuple[str, str]]:
    """Two lines with the break between them, and a mark that it may be one id with on either side.

    Args:
        stop: what was left out at the end of the first.
    """
    told = told.lstrip(" ")
    if stop:
        return [(before + stop, parted + told), (before, stop + parted + told)]
    if before[-1:] in "?!.,":
        return [(before, parted + told), (before[:-1], before[-1:] + parted + told)]
    return [(before, parted + told)]


def _pieces(line: str) -> Iterator[str]:
    """A line cut at spaces into pieces of a bounded length, as far as it has spaces."""
    while len(line) > LONGEST:
        place = line.rfind(" ", 1, LONGEST)
        place = place if place > 0 else line.find(" ", LONGEST)
        if place < 0:
            break
        yield line[:place]
        line = line[place + 1 :]
    yield line


def _lowered(sentence: str) -> str:
    """A sentence without its capital; "" where it has none, or it would not be found again."""
    begins = _BEGINS.match(sentence)
    return begins.group().lower() + sentence[begins.end() :] if begins else ""


def _thinned(line: str, space: str, cost: Cost, kept: Sequence[Span]) -> str:
    """A sentence without the marks that cost ids; `restore` puts those at its end back."""
    left_out = marks_of(line)
    for span in kept:
        left_out = [mark for mark in left_out if not span.start <= mark.start < span.stop]
    told = space + without(line, left_out)
    if len(line) > 2 * LONGEST:
        return told
    for mark in tuple(left_out):
        if not any(map(str.isalnum, line[mark.stop :])):
            break
        others = [each for each in left_out if each != mark]
        fuller = space + without(line, others)
        if cost(fuller) <= cost(told) and is_unambiguous(fuller):
            left_out, told = others, fuller
    return told
