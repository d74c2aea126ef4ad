"""Slots as the code gives them, made whole: what the tagger left out or put in the wrong place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from hyperlex.ladder.outline import Item, Literal, Slot
from hyperlex.ladder.reading import NEGATIONS, carries_content
from hyperlex.ladder.realise.prepositions import governs, plain

_CASES = {"Par": "Gen", "Voc": "Nom"}


def hints(items: Sequence[Item | Literal]) -> list[Slot | None]:
    """The slot of every item, None where nothing is said.

    A preposition that cannot govern its word's case goes to the word before, if it can govern that:
    of «в ходе исследования» the tagger says that «в» stands with «исследования». One that is an
    item by itself, «без», is not said twice.
    """
    slots: list[Slot | None] = []
    prepositions = False
    for item in items:
        slot = item.slot if type(item) is Item else None
        if slot is not None and (slot.preposition or slot.case in _CASES):
            slot = _tidy(slot)
            prepositions = prepositions or bool(slot.preposition)
        slots.append(slot)
    if not prepositions:
        return slots
    for place in range(1, len(slots)):
        slot, before = slots[place], slots[place - 1]
        if slot is None or before is None or not slot.preposition or not slot.case:
            continue
        if governs(slot.preposition, slot.case) or before.preposition:
            continue
        if governs(slot.preposition, before.case) and before.case != "Gen":
            slots[place - 1] = Slot(slot.preposition, before.case, before.number)
            slots[place] = Slot("", slot.case, slot.number)
    return slots


@lru_cache(maxsize=1 << 12)
def _tidy(slot: Slot) -> Slot:
    preposition = plain(slot.preposition.lower())
    if preposition in NEGATIONS or (preposition and carries_content(preposition)):
        preposition = ""
    return Slot(preposition, _CASES.get(slot.case, slot.case), slot.number)
