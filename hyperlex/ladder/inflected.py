"""Rung 3: thinned text, its dearer words spelled as a lexeme and its form.

A word that the exact lane spells with several pieces is said by two ids, its lexeme and its form,
or by the lexeme alone where the form is the usual one after the word before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from hyperlex.ladder.forms import context_of, form_of, forms
from hyperlex.ladder.lexicon import Lexicon
from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.punctuation import restore, thin

Spell = Callable[[str], list[int]]
Read = Callable[[Sequence[int]], str]

_WORD = re.compile(r"(?<= )[А-ЯЁа-яё][а-яё]+(?:-[а-яё]+)*(?![\w-])")
_SENTENCES = re.compile(r"(?<=[.!?…»])\s+(?=[\"«(–—-]*[А-ЯЁA-Z])|\s*\n\s*")
_LAST = re.compile(r"([\w-]+)[\"»%]* *$")


class Inflector:
    """Encodes and decodes rung 3.

    Args:
        lexicon: codes of lexemes and forms.
        spell: ids of a text in the exact lane.
        read: the text of such ids.
        offset: what is added to a scene code to make an id.
    """

    def __init__(self, lexicon: Lexicon, spell: Spell, read: Read, offset: int) -> None:
        self._lexicon = lexicon
        self._spell = spell
        self._read = read
        self._offset = offset
        self._costs: dict[str, int] = {}

    def encode(self, text: str, lexemes: Mapping[str, Lexeme]) -> list[int]:
        """Ids of `text` at rung 3.

        Args:
            lexemes: the lexeme of each spelling, in lower case, that may be said by one.
        """
        return [
            index
            for number, sentence in enumerate(_SENTENCES.split(text.strip()))
            for index in self._sentence(sentence, " " * bool(number), lexemes)
        ]

    def _sentence(self, sentence: str, space: str, lexemes: Mapping[str, Lexeme]) -> list[int]:
        """The least of three: as it is, thinned, thinned and with lexemes."""
        whole = self._spell(space + " ".join(sentence.split()))
        thinned = space + thin(sentence)
        plain = self._spell(thinned)
        plain = min(whole, plain, key=len)
        ids: list[int] = []
        done = 0
        for match in _WORD.finditer(thinned):
            codes = self._codes(match[0], thinned[: match.start()], lexemes)
            if codes and len(codes) < self._cost(match[0]):
                ids += self._spell(thinned[done : match.start() - 1])
                ids += [self._offset + code for code in codes]
                done = match.end()
        ids += self._spell(thinned[done:])
        return ids if len(ids) < len(plain) else plain

    def decode(self, ids: Sequence[int]) -> str:
        """The text that ids of rung 3 tell. Any ids of the exact lane, lexemes and forms."""
        return restore(self._thinned(ids))

    def _thinned(self, ids: Sequence[int]) -> str:
        lexicon = self._lexicon
        text = ""
        spelled: list[int] = []
        place = 0
        while place < len(ids):
            code = ids[place] - self._offset
            place += 1
            if code < 0:
                spelled.append(ids[place - 1])
                continue
            text += self._read(spelled) if spelled else ""
            spelled = []
            if not lexicon.is_lexeme(code):
                continue  # a form that has lost its lexeme says nothing
            lexeme = lexicon.lexemes[code - lexicon.first_lexeme]
            form = lexicon.usual_form(lexeme, context_of(_last_word(text)))
            if place < len(ids) and lexicon.is_form(ids[place] - self._offset):
                form = lexicon.forms[ids[place] - self._offset - lexicon.first_form]
                place += 1
            word = forms(lexeme).get(form, lexeme.lemma)
            text += f" {word.capitalize() if lexeme.kind == 'P' else word}"
        return text + (self._read(spelled) if spelled else "")

    def _codes(self, word: str, before: str, lexemes: Mapping[str, Lexeme]) -> tuple[int, ...]:
        """The lexeme and the form of a word as codes; () where it has none."""
        if self._cost(word) < 2:
            return ()
        lower = word.lower()
        lexeme = lexemes.get(lower)
        if lexeme is None or word != (lower.capitalize() if lexeme.kind == "P" else lower):
            return ()
        code = self._lexicon.lexeme_codes.get(lexeme)
        form = form_of(lexeme, lower)
        if code is None or form is None:
            return ()
        if form == self._lexicon.usual_form(lexeme, context_of(_last_word(before))):
            return (code,)
        known = self._lexicon.form_codes.get(form)
        return () if known is None else (code, known)

    def _cost(self, word: str) -> int:
        cost = self._costs.get(word)
        if cost is None:
            if len(self._costs) > 1 << 18:
                self._costs.clear()
            cost = self._costs[word] = len(self._spell(f" {word}"))
        return cost


def _last_word(text: str) -> str:
    """The last word of a thinned text, in lower case; "" after a question mark or at its start."""
    match = _LAST.search(text, max(0, len(text) - 64))
    return match[1].lower() if match else ""
