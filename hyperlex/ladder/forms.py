"""The inflected forms of lexemes, as the dictionary has them (rung 3).

A form is named by the grammemes of OpenCorpora that tell it from the other forms of its lexeme:
`NOUN,gent,sing`, `VERB,femn,past,sing`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hyperlex.ladder.outline import Lexeme
from hyperlex.word.dictionary import dictionary

# Which parts of speech of OpenCorpora a kind of lexeme is inflected as.
_POS = {
    "N": ("NOUN", "ADJF", "PRTF"),
    "P": ("NOUN",),
    "V": ("VERB",),
    "I": ("INFN",),
    "G": ("GRND",),
    "T": ("PRTF",),
    "A": ("ADJF", "PRTF"),
    "S": ("ADJS", "PRTS"),
    "C": ("COMP",),
    "D": ("ADJF", "ADJS"),
    "M": ("NUMR", "ADJF"),
}
_INFLECTION = frozenset(
    (
        "nomn", "gent", "datv", "accs", "ablt", "loct", "sing", "plur", "masc", "femn", "neut",
        "pres", "past", "futr", "1per", "2per", "3per", "indc", "impr", "excl", "incl", "actv",
        "pssv", "Supr",
    )
)  # fmt: skip

_GENDERS = frozenset(("masc", "femn", "neut"))


def plain(text: str) -> str:
    """Lower case, `е` for `ё`."""
    return text.lower().replace("ё", "е")


@lru_cache(maxsize=1 << 15)
def forms(lexeme: Lexeme) -> dict[str, str]:
    """The spellings of a lexeme by form, in lower case; empty where the dictionary has none."""
    found: dict[str, str] = {}
    allowed = _POS.get(lexeme.kind, ())
    lemma = plain(lexeme.lemma)
    for parse in dictionary().parse(lemma):
        if plain(parse.normal_form) != lemma or not parse.is_known:
            continue
        for form in parse.lexeme:
            if form.tag.POS in allowed:
                found.setdefault(form_name(form.tag), form.word)
        if found:
            break
    return found


@lru_cache(maxsize=4096)
def form_name(tag: Any) -> str:
    """`NOUN,gent,sing` of a tag of the dictionary. A noun is not inflected for gender."""
    told = tag.grammemes & _INFLECTION
    return ",".join([str(tag.POS), *sorted(told - _GENDERS if tag.POS == "NOUN" else told)])


@lru_cache(maxsize=1 << 16)
def form_of(lexeme: Lexeme, spelling: str) -> str | None:
    """The form in which a lexeme is spelled so (lower case, `ё` as written), or None."""
    for form, spelled in forms(lexeme).items():
        if spelled == spelling:
            return form
    return None


@lru_cache(maxsize=1 << 16)
def context_of(word: str) -> str:
    """What a word, in lower case, says of the form of the next one: itself for a preposition, the
    case and number of an adjective, the part of speech of others.
    """
    if not word:
        return "^"
    tag = dictionary().parse(word)[0].tag
    pos = str(tag.POS)
    if pos == "PREP":
        return word
    if pos in ("ADJF", "PRTF", "NUMR"):
        return ",".join([pos, *sorted(tag.grammemes & _INFLECTION)])
    return pos


@lru_cache(maxsize=1 << 12)
def is_preposition(word: str) -> bool:
    """Whether a word, in lower case, is a preposition for the dictionary."""
    return bool(word) and str(dictionary().parse(word)[0].tag.POS) == "PREP"
