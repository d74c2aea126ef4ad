"""The ways of splitting a word, one class each; the analyzer asks them in the order of `UNITS`."""

from __future__ import annotations

import re
from typing import Any, Protocol

from hyperlex.morpheme.decode import best
from hyperlex.morpheme.endings import NOMINAL
from hyperlex.morpheme.labels import Piece, pieces
from hyperlex.morpheme.letters import VOWELS, Letters
from hyperlex.morpheme.network import Network
from hyperlex.morpheme.store import Learned
from hyperlex.types import MorphemeType
from hyperlex.word.dictionary import dictionary
from hyperlex.word.threads import one_thread

PREF, ROOT, SUFF, END, POSTFIX, HYPH = (
    MorphemeType.PREF,
    MorphemeType.ROOT,
    MorphemeType.SUFF,
    MorphemeType.END,
    MorphemeType.POSTFIX,
    MorphemeType.HYPH,
)

LONGEST = 64
"""Letters of the longest word that is looked into; the longest of Russian dictionaries has 38."""

Pieces = tuple[Piece, ...]
_WORD = re.compile("[а-я-]+")


class Asks(Protocol):
    """What a unit may ask of the analyzer: the pieces of a simpler word."""

    def pieces(self, word: Letters) -> Pieces: ...


class Unit(Protocol):
    """One way of splitting."""

    name: str

    def __init__(self, learned: Learned) -> None: ...

    def __call__(self, word: Letters, asks: Asks) -> Pieces | None:
        """Lengths and types that tile `word.text`, never empty; None: ask the next unit."""
        ...


class Hyphens:
    """Particles and foreign parts around a hyphen: `кто-то`, `кое-кто`, `30-летие`, `web-страница`.

    A hyphen inside a Russian compound (`серо-зелёный`, `по-русски`) is left to the units that see
    the whole word: what is a linking vowel there is an ending in the part by itself.
    """

    name = "hyphens"
    AFTER = frozenset(["то", "либо", "нибудь", "таки", "ка", "де", "с"])
    BEFORE = frozenset(["кое", "кой"])

    def __init__(self, learned: Learned) -> None:
        pass

    def __call__(self, word: Letters, asks: Asks) -> Pieces | None:
        text = word.text
        if "-" not in text:
            return None
        left, _, right = text.rpartition("-")
        if left and right in self.AFTER and _WORD.fullmatch(left):
            kind = POSTFIX if len(right) > 1 else SUFF
            return (*asks.pieces(self._part(word, 0, len(left))), (1, HYPH), (len(right), kind))
        left, _, right = text.partition("-")
        if right and left in self.BEFORE and _WORD.fullmatch(right):
            rest = self._part(word, len(left) + 1, len(text))
            return ((len(left), PREF), (1, HYPH), *asks.pieces(rest))
        if len(text) <= LONGEST and _WORD.fullmatch(text) and text.strip("-") == text:
            return None
        found: list[Piece] = []
        position = 0
        for part in re.split("(-)", text):
            if part == "-":
                found.append((1, HYPH))
            elif part:
                found += self._foreign_end(part, bool(found)) or asks.pieces(
                    self._part(word, position, position + len(part))
                )
            position += len(part)
        return tuple(found)

    @staticmethod
    def _part(word: Letters, start: int, stop: int) -> Letters:
        return Letters(word.text[start:stop], None, word.case_of(start, stop))

    @staticmethod
    def _foreign_end(part: str, inside: bool) -> list[Piece] | None:
        """`5-го`, `IT-шник` is not one: after a hyphen, a bare ending is an ending."""
        return [(len(part), END)] if inside and part in NOMINAL | {"й", "м", "х", "го"} else None


class Dictionary:
    """Words that people segmented, from the lists the recipe learned from."""

    name = "dictionary"

    def __init__(self, learned: Learned) -> None:
        self._lexicon = learned.dictionary

    def __call__(self, word: Letters, asks: Asks) -> Pieces | None:
        return self._lexicon.get(word.text)


class Unchanging:
    """Short words of the grammar, which have no endings: `не`, `при`, `или`."""

    name = "unchanging"
    POS = frozenset(["PREP", "CONJ", "PRCL", "INTJ"])
    LONGEST = 4

    def __init__(self, learned: Learned) -> None:
        pass

    def __call__(self, word: Letters, asks: Asks) -> Pieces | None:
        if len(word.text) > self.LONGEST or not _WORD.fullmatch(word.text):
            return None
        parses = dictionary().parse(word.text)
        unchanging = bool(parses) and parses[0].tag.POS in self.POS
        return ((len(word.text), ROOT),) if unchanging else None


class Ensemble:
    """Words of pymorphy3's dictionary, as networks too large to ship answered for them."""

    name = "ensemble"

    def __init__(self, learned: Learned) -> None:
        self._lexicon = learned.ensemble

    def __call__(self, word: Letters, asks: Asks) -> Pieces | None:
        return self._lexicon.get(word.text)


