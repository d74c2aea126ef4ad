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
POS_OF_KIND = {
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

GENDERS = frozenset(("masc", "femn", "neut"))

_KINDS = {"NOUN": "N", "VERB": "V", "INFN": "I", "ADJF": "A", "PRTF": "T", "ADJS": "S", "PRTS": "S"}
_NAMES = frozenset(("Name", "Surn", "Patr", "Geox"))


def plain(text: str) -> str:
    """Lower case, `е` for `ё`."""
    return without_yo(text.lower())


def without_yo(text: str) -> str:
    """`е` for `ё`."""
    return text.replace("ё", "е").replace("Ё", "Е")


@lru_cache(maxsize=1 << 15)
def forms(lexeme: Lexeme) -> dict[str, str]:
    """The spellings of a lexeme by form, in lower case: as the dictionary has them, or as it takes
    a word that it lacks to be inflected; empty where it cannot tell.
    """
    found: dict[str, str] = {}
    allowed = POS_OF_KIND.get(lexeme.kind, ())
    lemma = plain(lexeme.lemma)
    parses = [p for p in dictionary().parse(lemma) if plain(p.normal_form) == lemma]
    for parse in [p for p in parses if p.is_known] or parses:
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
    return ",".join([str(tag.POS), *sorted(told - GENDERS if tag.POS == "NOUN" else told)])


@lru_cache(maxsize=1 << 16)
def form_of(lexeme: Lexeme, spelling: str) -> str | None:
    """The form in which a lexeme is spelled so (lower case, `ё` or `е`), or None."""
    for form, spelled in forms(lexeme).items():
        if without_yo(spelled) == without_yo(spelling):
            return form
    return None


@lru_cache(maxsize=1 << 18)
def certain_lexeme(word: str) -> Lexeme | None:
    """The lexeme of a word as it is written, where the dictionary leaves no choice of lemma."""
    lower = word.lower()
    if len(lower) < 2 or not lower.replace("-", "").isalpha():
        return None
    first, *others = dictionary().parse(lower)
    pos = str(first.tag.POS)
    if not first.is_known or pos not in _KINDS:
        return None
    if any(p.normal_form != first.normal_form or str(p.tag.POS) != pos for p in others):
        return None
    if pos == "NOUN" and first.tag.grammemes & _NAMES:
        return Lexeme(plain(first.normal_form).capitalize(), "P") if word.istitle() else None
    kind = "D" if "Apro" in first.tag else _KINDS[pos]
    return Lexeme(plain(first.normal_form), kind) if word == lower else None


@lru_cache(maxsize=1 << 12)
def is_preposition(word: str) -> bool:
    """Whether a word, in lower case, is a preposition for the dictionary."""
    return bool(word) and str(dictionary().parse(word)[0].tag.POS) == "PREP"
