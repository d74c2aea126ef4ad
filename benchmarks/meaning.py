"""The measures of meaning on any compressors: rows of figures with intervals.

A compressor is anything that makes of a text what a reader gets back and the ids that it costs, so
the ladder and the baselines go through the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hyperlex.measure.baselines import Compressed, Compressor, Encode, Rank, shuffled_codes, thinned
from hyperlex.measure.bootstrap import BLOCK_UNIT, Bootstrap, Interval, block_spans, divided, ratio
from hyperlex.measure.contrast import auc_interval
from hyperlex.measure.identity import Candidates, hit
from hyperlex.measure.propositions import FIGURES, Said, compare
from hyperlex.measure.similarity import embedded
from hyperlex.measure.sketch import Sketch, sketches

Row = dict[str, Any]
LADDER, CONTROL = "ladder", "ladder, codes of other texts"
COMPARED = ("proposition F1", "predicate and lemma F1", "event F1")
"""Figures in which the ladder is held against each baseline: from the strictest to the mildest."""

LEAD = "ladder's lead in "


@dataclass(frozen=True)
class Block:
    """A stretch of a held-out text: what is compressed as one, and drawn as one.

    Attributes:
        said: what it says, by the frozen extractor.
        scenes: the exact text of each of its scenes.
    """

    domain: str
    text: str
    said: Said
    scenes: tuple[str, ...]


def blocks_of(domain: str, text: str, count: int) -> list[Block]:
    """`count` blocks of 2,000 characters or more at equal distances over a text, or all of them."""
    from hyperlex.scene import scenes

    spans = block_spans(text)
    places = sorted({int(k) for k in np.linspace(0, len(spans) - 1, min(count, len(spans)))})
    result = []
    for place in places:
        block = spans[place].of(text).strip()
        found = scenes(block)
        told = tuple("".join(s.of(block) for s in scene.segments).strip() for scene in found)
        result.append(Block(domain, block, Said.of(block, found), told))
    return result


def row(measure: str, domain: str, system: str, rate: str, metric: str, found: Interval) -> Row:
    """A figure as it is written down."""
    values = {"value": found.value, "low": found.low, "high": found.high}
    return {
        "measure": measure,
        "domain": domain,
        "system": system,
        "rate": rate,
        "metric": metric,
        **{name: round(v, 4) if np.isfinite(v) else None for name, v in values.items()},
    }


def remembered(rank: Rank) -> Rank:
    """The same ranks, found once for each text: every rate asks for them again."""
    known: dict[tuple[str, int], Sequence[float]] = {}

    def ranked(text: str, words: Sequence[str]) -> Sequence[float]:
        key = (text, len(words))
        if key not in known:
            known[key] = rank(text, words)
        return known[key]

    return ranked


class Curve:
    """Proposition measures (M2) of the ladder and of every baseline at as many ids, at one rate.

    Args:
        blocks: of one domain.
        rate: its name.
        compress: the ladder at that rate.
        baselines: by name.
        encode: the tokenizer whose ids they are given.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        rate: str,
        compress: Compressor,
        baselines: Mapping[str, Rank],
        encode: Encode,
    ) -> None:
        self.rate, self.systems = rate, [LADDER, *baselines, CONTROL]
        codes = [compress(block.text) for block in blocks]
        made = {LADDER: codes, CONTROL: shuffled_codes(codes)}
        for name, rank in baselines.items():
            made[name] = [
                thinned(block.text, len(code.ids), rank, encode)
                for block, code in zip(blocks, codes, strict=True)
            ]
        self.counts: list[dict[Any, float]] = []
        known: dict[str, Said] = {}
        for place, block in enumerate(blocks):
            counts: dict[Any, float] = {"scenes": len(block.scenes)}
            for name, compressed in made.items():
                left = compressed[place]
                if left.text not in known:
                    known[left.text] = Said.of(left.text)
                counts[name, "ids"] = len(left.ids)
                for column, value in compare(block.said, known[left.text], left.text).items():
                    counts[name, column] = value
            self.counts.append(counts)


