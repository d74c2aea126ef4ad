"""Prepositions, adverbs and conjunctions that are written in several words."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on, has

_PREPOSITIONS = {
    ("во", "время"): "", ("в", "течение"): "", ("с", "помощью"): "", ("в", "виде"): "",
    ("за", "счёт"): "", ("за", "счет"): "", ("по", "поводу"): "", ("по", "мере"): "",
    ("в", "отношении"): "", ("в", "ходе"): "", ("в", "качестве"): "",
    ("в", "отличие"): "от", ("по", "сравнению"): "с", ("в", "соответствии"): "с",
    ("в", "связи"): "с",
}  # fmt: skip
"""Prepositions of two words that most treebanks at hand take for one, and the one that follows
them, "" where it is the genitive."""
_NOUNS = frozenset(noun for _, noun in _PREPOSITIONS)

_ADVERBS = frozenset(
    (
        ("в", "конце", "концов"), ("в", "конечном", "счёте"), ("в", "конечном", "счете"),
        ("в", "конечном", "итоге"), ("до", "сих", "пор"), ("до", "тех", "пор"),
        ("с", "тех", "пор"), ("по", "крайней", "мере"), ("то", "и", "дело"),
    )
)  # fmt: skip
_LAST = frozenset(last for _, _, last in _ADVERBS)
_WHILE = ("в", "то", "время", "как")


def bind_phrases(
    forms: Sequence[str], readings: Sequence[Offer], heads: list[int], relations: list[str]
) -> None:
    """Makes one preposition, adverb or conjunction of several words, in place.

    «В течение века»: what happens, happens in a century and not in a course.
    """
    for place in range(1, len(forms) - 1):
        form = forms[place]
        if form in _NOUNS:
            _bind_preposition(place, forms, readings, heads, relations)
        if form in _LAST and place > 1:
            words = (forms[place - 2].lower(), forms[place - 1], form)
            if words in _ADVERBS:
                _bind_adverb(place - 2, heads, relations)
        if form == "время" and tuple(f.lower() for f in forms[place - 2 : place + 2]) == _WHILE:
            _bind_conjunction(place - 2, readings, heads, relations)


def _bind_preposition(
    noun: int,
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    first = noun - 1
    asked = _PREPOSITIONS.get((forms[first].lower(), forms[noun]))
    if asked is None or relations[first] != "case" or heads[first] != noun:
        return
    above = _governed(noun, asked, forms, readings, heads, relations)
    if above is None:
        return
    _move(noun, above, heads, relations)
    heads[first], relations[first] = above, "case"
    heads[noun], relations[noun] = first, "fixed"
    if asked:
        heads[noun + 1], relations[noun + 1] = first, "fixed"


def _governed(
    noun: int,
    asked: str,
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> int | None:
    """The word that a preposition ending in `noun` governs."""
    after = noun + 1
    if asked:
        above = heads[after]
        if forms[after] not in (asked, asked + "о") or relations[after] != "case" or above < after:
            return None
        return above if heads[above] in (noun, heads[noun]) and above != heads[noun] else None
    below = (k for k in range(after, len(heads)) if heads[k] == noun and relations[k] == "nmod")
    above = next(below, noun)
    if above == noun or "Case=Gen" not in readings[above][2]:
        return None
    led = any(heads[k] == above and relations[k] == "case" for k in range(after, above))
    return None if led else above


_COUNTS = frozenset(("тысяча", "миллион", "миллиард", "сотня", "десяток", "пара", "пол", "полтора"))
"""What is counted governs them: «за тысячи лет»."""


def govern_next(readings: Sequence[Offer], heads: list[int], relations: list[str]) -> None:
    """Gives a preposition the noun right behind it, in place: «до конца года» is not till a year.

    Only what a preposition of several words is made of may stand between (see `bind_phrases`).
    """
    for place, relation in enumerate(relations):
        noun, below = place + 1, heads[place]
        if relation != "case" or below <= noun or readings[noun][1] != "NOUN":
            continue
        if "Case=" not in readings[noun][2] or "Case=Gen" not in readings[below][2]:
            continue
        if readings[noun][0] in _COUNTS:
            continue
        if heads[noun] not in (below, heads[below]) or relations[noun] == "fixed":
            continue
        if has(heads, relations, noun, ("case",)):
            continue
        above = heads[below]
        if heads[noun] == below:
            if above == below:
                continue
            heads[noun], relations[noun] = above, relations[below]
        heads[place] = noun
        heads[below], relations[below] = noun, "nmod"


def _bind_adverb(first: int, heads: list[int], relations: list[str]) -> None:
    """Three words from `first` on; where they hang apart, they are of the word after them."""
    words = range(first, first + 3)
    tops = [k for k in words if heads[k] not in words or heads[k] == k]
    if len(tops) == 1:
        _move(tops[0], first, heads, relations)
    else:
        after = words.stop
        if after == len(heads) or any(depends_on(heads, after, k) for k in words):
            return
        heads[first] = after
    if heads[first] != first:
        relations[first] = "advmod"
    for place in words[1:]:
        heads[place], relations[place] = first, "fixed"
    for place, head in enumerate(heads):
        if head in words[1:]:
            heads[place] = first


def _bind_conjunction(
    first: int, readings: Sequence[Offer], heads: list[int], relations: list[str]
) -> None:
    """Four words from `first` on, of the next finite verb: «в то время как одни спорили»."""
    words = range(first, first + 4)
    after = range(first + 4, len(heads))
    verb = next((k for k in after if "VerbForm=Fin" in readings[k][2]), None)
    if verb is None or any(depends_on(heads, verb, k) for k in words):
        return
    heads[first], relations[first] = verb, "mark"
    for place in words[1:]:
        heads[place], relations[place] = first, "fixed"
    for place, head in enumerate(heads):
        if head in words[1:] and place not in words:
            heads[place] = verb


def _move(old: int, new: int, heads: list[int], relations: list[str]) -> None:
    """Puts a word in the place of one above it, whose other children it takes."""
    if new == old:
        return
    above = heads[old]
    for place, head in enumerate(heads):
        if head == old:
            heads[place] = new
    heads[new], relations[new] = (new if above == old else above), relations[old]
    heads[old] = new
