"""A table whose rows are kept in 8 bits and widened when they are asked for."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


class Table:
    """`[N, D]`, int8 steps with one scale per row.

    Args:
        steps: `[N, D]`, int8.
        scale: `[N]`, of each row.
    """

    def __init__(self, steps: NDArray[np.int8], scale: NDArray[np.floating[Any]]) -> None:
        self._steps = steps
        self._scale = scale.astype(np.float32)[:, None]
        self.shape = steps.shape

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, rows: Any) -> NDArray[np.float32]:
        """The rows at an index, or at an array of them, as float32."""
        wide: NDArray[np.float32] = self._steps[rows] * self._scale[rows]
        return wide

    def take(self, rows: Any, axis: Literal[0]) -> NDArray[np.float32]:
        """The rows at an array of indices, as an array's own `take` gives them."""
        wide: NDArray[np.float32] = self._steps.take(rows, axis).astype(np.float32)
        wide *= self._scale.take(rows, axis)
        return wide


Rows = NDArray[np.float32] | Table
"""A table in either width: what is asked of both is their length, shape and rows."""
