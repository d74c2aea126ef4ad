"""From chosen candidates to the arrays of a codebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.codebook import Codebook


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
        cuts: offsets in its text at which morphemes meet; None where no analyzer was given.
    """

    gain: float = 0.0
    units: tuple[tuple[int, ...], ...] = ()
    parts: tuple[int, int] = (-1, -1)
    piece: int = -1
    count: int = 0
    whole_scenes: int = 0
    cuts: tuple[int, ...] | None = None


def build_codebook(base: BaseTokenizer, candidates: Sequence[Candidate]) -> Codebook:
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
        cuts=np.array([cut for c in candidates for cut in c.cuts or ()], np.int64),
        cut_counts=np.array([len(c.cuts) for c in candidates if c.cuts is not None], np.int64),
    )
