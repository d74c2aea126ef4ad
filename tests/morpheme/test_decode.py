"""The best legal sequence of classes, and classes to pieces and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hyperlex.morpheme.decode import best, exhaustive, legal, viterbi
from hyperlex.morpheme.labels import CLASSES, classes, pieces
from hyperlex.types import MorphemeType

SCORES = arrays(
    np.float32, st.tuples(st.integers(1, 3), st.just(CLASSES)), elements=st.floats(-9, 9, width=16)
)
PIECES = st.lists(st.tuples(st.integers(1, 6), st.sampled_from(MorphemeType)), max_size=8)


@given(scores=SCORES)
def test_viterbi_finds_what_trying_everything_finds(scores: np.ndarray) -> None:
    path = viterbi(scores.tolist())
    assert legal(path)
    total = sum(float(row[label]) for row, label in zip(scores, path, strict=True))
    assert total == pytest.approx(exhaustive(scores.tolist()), abs=1e-3)


@given(scores=SCORES)
def test_the_short_cut_is_as_good_as_viterbi(scores: np.ndarray) -> None:
    total = [
        sum(float(row[label]) for row, label in zip(scores, path, strict=True))
        for path in (best(scores), viterbi(scores.tolist()))
    ]
    assert total[0] == pytest.approx(total[1], abs=1e-3)


@given(segmentation=PIECES)
def test_pieces_invert_classes(segmentation: list[tuple[int, MorphemeType]]) -> None:
    path = classes(segmentation)
    assert legal(path)
    assert pieces(path) == tuple(segmentation)


@given(path=st.lists(st.integers(0, CLASSES - 1), max_size=12))
def test_pieces_of_any_path_tile_it(path: list[int]) -> None:
    assert sum(length for length, _ in pieces(path)) == len(path)
