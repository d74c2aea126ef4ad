"""The grouped products in Triton: one launch for all experts, whatever their shares are.

The host never sees the offsets. It launches as many tiles of rows as any offsets could need: an
expert wastes less than one tile, so M rows of E experts and the rows of no expert behind them take
at most (M + (E + 1) * (BLOCK_M - 1)) // BLOCK_M. Each program counts the tiles of the experts
before it and so finds its own rows; those that are left over find none.

N and K are constants of a build: a rank of 8 is no multiple of 16, which is all that Triton knows
of a number given at run time, and rows of 8 would be read element by element. Shapes are few.

Sums are float32, in a fixed order, and every element is written by one program: no atomics, the
same input gives the same bits.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from ..attention.decode import product
from ..interpreter import INTERPRETED, result_dtype
from ..library import LAUNCH
from .configs import GroupedConfig


@triton.jit
def _tile_rows(offsets, tile, M, E, BLOCK_M: tl.constexpr, BLOCK_E: tl.constexpr):
    """Expert of row tile `tile` (E: of none), its first row, and where the expert's rows stop."""
    index = tl.arange(0, BLOCK_E)
    # The segment behind the last expert, E, stops at M. Offsets are held inside [0, M], so that
    # wrong ones cannot reach beyond the arrays.
    first = tl.load(offsets + index, mask=index <= E, other=0)
    last = tl.load(offsets + index + 1, mask=index < E, other=0)
    first = tl.minimum(tl.maximum(first, 0), M)
    last = tl.where(index < E, tl.minimum(tl.maximum(last, 0), M), M)
    rows = tl.where(index <= E, tl.maximum(last - first, 0), 0)
    tiles = (rows + BLOCK_M - 1) // BLOCK_M
    before = tl.cumsum(tiles, 0) - tiles
    mine = (before <= tile) & (tile < before + tiles)
    expert = tl.sum(tl.where(mine, index, 0), 0)
    start = tl.sum(tl.where(mine, first + (tile - before) * BLOCK_M, 0), 0)
    stop = tl.sum(tl.where(mine, last, 0), 0)
    return expert, start, stop


@triton.jit
def grouped_matmul_kernel(
    x,
    w,
    offsets,
    out,
    M,
    E,
    N: tl.constexpr,
    K: tl.constexpr,
    TRANSPOSED: tl.constexpr,
    EVEN_K: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    BLOCK_E: tl.constexpr,
    FP32_DOT: tl.constexpr,
):
    """One tile of out [M, N].

    grid   (tiles of rows, ceil(N / BLOCK_N))
    x      [M, K] contiguous; w [E, K, N] contiguous, TRANSPOSED: [E, N, K]; offsets [E + 1] int32
    """
    expert, start, stop = _tile_rows(offsets, tl.program_id(0), M, E, BLOCK_M, BLOCK_E)
    rows = start + tl.arange(0, BLOCK_M)
    columns = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    inner = tl.arange(0, BLOCK_K)
    in_rows = (rows < stop)[:, None]
    in_columns = (columns < N)[None, :]
    x_at = x + rows.to(tl.int64)[:, None] * K + inner[None, :]
    matrix = w + expert.to(tl.int64) * K * N
    if TRANSPOSED:
        w_at = matrix + columns.to(tl.int64)[None, :] * K + inner[:, None]
        step = BLOCK_K
    else:
        w_at = matrix + inner.to(tl.int64)[:, None] * N + columns[None, :]
        step = BLOCK_K * N
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    # Rows of no expert take no round of the loop, and are written as the zeros they start from.
    for at in range(0, tl.where(expert < E, K, 0), BLOCK_K):
        if EVEN_K:
            xs = tl.load(x_at, mask=in_rows, other=0.0)
            ws = tl.load(w_at, mask=in_columns, other=0.0)
        else:
            xs = tl.load(x_at, mask=in_rows & (inner < K - at)[None, :], other=0.0)
            ws = tl.load(w_at, mask=in_columns & (inner < K - at)[:, None], other=0.0)
        total = product(xs, ws, total, False, FP32_DOT)
        x_at += BLOCK_K
        w_at += step
    out_at = out + rows.to(tl.int64)[:, None] * N + columns[None, :]
    tl.store(out_at, total.to(out.dtype.element_ty), mask=in_rows & in_columns)


