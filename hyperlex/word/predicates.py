"""What states something where no verb does: «курить вредно», «сестра старше брата»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.readings import Offer
from hyperlex.word.tree import root_of

_STATES = frozenset(
    (
        *("вредно", "полезно", "трудно", "легко", "тяжело", "опасно", "приятно", "скучно"),
        *("бесполезно", "глупо", "поздно", "рано", "важно", "нехорошо", "хорошо", "плохо"),
        *("стыдно", "страшно", "больно", "обидно", "бессмысленно", "рискованно", "выгодно"),
        *("просто", "непросто", "нелегко", "сложно", "несложно", "интересно", "неинтересно"),
        *("удобно", "неудобно", "неприлично", "невежливо", "неловко", "дорого", "дёшево"),
        *("достаточно", "безопасно", "небезопасно", "разумно", "неразумно", "грешно", "странно"),
    )
)
"""Adverbs that say what it is like to do something."""


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
            k for k in range(root + 1, len(forms)) if heads[k] == root and forms[k] in _STATES
        )
        state = next(of_state, None)
        if state is not None and not any(
            heads[k] == root and relations[k] in ("nsubj", "iobj") for k in range(len(heads))
        ):
            short = (o for o in offers[state] if "Variant=Short" in o[2] and "Neut" in o[2])
            chosen[state] = next(short, chosen[state])
            _lead(state, root, "csubj", heads, relations)
    elif "Case=Nom" in chosen[root][2] and root + 1 < len(forms):
        better = root + 1
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


_OF_PREDICATES = frozenset(("cop", "aux", "punct", "parataxis", "advcl"))
