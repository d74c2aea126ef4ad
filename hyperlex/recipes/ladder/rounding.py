"""Weights in 8 bits, so that sums of them are the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rounded(weights: NDArray[np.float32]) -> NDArray[np.int8]:
    """The same weights as int8 of the same shape, in a unit of their own; the greatest in 10,000
    are clipped.
    """
    unit = float(np.quantile(np.abs(weights), 0.9999)) / 127 or 1.0
    whole: NDArray[np.int8] = np.clip(np.rint(weights / unit), -127, 127).astype(np.int8)
    return whole
