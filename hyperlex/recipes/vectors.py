"""From counts to classes: weights, leading directions, clusters. Shared by the recipes.

Deterministic on one machine: the same counts give the same classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# The exponent that keeps rare features from ruling the weights (Levy, Goldberg and Dagan 2015).
_SMOOTHING = 0.75


class ClusterConfig(Protocol):
    """What `cluster` is told.

    Attributes:
        classes: how many.
        rounds: of k-means at most.
        seed: of the first centres.
    """

    @property
    def classes(self) -> int: ...
    @property
    def rounds(self) -> int: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True)
class Space:
    """The leading directions of a matrix `[N, F]` of weights.

    Attributes:
        left: `[N, D]`, orthonormal columns: its rows in these directions.
        values: `[D]`, singular values, the greatest first.
        right: `[D, F]`, orthonormal rows: its columns in these directions.
    """

    left: Floats
    values: Floats
    right: Floats

    @property
    def vectors(self) -> Floats:
        """`[N, D]` A unit vector for each row, directions weighed by the root of their value."""
        weighed: Floats = self.left * np.sqrt(self.values)
        return unit(weighed)

    def place(self, weights: Floats) -> Floats:
        """`[M, D]` Unit vectors of rows `[M, F]` that the directions were not made of."""
        scale: Floats = np.sqrt(np.maximum(self.values, np.float32(1e-9)))
        return unit((weights @ self.right.T) / scale)


def weigh(counts: Floats, totals: Floats) -> None:
    """Turn counts `[N, F]` into weights, in place: max(0, log(p(f | row) / (p(f)^0.75 / Z))), the
    positive pointwise mutual information (Church and Hanks 1990; Levy and Goldberg 2014).

    Args:
        counts: how often each feature stood beside each row.
        totals: `[F]`, how often each feature was met in all.
    """
    by_row = counts.sum(axis=1, keepdims=True)
    by_column = totals[None, :] ** _SMOOTHING
    by_column /= by_column.sum()
    for start in range(0, len(counts), 1024):
        block = counts[start : start + 1024]
        rows = np.maximum(by_row[start : start + 1024], 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.log(block / rows / np.maximum(by_column, 1e-12), out=block)
        np.nan_to_num(block, copy=False, neginf=0.0)
        np.maximum(block, 0, out=block)


def leading(weights: Floats, dimensions: int, seed: int) -> Space:
    """The leading singular directions of a matrix, by random projection (Halko, Martinsson and
    Tropp 2011).
    """
    wide = min(dimensions + 32, *weights.shape)
    basis = np.random.default_rng(seed).standard_normal((weights.shape[1], wide), dtype=np.float32)
    basis = weights @ basis
    for _ in range(4):
        basis, _ = np.linalg.qr(basis)
        basis = weights @ (weights.T @ basis)
    basis, _ = np.linalg.qr(basis)
    left, values, right = np.linalg.svd(basis.T @ weights, full_matrices=False)
    kept = min(dimensions, len(values))
    return Space(basis @ left[:, :kept], values[:kept], right[:kept])


def unit(vectors: Floats) -> Floats:
    """Each row divided by its length; a row of zeros stays one."""
    lengths = np.asarray(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
    made: Floats = np.divide(vectors, np.maximum(lengths, np.float32(1e-9)))
    return made


def cluster(vectors: Floats, counts: NDArray[np.int64], config: ClusterConfig) -> NDArray[np.int64]:
    """The class of every vector: spherical k-means, points weighed by the log of their count, first
    centres by k-means++ (Arthur and Vassilvitskii 2007); an empty class takes the point that is
    farthest from its own centre.
    """
    rng = np.random.default_rng(config.seed)
    mass = np.log1p(counts).astype(np.float32)
    classes = min(config.classes, len(vectors))
    centres = np.empty((classes, vectors.shape[1]), dtype=np.float32)
    centres[0] = vectors[0]
    distance = 1 - vectors @ centres[0]
    for n in range(1, classes):
        odds = np.maximum(distance, 0) * mass
        pick = int(np.searchsorted(np.cumsum(odds), rng.random() * odds.sum()))
        centres[n] = vectors[min(pick, len(vectors) - 1)]
        distance = np.minimum(distance, 1 - vectors @ centres[n])
    assigned = np.zeros(len(vectors), dtype=np.int64)
    for _ in range(config.rounds):
        likeness = vectors @ centres.T
        now = likeness.argmax(axis=1)
        best = likeness[np.arange(len(vectors)), now]
        for empty in np.flatnonzero(np.bincount(now, minlength=classes) == 0):
            farthest = int(best.argmin())
            now[farthest], best[farthest] = empty, 2.0
        if (now == assigned).all():
            break
        assigned = now
        centres[:] = 0
        np.add.at(centres, assigned, vectors * mass[:, None])
        centres = unit(centres)
    return assigned
