"""Signs that are read as words: «выросли на 5 %», «стоит 3 $»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.agreement import is_transitive
from hyperlex.word.readings import Offer

COUNTED = frozenset("%‰$€₽£¥°")
"""Signs behind a number."""


def read_signs(
    forms: Sequence[str], chosen: list[Offer], heads: list[int], relations: list[str]
) -> None:
    """Makes a counted sign the noun that is read aloud, in place, and what it is to its verb."""
    for place, form in enumerate(forms):
        if form not in COUNTED or not place or chosen[place - 1][1] != "NUM":
            continue
        if relations[place] in ("punct", "nummod", "nummod:gov"):
            continue
        chosen[place] = (form, "SYM", "", chosen[place][3], "context")
        verb = heads[place]
        for number in (place - 1, place - 3):  # «5 %», «10–15 %»
            if number < 0 or chosen[number][1] != "NUM" or heads[number] != verb:
                continue
            if number == place - 3 and chosen[place - 2][1] != "PUNCT":
                continue
            if number != verb and relations[number] in _ROLES:
                relations[place] = relations[number]
                _count(number, place, heads, relations)
        if relations[place] in ("discourse", "dep"):
            led = place > 1 and chosen[place - 2][1] == "ADP"
            taken = {relations[k] for k, head in enumerate(heads) if head == verb}
            direct = not led and is_transitive(forms[verb]) and "obj" not in taken
            relations[place] = "obj" if direct else "obl"


_ROLES = frozenset(("nsubj", "obj", "iobj", "obl", "nmod"))


def _count(number: int, sign: int, heads: list[int], relations: list[str]) -> None:
    """Makes a number count a sign, which takes what hung on it, in place."""
    for k, head in enumerate(heads):
        if head == number:
            heads[k] = sign
    heads[number], relations[number] = sign, "nummod"
