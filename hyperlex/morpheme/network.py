"""A small convolutional network over the letters of a word, on numpy alone.

Each letter is its own embedding plus, for memory of stems, the sum of hashed embeddings of the runs
of 2 to 6 letters that begin and that end at it; residual convolutions of width three follow, and a
class per letter. Weights are 8-bit integers on disk with a scale per output.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperlex.morpheme.labels import CLASSES
from hyperlex.morpheme.letters import ALPHABET

Floats = NDArray[np.float32]

REACH = 6
"""The longest run of letters that has an embedding."""
RUNS = 2 * (REACH - 1)
"""Runs per letter: those of 2 to 6 letters from it on, and those of 2 to 6 letters before it."""

_UNKNOWN = len(ALPHABET) + 1
_IDS = {char: index for index, char in enumerate(ALPHABET, 1)}
_SHIFT = np.uint64(29)


@dataclass(frozen=True)
class Weights:
    """The parameters of the network; `W` is its width, `G` that of a run's embedding.

    Attributes:
        multipliers: `(2 * REACH, RUNS)` uint64; the hash of a run is the product of its letters'
            ids with its column.
        salts: `(RUNS,)` uint64, added so that equal sums of different lengths differ.
        mix: the odd number that spreads a hash over the table.
        runs: `(2**bits, G)` int8, the embeddings, in units that `project` takes in.
        project: `(2 * G, W)`, from the two sums of embeddings.
        letters: `(len(ALPHABET) + 2, W)`, with the bias of the first layer.
        layers: `(3 * W, W)` and `(W,)` for each convolution.
        out: `(W, CLASSES)` and `(CLASSES,)`.
    """

    multipliers: NDArray[np.uint64]
    salts: NDArray[np.uint64]
    mix: int
    runs: NDArray[np.int8]
    project: Floats
    letters: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    out: tuple[Floats, Floats]


def letter_ids(text: str) -> list[int]:
    """The id of each letter; one above the alphabet's for any other character."""
    return [_IDS.get(char, _UNKNOWN) for char in text]


def run_rows(
    windows: NDArray[np.uint64],
    multipliers: NDArray[np.uint64],
    salts: NDArray[np.uint64],
    mix: int,
    bits: int,
) -> NDArray[np.int64]:
    """Rows of the table for the runs around each letter.

    `windows`: `(L, 2 * REACH)`, the ids of the six letters before a letter and of the six from it
    on, 0 outside the word. Returns `(L, RUNS)`.
    """
    hashed = windows @ multipliers + salts
    hashed ^= hashed >> _SHIFT
    hashed *= np.uint64(mix)
    return (hashed >> np.uint64(64 - bits)).astype(np.int64)


class Network:
    """`network(text)` gives a score per letter and class, `(len(text), CLASSES)` float32."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._bits = int(weights.runs.shape[0]).bit_length() - 1
        self._width = weights.project.shape[1]
        self._depth = weights.runs.shape[1]

    def __call__(self, text: str) -> Floats:
        weights, width, length = self._weights, self._width, len(text)
        ids = letter_ids(text)
        padded = np.zeros(length + 2 * REACH, np.uint64)
        padded[REACH : REACH + length] = ids
        # Overlapping views instead of copies: row i is the window around letter i.
        windows = np.ndarray((length, 2 * REACH), np.uint64, padded, 0, (8, 8))
        rows = run_rows(windows, weights.multipliers, weights.salts, weights.mix, self._bits)
        runs = weights.runs[rows].reshape(length, 2, RUNS // 2, self._depth)
        sums = runs.sum(2, dtype=np.int16).reshape(length, 2 * self._depth)
        x = sums.astype(np.float32) @ weights.project
        x += weights.letters[ids]
        edged = np.zeros((length + 2, width), np.float32)
        inside = edged[1:-1]
        triples = np.ndarray((length, 3 * width), np.float32, edged, 0, (4 * width, 4))
        for matrix, bias in weights.layers:
            np.maximum(x, 0.0, out=inside)
            x += triples @ matrix
            x += bias
        matrix, bias = weights.out
        scores: Floats = np.maximum(x, 0.0) @ matrix + bias
        assert scores.shape[1] == CLASSES
        return scores


def reference(weights: Weights, text: str) -> Floats:
    """What `Network` computes, said letter by letter: slow, and the one to believe."""
    ids = letter_ids(text)
    bits = int(weights.runs.shape[0]).bit_length() - 1
    embedded = []
    for index in range(len(text)):
        around = [
            ids[place] if 0 <= place < len(ids) else 0
            for place in range(index - REACH, index + REACH)
        ]
        rows = []
        for column in range(RUNS):
            total = int(weights.salts[column])
            for near, letter in enumerate(around):
                total += letter * int(weights.multipliers[near, column])
            total %= 1 << 64
            total ^= total >> int(_SHIFT)
            rows.append((total * weights.mix) % (1 << 64) >> (64 - bits))
        tables = weights.runs.astype(np.float32)
        begin = sum(tables[row] for row in rows[: RUNS // 2])
        end = sum(tables[row] for row in rows[RUNS // 2 :])
        embedded.append(
            np.concatenate([begin, end]) @ weights.project + weights.letters[ids[index]]
        )
    x = np.array(embedded, np.float32)
    edge = np.zeros(weights.project.shape[1], np.float32)
    for matrix, bias in weights.layers:
        on = [edge, *(np.maximum(row, 0) for row in x), edge]
        x = np.array(
            [row + np.concatenate(on[i : i + 3]) @ matrix + bias for i, row in enumerate(x)]
        )
    return np.array([np.maximum(row, 0) @ weights.out[0] + weights.out[1] for row in x], np.float32)
