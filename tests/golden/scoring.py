"""How the analyzer's scenes stand against the golden ones: for the test and for the benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from golden.reading import GoldScene, Passage

from hyperlex.scene import Clause, Scene, clauses, scenes
from hyperlex.types import Span

FACETS = ("polarity", "modality", "tense", "agent")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One facet of one golden scene.

    Attributes:
        where: file and line.
        facet: one of `FACETS`.
        expected, met: as the notation writes them.
        text: the passage in its notation.
    """

    where: str
    facet: str
    expected: str
    met: str
    text: str

    @property
    def right(self) -> bool:
        return self.expected.replace("ё", "е") == self.met.replace("ё", "е")

    def __str__(self) -> str:
        return f"{self.where} {self.facet}: {self.expected} expected, {self.met} met\n  {self.text}"


def judge(passages: Iterable[Passage]) -> Iterator[Judgement]:
    """Every facet of every golden scene, against the scene found that shares most text with it."""
    for passage in passages:
        found = scenes(passage.text)
        for gold in passage.scenes:
            best = max(found, key=lambda scene: _shared(gold, passage, scene))
            met = (
                best.tension.polarity,
                "+".join(best.tension.modality),
                best.tension.tense,
                best.agent.gloss,
            )
            expected = (gold.polarity, "+".join(gold.modality), gold.tense, gold.agent)
            for facet, one, other in zip(FACETS, expected, met, strict=True):
                yield Judgement(gold.where, facet, one, other, passage.notation)


def shares(judgements: Sequence[Judgement]) -> dict[str, float]:
    """The share of golden scenes that each facet is right in."""
    right = Counter(judgement.facet for judgement in judgements if judgement.right)
    every = Counter(judgement.facet for judgement in judgements)
    return {facet: right[facet] / every[facet] for facet in FACETS}


def boundaries(passage: Passage) -> tuple[set[int], set[int]]:
    """Where clauses begin or resume in a passage, as its notation says and as found: offsets of the
    first letter or digit of each piece but the first.
    """
    found = {_first_letter(passage.text, clause) for clause in clauses(passage.text)}
    return set(passage.starts[1:]), found - {passage.starts[0]}


def _first_letter(text: str, clause: Clause) -> int:
    places = range(clause.span.start, clause.span.stop)
    return next((k for k in places if text[k].isalnum()), clause.span.start)


def _shared(gold: GoldScene, passage: Passage, scene: Scene) -> float:
    pieces = [passage.pieces[k] for k in gold.pieces]
    common = sum(_overlap(a, b) for a in pieces for b in scene.segments)
    return common / (sum(map(len, pieces)) + sum(map(len, scene.segments)) - common)


def _overlap(a: Span, b: Span) -> int:
    return max(0, min(a.stop, b.stop) - max(a.start, b.start))
