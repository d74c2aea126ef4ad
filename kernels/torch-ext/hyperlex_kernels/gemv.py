"""`matmul_4bit` for few rows of x without tensor cores: the path of sm_75 and older.

Triton has no tensor-core product below sm_80, and its fallback spills. Here each thread multiplies
in float32, a weight at a time, and threads of a row add up at the end. x is float16 or bfloat16.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from . import decode
from .decode import code_of, decode_nf4_ptx, nf4_level
from .interpreter import INTERPRETED, result_dtype
from .library import LAUNCH

MAX_BATCH = 8
BLOCK_N = 32
WARPS = 4
_PER_NF4_SCALE = tl.constexpr(1.0 / decode.NF4_SCALE_FP16)


@triton.jit
def _magic(code):
    """The float32 2^23 + code: its lowest bits are the code, and differences are exact."""
    return (code | 0x4B000000).to(tl.float32, bitcast=True)


@triton.jit
def gemv_4bit_kernel(
    x,
    packed,
    scales,
    zeros,
    bias,
    out,
    M,
    N,
    K,
    tiles,
    NF4: tl.constexpr,
    GROUP: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_M: tl.constexpr,
    EVEN_K: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    PTX: tl.constexpr,
):
    """BLOCK_N columns of out [M, N], for M at most BLOCK_M. Grid: (padded N / BLOCK_N,)."""
    PER_TILE: tl.constexpr = 128 // GROUP
    rows = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    batch = tl.arange(0, BLOCK_M)
    column = tl.arange(0, 32)
    tile_row = (rows // 16) * (tiles * 16) + rows % 16
    words_at = packed + tile_row[:, None] * 32 + column[None, :]
    scales_at = scales + tile_row * PER_TILE
    zeros_at = zeros + tile_row * (PER_TILE // 2)
    x_at = x + batch[:, None] * K + column[None, :]
    in_batch = (batch < M)[:, None]
    total = tl.zeros((BLOCK_M, BLOCK_N, 32), tl.float32)
    for tile in range(0, tiles):
        if PTX:
            words = tl.load(words_at)
        if PTX and NF4:
            planes = decode_nf4_ptx(words, False)
        for group in tl.static_range(PER_TILE):
            scale = tl.load(scales_at + group).to(tl.float32)[:, None]
            if not NF4:
                zero = tl.load(zeros_at + group // 2).to(tl.int32)
                zero = _magic((zero >> (4 * (group % 2))) & 15)[:, None]
            for plane in tl.static_range(group * 4 // PER_TILE, (group + 1) * 4 // PER_TILE):
                if PTX and NF4:
                    value = planes[plane].to(tl.float32)
                elif NF4:
                    value = nf4_level(code_of(words_at, column[None, :], plane, True, True), False)
                elif PTX:
                    value = _magic((words.to(tl.int32) >> (4 * plane)) & 15) - zero
                else:
                    value = _magic(code_of(words_at, column[None, :], plane, False, True)) - zero
                value *= scale
                inside = in_batch
                if not EVEN_K:
                    inside = in_batch & (tile * 128 + plane * 32 + column < K)[None, :]
                chunk = tl.load(x_at + plane * 32, mask=inside, other=0.0).to(tl.float32)
                total += value[None, :, :] * chunk[:, None, :]
        words_at += 512
        scales_at += 16 * PER_TILE
        zeros_at += 8 * PER_TILE
        x_at += 128
    result = tl.sum(total, 2)
    if NF4:
        result *= _PER_NF4_SCALE
    if HAS_BIAS:
        result += tl.load(bias + rows, mask=rows < N, other=0.0).to(tl.float32)[None, :]
    at = batch[:, None] * N + rows[None, :]
    tl.store(out + at, result.to(out.dtype.element_ty), mask=in_batch & (rows < N)[None, :])


def matmul_4bit(
    x: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    bias: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
) -> Tensor:
    """`reference.matmul_4bit` by the kernel above: x [M, K], M at most 8, contiguous."""
    batch, columns = x.shape
    blocks, tiles = packed.shape[:2]
    out = torch.empty((batch, out_features), dtype=result_dtype(x.dtype), device=x.device)
    gemv_4bit_kernel[(blocks * 16 // BLOCK_N,)](
        x,
        packed,
        scales,
        packed if zeros is None else zeros,
        x if bias is None else bias,
        out,
        batch,
        out_features,
        columns,
        tiles,
        NF4=format == "nf4",
        GROUP=group_size,
        BLOCK_N=BLOCK_N,
        BLOCK_M=triton.next_power_of_2(batch),
        EVEN_K=columns % 128 == 0,
        HAS_BIAS=bias is not None,
        PTX=not INTERPRETED,
        num_warps=WARPS,
        **LAUNCH,
    )
    return out.to(x.dtype)
