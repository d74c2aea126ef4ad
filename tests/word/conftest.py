"""Parts of an untrained analyzer: small random weights, so that tests need no artifact."""

from __future__ import annotations

import numpy as np
import pytest

from hyperlex.word.entries import Entries
from hyperlex.word.features import ROWS

LEMMAS = {"дверь": 0, "стоять": 1, "он": 2, ".": 3}


@pytest.fixture
def entries() -> Entries:
    """Entries with vectors of four numbers."""
    generator = np.random.default_rng(0)
    table = generator.standard_normal((ROWS, 4)).astype(np.float32)
    meanings = generator.standard_normal((len(LEMMAS) + 1, 2)).astype(np.float32)
    weight = generator.standard_normal((6, 4)).astype(np.float32)
    learned = {("тем", "PRON"): "то"}
    return Entries(table, LEMMAS, meanings, weight, np.ones(4, np.float32), learned)
