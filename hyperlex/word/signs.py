"""Signs that are read as words: «выросли на 5 %», «стоит 3 $»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.agreement import is_transitive
from hyperlex.word.readings import Offer

COUNTED = frozenset("%‰$€₽£¥°")
"""Signs behind a number."""


def read_signs(
    forms: Sequence[str], chosen: list[Offer], heads: Sequence[int], relations: list[str]
) -> None:
    """Makes a counted sign the noun that is read aloud, in place, and what it is to its verb."""
    for place, form in enumerate(forms):
        if form not in COUNTED or not place or chosen[place - 1][1] != "NUM":
            continue
        if relations[place] in ("punct", "nummod", "nummod:gov"):
            continue
        chosen[place] = (form, "SYM", "", chosen[place][3], "context")
        if relations[place] not in ("discourse", "dep"):
            continue
        verb = heads[place]
        led = place > 1 and chosen[place - 2][1] == "ADP"
        taken = {relations[k] for k, head in enumerate(heads) if head == verb}
        direct = not led and is_transitive(forms[verb]) and "obj" not in taken
        relations[place] = "obj" if direct else "obl"
