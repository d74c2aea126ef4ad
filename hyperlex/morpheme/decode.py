"""From scores to classes: the best sequence in which no letter continues what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hyperlex.morpheme.labels import CLASSES


def legal(path: Sequence[int]) -> bool:
    """Whether the word begins a morpheme, and each letter inside one continues its type."""
    before = -1
    for label in path:
        if label & 1 and label >> 1 != before >> 1:
            return False
        before = label
    return before != -1 or not path


def best(scores: NDArray[np.float32]) -> list[int]:
    """The legal sequence of classes with the highest sum of scores, `(L, CLASSES)`.

    The best class of each letter is nearly always legal, and then it is the answer; otherwise the
    Viterbi search. Of equal sequences the one with the lower classes at its end.
    """
    path: list[int] = scores.argmax(1).tolist()
    return path if not path or legal(path) else viterbi(scores.tolist())


def viterbi(scores: Sequence[Sequence[float]]) -> list[int]:
    """`best` without the short cut."""
    kinds = range(CLASSES // 2)
    total = [value if label % 2 == 0 else float("-inf") for label, value in enumerate(scores[0])]
    backs: list[list[int]] = []
    for row in scores[1:]:
        top = max(range(CLASSES), key=total.__getitem__)
        back = [top] * CLASSES
        for kind in kinds:
            begin, inside = 2 * kind, 2 * kind + 1
            back[inside] = begin if total[begin] >= total[inside] else inside
        total = [total[back[label]] + row[label] for label in range(CLASSES)]
        backs.append(back)
    label = max(range(CLASSES), key=total.__getitem__)
    path = [label]
    for back in reversed(backs):
        label = back[label]
        path.append(label)
    return path[::-1]


def exhaustive(scores: Sequence[Sequence[float]]) -> float:
    """The highest sum over every legal sequence, by trying them all: for words of a few letters."""
    return max(
        sum(row[label] for row, label in zip(scores, path, strict=True))
        for path in product(range(CLASSES), repeat=len(scores))
        if legal(path)
    )
