"""Which form of a lexeme its neighbours let one expect (rung 3).

A log-linear model: a form is the sum of its parts (`parts_of`), each fact about the neighbours
(`neighbours.features`) has a weight for each part, and the form with the greatest sum is expected.
Weights are whole numbers, so that the same neighbours give the same form on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from hyperlex.ladder.forms import GENDERS, forms, plain
from hyperlex.ladder.neighbours import Neighbours, features
from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.remember import Remembered

_CASES = frozenset(("nomn", "gent", "datv", "accs", "ablt", "loct"))
_NUMBERS = frozenset(("sing", "plur"))
_VOICES = frozenset(("actv", "pssv", "pres", "past"))


@lru_cache(maxsize=1 << 10)
def parts_of(form: str) -> tuple[str, ...]:
    """What a form is made of: its grammemes, and those of them that go together.

    >>> parts_of("NOUN,gent,sing")
    ('gent', 'sing', 'gent+sing')
    """
    pos, *grammemes = form.split(",")
    parts = list(grammemes)
    case = [x for x in grammemes if x in _CASES]
    for others in (_NUMBERS, GENDERS):
        parts += [f"{x}+{y}" for x in case for y in grammemes if y in others]
    if pos == "VERB":
        parts.append("+".join(grammemes))
    if pos in ("PRTF", "PRTS"):
        parts.append("+".join(x for x in grammemes if x in _VOICES))
    return tuple(dict.fromkeys(parts))


class FormModel:
    """Weights of facts for parts of forms.

    Args:
        parts: names of parts.
        facts: [facts] uint32, distinct (`neighbours.features`).
        weights: [facts, parts] int8.

    Raises:
        ValueError: the shapes do not go together.
    """

    def __init__(
        self, parts: Sequence[str], facts: NDArray[np.uint32], weights: NDArray[np.int8]
    ) -> None:
        if weights.shape != (len(facts), len(parts)):
            raise ValueError(
                f"weights of forms have shape {weights.shape}: {(len(facts), len(parts))} was "
                "expected, a row a fact and a column a part"
            )
        self.parts = tuple(parts)
        self.facts = facts
        self.weights = weights
        self._paradigm = Remembered(self._made_paradigm, 1 << 15)

    @classmethod
    def empty(cls) -> FormModel:
        """One that knows nothing, and expects the form that the dictionary has first."""
        return cls((), np.zeros(0, np.uint32), np.zeros((0, 0), np.int8))

    def expect(self, lexeme: Lexeme, around: Neighbours) -> str:
        """The spelling to expect, in lower case with `е` for `ё`; the lemma of a lexeme without
        forms.
        """
        paradigm = self._paradigm(lexeme)
        if len(paradigm.spellings) == 1:
            return paradigm.spellings[0]
        rows = self._rows
        known = [rows[fact] for fact in features(lexeme, around) if fact in rows]
        weights = self.weights[known].sum(axis=0, dtype=np.int32)
        return paradigm.spellings[int((paradigm.parts @ weights).argmax())]

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {fact: row for row, fact in enumerate(self.facts.tolist())}

    def _made_paradigm(self, lexeme: Lexeme) -> _Paradigm:
        return _Paradigm(lexeme, self.parts)


class _Paradigm:
    """The spellings of a lexeme, and [spellings, parts] int32 what each is made of."""

    def __init__(self, lexeme: Lexeme, parts: Sequence[str]) -> None:
        table = forms(lexeme) or {"": lexeme.lemma}
        places = {part: place for place, part in enumerate(parts)}
        self.spellings = [plain(spelling) for spelling in table.values()]
        if len(set(self.spellings)) == 1:
            self.spellings = self.spellings[:1]
        self.parts = np.zeros((len(table), len(parts)), np.int32)
        for row, form in enumerate(table):
            for part in parts_of(form):
                if part in places:
                    self.parts[row, places[part]] = 1
