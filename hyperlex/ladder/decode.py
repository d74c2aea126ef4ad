"""Ids to text: the inverse of the ladder, from ids alone.

A stream of ids begins as exact text. The marker `text` begins inflected text (rung 3), the marker
`exact` exact text; a code that carries a frame begins the outline of a scene, which lasts to the
next marker or frame. Any ids decode, and so does any prefix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from hyperlex.ladder.inflected import Inflector
from hyperlex.ladder.lexicon import EXACT, Lexicon
from hyperlex.ladder.outline import Frame, Item, Literal, Outline
from hyperlex.ladder.realise import realise

_NUMBERS = re.compile(r"(?<=\d), (?=\d)")
"""Between two numbers that are said of different things (`outline.in_a_row`)."""

NO_FRAME = Frame("nominal")
"""What is taken for the frame of a scene whose ids have lost theirs."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Ids of one manner.

    Attributes:
        manner: `exact`, `text` or `outline` (of one scene).
        ids: without the marker.
    """

    manner: str
    ids: list[int]


def stretches(ids: Iterable[int], lexicon: Lexicon, offset: int) -> Iterator[Stretch]:
    """The ids cut where their manner changes, and before each frame."""
    current = Stretch("exact", [])
    for index in ids:
        code = index - offset
        if code >= 0 and lexicon.is_ending(code):
            if current.manner == "exact":
                continue  # it has lost its word
        elif code >= 0:
            begun = _begun(code, current.manner, lexicon)
            if begun:
                if current.ids:
                    yield current
                current = Stretch(begun, [])
            if lexicon.is_marker(code):
                continue
        current.ids.append(index)
    if current.ids:
        yield current


def _begun(code: int, manner: str, lexicon: Lexicon) -> str:
    """The manner that begins at a code, or "" where the old one goes on."""
    if lexicon.is_marker(code):
        return "exact" if code == EXACT else "text"
    if lexicon.carries_frame(code):
        return "outline"
    return "" if manner in ("outline", "text") else "outline"


def outline_of(
    ids: Sequence[int], lexicon: Lexicon, offset: int, read: Callable[[Sequence[int]], str]
) -> Outline:
    """The outline that the ids of one scene tell."""
    frame = None
    items: list[Item | Literal] = []
    spelled: list[int] = []

    def spell() -> None:
        if spelled and (text := read(spelled).strip()):
            items.extend(map(Literal, _NUMBERS.split(" ".join(text.split()))))
        spelled.clear()

    for index in ids:
        code = index - offset
        if code < 0:
            spelled.append(index)
            continue
        spell()
        if lexicon.is_form(code) or lexicon.is_marker(code):
            continue
        found, members = lexicon.members(code)
        frame = frame or found
        items.extend(members)
    spell()
    return Outline(frame or NO_FRAME, tuple(items))


class Decoder:
    """Text of ids.

    Args:
        lexicon: the vocabulary.
        read: text of ids of the exact lane.
        inflector: of the same lexicon.
        offset: what was added to scene codes.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        read: Callable[[Sequence[int]], str],
        inflector: Inflector,
        offset: int,
    ) -> None:
        self._lexicon = lexicon
        self._read = read
        self._inflector = inflector
        self._offset = offset

    def outlines(self, ids: Iterable[int]) -> list[Outline]:
        """The outlines of the scenes that the ids tell by rungs 1 and 2."""
        return [
            self._outline(stretch.ids)
            for stretch in stretches(ids, self._lexicon, self._offset)
            if stretch.manner == "outline"
        ]

    def pieces(self, ids: Iterable[int]) -> list[tuple[str, str]]:
        """Manner and text of each stretch, in order."""
        cut = list(stretches(ids, self._lexicon, self._offset))
        told = iter(
            realise([self._outline(stretch.ids) for stretch in cut if stretch.manner == "outline"])
        )
        pieces = []
        for stretch in cut:
            if stretch.manner == "outline":
                pieces.append(("outline", next(told)))
            elif stretch.manner == "text":
                pieces.append(("text", self._inflector.decode(stretch.ids)))
            else:
                pieces.append(("exact", self._read(stretch.ids)))
        return pieces

    def _outline(self, ids: Sequence[int]) -> Outline:
        return outline_of(ids, self._lexicon, self._offset, self._read)


def joined(pieces: Iterable[tuple[str, str]]) -> str:
    """The pieces as one text, a space between those that have none there."""
    text = ""
    for _, piece in pieces:
        if text and piece and not text[-1].isspace() and not piece[0].isspace():
            text += " "
        text += piece
    return text
