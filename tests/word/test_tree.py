"""The tree is the best of all trees with one root."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from word.trees_by_hand import is_tree

from hyperlex.word.tree import best_tree, depends_on

scores = st.integers(1, 5).flatmap(
    lambda size: arrays.arrays(
        np.float32, (size, size), elements=st.floats(-20, 20, width=32, allow_subnormal=False)
    )
)
tied_scores = st.integers(1, 5).flatmap(
    lambda size: arrays.arrays(np.float32, (size, size), elements=st.sampled_from([-1.0, 0.0, 1.0]))
)


def total(arcs: NDArray[np.float32], heads: list[int]) -> float:
    return float(sum(float(arcs[k, head]) for k, head in enumerate(heads)))


def best_total(arcs: NDArray[np.float32]) -> float:
    size = len(arcs)
    every = product(range(size), repeat=size)
    return max(total(arcs, list(heads)) for heads in every if is_tree(list(heads)))


@given(scores)
def test_no_tree_scores_higher(arcs: NDArray[np.float32]) -> None:
    heads = best_tree(arcs).tolist()
    assert is_tree(heads)
    assert total(arcs, heads) == pytest.approx(best_total(arcs), abs=1e-3)


@given(tied_scores)
def test_ties_make_no_second_root_and_no_cycle(arcs: NDArray[np.float32]) -> None:
    heads = best_tree(arcs).tolist()
    assert is_tree(heads)
    assert total(arcs, heads) == pytest.approx(best_total(arcs), abs=1e-6)


@given(scores, st.lists(st.floats(-50, 50, width=32), min_size=5, max_size=5))
def test_what_is_added_to_a_row_changes_no_score_difference(
    arcs: NDArray[np.float32], added: list[float]
) -> None:
    moved = arcs + np.array(added[: len(arcs)], np.float32)[:, None]
    assert total(arcs, best_tree(moved).tolist()) == pytest.approx(best_total(arcs), abs=1e-3)


def test_the_root_that_gains_most_at_first_is_not_always_the_best() -> None:
    # Words 1 and 2 choose each other; only where one of them is the root is that cheap to mend.
    arcs = np.array([[3, 0, 0], [-9, 0, 5], [-9, 5, 0]], np.float32)
    heads = best_tree(arcs).tolist()
    assert heads in ([1, 1, 1], [2, 2, 2])


@pytest.mark.parametrize("size", [1, 2, 40, 160])
def test_equal_scores_and_random_ones_of_any_length_give_a_tree(size: int) -> None:
    assert is_tree(best_tree(np.zeros((size, size), np.float32)).tolist())
    generator = np.random.default_rng(size)
    for _ in range(3):
        arcs = generator.normal(0, 5, (size, size)).astype(np.float32)
        assert is_tree(best_tree(arcs).tolist())


def test_any_finite_scores_will_do() -> None:
    biggest = np.finfo(np.float32).max
    arcs = np.array([[0, biggest, -biggest], [biggest, 0, 1], [-biggest, 0, 0]], np.float32)
    assert is_tree(best_tree(arcs).tolist())


def test_a_chain_of_cycles_is_opened() -> None:
    # Pairs of words that prefer each other by far, each pair loosely tied to the one before it.
    size = 60
    arcs = np.full((size, size), -100, np.float32)
    for k in range(0, size, 2):
        arcs[k, k + 1] = arcs[k + 1, k] = 50
        if k:
            arcs[k, k - 1] = 1
    arcs[0, 0] = 2
    heads = best_tree(arcs).tolist()
    assert is_tree(heads)
    assert heads[0] == 0
    assert all(heads[k] == k - 1 for k in range(1, size))


def test_what_depends_on_what() -> None:
    heads = [1, 1, 0, 2]
    assert [depends_on(heads, k, 0) for k in range(4)] == [True, False, True, True]
    assert all(depends_on(heads, k, 1) for k in range(4))
