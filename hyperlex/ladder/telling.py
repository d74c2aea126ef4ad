"""Which words of a sentence rung 3 tells by codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from hyperlex.ladder.forms import certain_lexeme, form_of, is_preposition, without_yo
from hyperlex.ladder.lexicon import CAPITAL, CAPITALS, Lexicon
from hyperlex.ladder.merge import merge
from hyperlex.ladder.neighbours import right_of, tokens_of
from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.remember import Remembered
from hyperlex.ladder.wording import Member, Wording, capitalised, cased, shown

Following = tuple[str | Lexeme, ...]
"""The tokens after a place as a word before it sees them."""

# No word has many hyphens: a chain of them would be tried from each.
_WORD = re.compile(r"(?<=[ «\"(\n-])(?:[А-ЯЁа-яё][а-яё]*(?:-[а-яё]+){0,3}|[А-ЯЁ]{2,})(?![\w-])")
_LONGEST = 3
"""Words with lexemes that one hyperlexeme may tell here."""


@dataclass(frozen=True, slots=True)
class Told:
    """Words told by codes.

    Attributes:
        members: the words in order; none of a word that is spelled.
        codes: a lexeme, a lexeme and a form, or a hyperlexeme; and perhaps a capital, or capitals.
        start, stop: where they stand in their sentence, with the space before them if any.
        spelled: what is spelled before the codes, a word in small letters, or "".
    """

    members: tuple[Member, ...]
    codes: tuple[int, ...]
    start: int
    stop: int
    spelled: str = ""

    def shown(self, sentence: str) -> Iterator[str | Lexeme]:
        """The tokens of the words as a word to the left of them sees them."""
        yield from (
            shown(self.members) if self.members else tokens_of(sentence[self.start : self.stop])
        )


def seen(sentence: str, told: Sequence[Told]) -> Iterator[str | Lexeme]:
    """The tokens of a sentence as a word to the left of it sees them."""
    done = 0
    for words in told:
        yield from tokens_of(sentence[done : words.start])
        yield from words.shown(sentence)
        done = words.stop
    yield from tokens_of(sentence[done:])


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a sentence.

    Attributes:
        text: as it is written.
        start, stop: where it stands.
        lexeme: what it may be told by, or None.
    """

    text: str
    start: int
    stop: int
    lexeme: Lexeme | None


