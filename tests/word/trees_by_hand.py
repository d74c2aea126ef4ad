"""What is a tree, and any tree over words of a list."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st


def is_tree(heads: list[int]) -> bool:
    """Whether one word is its own head and each other one comes to it from head to head."""
    roots = [k for k, head in enumerate(heads) if head == k]
    if len(roots) != 1:
        return False
    for start in range(len(heads)):
        node = start
        for _ in heads:
            node = heads[node]
        if node != roots[0]:
            return False
    return True


@st.composite
def trees_over(draw: st.DrawFn, words: Sequence[str], most: int) -> tuple[list[str], list[int]]:
    """At most `most` of the words, repeated at will, and the head of each."""
    forms = draw(st.lists(st.sampled_from(words), min_size=1, max_size=most))
    order = draw(st.permutations(range(len(forms))))
    heads = [order[0]] * len(forms)
    for step, place in enumerate(order[1:], 1):
        heads[place] = order[draw(st.integers(0, step - 1))]
    return forms, heads
