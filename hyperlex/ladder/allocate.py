"""Spending a budget of ids: which sentence is told in which way.

Greedy by value per id (the fractional rule for a knapsack): of all ways to tell a sentence better,
the one that adds most for an id is taken, again and again, as long as it fits.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Step:
    """What a way of telling costs and gives.

    Attributes:
        ids: what it costs, in all.
        value: what it gives, in all.
    """

    ids: int
    value: float

    def gain(self, further: Step) -> float:
        """What another step adds for each id that it costs more. One that costs no more comes
        first, the one that adds most before the others.
        """
        return (further.value - self.value) / max(further.ids - self.ids, 0.5)


def allocate(steps: Sequence[Sequence[Step]], budget: int) -> list[int]:
    """Which way each sentence is told in.

    A way may be taken past others that give less for an id.

    Args:
        steps: for each sentence its ways; the first is what must be told, whatever it costs.
        budget: ids in all.

    Returns:
        For each sentence the number of its way. Their ids are within the budget whenever the first
        ways are.
    """
    taken = [0] * len(steps)
    left = budget - sum(ways[0].ids for ways in steps)
    ids = [np.array([step.ids for step in ways]) for ways in steps]
    values = [np.array([step.value for step in ways]) for ways in steps]
    heap: list[tuple[float, int, int]] = []

    def offer(sentence: int) -> None:
        """The best way on from where a sentence is that still fits."""
        now = taken[sentence]
        more = ids[sentence] - ids[sentence][now]
        better = values[sentence] - values[sentence][now]
        # `Step.gain` of all ways at once: one sentence may have thousands.
        gains = np.where((better > 0) & (more <= left), better / np.maximum(more, 0.5), -np.inf)
        number = int(gains.argmax())
        if gains[number] > -np.inf:
            heapq.heappush(heap, (-float(gains[number]), sentence, number))

    for sentence in range(len(steps)):
        offer(sentence)
    while heap:
        _, sentence, number = heapq.heappop(heap)
        cost = steps[sentence][number].ids - steps[sentence][taken[sentence]].ids
        if cost <= left:
            left -= cost
            taken[sentence] = number
        offer(sentence)
    return taken
