"""A noun between commas that says who somebody is: «мой сосед, старый рыбак, знает озёра»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.types import features_of
from hyperlex.word.agreement import disagree
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on

_NAMED = frozenset(("NOUN", "PROPN"))
_PLACES = frozenset(("nsubj", "vocative", "parataxis", "obl", "conj"))
"""What the noun before was taken for."""
_JOINTS = frozenset(("CCONJ", "SCONJ", "VERB", "AUX"))


def appose(
    forms: Sequence[str],
    chosen: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Makes the first of two nouns the subject and the second its apposition, in place.

    No comma parts a subject from its verb, so a noun between two commas before it is none; and no
    clause begins at either comma.
    """
    if forms.count(",") < 2:
        return
    for second, relation in enumerate(relations):
        verb = heads[second]
        if relation != "nsubj" or verb < second or chosen[second][1] not in _NAMED:
            continue
        stop = next((k for k in range(second + 1, verb) if forms[k] == ","), None)
        start = next((k for k in reversed(range(second)) if forms[k] == ","), None)
        if stop is None or not start or "," in forms[stop + 1 : verb]:
            continue
        inside = range(start + 1, stop)
        if any(chosen[k][1] in _JOINTS for k in inside) or not all(
            depends_on(heads, k, second) for k in inside
        ):
            continue
        first = _noun_before(start, (verb, second), chosen, heads, relations)
        if first is not None and not depends_on(heads, verb, first):
            heads[first], relations[first] = verb, "nsubj"
            heads[second], relations[second] = first, "appos"
            breaks[start + 1] = breaks[stop + 1] = 0.0


def _noun_before(
    comma: int,
    above: tuple[int, int],
    chosen: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> int | None:
    """The noun whose phrase ends at a comma, and that may be the subject of the verb `above`."""
    first = comma - 1
    while relations[first] not in _PLACES and heads[first] < comma and heads[first] != first:
        first = heads[first]
    if (
        heads[first] not in above
        or relations[first] not in _PLACES
        or chosen[first][1] not in _NAMED
    ):
        return None
    of_noun, of_verb = features_of(chosen[first][2]), features_of(chosen[above[0]][2])
    if of_noun.get("Case") != "Nom" or of_verb.get("Person", "3") != "3":
        return None
    return None if disagree(of_noun, of_verb) else first
