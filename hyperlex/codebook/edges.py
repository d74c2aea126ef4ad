"""Where a phrase may begin and end in a text: one rule, told twice.

As a regular expression for the exported `tokenizer.json` (`OPENS`, `CLOSES`) and as two Python
predicates for `Codebook.collapse` (`opens_at`, `closes_at`). Both read the same character classes:
those of the regular expression engine that runs the tokenizer, asked once, so a character on which
Unicode versions disagree cannot make the two differ.

    word end      «дом|а»    no: a letter follows          «кто|-то»  no: the word goes on after the
    hyphen
                  «дом|.»    yes                           «до|м́»     no: a combining mark follows
    number end    «20|24»    no: a digit follows           «2024| г»  yes
    other end     «дом,| и»  yes: a space follows          «дом.|»\\n» no: base patterns may glue
    what follows
"""

from __future__ import annotations

from functools import cache

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

_WORD = r"\p{L}\p{M}"
_INNER = "-'’"  # between two letters these belong to the word: «кто-то», «д'Артаньян»

OPENS = {
    "word": rf"(?<![{_WORD}]|[{_WORD}][{_INNER}])",
    "number": r"(?<!\p{N})",
    "other": "",
}
"""Look-behind that a phrase needs on its left, by the class of its own first character."""

CLOSES = (
    rf"(?:(?<=[{_WORD}])(?![{_WORD}]|[{_INNER}][{_WORD}])"
    r"|(?<=\p{N})(?!\p{N})"
    rf"|(?<![{_WORD}\p{{N}}])(?:(?=[^\S\r\n])|(?![\s\S])))"
)
"""Look-around that a phrase needs on its right. Sufficient for every base pattern known to us
(GPT-2, cl100k, o200k and ours) to have a boundary there; `codebook.validate` checks it for the base
at hand.
"""

_LETTER, _NUMBER, _SPACE, _OTHER = "letter", "number", "space", "other"
_CLASSES = {_LETTER: rf"[{_WORD}]", _NUMBER: r"\p{N}", _SPACE: r"[^\S\r\n]"}


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
    return {_LETTER: "word", _NUMBER: "number"}.get(_class(text[0]), "other")


def opens_at(text: str, start: int) -> bool:
    """May a phrase begin at `start`? The predicate of `OPENS`."""
    if start == 0:
        return True
    first, before = _class(text[start]), _class(text[start - 1])
    if first == _LETTER:
        inside = start > 1 and text[start - 1] in _INNER and _class(text[start - 2]) == _LETTER
        return before != _LETTER and not inside
    return not (first == _NUMBER and before == _NUMBER)


def closes_at(text: str, stop: int) -> bool:
    """May a phrase end at `stop`, one past its last character? The predicate of `CLOSES`."""
    if stop == len(text):
        return True
    last, after = _class(text[stop - 1]), _class(text[stop])
    if last == _LETTER:
        goes_on = (
            text[stop] in _INNER and stop + 1 < len(text) and _class(text[stop + 1]) == _LETTER
        )
        return after != _LETTER and not goes_on
    if last == _NUMBER:
        return after != _NUMBER
    return after == _SPACE
