"""What states something where no verb does: «курить вредно», «сестра старше брата»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on, has, root_of

_STATES = frozenset(
    (
        *("вредно", "полезно", "трудно", "легко", "тяжело", "опасно", "приятно", "скучно"),
        *("бесполезно", "глупо", "поздно", "рано", "важно", "нехорошо", "хорошо", "плохо"),
        *("стыдно", "страшно", "больно", "обидно", "бессмысленно", "рискованно", "выгодно"),
        *("просто", "непросто", "нелегко", "сложно", "несложно", "интересно", "неинтересно"),
        *("удобно", "неудобно", "неприлично", "невежливо", "неловко", "дорого", "дёшево"),
        *("весело", "грустно", "здорово", "прекрасно", "чудесно", "необходимо", "невыносимо"),
        *("достаточно", "безопасно", "небезопасно", "разумно", "неразумно", "грешно", "странно"),
    )
)
"""Adverbs that say what it is like to do something."""


_PERMITTING = frozenset(("запрещено", "разрешено", "позволено", "воспрещено", "можно", "нельзя"))
_NAMES = frozenset(("фамилия", "имя", "отчество", "название", "кличка", "псевдоним", "прозвище"))


def state_without_verb(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Makes the predicate of a sentence of the word that is it, in place.

    An infinitive is the subject of «вредно», and not vaguely done; a noun is that of a comparative
    right behind it.
    """
    root = root_of(heads)
    if any("VerbForm=Fin" in o[2] and o[1] == "VERB" for o in chosen):
        return
    if "VerbForm=Inf" in chosen[root][2]:
        of_state = (
            k
            for k in range(root + 1, len(forms))
            if heads[k] == root and (forms[k] in _STATES or forms[k] in _PERMITTING)
        )
        state = next(of_state, None)
        if state is not None and not has(heads, relations, root, ("nsubj", "iobj")):
            short = (o for o in offers[state] if "Variant=Short" in o[2] and "Neut" in o[2])
            chosen[state] = next(short, chosen[state])
            _lead(state, root, "csubj", heads, relations)
    elif "Case=Nom" in chosen[root][2] and root + 1 < len(forms):
        better = root + 1
        named = chosen[root][0] in _NAMES and "Case=Nom" in chosen[better][2]
        if named and chosen[better][1] == "PROPN" and heads[better] == root:
            _lead(better, root, "nsubj", heads, relations)
            return
        if "Degree=Cmp" in chosen[better][2] and chosen[better][1] == "ADJ":
            _lead(better, root, "nsubj", heads, relations)
            for place in range(better + 1, len(heads)):
                if heads[place] == root and relations[place] == "nmod":
                    relations[place] = "obl"
                if heads[place] == root:
                    heads[place] = better


def _lead(place: int, root: int, relation: str, heads: list[int], relations: list[str]) -> None:
    """Makes a word the root, and what was it its dependent, in place."""
    between = place
    while heads[between] != root:
        between = heads[between]
    if between != place:  # «люди старше сорока лет»: the word hung on «лет»
        heads[between], relations[between] = place, "obl"
    heads[place], relations[place] = place, "root"
    heads[root], relations[root] = place, relation
    for k, head in enumerate(heads):
        if head == root and relations[k] in _OF_PREDICATES:
            heads[k] = place


def state_by_adjective(
    forms: Sequence[str],
    chosen: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Makes the predicate of an adjective that ends a clause of its own and its noun, in place:
    «номера чистые, персонал вежливый».
    """
    for noun in range(len(forms) - 1):
        if chosen[noun][1] != "NOUN" or "Case=Nom" not in chosen[noun][2]:
            continue
        state = noun + 1
        while state < len(forms) - 1 and chosen[state][1] == "ADV" and heads[state] == state + 1:
            state += 1
        if relations[state] != "amod" or heads[state] != noun or not _ends(state, forms, chosen):
            continue
        if "Case=Nom" not in chosen[state][2] or "VerbForm" in chosen[state][2]:
            continue
        start = noun
        while start and chosen[start - 1][1] != "PUNCT" and depends_on(heads, start - 1, noun):
            start -= 1
        if start and chosen[start - 1][1] not in ("PUNCT", "CCONJ"):
            continue
        if any(heads[k] == noun and relations[k] in ("case", "mark") for k in range(start, noun)):
            continue  # «как орёл могучий»
        _state(noun, state, start, chosen, heads, relations, breaks)


def _ends(place: int, forms: Sequence[str], chosen: Sequence[Offer]) -> bool:
    """Whether a clause may end with the word at a place, or with one coordinated with it."""
    if place + 1 == len(forms):
        return False
    return forms[place + 1] in _CLOSING or (
        chosen[place + 1][1] == "CCONJ"
        and place + 3 < len(forms)
        and chosen[place + 2][1] == "ADJ"
        and forms[place + 3] in _CLOSING
    )


_CLOSING = frozenset((",", ".", "!", "…", ";", ")", "\n"))


def _state(
    noun: int,
    state: int,
    start: int,
    chosen: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Puts the adjective in the place of its noun, or beside what the sentence states."""
    root = root_of(heads)
    above, relation = heads[noun], relations[noun]
    listed = start > 0 and chosen[start - 1][0] == ":"
    if noun != root and (above > noun or (relation not in _APART and not listed)):
        return
    if noun != root and any(chosen[k][0] in _MINE for k in range(start, noun)):
        return  # «мой мальчик маленький», who is spoken to
    if noun != root and relation == "conj" and relations[above].startswith("nsubj"):
        return  # «росли ели высокие, сосны стройные»
    if noun == root:
        heads[state], relations[state] = state, "root"
    else:
        heads[state], relations[state] = root, "conj"
        breaks[start] = max(breaks[start], 1.0)
    heads[noun], relations[noun] = state, "nsubj"
    for k, head in enumerate(heads):
        if head == noun and k != state and (relations[k] in _OF_CLAUSES or k > state):
            heads[k] = state


_MINE = frozenset(("мой", "наш"))
_APART = frozenset(("conj", "parataxis", "nsubj"))
"""What a noun with an adjective was to the clause before it."""
_OF_CLAUSES = frozenset(("cc", "punct", "conj", "parataxis", "advmod", "mark", "advcl"))
_OF_PREDICATES = frozenset(("cop", "aux", "punct", "parataxis", "advcl"))
