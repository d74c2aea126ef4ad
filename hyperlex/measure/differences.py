"""In how many ways, and how much, two texts differ: the figures that similarity is made of.

All are the same in either direction. Bags of words are blind to who did what to whom (in RuPAWS
they tell paraphrases from swapped pairs at chance), so most figures here ask what each word stands
beside, what it depends on, and in which order the words come.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from hyperlex.measure.alignment import align
from hyperlex.measure.sketch import KINDS, Sketch

_WEIGHTS = {"P": 1.5, "N": 1.0, "V": 1.0, "A": 0.9, "R": 0.5, "M": 1.5, "D": 0.3, "-": 1.0}
"""What a word of each kind counts where words are counted: names and numbers are worth more than
pronouns."""

_BESIDE = ((-1, 0.7), (1, 0.5), (-2, 0.3), (2, 0.3))
"""How much a neighbour at a distance counts against a governor, which counts 1."""

_NAMES = {
    "P": "names",
    "N": "nouns",
    "V": "verbs",
    "A": "adjectives",
    "R": "adverbs",
    "M": "numbers",
    "D": "pronouns",
    "-": "negations",
}
_ORDERED = {"all": KINDS, "names": "P", "names and nouns": "PN", "numbers": "M", "nouns": "N"}
_SWAPPED = "PNMAV"

DIFFERENCES = (
    "covered",
    "covered in the longer",
    "length",
    "lengths apart",
    "spelled otherwise",
    *(f"{name} in one only" for name in _NAMES.values()),
    *(f"{name} against {name}" for name in _NAMES.values()),
    *(f"order of {name}" for name in _ORDERED),
    *(f"inversions of {name}" for name in _ORDERED),
    "moved",
    "neighbours kept",
    "contexts lost",
    "contexts lost, sum",
    "governors kept",
    "governors changed",
    "governors changed, sum",
    "relations kept",
    "slots kept",
    "slots changed",
    "roles kept",
    "agent as patient",
    *(f"swapped {_NAMES[kind]}" for kind in _SWAPPED),
    "swapped name and noun",
    "tenses",
    "tenses of one verb",
    "grammatical numbers",
)
"""The names of what `differences` gives, in its order."""


def differences(first: Sketch, second: Sketch) -> list[float]:
    """The figures of `DIFFERENCES` for two sketches; shares are 0 to 1, others counts or sums."""
    # Ties of the alignment are broken by place: a fixed order of the two makes that symmetric.
    return _Comparison(*sorted((first, second), key=_lemmas)).figures()


def _lemmas(sketch: Sketch) -> list[str]:
    return [mark.lemma for mark in sketch]


class _Comparison:
    def __init__(self, first: Sketch, second: Sketch) -> None:
        self.first, self.second = first, second
        found = align(first, second)
        self.to = {place: other for place, (other, _) in found.items()}
        self.back = {other: place for place, other in self.to.items()}
        self.alike = {place: alike for place, (_, alike) in found.items()}
        self.pairs = list(self.to.items())

    def figures(self) -> list[float]:
        result = [
            *self._coverage(),
            *self._unmatched(),
            *self._order(),
            *self._contexts(),
            *self._governors(),
            *self._slots(),
            *self._roles(),
            *self._swaps(),
            *self._grammar(),
        ]
        assert len(result) == len(DIFFERENCES)
        return result

    def _coverage(self) -> list[float]:
        first, second = self.first, self.second
        shares = []
        for sketch, hit in (
            (first, sum(_WEIGHTS[first[i].kind] * self.alike[i] for i in self.to)),
            (second, sum(_WEIGHTS[second[j].kind] * self.alike[i] for i, j in self.pairs)),
        ):
            total = sum(_WEIGHTS[mark.kind] for mark in sketch)
            shares.append(hit / total if total else float(not first and not second))
        respelled = sum(alike < 1 for alike in self.alike.values())
        return [
            max(shares),
            min(shares),
            math.log1p(len(first) + len(second)),
            abs(math.log((len(first) + 1) / (len(second) + 1))),
            respelled / (len(self.to) + 1),
        ]

    def _unmatched(self) -> list[float]:
        """Words that the other text lacks; where both lack one, the two may be in conflict."""
        ours = Counter(m.kind for i, m in enumerate(self.first) if i not in self.to)
        theirs = Counter(m.kind for j, m in enumerate(self.second) if j not in self.back)
        return [
            *(float(ours[kind] + theirs[kind]) for kind in _NAMES),
            *(float(min(ours[kind], theirs[kind])) for kind in _NAMES),
        ]

    def _order(self) -> list[float]:
        shares, sums = [], []
        for kinds in _ORDERED.values():
            others = [j for i, j in self.pairs if self.first[i].kind in kinds]
            inverted = _inversions(others)
            pairs = len(others) * (len(others) - 1) // 2
            shares.append(inverted / pairs if pairs else 0.0)
            sums.append(math.log1p(inverted))
        others = [j for _, j in self.pairs]
        moved = len(others) - _longest_run(others)
        return [*shares, *sums, moved / (len(others) + 1)]

    def _contexts(self) -> list[float]:
        beside = sum(
            i + 1 in self.to and self.to[i + 1] == j + 1 and i + 1 < len(self.first)
            for i, j in self.pairs
        )
        self._beside_first = [_beside(self.first, place) for place in range(len(self.first))]
        self._beside_second = [_beside(self.second, place) for place in range(len(self.second))]
        lost = []
        for i, j in self.pairs:
            if self.first[i].kind in "PNMA":
                known = sum(w for k, w in self._beside_first[i].items() if k in self.to)
                known += sum(w for k, w in self._beside_second[j].items() if k in self.back)
                if known:
                    lost.append(1 - 2 * self._shared(i, j) / known)
        return [
            beside / max(1, len(self.pairs) - 1),
            sum(lost) / len(lost) if lost else 0.0,
            sum(lost),
        ]

    def _shared(self, i: int, j: int, without: tuple[int, ...] = ()) -> float:
        """How much of what `i` stands beside in the first text stands beside `j` in the second."""
        there = self._beside_second[j]
        return sum(
            min(weight, there.get(self.to[k], 0.0))
            for k, weight in self._beside_first[i].items()
            if k in self.to and k not in without
        )

    def _governors(self) -> list[float]:
        total = kept = changed = same = 0.0
        for i, j in self.pairs:
            one, other = self.first[i], self.second[j]
            if one.head < 0 or other.head < 0:
                continue
            weight = (_WEIGHTS[one.kind] + _WEIGHTS[other.kind]) / 2
            total += weight
            if self.to.get(one.head) == other.head:
                kept += weight
                same += weight * (one.link == other.link)
            elif one.head in self.to and other.head in self.back:
                changed += weight
        return [
            kept / total if total else 1.0,
            changed / total if total else 0.0,
            changed,
            same / kept if kept else 1.0,
        ]

    def _slots(self) -> list[float]:
        both = [
            self.first[i].slot == self.second[j].slot
            for i, j in self.pairs
            if self.first[i].slot and self.second[j].slot
        ]
        return [sum(both) / len(both) if both else 1.0, float(len(both) - sum(both))]

    def _roles(self) -> list[float]:
        """Who acts and who undergoes: of the words that do either in both texts."""
        links = [(self.first[i].link, self.second[j].link) for i, j in self.pairs]
        both = [a == b for a, b in links if {a, b} <= {"agent", "patient"}]
        return [sum(both) / len(both) if both else 1.0, float(len(both) - sum(both))]

    def _swaps(self) -> list[float]:
        """The best gain of exchanging two words of a kind: how much better each would stand in the
        place of the other.
        """
        best = dict.fromkeys([*_SWAPPED, "PN"], 0.0)
        for (i, j), (k, n) in combinations(self.pairs, 2):
            one, other = self.first[i].kind, self.first[k].kind
            kind = one if one == other else "PN" if {one, other} == {"P", "N"} else ""
            if kind not in best:
                continue
            crossed = self._shared(i, n, (i, k)) + self._shared(k, j, (i, k))
            straight = self._shared(i, j, (i, k)) + self._shared(k, n, (i, k))
            best[kind] = max(best[kind], crossed - straight)
        return list(best.values())

    def _grammar(self) -> list[float]:
        ours = Counter(mark.tense for mark in self.first if mark.kind == "V")
        theirs = Counter(mark.tense for mark in self.second if mark.kind == "V")
        aligned = [(self.first[i], self.second[j]) for i, j in self.pairs]
        return [
            float(((ours - theirs) + (theirs - ours)).total()),
            float(sum(a.tense != b.tense for a, b in aligned if a.tense and b.tense)),
            float(sum(a.number != b.number for a, b in aligned if a.number and b.number)),
        ]


def _beside(sketch: Sketch, place: int) -> dict[int, float]:
    """What a word stands beside: governor, dependants and neighbours, each with its weight."""
    found: Counter[int] = Counter()
    if sketch[place].head >= 0:
        found[sketch[place].head] += 1
    for other, mark in enumerate(sketch):
        if mark.head == place:
            found[other] += 1
    result: dict[int, float] = dict(found)
    for distance, weight in _BESIDE:
        if 0 <= place + distance < len(sketch):
            result[place + distance] = result.get(place + distance, 0.0) + weight
    return result


def _inversions(values: Sequence[int]) -> int:
    return sum(a > b for a, b in combinations(values, 2))


def _longest_run(values: Sequence[int]) -> int:
    """The length of the longest increasing subsequence."""
    tails: list[int] = []
    for value in values:
        at = bisect_left(tails, value)
        tails[at : at + 1] = [value]
    return len(tails)