class Inflection:
    """A form of a word in pymorphy3's dictionary: as its lemma, with the end by rule."""

    name = "inflection"

    def __init__(self, learned: Learned) -> None:
        self._endings = learned.endings
        self._dictionary: Any = None

    def __call__(self, word: Letters, asks: Asks) -> Pieces | None:
        text = word.text
        if not _regular(word):
            return None
        if self._dictionary is None:
            self._dictionary = dictionary()
        # Predicting the paradigm of an unknown word costs more than the network does.
        if not self._dictionary.word_is_known(text):
            return None
        known = [
            parse
            for parse in self._dictionary.parse(text)
            if type(parse.methods_stack[0][0]).__name__ == "DictionaryAnalyzer"
        ]
        lemmas = [parse.normal_form.replace("ё", "е") for parse in known]
        if text in lemmas:
            return None
        for parse, lemma in zip(known, lemmas, strict=True):
            pos = str(parse.tag.POS)
            if pos == "PRTF":
                lemma = self._listed(parse, text) or lemma
            if len(lemma) > LONGEST or not _WORD.fullmatch(lemma):
                continue
            of_lemma = asks.pieces(Letters(lemma, None, lemma))
            found = self._endings.transfer(lemma, of_lemma, text, pos)
            if found and sum(length for length, _ in found) == len(text):
                return found
        return None

    @staticmethod
    def _listed(parse: Any, text: str) -> str | None:
        """A participle as dictionaries list it, if it is another form than `text`."""
        listed = parse.inflect({"masc", "sing", "nomn"})
        word = listed.word.replace("ё", "е") if listed else text
        return None if word == text else str(word)


class Learner:
    """The network, for any word in Russian letters."""

    name = "network"
    ABBREVIATED = 5
    """Capitals of the longest word that is an abbreviation if no unit before knows it."""

    def __init__(self, learned: Learned) -> None:
        self._network = Network(learned.weights)

    def __call__(self, word: Letters, asks: Asks) -> Pieces | None:
        if not _regular(word) or (word.word.isupper() and len(word.text) <= self.ABBREVIATED):
            return None
        with one_thread():
            return pieces(best(self._network(word.text)))


class Fallback:
    """Everything else: abbreviations, foreign words, digits, marks. It always answers.

    A run of one script is a root; Russian letters after one are its ending (`email'ом`), a suffix
    and an ending (`COVIDный`), or a word of their own.
    """

    name = "fallback"
    _RUNS = re.compile(r"[а-я]+|-|[^\W\d_а-я]+|\d+|[^\wа-я-]+|_+", re.UNICODE)

    def __init__(self, learned: Learned) -> None:
        pass

    def __call__(self, word: Letters, asks: Asks) -> Pieces | None:
        text = word.text
        if _WORD.fullmatch(text) and len(text) <= LONGEST:
            capitals = _capitals(word)
            if 1 < capitals < len(text) and text[capitals:] in NOMINAL:
                return ((capitals, ROOT), (len(text) - capitals, END))
            return tuple(
                (len(run), HYPH if run == "-" else ROOT) for run in self._RUNS.findall(text)
            )
        found: list[Piece] = []
        position = 0
        for match in self._RUNS.finditer(text):
            run = match.group()
            position = match.start()
            if run == "-":
                found.append((1, HYPH))
            elif found and found[-1][1] is ROOT and (end := _foreign_end(run)):
                found += end
            elif _WORD.fullmatch(run) and len(run) <= LONGEST:
                part = Letters(run, None, word.case_of(position, position + len(run)))
                found += asks.pieces(part) if _regular(part) else [(len(run), ROOT)]
            else:
                found.append((len(run), ROOT))
        return tuple(found) if found else None


UNITS: tuple[type[Unit], ...] = (
    Hyphens,
    Dictionary,
    Unchanging,
    Ensemble,
    Inflection,
    Learner,
    Fallback,
)
"""In the order in which they are asked."""


def _foreign_end(run: str) -> tuple[Piece, ...]:
    """Russian letters after a foreign root as its end; () where they are too many."""
    if run in NOMINAL:
        return ((len(run), END),)
    for length in (3, 2, 1):
        if 0 < len(run) - length <= 4 and run[-length:] in NOMINAL:
            return ((len(run) - length, SUFF), (length, END))
    return ()


def _capitals(word: Letters) -> int:
    """How many capitals an abbreviation with an ending begins with; 0 for any other word."""
    shown = word.word
    if len(shown) != len(word.text) or shown.islower() or shown.istitle():
        return 0
    count = 0
    while count < len(shown) and shown[count].isupper():
        count += 1
    return count if count > 1 and (count == len(shown) or shown[count:].islower()) else 0


def _regular(word: Letters) -> bool:
    """A Russian word with a vowel, that is not an abbreviation."""
    text = word.text
    if len(text) > LONGEST or not _WORD.fullmatch(text) or text[0] == "-" or text[-1] == "-":
        return False
    if VOWELS.isdisjoint(text):
        return False
    capitals = _capitals(word)
    return not (1 < capitals < len(text) and text[capitals:] in NOMINAL and capitals < 7)
