"""The network in numpy against the same thing said letter by letter, and against torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.morpheme.letters import ALPHABET
from hyperlex.morpheme.network import Network, Weights, reference

WORD = st.text(st.sampled_from(ALPHABET + "?"), min_size=1, max_size=20)
Make = Callable[[int], Weights]


@given(word=WORD, seed=st.integers(0, 3))
def test_the_network_matches_its_reference(random_weights: Make, word: str, seed: int) -> None:
    weights = random_weights(seed)
    np.testing.assert_allclose(
        Network(weights)(word), reference(weights, word), rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize("length", [1, 2, 64])
def test_a_row_per_letter(random_weights: Make, length: int) -> None:
    assert Network(random_weights(0))("ж" * length).shape == (length, 14)
