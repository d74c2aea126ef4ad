"""The canonical parse, slow and obvious: what `Codebook.collapse` must equal. Read this one
first.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hyperlex.codebook.codebook import Codebook


def collapse_reference(codebook: Codebook, base_ids: Sequence[int]) -> list[int]:
    """The same ids as `codebook.collapse(base_ids)`, by trying everything."""
    ids = list(base_ids)
    units = codebook.base.units(ids)
    edges = units.edges
    runs = [tuple(ids[start:stop]) for start, stop in itertools.pairwise(edges)]
    phrases = {run: codebook.base_size + n for n, run in enumerate(codebook.unit_runs) if run}
    result: list[int] = []
    at = 0
    while at < len(edges) - 1:
        for stop in range(len(edges) - 1, at, -1):
            entry = phrases.get(tuple(runs[at:stop]))
            whole_unit = stop == at + 1
            if entry is not None and (whole_unit or (units.opens[at] and units.closes[stop])):
                result.append(entry)
                break
        else:
            result.extend(_pieces_reference(codebook, list(runs[at])))
        at = stop
    return result


def _pieces_reference(codebook: Codebook, unit: list[int]) -> list[int]:
    for rank, (left, right) in enumerate(codebook.parts.tolist(), codebook.base_size):
        at = 0
        while at + 1 < len(unit):
            if unit[at] == left and unit[at + 1] == right:
                unit = [*unit[:at], rank, *unit[at + 2 :]]
            at += 1
    return unit
