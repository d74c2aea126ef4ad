"""Words in the fewest ids (rung 3).

The exact lane cuts a word by the ranks of its merges and across a hyphen, so that every text has
one row of ids. A lower rung needs no more than that its ids read as the word, and takes the
shortest row of pieces that does: « приглашаешь» is « пригла|шаешь» and not « пригла|ша|ешь».
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from hyperlex.ladder.remember import Remembered

_WORDS = 1 << 16
"""Words whose ids are remembered."""
_LONGEST = 100
"""Code points of what is taken for a word: no word has more."""
_PIECE = re.compile(r" ?-?[^\W\d_]+-?| ?-")
"""Numbers are no words: they are cut into ids as everywhere else."""
_LETTER = re.compile(r"[^\W\d_]|-")


class ShortSpelling:
    """Ids of a text, words in as few of them as can be.

    Args:
        spell: ids of a text in the exact lane.
        read: the text of such ids.
        texts: the text of each of them by itself, in order.
    """

    def __init__(
        self,
        spell: Callable[[str], list[int]],
        read: Callable[[Sequence[int]], str],
        texts: Callable[[], Sequence[str]],
    ) -> None:
        self._spell = spell
        self._read = read
        self._texts = texts
        self._shortest = Remembered(self._made_shortest, _WORDS)

    def __call__(self, text: str) -> list[int]:
        """Ids that read as `text`: no more than the exact lane takes, the same outside words."""
        ids = self._spell(text)
        joins = self._pieces.joins
        found: list[int] = []
        start = 0
        for place in range(1, len(ids) + 1):
            if place < len(ids) and joins[ids[place - 1]] & 1 and joins[ids[place]] & 2:
                continue
            word = ids[start:place]
            found += self._shortest(tuple(word)) if len(word) > 1 else word
            start = place
        return found

    def _made_shortest(self, word: tuple[int, ...]) -> tuple[int, ...]:
        """The fewest ids that read as the ids of a word; these where there are no fewer."""
        pieces = self._pieces
        text = "".join(pieces.texts[index] for index in word)
        if len(text) > _LONGEST:
            return word
        # For each place the least number of ids up to it, and where the last of them begins.
        least: list[tuple[int, int]] = [(0, 0)]
        for stop in range(1, len(text) + 1):
            starts = range(max(0, stop - pieces.longest), stop)
            ways = [(least[k][0] + 1, k) for k in starts if text[k:stop] in pieces.ids]
            least.append(min(ways, default=(len(word) * len(text), stop - 1)))
        if least[-1][0] >= len(word):
            return word
        shortest: list[int] = []
        stop = len(text)
        while stop:
            start = least[stop][1]
            shortest.insert(0, pieces.ids[text[start:stop]])
            stop = start
        # Some tokenizers write a space before a piece or drop it, by what stands before.
        first = word[:1]
        same = self._read([*first, *shortest]) == self._read([*first, *word])
        return tuple(shortest) if same else word

    @cached_property
    def _pieces(self) -> _Pieces:
        return _Pieces(self._texts())

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_pieces"}


class _Pieces:
    """The ids that words are made of.

    Attributes:
        texts: of each id.
        ids: by the text of a piece.
        longest: code points of a piece.
        joins: of each id 1 if a word may go on behind it, and 2 if one may before it.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.ids: dict[str, int] = {}
        for index, text in enumerate(texts):
            if _PIECE.fullmatch(text):
                self.ids.setdefault(text, index)
        self.longest = max(map(len, self.ids), default=0)
        letter = _LETTER.match
        self.joins = bytes(
            (letter(text[-1:]) is not None) + 2 * (letter(text[:1]) is not None) for text in texts
        )
