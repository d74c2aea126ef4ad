"""Words that contradict their tree or their neighbours, and what is made of them: a rule each, with
an example.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hyperlex.types import features_of
from hyperlex.word.agreement import form_of
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on, root_of


def with_preposition(heads: Sequence[int], relations: Sequence[str]) -> set[int]:
    """Places that a preposition depends on, where nothing but a case form can stand: «из стали»."""
    return {head for head, relation in zip(heads, relations, strict=True) if relation == "case"}


def capitalised(forms: Sequence[str]) -> set[int]:
    """Places of words with a capital that no beginning of a sentence or of speech asks for."""
    return {
        place
        for place in range(1, len(forms))
        if forms[place][0].isupper()
        and forms[place - 1][-1].isalnum()
        and not forms[place - 1].isupper()
    }


def tie_compounds(
    marks: Sequence[int],
    readings: Sequence[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Makes the second noun of a compound the apposition of the first, in place.

    «Город-государство возник»: the treebanks' way.

    Args:
        marks: places of dashes without white space on either side.
    """
    for mark in marks:
        first, second = mark - 1, mark + 1
        if not all(readings[place][1] in ("NOUN", "PROPN") for place in (first, second)):
            continue
        above = top = first
        while heads[above] != above:
            above = heads[above]
            if above in (mark, second):
                top = above
        if top != first:  # the first hangs on the second, or on the mark: it takes its place
            heads[first] = first if heads[top] == top else heads[top]
            if top == second or heads[first] == first:
                relations[first] = relations[top]
        heads[second], relations[second] = first, "appos"
        heads[mark], relations[mark] = second, "punct"


