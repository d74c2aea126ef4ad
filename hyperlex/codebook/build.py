"""From chosen candidates to the arrays of a codebook."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.codebook import Codebook
from hyperlex.codebook.spans import MorphemeCuts


@dataclass(frozen=True, slots=True)
class Candidate:
    """A phrase (`units`) or a piece (`parts`, `piece`), with what is known of it.

    Attributes:
        gain: what it is ranked by; must not rise along the pieces.
        units: for a phrase its base ids, unit by unit.
        parts: for a piece the two ids that it joins; ids from the base's size on count pieces only,
            in order of `piece`.
        piece: number of the piece, or -1.
        count, whole_scenes: see `CodebookEntry`.
    """

    gain: float = 0.0
    units: tuple[tuple[int, ...], ...] = ()
    parts: tuple[int, int] = (-1, -1)
    piece: int = -1
    count: int = 0
    whole_scenes: int = 0


def build_codebook(
    base: BaseTokenizer, candidates: Sequence[Candidate], morpheme_cuts: MorphemeCuts | None = None
) -> Codebook:
    """A codebook with the candidates in the order given; each piece must come after its parts."""
    seam = base.size
    rank_of_piece: dict[int, int] = {}
    expansions: list[tuple[int, ...]] = []
    parts: list[tuple[int, int]] = []
    for rank, candidate in enumerate(candidates):
        if candidate.piece < 0:
            expansions.append(sum(candidate.units, ()))
            parts.append((-1, -1))
            continue
        left, right = (p if p < seam else seam + rank_of_piece[p - seam] for p in candidate.parts)
        rank_of_piece[candidate.piece] = rank
        parts.append((left, right))
        expansions.append(
            sum(((p,) if p < seam else expansions[p - seam] for p in (left, right)), ())
        )
    lengths = np.array([len(e) for e in expansions], np.int64)
    counts = np.array([c.count for c in candidates], np.int64)
    is_piece = np.array([c.piece >= 0 for c in candidates], np.bool_)
    return Codebook(
        base=base,
        ids=np.array([i for e in expansions for i in e], np.int64),
        lengths=lengths,
        unit_sizes=np.array([len(u) for c in candidates for u in c.units], np.int64),
        units=np.array([len(c.units) for c in candidates], np.int64),
        parts=np.array(parts, np.int64).reshape(-1, 2),
        counts=counts,
        saved=counts * np.where(is_piece, 1, lengths - 1),  # a piece is one merge
        whole_scenes=np.array([c.whole_scenes for c in candidates], np.int64),
        morphemes=tuple(_morphemes(base, e, morpheme_cuts) for e in expansions),
    )


def _morphemes(base: BaseTokenizer, expansion: tuple[int, ...], cuts: MorphemeCuts | None) -> str:
    """The words of an entry with `|` between morphemes, or "" without an analyzer."""
    if cuts is None:
        return ""
    text = b"".join(map(base.token_bytes.__getitem__, expansion)).decode(errors="replace")
    words = []
    for word in text.split(" "):
        edges = [0, *cuts(word), len(word)]
        words.append("|".join(word[a:b] for a, b in itertools.pairwise(edges)))
    return " ".join(words)
