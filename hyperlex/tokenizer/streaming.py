"""Text of ids that come one by one, exact to the letter whenever they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyperlex.tokenizer.hyper import HyperTokenizer

CONTEXT = 8
"""Ids before the first that are decoded with it: some tokenizers drop the space of what comes
first."""

_UNSURE = "\ufffd"  # what a decoder puts for bytes that are no character, or not yet one


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and the ids that brought it.

    Attributes:
        text: whole characters; "" is never given out.
        ids: those since the piece before.
        exact: False for what was reconstructed of scene ids; `text` then stands in ⟦ ⟧.
    """

    text: str
    ids: tuple[int, ...]
    exact: bool = True


class TextStream:
    """Turns ids into pieces: `put` each, then `end` once.

    The texts of all pieces joined are `tok.decode` of all ids, where these are of the exact lane. A
    character whose bytes are spread over several ids is held back until it is whole; a hypertoken
    is its whole text at once. Scene ids, and all that follows until the exact lane is switched back
    on, are held back as well, for what they tell depends on each other, and then come as
    `hyperlex.reconstruct` has them.

    Args:
        tok: what decodes.
        before: ids that stand before the first, a prompt: they are not told.
    """

    def __init__(self, tok: HyperTokenizer, before: Sequence[int] = ()) -> None:
        self._tok = tok
        self._told = _exact_tail(tok, before)
        self._pending: list[int] = []
        self._shown = 0
        self._new: list[int] = []
        self._ladder: list[int] = []

    def put(self, index: int) -> list[Piece]:
        """The pieces that `index` completes, often none or one. Raises as `tok.decode`."""
        if self._ladder or self._tok.layout.is_scene(index):
            pieces = [] if self._ladder else self._flush()
            self._ladder.append(index)
            if self._switches_back(index):
                pieces += self._told_by_ladder()
            return pieces
        self._pending.append(index)
        self._new.append(index)
        text = self._text()
        # Only the last sign may still become a character: UTF-8 is read from the left.
        sure = text[:-1] if text.endswith(_UNSURE) else text
        pieces = self._show(sure)
        if len(sure) == len(text) and text:
            self._told, self._pending, self._shown = self._pending, [], 0
        return pieces

    def end(self) -> list[Piece]:
        """What was held back."""
        return [*self._flush(), *(self._told_by_ladder() if self._ladder else [])]

    def _text(self) -> str:
        """The text of the pending ids, as it reads after those before them."""
        before = self._tok.decode(self._told)
        return self._tok.decode([*self._told, *self._pending])[len(before) :]

    def _show(self, text: str) -> list[Piece]:
        fresh = text[self._shown :]
        if not fresh:
            return []
        self._shown = len(text)
        piece = Piece(fresh, tuple(self._new))
        self._new = []
        return [piece]

    def _flush(self) -> list[Piece]:
        pieces = self._show(self._text()) if self._pending else []
        self._told, self._pending, self._shown = [], [], 0
        return pieces

    def _switches_back(self, index: int) -> bool:
        from hyperlex.ladder.lexicon import EXACT

        return index == self._tok.layout.first_scene + EXACT

    def _told_by_ladder(self) -> list[Piece]:
        from hyperlex.tokenizer.ladder import reconstruct

        told = reconstruct(self._ladder, tokenizer=self._tok)
        ids, self._ladder = (*self._new, *self._ladder), []
        self._new = []
        return [Piece(told.marked, ids, told.exact)] if told else []


def _exact_tail(tok: HyperTokenizer, ids: Sequence[int]) -> list[int]:
    """The last few ids, up to the last scene id: their text is that of the exact lane."""
    tail = list(ids[-CONTEXT:])
    for place in range(len(tail) - 1, -1, -1):
        if tok.layout.is_scene(tail[place]):
            return tail[place + 1 :]
    return tail
