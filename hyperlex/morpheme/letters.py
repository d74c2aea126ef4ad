"""The letters of a word as the units read them, with the way back to the original offsets.

Dictionaries of morphemes write `ё` as `е` and lower case; texts bring stress marks, soft hyphens,
decomposed letters and Latin lookalikes. All of that is decided here, once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

ALPHABET = "абвгдежзийклмнопрстуфхцчшщъыьэюя-"
"""What the lexicon and the network know. Ids begin at 1; 0 is the edge of the word."""

VOWELS = frozenset("аеиоуыэюя")

_PLAIN = re.compile("[а-яё-]+")
_RUSSIAN = re.compile("[А-Яа-яЁё]")
_LOOKALIKES = str.maketrans("AaBCcEeHKkMOoPpTXxy", "АаВСсЕеНКкМОоРрТХху")
_HYPHENS = "-\u2010\u2011"
# Joiners, soft hyphens and stress marks: a reader passes over them.
_UNREAD = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\u0300\u0301")
# The letters й and ё as file systems and PDF write them: a letter and a mark.
_DECOMPOSED = {("и", "\u0306"): "й", ("е", "\u0308"): "е"}


@dataclass(frozen=True, slots=True)
class Letters:
    """A word without what a reader does not read.

    Attributes:
        text: lower case, `е` for `ё`, `-` for every hyphen, Russian for lookalikes.
        origin: for each code point of `text` its offset in the word; None where offsets are equal.
        word: the word itself.
    """

    text: str
    origin: Sequence[int] | None
    word: str

    def offset(self, index: int) -> int:
        """Where in the word `text[index]` stands; the word's length for the end of `text`.

        Unread marks belong to the letter before them, those in front to the first letter.
        """
        if index == len(self.text):
            return len(self.word)
        if index == 0:
            return 0
        return index if self.origin is None else self.origin[index]

    def case_of(self, start: int, stop: int) -> str:
        """The original characters behind `text[start:stop]`, marks included."""
        return self.word[self.offset(start) : self.offset(stop)]


def letters(word: str) -> Letters:
    """`word` as the units read it; never raises."""
    if _PLAIN.fullmatch(word):
        return Letters(word.replace("ё", "е"), None, word)
    readable = word
    if not word.isascii() and _RUSSIAN.search(word):
        readable = word.translate(_LOOKALIKES)
        # One letter without a twin, and the others are no lookalikes but Latin: «COVIDный».
        if any(c.isascii() and c.isalpha() for c in readable):
            readable = word
    text: list[str] = []
    origin: list[int] = []
    for position, char in enumerate(readable):
        if char in _UNREAD:
            continue
        small = char.lower()
        if len(small) != 1:
            small = char
        if text and (text[-1], small) in _DECOMPOSED:
            text[-1] = _DECOMPOSED[text[-1], small]
            continue
        if small == "ё":
            small = "е"
        elif small in _HYPHENS:
            small = "-"
        text.append(small)
        origin.append(position)
    if len(text) == len(word):
        return Letters("".join(text), None, word)
    return Letters("".join(text), origin, word)
