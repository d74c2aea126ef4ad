"""Spending a budget of ids: which scene is told by which rung.

Greedy by bits per id (the fractional rule for a knapsack): of all scenes the step that says most
for an id is taken, again and again; a step that does not fit ends its scene.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A scene told a little better.

    Attributes:
        ids: what the scene costs after the step.
        bits: what it says after the step.
    """

    ids: int
    bits: float


def allocate(
    steps: Sequence[Sequence[Step]], budget: int, more: Callable[[int, int], Step | None]
) -> list[int]:
    """How many steps each scene goes.

    Args:
        steps: for each scene its cheap steps; the first is what must be told, whatever it costs.
        budget: ids in all.
        more: the next step of a scene after so many, or None; asked for only when its turn comes.

    Returns:
        For each scene the number of the last step taken, from 0. Their ids are within the budget
        whenever the first steps are.
    """
    taken = [0] * len(steps)
    now = [of_scene[0] for of_scene in steps]
    left = budget - sum(step.ids for step in now)
    heap: list[tuple[float, int, int]] = []

    def following(scene: int, number: int) -> Step | None:
        known = steps[scene]
        return known[number] if number < len(known) else more(scene, number)

    def offer(scene: int) -> None:
        step = following(scene, taken[scene] + 1)
        if step is not None:
            cost = max(step.ids - now[scene].ids, 0)
            gain = step.bits - now[scene].bits
            heapq.heappush(heap, (-gain / max(cost, 0.5), scene, taken[scene] + 1))

    for scene in range(len(steps)):
        offer(scene)
    while heap:
        _, scene, number = heapq.heappop(heap)
        step = following(scene, number)
        assert step is not None
        if step.ids - now[scene].ids > left:
            continue
        left -= step.ids - now[scene].ids
        now[scene], taken[scene] = step, number
        offer(scene)
    return taken
