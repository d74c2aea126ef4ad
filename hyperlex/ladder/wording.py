"""Words told by lexemes, put into the forms that their neighbours let one expect (rung 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from hyperlex.ladder.forms import forms
from hyperlex.ladder.lexicon import Lexicon
from hyperlex.ladder.neighbours import SEEN, Neighbours, left_of, right_of, tokens_of
from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.remember import Remembered


@dataclass(frozen=True, slots=True)
class Member:
    """A word told by its lexeme.

    Attributes:
        lexeme: which word.
        preposition: the word before it that is told with it, or "".
    """

    lexeme: Lexeme
    preposition: str = ""


def shown(members: Iterable[Member]) -> Iterator[str | Lexeme]:
    """What a word to the left sees of members: not their forms."""
    for member in members:
        if member.preposition:
            yield member.preposition
        yield member.lexeme


def gap_after(text: str) -> str:
    """What stands between a text and a word told after it: nothing behind an opening quote or
    bracket, a line break, or the hyphen of a compound.
    """
    return "" if _OPEN.search(text) else " "


_OPEN = re.compile(r"(?:[«(\n]| \"|\w-)$")


def begins_sentence(text: str) -> bool:
    """Whether what follows a text begins a sentence, so that a word told there has a capital.
    Behind an ellipsis a sentence may go on.
    """
    return _ENDED.search(text) is not None


_ENDED = re.compile(r"[.!?][»\")\]]*\s*$")


def cased(word: str, lexeme: Lexeme) -> str:
    """A word in lower case as its lexeme is written: names have a capital."""
    return word.capitalize() if lexeme.kind == "P" else word


def capitalised(words: str) -> str:
    """The same words, the first with a capital."""
    start = len(words) - len(words.lstrip())
    return words[:start] + words[start : start + 1].upper() + words[start + 1 :]


class Wording:
    """Says the words of codes.

    Args:
        lexicon: what codes mean, and which forms to expect.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self.members = Remembered(self._members, lexicon.size + 1)

    def _members(self, code: int) -> tuple[Member, ...]:
        """The words of a lexeme or hyperlexeme; none of one with a frame."""
        frame, items = self._lexicon.members(code)
        if frame is not None:
            return ()
        return tuple(Member(x.lexeme, x.slot.preposition if x.slot else "") for x in items)

    def say(
        self,
        members: Sequence[Member],
        left: str,
        right: Sequence[str | Lexeme],
        form: str = "",
    ) -> str:
        """The words of members, each in the form to expect.

        Args:
            left: the text before them.
            right: the tokens that follow them.
            form: the form of the only member, where it is known.

        Returns:
            The words with `gap_after(left)` before them, and with a capital where they begin a
            sentence.
        """
        text = left[-SEEN:]
        start = len(text)
        gap = gap_after(text)
        for place, member in enumerate(members):
            if member.preposition:
                text += f"{gap}{member.preposition}"
                gap = " "
            word = forms(member.lexeme).get(form) if form else None
            if word is None:
                following = right_of(chain(shown(members[place + 1 :]), right))
                around = Neighbours(left_of(tokens_of(text)), following)
                word = self._lexicon.expected.expect(member.lexeme, around)
            text += f"{gap}{cased(word, member.lexeme)}"
            gap = " "
        said = text[start:]
        return capitalised(said) if begins_sentence(left[-SEEN:]) else said
