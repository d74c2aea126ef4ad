"""What stands around a word of rung 3, as far as it tells the word's form.

Both sides of the ladder look at the same: to the left the text as it is decoded so far, to the
right the text that follows, or a lexeme whose form is not known yet.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hyperlex.ladder.forms import POS_OF_KIND, form_name, is_preposition, plain
from hyperlex.ladder.outline import Lexeme
from hyperlex.word.dictionary import dictionary

LEFT, RIGHT = 7, 4
"""How many tokens are looked at on either side."""

_TOKEN = re.compile(r"[\w-]+|[^\w\s]")
_STOPS = frozenset(".?!")
SEEN = 96
"""Of a text to the left, the last code points, which are enough for that."""
_PARSES = 12
_NAMES = frozenset(("Name", "Surn", "Patr", "Geox", "Orgn", "Trad", "Abbr"))
# Words that are named: what they are says less than which they are.
_NAMED = frozenset(("PREP", "CONJ", "PRCL", "NPRO", "PRED", "INTJ", "None"))
_BEFORE_A_NOUN = ("ADJF", "PRTF")
_VERBS = ("VERB", "INFN", "GRND", "PRTF", "PRTS")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The tokens around a word, the nearest first, to the ends of its sentence.

    Attributes:
        left: words in lower case and marks, `LEFT` at most.
        right: the same or lexemes, `RIGHT` at most.
    """

    left: tuple[str, ...]
    right: tuple[str | Lexeme, ...]


def tokens_of(text: str) -> list[str]:
    """Words and marks of a thinned text as they are written."""
    return _TOKEN.findall(text)


def left_of(tokens: Sequence[str]) -> tuple[str, ...]:
    """Of the tokens that go before, those from the beginning of the last sentence on."""
    found: list[str] = []
    for token in reversed(tokens):
        if token in _STOPS:
            break
        found.append(plain(token))
        if len(found) == LEFT or _begins(token):
            break
    return tuple(found)


def right_of(tokens: Iterable[str | Lexeme]) -> tuple[str | Lexeme, ...]:
    """Of the tokens that follow, those to the end of the sentence."""
    found: list[str | Lexeme] = []
    for token in tokens:
        if isinstance(token, str):
            if token in _STOPS or _begins(token):
                break
            token = plain(token)
        found.append(token)
        if len(found) == RIGHT:
            break
    return tuple(found)


def _begins(token: str) -> bool:
    """Whether a token is a common word with a capital, which may begin a sentence."""
    return token[0].isupper() and _is_common(token)


@lru_cache(maxsize=1 << 15)
def _is_common(word: str) -> bool:
    if len(word) > 1 and not word[1:].islower():
        return False
    parse = dictionary().parse(word)[0]
    return bool(parse.is_known) and not parse.tag.grammemes & _NAMES


def features(lexeme: Lexeme, around: Neighbours) -> list[int]:
    """What is known of a word before its form is, each fact as a CRC-32."""
    return hashed(_facts(lexeme, around))


def hashed(facts: Iterable[str]) -> list[int]:
    """What a model knows facts by: their CRC-32."""
    return [zlib.crc32(fact.encode()) for fact in facts]


