"""How the grouped kernels are cut for a shape: a rule, the same on every card.

The products of LoRA are thin on one side: x [M, K] times A [K, r] has few columns, h [M, r] times
B [r, N] few steps. A tile is as wide as the thin side needs and no wider.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GroupedConfig:
    """Tile sizes: rows of x, columns of w's N, and of K. `fma` does without tensor cores."""

    block_m: int
    block_n: int
    block_k: int
    warps: int
    stages: int
    fma: bool = False


def product_config(rows: int, experts: int, k: int, n: int, *, fma: bool) -> GroupedConfig:
    """For `grouped_matmul` of `rows` rows in all, K = `k` summed over, N = `n` columns."""
    mean = -(-rows // experts)
    if fma:
        return GroupedConfig(_tile(mean, 32), _tile(n, 32), _tile(k, 32), 4, 1, fma=True)
    return GroupedConfig(_tile(mean, 64), _tile(n, 128), _tile(k, 64), 4, 3)


def dw_config(rows: int, experts: int, k: int, n: int, *, fma: bool) -> GroupedConfig:
    """For `grouped_matmul_dw`: a tile of block_k x block_n results, summed over the rows."""
    mean = -(-rows // experts)
    if fma:
        return GroupedConfig(_tile(mean, 32), _tile(n, 32), _tile(k, 32), 4, 1, fma=True)
    return GroupedConfig(_tile(mean, 64), _tile(n, 64), _tile(k, 64), 4, 3)


def _tile(size: int, most: int) -> int:
    """The least power of two that holds `size`: 16, which a product needs, to `most`."""
    return min(most, max(16, 1 << (size - 1).bit_length()))
