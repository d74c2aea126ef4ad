"""A text as the comparison of meanings sees it: content words, what each depends on, and how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from hyperlex.types import Word
from hyperlex.word.dictionary import dictionary

KINDS = "PNVARMD-"
"""Kinds of marks: proper name or foreign word, noun, verb, adjective, adverb, numeral, pronoun;
`-` is a word that negates.
"""

NEGATIONS = frozenset(("не", "нет", "ни", "нельзя", "без"))

_KIND_OF = {
    "NOUN": "N",
    "PROPN": "P",
    "X": "P",
    "VERB": "V",
    "AUX": "V",
    "ADJ": "A",
    "ADV": "R",
    "NUM": "M",
    "PRON": "D",
    "DET": "D",
}
_ROLES = {
    "nsubj": "agent",
    "csubj": "agent",
    "obl:agent": "agent",
    "obj": "patient",
    "nsubj:pass": "patient",
}
_CASES = {"Nom": "agent", "Acc": "patient", "Gen": "patient"}
"""What the case of somebody says. Parsers expect the subject first; where the forms of a noun
differ, as those of animate ones do, its case knows better («Инженера остановил сосед»).
"""
_EMPTY = frozenset(("быть",))
_APART = "\n\n"


@dataclass(frozen=True, slots=True)
class Mark:
    """A content word.

    Attributes:
        lemma: in lower case, `е` for `ё`; of a word that negates, its spelling.
        kind: one letter of `KINDS`.
        head: the place in the sketch of the nearest content word that governs it, or -1.
        link: `agent`, `patient`, preposition and case (`в+Loc`), or another relation of Universal
            Dependencies without its subtype. A passive counts as what it means.
        slot: preposition and case, or "" where it has no case.
        number: `Sing`, `Plur` or "".
        tense: of a verb `Past`, `Pres`, `Fut`, `Imp` (an imperative), `Cnd` (with «бы») or "", that
            of its auxiliary included; of others "".
    """

    lemma: str
    kind: str
    head: int = -1
    link: str = ""
    slot: str = ""
    number: str = ""
    tense: str = ""


Sketch = tuple[Mark, ...]
"""The content words of a text in order."""


def sketch(text: str) -> Sketch:
    """The sketch of a text, or of what a code is decoded to."""
    from hyperlex.word import iter_sentences

    return sketch_of(word for sentence in iter_sentences(text) for word in sentence.words)


def sketch_of(words: Iterable[Word]) -> Sketch:
    """The sketch of analysed words, in order."""
    words = list(words)
    by_index = {word.index: word for word in words}
    prepositions = {
        word.head: word.text.lower()
        for word in words
        if word.upos == "ADP" and word.relation == "case"
    }
    auxiliaries = {
        word.head: tense for word in words if word.upos == "AUX" if (tense := _tense(word))
    }
    kept = [(word, kind) for word in words if (kind := _kind(word))]
    places = {word.index: place for place, (word, _) in enumerate(kept)}
    marks = []
    for word, kind in kept:
        case = word.feat("Case")
        slot = f"{prepositions.get(word.index, '')}+{case}" if case else ""
        role = _role(word, by_index)
        marks.append(
            Mark(
                (word.text if kind == "-" else word.lemma).lower().replace("ё", "е"),
                kind,
                _head(word, by_index, places),
                slot if role in ("obl", "nmod") else role,
                slot,
                word.feat("Number"),
                (auxiliaries.get(word.index) or _tense(word)) if kind == "V" else "",
            )
        )
    return tuple(marks)


def _kind(word: Word) -> str:
    lower = word.text.lower()
    if lower in NEGATIONS:
        return "-"
    if word.upos == "PUNCT" or word.lemma in _EMPTY:
        return ""
    if word.text[0].isdigit() or (word.upos == "ADJ" and _is_ordinal(word.lemma)):
        return "M"
    foreign = word.text[0].isascii() and word.text[0].isalpha()
    return _KIND_OF.get(word.upos, "P" if foreign else "")


@lru_cache(maxsize=1 << 14)
def _is_ordinal(lemma: str) -> bool:
    """«третий»: an adjective that counts."""
    return "Anum" in dictionary().parse(lemma)[0].tag


def _role(word: Word, by_index: dict[int, Word]) -> str:
    """`agent`, `patient` or the relation without its subtype."""
    base = word.relation.partition(":")[0]
    role = _ROLES.get(word.relation) or _ROLES.get(base) or base
    if word.relation in ("nsubj", "obj") and word.feat("Animacy") == "Anim":
        role = _CASES.get(word.feat("Case"), role)
        head = by_index.get(word.head)
        if role == "agent" and head is not None and head.feat("Voice") == "Pass":
            role = "patient"
    return role


def _head(word: Word, by_index: dict[int, Word], places: dict[int, int]) -> int:
    """The place of the nearest content word above, or -1; a ring of heads has none above."""
    seen = {word.index}
    head = word.head
    while head in by_index and head not in seen:
        if head in places:
            return places[head]
        seen.add(head)
        head = by_index[head].head
    return -1


def _tense(word: Word) -> str:
    mood = word.feat("Mood")
    return mood if mood in ("Imp", "Cnd") else word.feat("Tense")


def sketches(texts: Sequence[str]) -> list[Sketch]:
    """The sketches of many short texts, faster than one by one and the same as then: an empty line
    ends a sentence, so they are analysed together.
    """
    from hyperlex.word import iter_sentences

    joined = _APART.join(texts)
    ends = list(accumulate(len(text) + len(_APART) for text in texts))
    found: list[list[Word]] = [[] for _ in texts]
    owner = 0
    for sentence in iter_sentences(joined):
        while sentence.span.start >= ends[owner]:
            owner += 1
        found[owner].extend(sentence.words)
    return [sketch_of(words) for words in found]
