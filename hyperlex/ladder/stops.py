"""Whether a capital tells of a new sentence (rung 3).

A log-linear model of the two words on either side. As in `hyperlex.ladder.expected`, weights are
whole numbers, so that a text is read alike everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hyperlex.ladder.forms import plain
from hyperlex.ladder.neighbours import hashed, sign_of

WIDTH = 2
"""How many tokens are looked at on either side."""


def stop_features(left: Sequence[str], right: Sequence[str]) -> list[int]:
    """What is known of a place before a capital, each fact as a CRC-32.

    Args:
        left: the tokens before it as they are written, the last one last.
        right: the tokens after it, the capitalised word first.
    """
    return hashed(_facts(left, right))


def _facts(left: Sequence[str], right: Sequence[str]) -> Iterator[str]:
    l2, l1 = ["", "", *left][-WIDTH:]
    r1, r2 = [*right, "", ""][:WIDTH]
    s2, s1, t1, t2 = (sign_of(plain(token)) if token else "^" for token in (l2, l1, r1, r2))
    pos = [sign.partition(",")[0] for sign in (s2, s1, t1, t2)]
    capitals = "".join("C" if token[:1].isupper() else "c" for token in (l2, l1, r2))
    yield "stop"
    yield f"stop>{plain(r1)}"
    yield f"stop<{plain(l1)}"
    yield f"stop>:{t1}"
    yield f"stop<:{s1}"
    yield f"stop<:{s1}>:{t1}"
    yield f"stop>>{plain(r2)}"
    yield f"stop>>:{t2}{capitals[-1]}"
    yield f"stop>:{t1}>>:{t2}"
    yield f"stop<<:{s2}"
    yield f"stop:{' '.join(pos)}"
    yield f"stop:{capitals}"
    yield f"stop>{plain(r1)}>>{plain(r2)}"
    yield f"stop<:{pos[1]}>{plain(r1)}"


class StopModel:
    """Weights of facts for a new sentence.

    Args:
        facts: [facts] uint32, distinct (`stop_features`).
        weights: [facts] int8.

    Raises:
        ValueError: the shapes do not go together.
    """

    def __init__(self, facts: NDArray[np.uint32], weights: NDArray[np.int8]) -> None:
        if facts.shape != weights.shape:
            raise ValueError(f"{len(facts)} facts of stops have weights of shape {weights.shape}")
        self.facts = facts
        self.weights = weights

    @classmethod
    def empty(cls) -> StopModel:
        """One that takes no capital for a new sentence."""
        return cls(np.zeros(0, np.uint32), np.zeros(0, np.int8))

    def tells(self, left: Sequence[str], right: Sequence[str]) -> bool:
        """Whether a sentence begins between two sides (as in `stop_features`)."""
        weights = self._weights
        return sum(weights.get(fact, 0) for fact in stop_features(left, right)) > 0

    @cached_property
    def _weights(self) -> dict[int, int]:
        return dict(zip(self.facts.tolist(), self.weights.tolist(), strict=True))