def curve_rows(domain: str, rate: str, counts: Sequence[Mapping[Any, float]]) -> Iterator[Row]:
    """Figures of each system, and the ladder's difference from each baseline on the same draws."""
    columns = {name: [block[name] for block in counts] for name in counts[0]}
    drawn = Bootstrap(columns, unit=BLOCK_UNIT)
    systems = dict.fromkeys(name[0] for name in counts[0] if isinstance(name, tuple))

    def of(system: str, statistic: Callable[[Mapping[Any, Any]], Any]) -> Callable[..., Any]:
        return lambda totals: statistic(_only(totals, system))

    for system in systems:
        yield row("M2", domain, system, rate, "ids per scene", drawn.interval(_cost(system)))
        for metric, statistic in FIGURES.items():
            yield row("M2", domain, system, rate, metric, drawn.interval(of(system, statistic)))
        if system not in (LADDER, CONTROL):
            for metric in COMPARED:
                statistic = FIGURES[metric]
                lead = drawn.difference(of(LADDER, statistic), of(system, statistic))
                yield row("M2", domain, system, rate, LEAD + metric, lead)


def _cost(system: str) -> Callable[[Mapping[Any, Any]], Any]:
    return lambda totals: divided(totals[system, "ids"], totals["scenes"])


def _only(totals: Mapping[Any, Any], system: str) -> dict[str, Any]:
    return {
        name[1]: v for name, v in totals.items() if isinstance(name, tuple) and name[0] == system
    }


def ceiling_rows(name: str, pairs: Iterable[tuple[Said, str]]) -> Iterator[Row]:
    """M2 of texts that say the same by other means than a code: a gold tree, a person."""
    counts = []
    for original, text in pairs:
        counts.append(compare(original, Said.of(text), text))
    columns = {column: [c[column] for c in counts] for column in counts[0]}
    drawn = Bootstrap(columns, unit="sentence")
    for metric, statistic in FIGURES.items():
        yield row("M2", "ceiling", name, "", metric, drawn.interval(statistic))


def identity_row(
    title: str,
    system: str,
    rate: str,
    queries: Sequence[str],
    candidates: Candidates,
    clusters: Sequence[int],
) -> Row:
    """R@1: of the queries, in the order of their candidates, the share that finds its own (M3)."""
    hits = [
        hit(candidates.scores(query), place) for place, query in enumerate(sketches(list(queries)))
    ]
    _, owner = np.unique(np.asarray(clusters), return_inverse=True)
    found = ratio(np.bincount(owner, hits), np.bincount(owner))
    return row("M3", title, system, rate, "R@1", found)


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair that must have like codes, or unlike ones.

    Attributes:
        cluster: the same number for pairs of one source.
    """

    first: str
    second: str
    same: bool
    cluster: int


def contrast_rows(
    title: str, rate: str, pairs: Sequence[Judged], codes: Mapping[str, Compressed]
) -> Iterator[Row]:
    """AUC of the similarity of codes, and of a bag of lemmas for comparison (M3)."""
    texts = sorted({code.text for code in codes.values()})
    known = dict(zip(texts, sketches(texts), strict=True))
    for system, measure in (("similarity", embedded()), ("bag of lemmas", bag_overlap)):
        scores = [measure(known[codes[p.first].text], known[codes[p.second].text]) for p in pairs]
        found = auc_interval([p.same for p in pairs], scores, [p.cluster for p in pairs])
        yield row("M3", title, system, rate, "AUC", found)


def bag_overlap(first: Sketch, second: Sketch) -> float:
    """The share of lemmas in common (Jaccard), whatever their order."""
    ours, theirs = {mark.lemma for mark in first}, {mark.lemma for mark in second}
    return len(ours & theirs) / max(1, len(ours | theirs))
