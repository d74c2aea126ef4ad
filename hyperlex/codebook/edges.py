"""Where a phrase may begin and end in a text: one rule, told twice.

As a regular expression for the exported `tokenizer.json` (`OPENS`, `CLOSES`) and as two Python
predicates for `Codebook.collapse` (`opens_at`, `closes_at`). Both read the same character classes:
those of the regular expression engine that runs the tokenizer, asked once, so a character on which
Unicode versions disagree cannot make the two differ.

    word end      «дом|а»    no: a letter follows          «кто|-то»  no: the word goes on after the
    hyphen        «5|-й»     no: so does a word that begins with a number
                  «дом|.»    yes                           «до|м́»     no: a combining mark follows
    number end    «20|24»    no: a digit follows           «2024| г»  yes
                  «1914|-18» yes: a hyphen between numbers is a dash
    other end     «дом,| и»  yes: a space follows          «дом.|»\\n» no: base patterns may glue
    what follows

and the same from the left: «кто|-то», «кто-|то», «5|-й», «5-|й» begin no phrase.
"""

from __future__ import annotations

from functools import cache

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

INNER = "-'’\u2010\u2011\u00ad\u200c\u200d"
"""Between two letters, or a letter and a digit, these belong to the word: «кто-то», «д'Артаньян»,
«Су-27». Hyphens of every kind (U+2010 hyphen, U+2011 non-breaking, U+00AD soft) and the joiners.
"""

INNER_CLASS = "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in INNER)
"""The same inside the brackets of a regular expression; the hyphen stands first, as it must."""

_WORD = r"\p{L}\p{M}"
_NUMBER_TOO = rf"{_WORD}\p{{N}}"

OPENS = {
    "word": rf"(?<![{_WORD}]|[{_NUMBER_TOO}][{INNER_CLASS}])",
    "number": rf"(?<!\p{{N}}|[{_WORD}][{INNER_CLASS}])",
    "inner": (
        rf"(?!(?<=[{_WORD}])[{INNER_CLASS}][{_NUMBER_TOO}]"
        rf"|(?<=\p{{N}})[{INNER_CLASS}][{_WORD}])"
    ),
    "other": "",
}
"""Look-around that a phrase needs on its left, by the class of its own first character."""

CLOSES = (
    rf"(?:(?<=[{_WORD}])(?![{_WORD}]|[{INNER_CLASS}][{_NUMBER_TOO}])"
    rf"|(?<=\p{{N}})(?!\p{{N}}|[{INNER_CLASS}][{_WORD}])"
    rf"|(?<![{_NUMBER_TOO}])(?:(?=[^\S\r\n])|(?![\s\S])))"
)
"""Look-around that a phrase needs on its right. Sufficient for every base pattern known to us
(GPT-2, cl100k, o200k and ours) to have a boundary there; `codebook.validate` checks it for the base
at hand.
"""

_LETTER, _NUMBER, _SPACE, _OTHER = "letter", "number", "space", "other"
_CLASSES = {_LETTER: rf"[{_WORD}]", _NUMBER: r"\p{N}", _SPACE: r"[^\S\r\n]"}

SAMPLES = "а1- ."
"""One character of each kind that the rule tells apart: letter, digit, inner, space, any other."""


@cache
def _splits() -> dict[str, Split]:
    return {n: Split(Regex(p), behavior="removed", invert=True) for n, p in _CLASSES.items()}


@cache
def _class(character: str) -> str:
    """The engine's own answer; a text has few distinct characters, so each is asked once."""
    for name, matches in _splits().items():
        if matches.pre_tokenize_str(character):
            return name
    return _OTHER


def first_class(text: str) -> str:
    """Class of the first character: a key of `OPENS`."""
    if text[0] in INNER:
        return "inner"
    return {_LETTER: "word", _NUMBER: "number"}.get(_class(text[0]), "other")


def sample_of(character: str) -> str:
    """The one of `SAMPLES` that the rule cannot tell from `character`."""
    if character in INNER:
        return "-"
    return {_LETTER: "а", _NUMBER: "1", _SPACE: " "}.get(_class(character), ".")


def opens_at(text: str, start: int) -> bool:
    """May a phrase begin at `start`? The predicate of `OPENS`."""
    if start == 0:
        return True
    first, before = _class(text[start]), _class(text[start - 1])
    if text[start] in INNER:
        return not (start + 1 < len(text) and _one_word(before, _class(text[start + 1])))
    if text[start - 1] in INNER:
        return not (start > 1 and _one_word(_class(text[start - 2]), first))
    return not (first == before and first in (_LETTER, _NUMBER))


def closes_at(text: str, stop: int) -> bool:
    """May a phrase end at `stop`, one past its last character? The predicate of `CLOSES`."""
    if stop == len(text):
        return True
    last, after = _class(text[stop - 1]), _class(text[stop])
    if last not in (_LETTER, _NUMBER):
        return after == _SPACE
    if text[stop] in INNER:
        return not (stop + 1 < len(text) and _one_word(last, _class(text[stop + 1])))
    return after != last


def _one_word(left: str, right: str) -> bool:
    """Do characters of these classes with an inner one between them belong to one word?"""
    return {left, right} <= {_LETTER, _NUMBER} and _LETTER in (left, right)
