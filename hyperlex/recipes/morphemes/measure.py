"""How good an analyzer is on words that people segmented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hyperlex.morpheme import MorphemeAnalyzer, parse_notation
from hyperlex.morpheme.store import load_learned
from hyperlex.recipes.morphemes.data import Row
from hyperlex.types import Morpheme, MorphemeType


@dataclass(frozen=True)
class Figures:
    """Shares of words right with types, right in boundaries; F1 of boundaries."""

    words: int
    typed: float
    exact: float
    f1: float


def read_gold(path: Path) -> list[tuple[Morpheme, ...]]:
    """The segmentations of a list of words, the notation in its second column."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [parse_notation(line.split("\t")[1]) for line in lines if line]


def figures(analyzer: MorphemeAnalyzer, gold: Sequence[tuple[Morpheme, ...]]) -> Figures:
    """The analyzer against the gold."""
    typed = exact = hit = given = wanted = 0
    for want in gold:
        got = analyzer("".join(m.text for m in want))
        cuts, right = ({m.span.stop for m in of[:-1]} for of in (got, want))
        typed += [(m.text, m.type) for m in got] == [(m.text, m.type) for m in want]
        exact += cuts == right
        hit, given, wanted = hit + len(cuts & right), given + len(cuts), wanted + len(right)
    count = max(1, len(gold))
    return Figures(len(gold), typed / count, exact / count, 2 * hit / max(1, given + wanted))


def measure(
    directory: Path, gold: Sequence[tuple[Morpheme, ...]], rows: Sequence[Row]
) -> dict[str, Figures]:
    """Figures for all words, for those with a root that no training row has, and by unit."""
    analyzer = MorphemeAnalyzer(load_learned(directory))
    roots = {
        text
        for row in rows
        for text, kind in zip(row.texts, row.types or (None,) * len(row.texts), strict=True)
        if kind in (MorphemeType.ROOT, None)
    }
    groups: dict[str, list[tuple[Morpheme, ...]]] = {"all": list(gold), "with an unknown root": []}
    for want in gold:
        if any(m.type is MorphemeType.ROOT and m.text not in roots for m in want):
            groups["with an unknown root"].append(want)
        (first, *_) = analyzer("".join(m.text for m in want))
        groups.setdefault(f"answered by {first.by}", []).append(want)
    return {name: figures(analyzer, of) for name, of in groups.items()}
