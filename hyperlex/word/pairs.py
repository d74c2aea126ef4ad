"""Nouns that paired particles coordinate: «ни дождь, ни снег», «то ли снег, то ли дождь»."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hyperlex.word.agreement import form_of, in_case
from hyperlex.word.hosts import is_finite
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on, root_of

_PAIRED = (("ни",), ("то", "ли"), ("не", "то"), ("либо",), ("или",))
_NOUNS = frozenset(("NOUN", "PROPN", "PRON"))
_ATTRIBUTES = frozenset(("ADJ", "DET", "NUM", "PART"))


def pair_up(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Coordinates two nouns behind the same particle, the second of them after a comma, in place.

    They stand in one case, and no clause begins between them. Where the particle was taken for a
    predicate, the verb behind the nouns is it.
    """
    lower = [form.lower() for form in forms]
    for particle in _PAIRED:
        if lower.count(particle[-1]) < 2:
            continue
        size = len(particle)
        places = [k for k in range(len(forms) - size) if tuple(lower[k : k + size]) == particle]
        for one, other in pairwise(places):
            first = _noun(one + size, chosen)
            second = _noun(other + size, chosen)
            if first is None or second is None or forms[other - 1] != "," or first >= other:
                continue
            if any(is_finite(chosen[k]) for k in range(first + 1, other)):
                continue  # «либо ты извинишься, либо я уйду»
            alike = in_case(form_of(chosen[first])[0] or "", offers[second], chosen[second])
            if alike is None or (heads[second] == first and relations[second] == "conj"):
                continue
            _free(first, second, range(one, one + size), chosen, heads, relations)
            if depends_on(heads, first, second):
                continue
            chosen[second] = alike
            heads[second], relations[second] = first, "conj"
            for k in range(other, other + size):
                heads[k], relations[k] = second, "cc" if k == other else "fixed"
            breaks[other] = 0.0


def _noun(place: int, chosen: Sequence[Offer]) -> int | None:
    """The noun at a place, behind its attributes."""
    while place < len(chosen) and chosen[place][1] in _ATTRIBUTES:
        place += 1
    return place if place < len(chosen) and chosen[place][1] in _NOUNS else None


def _free(
    first: int,
    second: int,
    particle: range,
    chosen: Sequence[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Takes both nouns from a particle that was the root, in place, and gives the first to the verb
    that has the second.
    """
    root = root_of(heads)
    verb = heads[second]
    if root not in particle or not is_finite(chosen[verb]):
        return
    heads[verb], relations[verb] = verb, "root"
    heads[first], relations[first] = verb, relations[second]
    for k, head in enumerate(heads):
        if head == root and k != root:
            heads[k] = verb
    for k in particle:
        heads[k], relations[k] = first, "cc" if k == particle[0] else "fixed"
