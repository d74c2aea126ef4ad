"""Phrases whose edges the tree knows better than the network: what grammar says of boundaries."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on

_OPEN = 0.5
"""A probability by which the tree's boundary stands and one that it does not give does not: it lies
between the thresholds of `hyperlex.scene.boundary`."""
_NOMINAL = frozenset(("NOUN", "PROPN", "PRON", "NUM", "ADJ", "X"))
_DEPENDENTS = frozenset(("obl", "obl:agent", "obj", "iobj", "advmod", "xcomp", "nmod", "advcl"))
_VERBAL = ("VerbForm=Fin", "VerbForm=Inf", "VerbForm=Conv", "Variant=Short")


def set_off_participles(
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Makes clauses of participles that have dependents of their own and stand before their noun,
    in place.

    «Быстро | развивающийся рынок» has no mark by which the network could tell, and the treebanks
    agree on what it is: of such participles in those at hand 204 are clauses and 25 attributes.

    Args:
        breaks: the probability of a clause beginning at each word.
    """
    for place, relation in enumerate(relations):
        noun = heads[place]
        _, _, feats, _, _ = readings[place]
        if relation not in ("amod", "acl") or noun <= place or "VerbForm=Part" not in feats:
            continue
        if "Variant=Short" in feats or not any(
            head == place and relations[k] in _DEPENDENTS for k, head in enumerate(heads)
        ):
            continue
        if relation == "amod":
            if readings[noun][1] not in ("NOUN", "PROPN", "PRON"):
                continue
            relations[place] = "acl"
        first, last = _reach(place, heads)
        if last < noun and not (first and forms[first - 1] == ","):
            breaks[first] = max(breaks[first], _OPEN)
            breaks[last + 1] = max(breaks[last + 1], _OPEN)


def _reach(place: int, heads: list[int]) -> tuple[int, int]:
    """The run of words around a place that depend on it."""
    first = last = place
    while first and depends_on(heads, first - 1, place):
        first -= 1
    while last + 1 < len(heads) and depends_on(heads, last + 1, place):
        last += 1
    return first, last


_STOPPED = frozenset(("г", "гг", "в", "вв", "э", "тел", "примеч", "руб", "тыс", "млн", "млрд"))
"""Abbreviations whose stop ends no sentence where the next word does not look like a new one."""


def keep_abbreviations(
    forms: Sequence[str],
    readings: Sequence[Offer],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Takes the stop of an abbreviation within a sentence for no end of a clause, in place.

    «В 1350-е гг. король правил один»: to the network a stop is one, to the tree a remark is before
    it.

    Args:
        breaks: the probability of a clause beginning at each word.
    """
    for place in range(len(forms) - 2):
        if forms[place] not in _STOPPED or forms[place + 1] != ".":
            continue
        after = place + 2
        if forms[after][0].islower() or readings[after][1] == "PROPN":
            breaks[after] = 0.0
            if relations[place] == "parataxis":
                relations[place] = "obl"


def keep_brackets(
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: Sequence[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Keeps brackets without a predicate within the clause around them, in place.

    «Великий океан (Тихий) велик»: PUD and GSD call that an apposition; Taiga and all trees to learn
    from, an insertion, and an insertion would be a clause.

    Args:
        breaks: the probability of a clause beginning at each word.
    """
    opened = None
    for place, form in enumerate(forms):
        if form == "(":
            opened = place
        elif form == ")" and opened is not None:
            _keep(range(opened + 1, place), readings, heads, relations, breaks)
            opened = None


def _keep(
    inner: range,
    readings: Sequence[Offer],
    heads: Sequence[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    if any(
        relations[k] in ("nsubj", "cop") or any(form in readings[k][2] for form in _VERBAL)
        for k in inner
    ):
        return
    tops = [k for k in inner if heads[k] not in inner or heads[k] == k]
    tops = [k for k in tops if readings[k][1] != "PUNCT"]
    if not tops:
        return
    inserted = [k for k in tops if relations[k] == "parataxis"]
    before = readings[inner.start - 2][1] if inner.start > 1 else ""
    for k in inserted:
        if before not in _NOMINAL and readings[heads[k]][1] not in _NOMINAL:
            return
        relations[k] = "appos"
    for k in (*inner, inner.stop + 1):
        if k < len(breaks):
            breaks[k] = min(breaks[k], _OPEN)
