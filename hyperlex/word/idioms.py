"""Words that mean something together: «друг друга», «может быть», «всё равно», «скажи-ка»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.agreement import form_of
from hyperlex.word.hosts import SUBJECTS
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on, has, root_of


def bind_idioms(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Makes one phrase of the words of an idiom, in place."""
    for place in range(1, len(forms)):
        form, before = forms[place], forms[place - 1].lower()
        if before == "друг" and place + 1 < len(forms):
            last = place if form in _OTHERS else place + 1
            if forms[last] in _OTHERS and (last == place or chosen[place][1] == "ADP"):
                _bind_each_other(place - 1, last, offers, chosen, heads, relations)
        elif form == "быть" and before == "может":
            _bind_maybe(place - 1, forms, heads, relations)
        elif form == "равно" and before in ("всё", "все") and heads[place - 1] == place:
            if relations[place - 1] in _TAKEN:
                relations[place - 1] = "fixed"
        elif before in _INVITING:
            _invite(place - 1, chosen, heads, relations)
        elif form == "ка" and before == "—" and place > 1:
            breaks[place - 1] = breaks[place] = 0.0
            if not depends_on(heads, place - 2, place):
                heads[place], relations[place] = place - 2, "discourse"


_OTHERS = frozenset(("друга", "другу", "другом", "друге"))
_TAKEN = frozenset(("nsubj", "advmod", "obj", "det"))
_ROLES = {"Dat": "iobj", "Ins": "obl", "Loc": "obl"}


def _bind_each_other(
    first: int,
    last: int,
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """«Друг друга» is what they do it to, «друг с другом» whom with; neither is a friend."""
    phrase = range(first, last + 1)
    top = first if depends_on(heads, last, first) else last
    above = heads[top]
    if above in phrase or any(depends_on(heads, above, k) for k in phrase):
        return
    case = "Gen"
    for offer in (chosen[last], *offers[last]):
        if offer[1] == "NOUN" and "Case=" in offer[2]:
            case = form_of(offer)[0] or case
            break
    heads[first] = above
    relations[first] = "obl" if last > first + 1 else _ROLES.get(case, "obj")
    chosen[first] = ("друг", "PRON", f"Case={case}", chosen[first][3], "context")
    taken = has(heads, relations, above, SUBJECTS)
    for k, head in enumerate(heads):
        if head not in phrase or k in phrase:
            continue
        heads[k] = above
        if not taken and relations[k] == "det" and "Case=Nom" in chosen[k][2]:
            relations[k], taken = "nsubj", True  # «все друг друга знали»
    for k in range(first + 1, last + 1):
        heads[k], relations[k] = first, "fixed" if k == last else "case"


_INVITING = frozenset(("давай", "давайте"))


def _invite(place: int, chosen: Sequence[Offer], heads: list[int], relations: list[str]) -> None:
    """«Давайте работать»: the verb behind is what it is about."""
    verb = place + 1
    while verb < len(chosen) - 1 and chosen[verb][1] in ("PART", "ADV", "PRON"):
        verb += 1
    invited = "VerbForm=Inf" in chosen[verb][2] or "Number=Plur|Person=1" in chosen[verb][2]
    if not invited or chosen[verb][1] != "VERB" or verb in (place, heads[place]):
        return
    if heads[verb] == place or depends_on(heads, heads[place], verb):
        return
    above = heads[place]
    heads[verb], relations[verb] = (verb if above == place else above), relations[place]
    heads[place], relations[place] = verb, "advmod"


def _bind_maybe(first: int, forms: Sequence[str], heads: list[int], relations: list[str]) -> None:
    """«Может быть» between commas, or before one, is said aside, and what it was said of states."""
    last = first + 1
    left = first == 0 or forms[first - 1] == ","
    if not left or last + 1 >= len(forms) or forms[last + 1] != ",":
        return
    if first == root_of(heads):
        beside = [
            k
            for k in range(last + 2, len(heads))
            if heads[k] == first and relations[k] in ("parataxis", "conj", "ccomp")
        ]
        if not beside:
            return
        stated = beside[0]
        heads[stated], relations[stated] = stated, "root"
        for k, head in enumerate(heads):
            if head == first and k not in (first, last, stated):
                heads[k] = stated
        heads[first], relations[first] = stated, "parataxis"
    if depends_on(heads, first, last):
        return
    heads[last], relations[last] = first, "fixed"
