"""Distributional vectors of lemmas: positive pointwise mutual information, factorised.

Levy & Goldberg 2014 (https://aclanthology.org/Q15-1016) with their smoothing of contexts (0.75).
The contexts are the neighbours at one and two words, told apart by side, and a window of five.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperlex.recipes.words.corpus import Sample
from hyperlex.word.dictionary import dictionary
from hyperlex.word.entries import distributional_lemma

LEMMAS = 32_000
WIDTH = 96
_NEAR, _WINDOW = 1_500, 5_000
"""Contexts: the most frequent lemmas at one and two words, and in the window."""
_SHRINK = 50
"""A row with fewer counts than this is shrunk: what it seems to say is mostly chance."""


def lemma_vectors(sample: Sample) -> tuple[list[str], NDArray[np.float32]]:
    """The most frequent lemmas and their vectors of length 3, `[LEMMAS, WIDTH]`."""
    parse = dictionary().parse
    of_lower: dict[str, str] = {}
    for form in sample.types:
        lower = form.lower()
        if lower not in of_lower:
            parses = parse(lower) if any(c.isalpha() for c in lower) else ()
            of_lower[lower] = distributional_lemma(lower, parses)
    ids: dict[str, int] = {}
    of_type = np.array([ids.setdefault(of_lower[t.lower()], len(ids)) for t in sample.types])
    counts = np.bincount(of_type[sample.tokens], minlength=len(ids))
    order = np.argsort(-counts, kind="stable")[:LEMMAS]
    rank = np.full(len(ids), -1, np.int64)
    rank[order] = np.arange(len(order))
    names = list(ids)
    stream = rank[of_type][sample.tokens]
    sentence = np.repeat(np.arange(len(sample.lengths)), sample.lengths)
    matrix = _information(stream, sentence, len(order))
    vectors = _factorise(matrix, WIDTH)
    vectors *= 3 / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return [names[k] for k in order], vectors


def _information(
    stream: NDArray[np.int64], sentence: NDArray[np.int64], size: int
) -> NDArray[np.float32]:
    """`[size, contexts]`, positive pointwise mutual information, block by block of contexts."""
    blocks = [(k * _NEAR, (k + 1) * _NEAR) for k in range(4)]
    blocks.append((4 * _NEAR, 4 * _NEAR + _WINDOW))
    matrix = np.zeros((size, blocks[-1][1]), np.float32)
    for distance in range(1, 6):
        same = sentence[:-distance] == sentence[distance:]
        left, right = stream[:-distance], stream[distance:]
        for side, (word, context) in enumerate(((left, right), (right, left))):
            _count(matrix, word, context, same, *blocks[4])
            if distance <= 2:
                _count(matrix, word, context, same, *blocks[2 * (distance - 1) + side])
    for start, stop in blocks:
        block = matrix[:, start:stop]
        words = block.sum(1, keepdims=True) + 1e-6
        contexts = block.sum(0, keepdims=True) ** 0.75
        contexts /= contexts.sum()
        np.log(np.maximum(block / (words * contexts + 1e-9), 1), out=block)
        block *= np.sqrt(np.minimum(1, words / _SHRINK))
    return matrix


def _count(
    matrix: NDArray[np.float32],
    word: NDArray[np.int64],
    context: NDArray[np.int64],
    same: NDArray[np.bool_],
    start: int,
    stop: int,
) -> None:
    width = stop - start
    kept = same & (word >= 0) & (context >= 0) & (context < width)
    pairs = word[kept] * width + context[kept]
    for k in range(0, len(pairs), 20_000_000):
        unique, counts = np.unique(pairs[k : k + 20_000_000], return_counts=True)
        matrix[unique // width, start + unique % width] += counts


def _factorise(matrix: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """The left singular vectors times the roots of the singular values (Halko et al. 2011)."""
    basis = np.random.default_rng(0).standard_normal((matrix.shape[1], width + 32))
    right = basis.astype(np.float32)
    for _ in range(4):
        left = np.linalg.qr(matrix @ right)[0]
        right = np.linalg.qr(matrix.T @ left)[0]
    u, s, _ = np.linalg.svd(matrix @ right, full_matrices=False)
    return np.asarray(u[:, :width] * np.sqrt(s[:width]), np.float32)
