"""Rung 3: thinned text, its dearer words told by lexemes.

A word that the exact lane spells with several pieces is told by its lexeme, and neighbouring words
that have a hyperlexeme by that, wherever one expects of them the forms that they have; a word whose
form is not to be expected is told by its lexeme and its form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain

from hyperlex.ladder.lexicon import CAPITAL, CAPITALS, Lexicon
from hyperlex.ladder.neighbours import SEEN, right_of, tokens_of
from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.punctuation import restore
from hyperlex.ladder.remember import Remembered
from hyperlex.ladder.telling import Following, Teller, Told, seen
from hyperlex.ladder.thinned import LONGEST, shortest
from hyperlex.ladder.wording import Member, Wording, capitalised, shown

_REMEMBERED = 1 << 15
"""Parts of texts whose ids are remembered: most are asked for twice, and again with a text that has
grown, as a talk does.
"""

Spell = Callable[[str], list[int]]
Read = Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class _Segment:
    """A piece of a stream: text, or words told by codes.

    Attributes:
        text: "" of words.
        members: () of text.
        form: of the only member, where the stream says it; otherwise "".
        capital: whether the words begin with one.
        capitals: whether they consist of them.
    """

    text: str
    members: tuple[Member, ...] = ()
    form: str = ""
    capital: bool = False
    capitals: bool = False

    @property
    def tokens(self) -> list[str | Lexeme]:
        """What a word to the left sees of it."""
        return list(shown(self.members)) if self.members else [*tokens_of(self.text)]


class Inflector:
    """Encodes and decodes rung 3.

    Args:
        lexicon: codes of lexemes and forms, and which forms to expect.
        spell: ids of a text in the exact lane.
        read: the text of such ids.
        offset: what is added to a scene code to make an id.
        stop: only codes below it are written.
    """

    def __init__(self, lexicon: Lexicon, spell: Spell, read: Read, offset: int, stop: int) -> None:
        self._lexicon = lexicon
        self._spell = Remembered(spell, _REMEMBERED)
        self._read = read
        self._offset = offset
        self._wording = Wording(lexicon)
        self._teller = Teller(lexicon, self._wording, spell, self._cost, stop)

    def _cost(self, text: str) -> int:
        return len(self._spell(text)) if text else 0

    def encode(
        self, text: str, lexemes: Mapping[str, Lexeme], kept: Sequence[str] = ()
    ) -> list[int]:
        """Ids of `text` at rung 3.

        Args:
            lexemes: the lexeme of each spelling, in lower case, that may be told by one.
            kept: stretches in order that lose no marks, and no line breaks beside them.
        """
        sentences = shortest(text, self._cost, self._lexicon.stops, kept)
        whole = "".join(sentences)
        stops = accumulate(map(len, sentences))
        following: Following = ()
        ids: list[list[int]] = []
        for sentence, stop in reversed(list(zip(sentences, stops, strict=True))):
            start = stop - len(sentence)
            before = whole[max(0, start - SEEN) : start]
            told: list[Told] = []
            if len(sentence) <= 2 * LONGEST:
                told = self._teller.told(sentence, before, following, lexemes)
            ids.append(self._ids(sentence, told))
            following = right_of(chain(seen(sentence, told), following))
        return [index for of_sentence in reversed(ids) for index in of_sentence]

    def _ids(self, sentence: str, told: Sequence[Told]) -> list[int]:
        ids: list[int] = []
        done = 0
        for words in told:
            ids += self._spell(sentence[done : words.start])
            ids += self._spell(words.spelled)
            ids += [self._offset + code for code in words.codes]
            done = words.stop
        return ids + self._spell(sentence[done:])

    def decode(self, ids: Sequence[int]) -> str:
        """The text that ids of rung 3 tell. Any ids of the exact lane, lexemes, hyperlexemes and
        forms.
        """
        segments = self._segments(ids)
        text = ""
        for place, segment in enumerate(segments):
            if not segment.members:
                text += segment.text
                continue
            after = (segments[k].tokens for k in range(place + 1, len(segments)))
            right = right_of(chain.from_iterable(after))
            said = self._wording.say(segment.members, text, right, segment.form)
            said = said.upper() if segment.capitals else said
            text += capitalised(said) if segment.capital else said
        return restore(text, self._lexicon.stops)

    def _segments(self, ids: Sequence[int]) -> list[_Segment]:
        lexicon = self._lexicon
        segments: list[_Segment] = []
        spelled: list[int] = []
        for index in ids:
            code = index - self._offset
            if code < 0:
                spelled.append(index)
                continue
            if spelled:
                segments.append(_Segment(self._read(spelled)))
                spelled = []
            # An ending that has lost its word says nothing.
            if not lexicon.is_ending(code):
                segments.append(_Segment("", self._wording.members(code)))
            elif code in (CAPITAL, CAPITALS) and segments:
                segments[-1] = _capitalised(segments[-1], code)
            elif lexicon.is_form(code) and segments and len(segments[-1].members) == 1:
                form = lexicon.forms[code - lexicon.first_form]
                segments[-1] = replace(segments[-1], form=form)
        if spelled:
            segments.append(_Segment(self._read(spelled)))
        return segments


def _capitalised(segment: _Segment, code: int) -> _Segment:
    """The words with a capital or in capitals, as a marker says; of text the last one."""
    if segment.members:
        capital, capitals = segment.capital or code == CAPITAL, segment.capitals or code == CAPITALS
        return replace(segment, capital=capital, capitals=capitals)
    write = str.capitalize if code == CAPITAL else str.upper
    return replace(segment, text=_LAST_WORD.sub(lambda word: write(word[0]), segment.text))


_LAST_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]+$")