def state_by_dash(
    marks: Sequence[int],
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Makes the noun after a dash the predicate of the one before it, in place.

    «Кострома — город на Волге.»: in lists («молоко — 250 мл») that is a remark, in sentences the
    dash stands for «есть», and no clause begins after it.

    Args:
        marks: places of dashes between white space, in order.
        breaks: the probability of a clause beginning at each word.
    """
    subject = root_of(heads)
    for dash in marks:
        # «Кит — не рыба»: nobody is addressed before a dash.
        if relations[dash - 1] == "vocative" and heads[dash - 1] == subject and dash < subject:
            relations[dash - 1] = "nsubj"
    if forms[-1] not in _STOPS or not _nominative(readings[subject]):
        return
    mark = next((m for m in marks if m > subject and not _inside_brackets(forms[subject:m])), None)
    if mark is None or ":" in forms[:mark]:
        return
    remarks = (
        place
        for place in range(mark + 1, len(heads))
        if heads[place] == subject and relations[place] in _REMARKS and _nominative(readings[place])
    )
    stated = next(remarks, None)
    if stated is None or _says_more(subject, stated, readings, heads, relations):
        return
    for place in range(mark, len(heads)):
        if heads[place] == subject:
            heads[place] = stated
    heads[subject], relations[subject] = stated, "nsubj"
    heads[stated], relations[stated] = stated, "root"
    breaks[mark : stated + 1] = [0.0] * (stated + 1 - mark)


def state_beside_dash(
    marks: Sequence[int],
    readings: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """The same for a further clause, «…, мать — учительница», and before an infinitive, «главное —
    не сдаваться», in place.
    """
    for dash in marks:
        for place in range(dash + 1, len(heads)):
            left = heads[place] if heads[place] < dash else -1
            before = [k for k in range(dash) if heads[k] == place and relations[k] == "parataxis"]
            if "VerbForm=Inf" in readings[place][2] and before == [dash - 1]:
                if "Case=Nom" in readings[dash - 1][2]:
                    relations[dash - 1] = "nsubj"
                    breaks[dash : place + 1] = [0.0] * (place + 1 - dash)
                break
            if readings[place][1] == "PUNCT" or not _nominative(readings[place]):
                continue
            if left < 0 or relations[place] not in _REMARKS or readings[place][1] != "NOUN":
                break
            subject = _conjunct_before(dash, left, readings, heads, relations)
            if subject is None:
                break
            start = subject
            while readings[start - 1][1] != "PUNCT" and depends_on(heads, start - 1, subject):
                start -= 1
            heads[place], relations[place] = heads[subject], "conj"
            heads[subject], relations[subject] = place, "nsubj"
            breaks[dash : place + 1] = [0.0] * (place + 1 - dash)
            breaks[start] = 1.0
            break


def _conjunct_before(
    dash: int,
    head: int,
    readings: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> int | None:
    """The noun in the nominative right before a dash that is coordinated with `head`, or is it,
    where `head` or what it is coordinated with is a predicate.
    """
    place = dash - 1
    while relations[place] != "conj" and heads[place] < dash and heads[place] != place:
        place = heads[place]
    if relations[place] != "conj" or not _nominative(readings[place]):
        return None
    above = heads[place]
    stated = any(heads[k] == above and relations[k] == "nsubj" for k in range(above))
    return place if stated and head in (place, above) else None


def _inside_brackets(forms: Sequence[str]) -> bool:
    return forms.count("(") != forms.count(")")


def _says_more(
    subject: int,
    stated: int,
    readings: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> bool:
    """Whether there is a verb or another subject, or something is counted: then it is a remark."""
    for place, head in enumerate(heads):
        if head not in (subject, stated) or place in (subject, stated):
            continue
        _, upos, feats, _, _ = readings[place]
        if "VerbForm=Fin" in feats or relations[place] in ("nsubj", "cc"):
            return True
        if upos == "NUM" and head == stated:
            return True
    return False


_STOPS = frozenset((".", "!", "?", "…"))
_REMARKS = frozenset(("parataxis", "list", "appos", "conj"))


def _nominative(offer: Offer) -> bool:
    _, upos, feats, _, _ = offer
    return upos in ("NOUN", "PROPN") and "Case=Nom" in feats


def count_units(
    forms: Sequence[str],
    readings: Sequence[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Ties what is counted to «тыс.», «млн» and the like, in place: «280 тыс. чел.» is one phrase.

    Args:
        breaks: the probability of a clause beginning at each word.
    """
    for place, form in enumerate(forms[:-1]):
        if form not in _THOUSANDS:
            continue
        unit = place + (2 if forms[place + 1] == "." else 1)
        if (
            unit < len(forms)
            and heads[unit] == place
            and readings[unit][1] in ("NOUN", "PROPN")
            and relations[unit] in _REMARKS
        ):
            relations[unit] = "nmod"
            breaks[unit] = 0.0


_THOUSANDS = frozenset(("тыс", "млн", "млрд", "трлн"))


def decline_names(
    places: Iterable[int], offers: Sequence[Sequence[Offer]], chosen: list[Offer]
) -> None:
    """Gives unknown names in -е and -у after a preposition the lemma of a declined one, in place.

    «В Дорсете» is of «Дорсет», while in «музыка Морриконе» the name is its own dictionary form.
    """
    for place in places:
        lemma, upos, feats, _, by = chosen[place]
        if by == "suffix" and upos == "PROPN" and lemma[-1] in "еу" and "Case=Nom" not in feats:
            twins = (
                offer
                for offer in offers[place]
                if offer[1] == "PROPN" and offer[2] == feats and offer[0][-1] not in "еу"
            )
            chosen[place] = next(twins, chosen[place])


def agree_names(
    heads: Sequence[int],
    relations: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Gives the second part of a name the gender and case of the first, in place.

    «Ольга Иванова» is a woman, though «Иванова» alone is rather «Иванов» in the genitive.
    """
    for place, relation in enumerate(relations):
        if relation != "flat:name" or chosen[place][1] != "PROPN":
            continue
        wanted = form_of(chosen[heads[place]])
        if None in wanted or form_of(chosen[place]) == wanted:
            continue
        alike = (o for o in offers[place] if o[1] == "PROPN" and form_of(o) == wanted)
        chosen[place] = next(alike, chosen[place])


def name_adjectives(
    forms: Sequence[str],
    relations: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Reads an adjective with a capital that describes nothing as the name it may be, in place:
    «написан Толстым».
    """
    for place in range(1, len(forms)):
        if chosen[place][1] != "ADJ" or not forms[place][0].isupper():
            continue
        if relations[place] not in _OF_NAMES or not forms[place - 1][0].isalnum():
            continue
        if "Gender=Neut" in chosen[place][2]:
            continue
        case = features_of(chosen[place][2]).get("Case")
        names = (o for o in offers[place] if o[1] == "PROPN" and f"Case={case}" in o[2])
        chosen[place] = next(names, chosen[place])


_OF_NAMES = frozenset(("nsubj", "obj", "iobj", "obl", "obl:agent", "nmod"))


def by_neighbours(forms: Sequence[str], chosen: list[Offer]) -> None:
    """Gives words the lemmas that only the next word shows, in place.

    «Самого высокого», «на самом деле»: forms of «сам» that are «самый»; «больше людей»: of «много».
    """
    if _OPEN.isdisjoint(forms):
        return
    for place, form in enumerate(forms[:-1]):
        if form not in _OPEN:
            continue
        lower = form.lower()
        lemma, upos, feats, prior, _ = chosen[place]
        _, next_upos, next_feats, _, _ = chosen[place + 1]
        if lower in AMOUNTS:
            if "Case=Gen" in next_feats and next_upos in ("NOUN", "PROPN", "ADJ"):
                chosen[place] = (AMOUNTS[lower], upos, feats, prior, "context")
        elif lemma == "сам":
            led = place and (chosen[place - 1][1] == "ADP" or chosen[place - 1][0] in _POINTING)
            if next_upos == "ADJ" or (next_upos == "NOUN" and led):
                chosen[place] = ("самый", upos, feats, prior, "context")


AMOUNTS = {"больше": "много", "меньше": "мало"}
_SMALL = ("самой", "самого", "самому", "самом", *AMOUNTS)
_OPEN = frozenset((*_SMALL, *(form.capitalize() for form in _SMALL)))
_POINTING = frozenset(("этот", "тот"))
