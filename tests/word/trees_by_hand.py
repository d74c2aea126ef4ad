"""What is a tree."""

from __future__ import annotations


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
