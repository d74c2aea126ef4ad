"""Names with initials: «Э. С. Орлова», «Пушкин А. С.» are one name, whatever «С» is alone."""

from __future__ import annotations

from collections.abc import Sequence, Set

from hyperlex.types import features_of
from hyperlex.word.agreement import disagree
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on

_MOST = 3
"""Initials of one name."""
_NOMINAL = frozenset(
    ("root", "nsubj", "nsubj:pass", "obj", "iobj", "obl", "obl:agent", "nmod", "appos", "conj")
)
"""Relations that a name may have; others (`discourse`, `case`) were those of the letter."""
_WORDS = frozenset(("NOUN", "PROPN", "ADJ"))
"""What a surname may have been read as."""


def read_initials(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Makes one name of initials and the surname beside them, in place.

    The first word of a name is its head, as everywhere (`flat:name`).
    """
    place = 0
    while place < len(forms):
        if not is_initial(place, forms):
            place += 1
            continue
        stop = place
        while stop < place + 2 * _MOST and is_initial(stop, forms):
            stop += 2
        letters = range(place, stop, 2)
        surname = _surname(letters, forms, chosen, relations)
        if surname is not None:
            _join(letters, surname, forms, offers, chosen, heads, relations)
            stop = max(stop, surname + 1)
        place = stop


def is_initial(place: int, forms: Sequence[str]) -> bool:
    """Whether a capital letter with a stop stands at a place."""
    form = forms[place] if place + 1 < len(forms) else ""
    return ((len(form) == 1 and form.isupper()) or form == "Дж") and forms[place + 1] == "."


def _surname(
    letters: range, forms: Sequence[str], chosen: Sequence[Offer], relations: Sequence[str]
) -> int | None:
    """The place of the surname behind the letters, else of that before them."""
    for place in (letters.stop, letters.start - 1):
        if not 0 <= place < len(forms):
            continue
        form, upos = forms[place], chosen[place][1]
        if len(form) < 2 or not form[0].isupper() or form.isupper() or upos not in _WORDS:
            continue
        # One letter may number what follows: «А. Введение».
        if len(letters) > 1 or upos == "PROPN" or relations[place].startswith("flat"):
            return place
    return None


def _join(
    letters: range,
    surname: int,
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    members = sorted((*letters, surname))
    inside = {*members, *(letter + 1 for letter in letters)}
    top = members[0]
    out = [k for k in members if heads[k] not in inside or heads[k] == k]
    # What the name hangs on must not hang on the name.
    free = [k for k in out if heads[k] == k or not _below(heads[k], inside, heads)]
    led = [k for k in free if relations[k] in _NOMINAL] or free
    if not led:  # they hang on the stops between them
        return
    above, relation = heads[led[0]], relations[led[0]]
    for letter in letters:
        chosen[letter] = (forms[letter], "PROPN", "", 1.0, "shape")
        heads[letter + 1], relations[letter + 1] = letter, "punct"
    for place, head in enumerate(heads):
        if head in inside and place not in inside:
            heads[place] = top
    for member in members[1:]:
        heads[member], relations[member] = top, "flat:name"
    heads[top] = top if above == led[0] else above
    relations[top] = "root" if above == led[0] else relation
    before = top - 1
    loose = before >= 0 and chosen[before][1] == "ADP" and relations[before] != "case"
    if loose and not depends_on(heads, top, before):
        heads[before], relations[before] = top, "case"
        relations[top] = relations[top] if relations[top] in _NOMINAL else "obl"
    _decline(top, surname, offers, chosen, heads, relations)


def _below(place: int, inside: Set[int], heads: Sequence[int]) -> bool:
    """Whether a word stands somewhere below one of some words."""
    while place not in inside and heads[place] != place:
        place = heads[place]
    return place in inside


def _decline(
    top: int,
    surname: int,
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: Sequence[int],
    relations: list[str],
) -> None:
    """Gives the surname a reading of a name, and as a subject one that agrees with its verb."""
    names = [o for o in offers[surname] if o[1] == "PROPN"] or [chosen[surname]]
    if chosen[surname][1] != "PROPN":
        chosen[surname] = names[0]
    above = heads[top]
    of_verb = features_of(chosen[above][2])
    if relations[top] not in ("nsubj", "nsubj:pass"):
        others = (r for k, r in enumerate(relations) if heads[k] == above and k != top)
        free = of_verb.get("VerbForm") == "Fin" and not any(r.startswith("nsubj") for r in others)
        if relations[top] in _NOMINAL or not free:
            return
    several = of_verb.get("Number") == "Plur"  # «А. С. Пушкин и Н. В. Гоголь встретились»
    fits = [
        o
        for o in names
        if "Case=Nom" in o[2] and (several or not disagree(features_of(o[2]), of_verb))
    ]
    same = [o for o in fits if features_of(o[2]).get("Gender") == of_verb.get("Gender")]
    if fits:
        chosen[surname] = (same or fits)[0]
        relations[top] = relations[top] if relations[top] in _NOMINAL else "nsubj"