def _facts(lexeme: Lexeme, around: Neighbours) -> Iterator[str]:
    kind, traits = lexeme.kind, traits_of(lexeme)
    left = [sign_of(token) for token in around.left]
    right = [sign_of(token) for token in around.right]
    l1, l2, l3 = (left + ["^"] * 3)[:3]
    r1, r2, r3 = (right + ["^"] * 3)[:3]
    preposition = _governor(around.left, left)
    yield f"{kind}:{traits}"
    yield f"{kind}:{lexeme.lemma}"
    yield f"{kind}:-{lexeme.lemma[-3:]}"
    yield f"{kind}<{l1}"
    yield f"{traits}<{l1}"
    yield f"{kind}<<{l2}"
    yield f"{kind}<<{l2}<{l1}"
    yield f"{kind}<<<{l3}"
    yield f"{kind}>{r1}"
    yield f"{traits}>{r1}"
    yield f"{kind}>>{r2}"
    yield f"{kind}>>>{r3}"
    yield f"{kind}>{r1}>>{r2}"
    yield f"{kind}<{l1}>{r1}"
    yield f"{kind}@{preposition}"
    yield f"{traits}@{preposition}"
    yield f"{kind}n<{next((sign for sign in left if sign.startswith('NOUN')), '^')}"
    verbs = (t for t, sign in zip(around.left, left, strict=True) if sign.startswith(_VERBS))
    yield f"{kind}g={next(verbs, '^')}"
    for side, tokens in (("<", around.left[:2]), (">", around.right[:1])):
        for place, token in enumerate(tokens):
            if isinstance(token, str):
                yield f"{kind}{side}{place}={token}"
    if kind in "VS":
        yield from _facts_of_a_predicate(kind, around, left, right)


def _facts_of_a_predicate(
    kind: str, around: Neighbours, left: Sequence[str], right: Sequence[str]
) -> Iterator[str]:
    """Who may be its subject, and which verbs stand beside it."""
    subjects = (sign for sign in left if _may_be_subject(sign))
    verbs = (sign for sign in left if sign.startswith("VERB"))
    yield f"{kind}s<{next(subjects, '^')}"
    yield f"{kind}v<{next(verbs, '^')}"
    for sign in right:
        if sign.startswith("VERB"):
            yield f"{kind}v>{sign}"
    yield f"{kind}s>{next((sign for sign in right if _may_be_subject(sign)), '^')}"


_PRONOUNS = frozenset(
    ("я", "ты", "он", "она", "оно", "мы", "вы", "они", "кто", "что")
)  # fmt: skip


def _may_be_subject(sign: str) -> bool:
    return sign in _PRONOUNS or ("nomn" in sign and sign.startswith(("NOUN", "ADJF")))


def _governor(tokens: Sequence[str], signs: Sequence[str]) -> str:
    """The nearest preposition to the left with nothing but attributes in between, or ""."""
    for token, sign in zip(tokens, signs, strict=True):
        if is_preposition(token):
            return token
        if not sign.startswith(_BEFORE_A_NOUN) and token not in (",", "и"):
            break
    return ""


def sign_of(token: str | Lexeme) -> str:
    """What a token says of the forms around it: the forms that it may be, or itself."""
    return f"~{traits_of(token)}" if isinstance(token, Lexeme) else _sign(token)


@lru_cache(maxsize=1 << 16)
def _sign(token: str) -> str:
    if token[-1].isdigit():
        return "#"
    if not token[0].isalnum():
        return token
    parses = dictionary().parse(token)[:_PARSES]
    pos = str(parses[0].tag.POS)
    if pos in _NAMED:
        return token
    signs = {
        f"{form_name(parse.tag)}{_gender(parse.tag)}"
        for parse in parses
        if str(parse.tag.POS) == pos
    }
    return "|".join(sorted(signs))


def _gender(tag: Any) -> str:
    """The gender of a noun in the singular, which its form does not name."""
    return f".{tag.gender}" if {"NOUN", "sing"} <= tag.grammemes else ""


@lru_cache(maxsize=1 << 15)
def traits_of(lexeme: Lexeme) -> str:
    """What a lexeme is, whatever its form: kind; gender and animacy; aspect and transitivity."""
    lemma = plain(lexeme.lemma)
    for parse in dictionary().parse(lemma):
        tag = parse.tag
        if tag.POS in POS_OF_KIND.get(lexeme.kind, ()) and plain(parse.normal_form) == lemma:
            named = (
                (tag.gender, tag.animacy) if lexeme.kind in "NP" else (tag.aspect, tag.transitivity)
            )
            return lexeme.kind + "".join(str(trait or "") for trait in named)
    return lexeme.kind
