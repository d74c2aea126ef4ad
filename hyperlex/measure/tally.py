"""Counts by cluster: what is summed for the figures, and resampled for their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.measure.bootstrap import BLOCK_UNIT, DOCUMENT, FEW, Bootstrap, Draws

Numbers = NDArray[np.float64]


class Tally:
    """Named counts of each cluster: a block of a document, or a whole one where the documents of
    its domain are many.

    Args:
        names: of the counts.
    """

    def __init__(self, names: tuple[Any, ...]) -> None:
        self.names = names
        self._documents: list[int] = []
        self._domains: list[str] = []
        self._rows: list[Numbers] = []

    def add(self, document: int, domain: str, counts: Mapping[Any, Any], clusters: int) -> None:
        """Add the clusters of one text.

        Args:
            document: its number; clusters of one document may come in several calls.
            counts: for each name a number for each cluster, or one number where there is one.
        """
        rows = np.empty((clusters, len(self.names)))
        for column, name in enumerate(self.names):
            rows[:, column] = counts[name]
        self._rows.append(rows)
        self._documents += [document] * clusters
        self._domains += [domain] * clusters

    @property
    def domains(self) -> list[str]:
        """The domains, in order of first appearance."""
        return list(dict.fromkeys(self._domains))

    def documents(self, domain: str | None = None) -> int:
        """How many documents there are."""
        pairs = zip(self._documents, self._domains, strict=True)
        return len({document for document, name in pairs if domain in (None, name)})

    def totals(self, domain: str | None = None) -> dict[Any, float]:
        """Sums over all clusters, or over those of one domain."""
        table, _ = self._of(domain)
        return dict(zip(self.names, table.sum(0).tolist(), strict=True))

    def bootstrap(self, draws: Draws, domain: str | None = None) -> Bootstrap:
        """The counts of all clusters, or of one domain's, ready to be resampled: by document, or by
        block where there are fewer than `FEW` documents.
        """
        table, documents = self._of(domain)
        found, number = np.unique(documents, return_inverse=True)
        unit = BLOCK_UNIT
        if len(found) >= FEW:
            unit = DOCUMENT
            summed = np.zeros((len(found), table.shape[1]))
            np.add.at(summed, number, table)
            table = summed
        columns = dict(zip(self.names, table.T, strict=True))
        return draws.over(columns, unit)

    def _of(self, domain: str | None) -> tuple[Numbers, NDArray[np.int64]]:
        """Rows and documents of a domain's clusters, or of all."""
        table = np.concatenate(self._rows) if self._rows else np.zeros((0, len(self.names)))
        documents = np.array(self._documents, np.int64)
        if domain is None:
            return table, documents
        mask = np.array([name == domain for name in self._domains], bool)
        return table[mask], documents[mask]