class Teller:
    """Chooses words.

    Args:
        lexicon: codes of lexemes, hyperlexemes and forms.
        wording: what codes will say.
        spell: ids of some words in the exact lane.
        cost: how many ids spell a part of a sentence there.
        stop: only codes below it are used.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        wording: Wording,
        spell: Callable[[str], list[int]],
        cost: Callable[[str], int],
        stop: int,
    ) -> None:
        self._lexicon = lexicon
        self._wording = wording
        self._stop = stop
        self._cost = cost
        # Apart from the parts of sentences, of which fewer are remembered.
        self._words = Remembered(spell, 1 << 18)

    def told(
        self, sentence: str, before: str, following: Following, lexemes: Mapping[str, Lexeme]
    ) -> list[Told]:
        """Words that take fewer ids as codes than spelled, in order.

        Chosen from the right: what a word is expected to be depends on how what follows is told.

        Args:
            sentence: thinned, the space before it included.
            before: the text before it.
            following: the tokens after it.
            lexemes: the lexeme of each spelling, in lower case, that may be told by one.
        """
        words = [
            word for match in _WORD.finditer(sentence) for word in self._words_of(match, lexemes)
        ]
        found: list[Told] = []
        stop = len(sentence)
        while words:
            told = None
            candidates = self._candidates(words, sentence) if words[-1].lexeme is not None else []
            small = self._in_small_letters(words[-1], sentence)
            if candidates or small:
                right = right_of(chain(tokens_of(sentence[words[-1].stop : stop]), following))
                told = self._best(candidates, small, sentence[:stop], before, right)
            if told is None:
                words.pop()
                continue
            found.append(told)
            between = tokens_of(sentence[told.stop : stop])
            following = right_of(chain(told.shown(sentence), between, following))
            stop = told.start
            while words and words[-1].start >= told.start:
                words.pop()
        return found[::-1]

    def _cost_of_words(self, words: str) -> int:
        return len(self._words(words)) if words else 0

    def _words_of(self, match: re.Match[str], lexemes: Mapping[str, Lexeme]) -> Iterator[_Word]:
        """A word; one with hyphens as its parts where it has no lexeme as a whole."""
        lexeme = self._lexeme_of(match[0], lexemes)
        if lexeme is not None or "-" not in match[0]:
            yield _Word(match[0], match.start(), match.end(), lexeme)
            return
        start = match.start()
        for part in match[0].split("-"):
            yield _Word(part, start, start + len(part), self._lexeme_of(part, lexemes))
            start += len(part) + 1

    def _lexeme_of(self, word: str, lexemes: Mapping[str, Lexeme]) -> Lexeme | None:
        """The lexeme of a word, if it has a code and is written as it would be told: the one that
        it was read as, or else the only one that the dictionary has for it. Names keep their «ё»,
        so one that has it is spelled.
        """
        lower = word.lower()
        if word != lower and "ё" in lower:
            return None
        lexeme = lexemes.get(lower)
        if lexeme not in self._lexicon.lexeme_codes:
            lexeme = certain_lexeme(word) or certain_lexeme(lower)
        if lexeme is None or lexeme not in self._lexicon.lexeme_codes:
            return None
        written = (cased(lower, lexeme), lower.capitalize(), lower.upper())
        return lexeme if word in written else None

    def _in_small_letters(self, word: _Word, sentence: str) -> list[Told]:
        """A word with a capital, or in capitals, as its spelling in small letters, where that is
        shorter. Not behind a hyphen, where who decodes sees one token with what is before it.
        """
        small = word.text.lower()
        code = CAPITALS if len(small) > 1 and word.text == small.upper() else CAPITAL
        if not small.isalpha() or word.text not in (small.capitalize(), small.upper()):
            return []
        if sentence[: word.start].endswith("-"):
            return []
        start = word.start - sentence[: word.start].endswith(" ")
        spelled = sentence[start : word.start] + small
        if self._cost_of_words(spelled) + 1 >= self._cost_of_words(sentence[start : word.stop]):
            return []
        return [Told((), (code,), start, word.stop, spelled)]

    def _candidates(self, words: Sequence[_Word], sentence: str) -> list[Told]:
        """What the last of some words may be told by in fewer ids than spell it: hyperlexemes, the
        longest first, and its lexeme.
        """
        codes = self._lexicon.lexeme_codes
        last = words[-1]
        lexemes: list[Lexeme] = []
        found: list[Told] = []
        for word in _adjoining(words, sentence):
            assert word.lexeme is not None
            lexemes.insert(0, word.lexeme)
            code = self._joined([codes[lexeme] for lexeme in lexemes])
            if code is None or len(lexemes) > _LONGEST:
                break
            members = self._wording.members(code)
            if [member.lexeme for member in members] != lexemes:
                continue
            start = word.start - len(members[0].preposition) - bool(members[0].preposition)
            start -= sentence[:start].endswith(" ")
            if start >= 0 and self._cost_of_words(sentence[start : last.stop]) > 1:
                found.append(Told(members, (code,), start, last.stop))
        return found[::-1]

    def _joined(self, codes: Sequence[int]) -> int | None:
        """The code that stands for all of some codes, or None."""
        if len(codes) == 1:
            return codes[0]
        joined = merge(codes, self._lexicon.merges, self._stop)
        return joined[0].code if len(joined) == 1 else None

    def _best(
        self,
        candidates: Sequence[Told],
        small: Sequence[Told],
        sentence: str,
        before: str,
        right: Following,
    ) -> Told | None:
        """Of what the last words of a sentence may be told by, what leaves it shortest; None where
        spelling them is as short.
        """
        told = [
            told
            for candidate in candidates
            if (told := self._as_written(candidate, sentence, before, right)) is not None
        ]
        if not told and candidates and len(candidates[-1].members) == 1:
            told = self._with_form(candidates[-1], sentence, before)
        told += small
        if not told:
            return None
        lengths = [
            self._cost(sentence[: each.start])
            + self._cost_of_words(each.spelled)
            + len(each.codes)
            + self._cost(sentence[each.stop :])
            for each in told
        ]
        shortest = min(lengths)
        return told[lengths.index(shortest)] if shortest < self._cost(sentence) else None

    def _as_written(
        self, told: Told, sentence: str, before: str, right: Following, form: str = ""
    ) -> Told | None:
        """The same words, with a capital if they have one; None where they would not be said as
        they are written, or not in fewer ids.
        """
        written = sentence[told.start : told.stop]
        left = before + sentence[: told.start]
        said = self._wording.say(told.members, left, right, form)
        plain = without_yo(written)
        # Behind a full stop a small letter is a capital that `restore` puts back.
        if said == plain or (left.endswith(".") and said == capitalised(plain)):
            return told
        if self._cost_of_words(written) > len(told.codes) + 1:
            if capitalised(said) == plain:
                return replace(told, codes=(*told.codes, CAPITAL))
            if said.upper() == plain:
                return replace(told, codes=(*told.codes, CAPITALS))
        return None

    def _with_form(self, told: Told, sentence: str, before: str) -> list[Told]:
        """A word told by its lexeme and its form, if that is shorter than its spelling."""
        written = sentence[told.start : told.stop]
        form = form_of(told.members[0].lexeme, written.lstrip().lower())
        code = self._lexicon.form_codes.get(form) if form else None
        if form is None or code is None or self._cost_of_words(written) <= 2:
            return []
        formed = self._as_written(
            replace(told, codes=(*told.codes, code)), sentence, before, (), form
        )
        return [] if formed is None else [formed]


def _adjoining(words: Sequence[_Word], sentence: str) -> Iterator[_Word]:
    """Words with lexemes from the last one backwards, as long as nothing but spaces and a
    preposition stands between two of them.
    """
    start = words[-1].stop + 1
    aside = False
    for word in reversed(words):
        if word is not words[-1] and (word.stop != start - 1 or sentence[word.stop] != " "):
            return
        start = word.start
        if word.lexeme is not None:
            aside = False
            yield word
        elif aside or not is_preposition(word.text):
            return
        else:
            aside = True