@triton.jit
def grouped_matmul_dw_kernel(
    x,
    grad,
    offsets,
    out,
    M,
    N: tl.constexpr,
    K: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    FP32_DOT: tl.constexpr,
):
    """One tile of out [E, K, N]: the rows of an expert in x, transposed, times those in grad.

    grid   (ceil(K / BLOCK_K), ceil(N / BLOCK_N), E)
    x      [M, K], grad [M, N], both contiguous; offsets [E + 1] int32
    """
    expert = tl.program_id(2)
    first = tl.maximum(tl.load(offsets + expert), 0)
    last = tl.minimum(tl.load(offsets + expert + 1), M)
    ks = tl.program_id(0) * BLOCK_K + tl.arange(0, BLOCK_K)
    columns = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    row = first + tl.arange(0, BLOCK_M)
    in_k = (ks < K)[:, None]
    in_columns = (columns < N)[None, :]
    # Read turned: a tile that is turned after it was read is not copied ahead of its use.
    x_at = x + row.to(tl.int64)[None, :] * K + ks[:, None]
    grad_at = grad + row.to(tl.int64)[:, None] * N + columns[None, :]
    total = tl.zeros((BLOCK_K, BLOCK_N), tl.float32)
    for at in range(first, last, BLOCK_M):
        inside = tl.arange(0, BLOCK_M) < last - at
        xs = tl.load(x_at, mask=inside[None, :] & in_k, other=0.0)
        gs = tl.load(grad_at, mask=inside[:, None] & in_columns, other=0.0)
        total = product(xs, gs, total, False, FP32_DOT)
        x_at += BLOCK_M * K
        grad_at += BLOCK_M * N
    out_at = out + (expert.to(tl.int64) * K + ks)[:, None] * N + columns[None, :]
    tl.store(out_at, total.to(out.dtype.element_ty), mask=in_k & in_columns)


def row_tiles(rows: int, experts: int, block_m: int) -> int:
    """The most tiles of rows that any offsets over `rows` rows of `experts` experts can need."""
    segments = min(experts + 1, rows)
    return (rows + segments * (block_m - 1)) // block_m


def expert_block(experts: int) -> int:
    """The power of two that holds all experts and the segment of none."""
    return 1 << experts.bit_length()


def grouped_matmul(
    x: Tensor, w: Tensor, offsets: Tensor, transposed: bool, config: GroupedConfig
) -> Tensor:
    """`reference.grouped_matmul` by the kernel above; all three contiguous."""
    rows, k = x.shape
    experts, n = w.shape[0], w.shape[1 if transposed else 2]
    out = torch.empty((rows, n), dtype=result_dtype(x.dtype), device=x.device)
    grid = (row_tiles(rows, experts, config.block_m), triton.cdiv(n, config.block_n))
    grouped_matmul_kernel[grid](
        x,
        w,
        offsets,
        out,
        rows,
        experts,
        N=n,
        K=k,
        TRANSPOSED=transposed,
        EVEN_K=k % config.block_k == 0,
        BLOCK_M=config.block_m,
        BLOCK_N=config.block_n,
        BLOCK_K=config.block_k,
        BLOCK_E=expert_block(experts),
        FP32_DOT=config.fma or INTERPRETED,
        num_warps=config.warps,
        **LAUNCH,
        num_stages=config.stages,
    )
    return out.to(x.dtype)


def grouped_matmul_dw(x: Tensor, grad: Tensor, offsets: Tensor, config: GroupedConfig) -> Tensor:
    """`reference.grouped_matmul_dw` by the kernel above; all three contiguous."""
    (rows, k), n, experts = x.shape, grad.shape[1], offsets.numel() - 1
    out = torch.empty((experts, k, n), dtype=result_dtype(x.dtype), device=x.device)
    grid = (triton.cdiv(k, config.block_k), triton.cdiv(n, config.block_n), experts)
    grouped_matmul_dw_kernel[grid](
        x,
        grad,
        offsets,
        out,
        rows,
        N=n,
        K=k,
        BLOCK_M=config.block_m,
        BLOCK_N=config.block_n,
        BLOCK_K=config.block_k,
        FP32_DOT=config.fma or INTERPRETED,
        num_warps=config.warps,
        **LAUNCH,
        num_stages=config.stages,
    )
    return out.to(x.dtype)
