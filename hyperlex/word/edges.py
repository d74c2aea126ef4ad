"""Phrases whose edges the tree knows better than the network: what grammar says of boundaries."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.readings import Offer
from hyperlex.word.signs import COUNTED
from hyperlex.word.tree import depends_on, root_of

_OPEN = 0.5
"""A probability by which the tree's boundary stands and one that it does not give does not: it lies
between the thresholds of `hyperlex.scene.boundary`."""
_NOMINAL = frozenset(("NOUN", "PROPN", "PRON", "NUM", "ADJ", "X"))
_DEPENDENTS = frozenset(("obl", "obl:agent", "obj", "iobj", "advmod", "xcomp", "nmod", "advcl"))
_VERBAL = ("VerbForm=Fin", "VerbForm=Inf", "VerbForm=Conv", "Variant=Short")


def mend_edges(
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
    dashes: Sequence[int],
) -> None:
    """All that this file knows, in place.

    Args:
        breaks: the probability of a clause beginning at each word.
        dashes: places of dashes between white space.
    """
    if "." in forms[:-1]:
        keep_abbreviations(forms, readings, relations, breaks)
    if "(" in forms:
        keep_brackets(forms, readings, heads, relations, breaks)
    if dashes:
        keep_dashes(dashes, readings, heads, relations, breaks)
    if not _COMPARING.isdisjoint(forms):
        keep_comparisons(forms, readings, heads, relations, breaks)
    keep_set_phrases(forms, heads, relations, breaks)
    comment_by_signs(forms, readings, heads, relations, breaks)
    set_off_participles(forms, readings, heads, relations, breaks)


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


def _reach(place: int, heads: Sequence[int]) -> tuple[int, int]:
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
    if any(relations[k] in ("nsubj", "cop") or _is_verbal(readings[k]) for k in inner):
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


def keep_dashes(
    dashes: Sequence[int],
    readings: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
    breaks: list[float],
) -> None:
    """Keeps a subject and what a dash states of it in one clause, in place.

    «Сено (Нижнее) — село в долине»: the more stands between, the more the network takes the dash
    for an edge.

    Args:
        dashes: places of dashes between white space.
    """
    for subject, head in enumerate(heads):
        if relations[subject] != "nsubj" or _is_verbal(readings[head]):
            continue
        for dash in dashes:
            if subject < dash < head:
                breaks[dash + 1] = min(breaks[dash + 1], _OPEN)


_COMPARING = frozenset(("чем", "как", "нежели", "словно", "будто"))
_SET_PHRASES = frozenset(("правило", "известно", "минимум", "максимум", "обычно"))
"""After «как» these are no comparisons."""
_COMPARED = frozenset(("NOUN", "PROPN", "PRON", "NUM", "ADJ"))
_OF_PREDICATES = frozenset(("nsubj", "nsubj:pass", "csubj", "cop", "aux", "xcomp", "ccomp"))
_CLAUSAL = frozenset(("advcl", "parataxis", "acl", "conj"))
_ATTACHED = _CLAUSAL | {"obl", "nmod", "advmod", "appos"}


def keep_comparisons(
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: Sequence[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Keeps a comparison without a predicate within the clause around it, in place.

    «Рыбы здесь больше, чем воды»: of such in the treebanks at hand nine in ten are no clauses,
    comma or not.
    """
    for place in range(1, len(forms)):
        noun = heads[place]
        if forms[place] not in _COMPARING or forms[place - 1] != "," or noun <= place:
            continue
        if forms[noun] in _SET_PHRASES or readings[noun][1] not in _COMPARED:
            continue
        if relations[noun] not in _ATTACHED or _is_predicate(noun, readings, heads, relations):
            continue
        relations[place] = "case"
        if relations[noun] in _CLAUSAL:
            of_verb = readings[heads[noun]][1] in ("VERB", "ADV")
            relations[noun] = "obl" if of_verb else "nmod"
        for edge in (place, _reach(noun, heads)[1] + 1):
            _leave_to_tree(edge, readings, breaks)


def keep_set_phrases(
    forms: Sequence[str], heads: list[int], relations: list[str], breaks: list[float]
) -> None:
    """Keeps «как правило» and its like in one piece, in place."""
    for place in range(1, len(forms)):
        first = place - 1
        if forms[place] not in _SET_PHRASES or forms[first].lower() != "как":
            continue
        breaks[place] = 0.0
        if forms[place] != "правило" or heads[first] in (first, place):
            continue
        if heads[place] == first:
            heads[place] = heads[first]
        if not depends_on(heads, place, first):
            heads[first], relations[first] = place, "case"


def _is_predicate(
    noun: int, readings: Sequence[Offer], heads: Sequence[int], relations: Sequence[str]
) -> bool:
    return _is_verbal(readings[noun]) or any(
        head == noun and relations[k] in _OF_PREDICATES for k, head in enumerate(heads)
    )


def _is_verbal(reading: Offer) -> bool:
    return any(form in reading[2] for form in _VERBAL)


def _leave_to_tree(edge: int, readings: Sequence[Offer], breaks: list[float]) -> None:
    """Lets a clause begin at the first word from `edge` on only where the tree has it so."""
    while edge < len(breaks) and readings[edge][1] == "PUNCT":
        edge += 1
    if edge < len(breaks):
        breaks[edge] = min(breaks[edge], _OPEN)


def comment_by_signs(
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Makes emoji and emoticons at the end a comment on the whole sentence, in place.

    «Пишу, пока он спит 🙈»: they stand with the predicate of the sentence, and so return to its
    clause from any other.
    """
    root = root_of(heads)
    for place in range(len(forms) - 1, root, -1):
        if any(map(str.isalnum, forms[place])):
            return
        if readings[place][1] == "SYM" and forms[place] not in COUNTED:
            heads[place], relations[place] = root, "discourse"
            breaks[place] = _OPEN
