"""The tagger and parser: convolutions over the words of a sentence, run by numpy alone.

    vector of each word -> residual blocks (gated convolution, dilated; self-attention) -> heads:
    tags (part of speech and features), clause breaks, arcs and relations (biaffine).

Gated convolutions after Dauphin et al. 2017 (arXiv 1612.08083), dilated ones for tagging after
Strubell et al. 2017 (1702.02098), biaffine heads after Dozat & Manning 2017 (1611.01734). It is
trained by `hyperlex.recipes.words`, whose torch twin a test holds equal to this one.

A sentence is some twenty rows, so that calling numpy costs as much as counting. Hence the weights
are joined, scaled and negated on loading rather than the outputs each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

REACH = 32
"""Distances between words are told apart up to this many words."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What the network says of one sentence of `T` words.

    Attributes:
        tags: `[T, sum(GROUPS)]`, log-probabilities within each group.
        breaks: `[T]`, the probability that a clause begins or resumes at the word.
        arcs: `[T, T]`, row = word, column = its head, the diagonal for the root; logits.
        dependents: `[T, L]`, each word as one that depends, for `relations`.
        governors: `[T, L]`, each word as one that governs.
    """

    tags: Floats
    breaks: Floats
    arcs: Floats
    dependents: Floats
    governors: Floats


class Network:
    """The forward pass.

    Args:
        weights: by name, float32; matrices are `[in, out]`.
        layers: for each block its dilation, or 0 for self-attention.
        heads: of self-attention.
        groups: widths of the groups of tag outputs.
    """

    def __init__(
        self,
        weights: Mapping[str, Floats],
        layers: Sequence[int],
        heads: int,
        groups: Sequence[int],
    ) -> None:
        self._blocks = [
            _Convolution(weights, f"block{k}", dilation)
            if dilation
            else _Attention(weights, f"block{k}", heads)
            for k, dilation in enumerate(layers)
        ]
        self._gap = max(1, *layers)
        self._norm = _Norm(weights, "norm")
        self._heads = _Heads(weights, groups)
        relations, width, _ = weights["label.u"].shape
        # [R, L, L] -> [L, R * L]: one product for all relations.
        self._label_u = np.ascontiguousarray(
            weights["label.u"].transpose(1, 0, 2).reshape(width, -1)
        )
        self._label_w, self._label_b = weights["label.w"], weights["label.b"]
        self._relations = relations

    def forward(self, vectors: Floats, lengths: Sequence[int]) -> list[Scores]:
        """The scores of each sentence.

        Args:
            vectors: `[N, D]`, the words of all sentences one after another.
            lengths: words of each sentence; they sum to N, none is 0.
        """
        sentences = _Sentences(lengths, self._gap, vectors.shape[1])
        x = vectors.copy()
        for block in self._blocks:
            block.add(x, sentences)
        return self._heads.read(self._norm(x), sentences.spans)

    def relations(self, dependents: Floats, governors: Floats, heads: NDArray[np.int64]) -> Floats:
        """`[N, K, R]`, the logits of each relation between each word and each of K heads.

        Args:
            dependents: `[N, L]`, of the words (see `Scores`).
            governors: `[M, L]`, of all words that may be heads.
            heads: `[N, K]`, rows of `governors`.
        """
        width = dependents.shape[1]
        mixed = (dependents @ self._label_u).reshape(len(heads), self._relations, width)
        logits: Floats = np.matmul(governors[heads], mixed.transpose(0, 2, 1))
        logits += (dependents @ self._label_w[:width] + self._label_b)[:, None]
        logits += (governors @ self._label_w[width:])[heads]
        return logits


class _Sentences:
    """Where the sentences of a call stand, and the buffer in which their words have neighbours.

    Sentences stand in one buffer, `[N + gap * (S + 1), D]`, with zeros between, so that one product
    serves them all.
    """

    def __init__(self, lengths: Sequence[int], gap: int, width: int) -> None:
        edges = [0]
        for length in lengths:
            edges.append(edges[-1] + length)
        size = edges[-1]
        self.spans = [(edges[k], edges[k + 1]) for k in range(len(lengths))]
        self._gap = gap
        self._rows: slice | NDArray[np.int64] = slice(0, size)
        if len(lengths) > 1:
            before = np.repeat(np.arange(len(lengths)), lengths)
            self._rows = np.arange(size) + gap * before
        self._buffer = np.zeros((size + gap * (len(lengths) + 1), width), np.float32)
        self._inner = self._buffer[gap:]

    def neighbours(self, y: Floats, distance: int) -> Floats:
        """`[N, 3 * D]`: the word `distance` before, the word, that `distance` after; or zeros."""
        self._inner[self._rows] = y
        buffer = self._buffer
        rows, width = len(buffer) - 2 * self._gap, buffer.shape[1]
        step, item = buffer.strides
        triples = np.ndarray(
            (rows, 3, width),
            np.float32,
            buffer,
            (self._gap - distance) * step,
            (step, distance * step, item),
        )
        return triples[self._rows].reshape(len(y), 3 * width)


class _Norm:
    """Layer normalisation."""

    def __init__(self, weights: Mapping[str, Floats], name: str) -> None:
        self._w, self._b = weights[name + ".w"], weights[name + ".b"]
        self._mean = np.full((len(self._w), 1), 1 / len(self._w), np.float32)

    def __call__(self, x: Floats) -> Floats:
        y = x - x @ self._mean
        variance = (y * y) @ self._mean
        variance += np.float32(1e-5)
        y /= np.sqrt(variance, out=variance)
        y *= self._w
        y += self._b
        return y


class _Convolution:
    def __init__(self, weights: Mapping[str, Floats], name: str, dilation: int) -> None:
        self._norm = _Norm(weights, name + ".norm")
        self._dilation = dilation
        self._w, self._b = weights[name + ".w"].copy(), weights[name + ".b"].copy()
        self._half = len(self._b) // 2
        # The sigmoid of the gate wants it negated.
        self._w[:, self._half :] *= -1
        self._b[self._half :] *= -1

    def add(self, x: Floats, sentences: _Sentences) -> None:
        """Adds the gated convolution of `x`, `[N, D]`, to it."""
        both = sentences.neighbours(self._norm(x), self._dilation) @ self._w
        both += self._b
        value, gate = both[:, : self._half], both[:, self._half :]
        np.minimum(gate, 80, out=gate)
        np.exp(gate, out=gate)
        gate += 1
        value /= gate
        x += value


class _Attention:
    def __init__(self, weights: Mapping[str, Floats], name: str, heads: int) -> None:
        self._norm = _Norm(weights, name + ".norm")
        self._heads = heads
        self._w, self._b = weights[name + ".qkv.w"].copy(), weights[name + ".qkv.b"].copy()
        width = len(self._b) // 3
        # Queries are divided by the root of their width.
        root = np.float32((width // heads) ** 0.5)
        self._w[:, :width] /= root
        self._b[:width] /= root
        self._out_w, self._out_b = weights[name + ".out.w"], weights[name + ".out.b"]
        self._bias = _Distances(weights[name + ".bias"])

    def add(self, x: Floats, sentences: _Sentences) -> None:
        """Adds the self-attention of each sentence of `x`, `[N, D]`, to it."""
        qkv = self._norm(x) @ self._w
        qkv += self._b
        # [N, 3 * D] -> [3, H, N, D / H]
        parts = qkv.reshape(len(x), 3, self._heads, -1).transpose(1, 2, 0, 3)
        out = np.empty((len(x), self._heads, parts.shape[3]), np.float32)
        for a, b in sentences.spans:
            query, key, value = parts[:, :, a:b]
            weights = query @ key.transpose(0, 2, 1)
            weights += self._bias(b - a)
            weights -= np.maximum.reduce(weights, 2, keepdims=True)
            np.exp(weights, out=weights)
            weights /= np.add.reduce(weights, 2, keepdims=True)
            np.matmul(weights, value, out=out[a:b].transpose(1, 0, 2))
        x += out.reshape(len(x), -1) @ self._out_w
        x += self._out_b


class _Heads:
    """Tags, breaks, arcs and the two sides of relations, read off by one product."""

    def __init__(self, weights: Mapping[str, Floats], groups: Sequence[int]) -> None:
        width = len(weights["tags.w"])
        # A break is judged by the word, the one before, and the mean of all words up to it.
        breaks = weights["break.w"].reshape(3, width).T
        bias_of_breaks = np.append(weights["break.b"], np.zeros(2, np.float32))
        columns = (weights["tags.w"], breaks, weights["arc.w"], weights["label.in.w"])
        biases = (weights["tags.b"], bias_of_breaks, weights["arc.b"], weights["label.in.b"])
        self._w = np.ascontiguousarray(np.concatenate(columns, 1))
        self._b = np.concatenate(biases)
        a, b, c, d = np.cumsum([len(bias) for bias in biases]).tolist()
        self._tags, self._breaks, self._sides = slice(0, a), slice(a, b), slice(b, d)
        self._arc_edges, self._label_edges = (b, (b + c) // 2, c), (c, (c + d) // 2, d)
        self._groups = np.cumsum((0, *groups))[:-1]
        group = np.repeat(np.arange(len(groups)), groups)
        # [K, G], which output is of which group: adds up, and spreads, by a product.
        self._member = (group[:, None] == np.arange(len(groups))).astype(np.float32)
        self._arc_u = weights["arc.u"]
        self._arc_head = np.ascontiguousarray(weights["arc.head"][:, 0])
        self._arc_head_b = weights["arc.head.b"][0]
        self._distances = _Distances(weights["arc.distance"][None])

    def read(self, h: Floats, spans: Sequence[tuple[int, int]]) -> list[Scores]:
        """The scores of the sentences that stand at `spans` of `h`, `[N, D]`."""
        out = h @ self._w
        out += self._b
        tags, breaks = self._log_softmax(out[:, self._tags]), out[:, self._breaks]
        sides = out[:, self._sides]
        np.maximum(sides, np.float32(0.1) * sides, out=sides)
        a, b, c = self._arc_edges
        dependents, governors = out[:, a:b] @ self._arc_u, out[:, b:c]
        as_head = governors @ self._arc_head
        as_head += self._arc_head_b
        a, b, c = self._label_edges
        scores = []
        for start, stop in spans:
            arcs = dependents[start:stop] @ governors[start:stop].T
            arcs += as_head[start:stop]
            arcs += self._distances(stop - start)[0]
            scores.append(
                Scores(
                    tags[start:stop],
                    _breaks(breaks[start:stop]),
                    arcs,
                    out[start:stop, a:b],
                    out[start:stop, b:c],
                )
            )
        return scores

    def _log_softmax(self, tags: Floats) -> Floats:
        """Within each group."""
        tops = np.maximum.reduceat(tags, self._groups, 1)
        tags = tags - tops @ self._member.T
        sums = np.exp(tags) @ self._member
        tags -= np.log(sums, out=sums) @ self._member.T
        return tags


def _breaks(parts: Floats) -> Floats:
    """Probabilities, `[T]`, from what the word, the one before and the mean give, `[T, 3]`."""
    logits = np.add.accumulate(parts[:, 2]) / np.arange(1, len(parts) + 1, dtype=np.float32)
    logits += parts[:, 0]
    logits[1:] += parts[:-1, 1]
    np.minimum(np.negative(logits, out=logits), 80, out=logits)
    return np.asarray(1 / (1 + np.exp(logits)), np.float32)


class _Distances:
    """Values for each distance from one word to another, as matrices over the words of a sentence.

    Args:
        values: `[H, 2 * REACH + 1]`, for distances from `-REACH` to `REACH`.
    """

    def __init__(self, values: Floats) -> None:
        self._values = values
        self._row = self._of_each_distance(256)

    def __call__(self, length: int) -> Floats:
        """`[H, T, T]`, a view: the value for the clipped distance from row to column."""
        row = self._row
        if length > row.shape[1] // 2:
            row = self._row = self._of_each_distance(length)
        head, item = row.strides
        zero = row.shape[1] // 2 * item
        # Each row of the matrix is the one above, moved by one.
        return np.ndarray((len(row), length, length), np.float32, row, zero, (head, -item, item))

    def _of_each_distance(self, longest: int) -> Floats:
        places = np.clip(np.arange(-longest, longest + 1), -REACH, REACH)
        return np.ascontiguousarray(self._values[:, places + REACH])
