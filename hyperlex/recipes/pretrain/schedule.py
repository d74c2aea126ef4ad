"""The learning rate over a run, as a function of how much of the budget is spent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Schedule:
    """Warm-up from 0 in a straight line, then one of three courses.

    Attributes:
        peak: the highest learning rate.
        kind: "constant"; "cosine", half a wave down to the floor (Loshchilov & Hutter 2017); "wsd",
            constant, then a straight line down to the floor (Hu et al. 2024, MiniCPM, §4).
        warmup: share of the budget.
        decay: share of the budget that "wsd" falls in.
        floor: where it ends, as a share of the peak.
    """

    peak: float
    kind: Literal["wsd", "cosine", "constant"] = "wsd"
    warmup: float = 0.02
    decay: float = 0.2
    floor: float = 0.0

    def __call__(self, spent: float) -> float:
        """The learning rate where `spent` of the budget, 0 to 1, is behind the step and its half.

        It is taken at the middle of a step, so that neither the first nor the last step has a rate
        of 0.
        """
        rising = min(1.0, spent / self.warmup) if self.warmup else 1.0
        return self.peak * rising * self._course(min(1.0, spent))

    def _course(self, spent: float) -> float:
        if self.kind == "cosine":
            after = max(0.0, spent - self.warmup) / max(1e-12, 1 - self.warmup)
            return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * after)) / 2
        if self.kind == "wsd" and self.decay:
            left = min(1.0, (1 - spent) / self.decay)
            return self.floor + (1 - self.floor) * left
        return 1.0
