"""An axis with round ends, and places on it in percent of its length."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

MOST_STEPS = 7
"""Steps of an axis at most: more labels than that run together."""

FROM_ZERO = 0.6
"""Figures above 0 have an axis from 0, unless the least is above this share of the largest."""

FEW_STEPS = 4
"""Steps whose labels fit on a phone."""

THOUSANDS = 10_000
"""Labels of an axis that reaches so far are told in thousands."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis.

    Attributes:
        at: its place, in percent of the axis.
        spare: whether it is left out where there is little room; 0 never is.
    """

    at: str
    label: str
    spare: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high` in `steps` equal steps, all ticks round numbers."""

    low: float
    high: float
    steps: int

    @classmethod
    def over(cls, values: Iterable[float], *, zero: bool = False) -> Axis | None:
        """The axis that holds all finite values, and 0 where asked; None where there are none."""
        found = [value for value in values if math.isfinite(value)]
        if not found:
            return None
        low, high = min(found), max(found)
        if zero or 0 <= low <= FROM_ZERO * high:
            low, high = min(low, 0.0), max(high, 0.0)
        if low == high:
            room = abs(low) / 10 or 1.0
            low, high = low - room, high + room
        step = _round_step((high - low) / MOST_STEPS)
        # A hair's breadth, or 0.3 / 0.1 would need a fourth step.
        first = math.floor(low / step + 1e-9)
        last = math.ceil(high / step - 1e-9)
        return cls(first * step, last * step, last - first)

    def ticks(self, *, factor: int = 1) -> tuple[Tick, ...]:
        """The ends of the steps, told times `factor` with as few decimals as tell them exactly."""
        size = (self.high - self.low) / self.steps * factor
        thousands = self.high * factor >= THOUSANDS
        unit = 1000 if thousands else 1
        decimals = next(
            n for n in range(20) if math.isclose(round(size / unit, n), size / unit, rel_tol=1e-6)
        )
        first = round(self.low * factor / size)
        return tuple(
            Tick(
                self.at(number * size / factor),
                f"{number * size / unit:,.{decimals}f}".replace("-", "−")
                + "k" * (thousands and number != 0),
                self.steps > FEW_STEPS and number % 2 == 1,
            )
            for number in range(first, first + self.steps + 1)
        )

    @property
    def step(self) -> str:
        """The length of a step, in percent of the axis."""
        return _percent(1 / self.steps)

    def at(self, value: float) -> str:
        """The place of a value, in percent of the axis."""
        return _percent((value - self.low) / (self.high - self.low))


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= least * (1 - 1e-9))


def _percent(share: float) -> str:
    return f"{round(100 * share, 2) + 0.0:.2f}%"  # never -0.00
