"""`matmul_4bit` on tensor cores, and the reduction of its split sums.

Operands are swapped: the weight tile is the left operand, so that it goes from packed words to
tensor-core registers without leaving them, and the few rows of `x` are the right one. Sums stay in
float32; a group's scale multiplies its partial sum, not its 64 weights.

K can be cut twice. `SLICES` warps of a program walk neighbouring tiles and add up at the end,
inside the program; `splits` programs write float32 partial sums that `reduce_splits_kernel` adds in
order. Both are deterministic: the same input gives the same bits.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from . import decode
from .configs import MatmulConfig, choose_config
from .decode import (
    code_of,
    decode_int4_ptx,
    decode_nf4_ptx,
    nf4_level,
)
from .interpreter import INTERPRETED, result_dtype
from .library import card

_REDUCE_BLOCK = 512
_NF4_OFFSET_BF16 = tl.constexpr(decode.NF4_OFFSET_BF16)
_PER_NF4_SCALE_FP16 = tl.constexpr(1.0 / decode.NF4_SCALE_FP16)
_PER_NF4_SCALE_BF16 = tl.constexpr(1.0 / decode.NF4_SCALE_BF16)


@triton.jit
def _dot(weights, x, total, FP32_DOT: tl.constexpr):
    """total + weights @ x in float32. The interpreter's bfloat16 product is wrong: so the casts."""
    if FP32_DOT:
        return tl.dot(weights.to(tl.float32), x.to(tl.float32), total, input_precision="ieee")
    return tl.dot(weights, x, total)


@triton.jit
def _load_scales(pointer, inside, PER_TILE: tl.constexpr, MASKED: tl.constexpr):
    """The float32 scales of a row's two or four groups in this tile (a pair comes back twice).

    float16 scales are read two at a time: 16 bits are too few for an asynchronous copy.
    """
    if pointer.dtype.scalar.element_ty == tl.float16:
        pairs = pointer.to(tl.pointer_type(tl.int32))
        pair0 = tl.load(pairs, mask=inside, other=0) if MASKED else tl.load(pairs)
        pair1 = pair0
        if PER_TILE == 4:
            pair1 = tl.load(pairs + 1, mask=inside, other=0) if MASKED else tl.load(pairs + 1)
        scale0 = pair0.to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)
        scale1 = (pair0 >> 16).to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)
        scale2 = pair1.to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)
        scale3 = (pair1 >> 16).to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)
    else:
        scale0 = tl.load(pointer, mask=inside, other=0.0) if MASKED else tl.load(pointer)
        scale1 = tl.load(pointer + 1, mask=inside, other=0.0) if MASKED else tl.load(pointer + 1)
        scale2, scale3 = scale0, scale1
        if PER_TILE == 4:
            scale2 = (
                tl.load(pointer + 2, mask=inside, other=0.0) if MASKED else tl.load(pointer + 2)
            )
            scale3 = (
                tl.load(pointer + 3, mask=inside, other=0.0) if MASKED else tl.load(pointer + 3)
            )
    return scale0, scale1, scale2, scale3


@triton.jit
def _load_zeros(pointer, inside, PER_TILE: tl.constexpr, MASKED: tl.constexpr):
    """The zero point (int16) of each of the four planes."""
    byte0 = (tl.load(pointer, mask=inside, other=0) if MASKED else tl.load(pointer)).to(tl.int16)
    if PER_TILE == 2:
        return byte0 & 15, byte0 & 15, byte0 >> 4, byte0 >> 4
    byte1 = tl.load(pointer + 1, mask=inside, other=0) if MASKED else tl.load(pointer + 1)
    byte1 = byte1.to(tl.int16)
    return byte0 & 15, byte0 >> 4, byte1 & 15, byte1 >> 4


@triton.jit
def matmul_4bit_kernel(
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
    tiles_per_split,
    NF4: tl.constexpr,
    GROUP: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_M: tl.constexpr,
    SLICES: tl.constexpr,
    EVEN_K: tl.constexpr,
    EVEN_TILES: tl.constexpr,
    SPLIT: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    PTX: tl.constexpr,
    FP32_DOT: tl.constexpr,
):
    """One BLOCK_N x BLOCK_M tile of weight @ x^T, stored transposed.

    grid   (padded N / BLOCK_N, ceil(M / BLOCK_M), splits)
    x      [M, K] contiguous, float16 or bfloat16
    out    [M, N] in the dtype of x; float32 [splits, M, N] where SPLIT
    """
    BF16: tl.constexpr = x.dtype.element_ty == tl.bfloat16
    OFFSET: tl.constexpr = NF4 and BF16
    PER_TILE: tl.constexpr = 128 // GROUP
    MASKED: tl.constexpr = not EVEN_TILES
    rows = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    batch = tl.program_id(1) * BLOCK_M + tl.arange(0, BLOCK_M)
    split = tl.program_id(2)
    first = split * tiles_per_split
    last = tl.minimum(first + tiles_per_split, tiles)
    column = tl.arange(0, 32)

    # Offsets in elements; a tile is 16 rows of 32 words and of PER_TILE scales.
    tile_row = (rows // 16) * (tiles * 16) + first * 16 + rows % 16
    if SLICES == 1:
        slice_tile = 0
        slice_of_row = 0
        slice_of_matrix = 0
        group_at = tile_row * PER_TILE
        column_w = column[None, :]
        words_at = packed + tile_row[:, None] * 32 + column_w
        column_x = column[:, None]
        x_at = x + batch[None, :] * K + first * 128 + column_x
        in_batch = (batch < M)[None, :]
        total = tl.zeros((BLOCK_N, BLOCK_M), tl.float32)
        offset = tl.full((BLOCK_N, 32), _NF4_OFFSET_BF16, tl.float32).to(x.dtype.element_ty)
    else:
        slice_tile = tl.arange(0, SLICES)
        slice_of_row = slice_tile[:, None]
        slice_of_matrix = slice_tile[:, None, None]
        group_at = (tile_row[None, :] + slice_of_row * 16) * PER_TILE
        column_w = column[None, None, :]
        words_at = packed + (tile_row[None, :, None] + slice_of_matrix * 16) * 32 + column_w
        column_x = column[None, :, None]
        x_at = x + batch[None, None, :] * K + (first + slice_of_matrix) * 128 + column_x
        in_batch = (batch < M)[None, None, :]
        total = tl.zeros((SLICES, BLOCK_N, BLOCK_M), tl.float32)
        offset = tl.full((SLICES, BLOCK_N, 32), _NF4_OFFSET_BF16, tl.float32)
        offset = offset.to(x.dtype.element_ty)
    scales_at = scales + group_at
    zeros_at = zeros + group_at // 2

    for tile in range(first, last, SLICES):
        in_row = tile + slice_of_row < last
        in_matrix = tile + slice_of_matrix < last
        in_x = in_batch
        if MASKED:
            in_x = in_batch & in_matrix
        if EVEN_K:
            x0 = tl.load(x_at, mask=in_x, other=0.0)
            x1 = tl.load(x_at + 32, mask=in_x, other=0.0)
            x2 = tl.load(x_at + 64, mask=in_x, other=0.0)
            x3 = tl.load(x_at + 96, mask=in_x, other=0.0)
        else:
            left = K - (tile + slice_of_matrix) * 128 - column_x
            x0 = tl.load(x_at, mask=in_x & (left > 0), other=0.0)
            x1 = tl.load(x_at + 32, mask=in_x & (left > 32), other=0.0)
            x2 = tl.load(x_at + 64, mask=in_x & (left > 64), other=0.0)
            x3 = tl.load(x_at + 96, mask=in_x & (left > 96), other=0.0)
        scale0, scale1, scale2, scale3 = _load_scales(scales_at, in_row, PER_TILE, MASKED)
        if PTX:
            words = tl.load(words_at, mask=in_matrix, other=0) if MASKED else tl.load(words_at)
            if NF4:
                w0, w1, w2, w3 = decode_nf4_ptx(words, BF16)
            else:
                zero0, zero1, zero2, zero3 = _load_zeros(zeros_at, in_row, PER_TILE, MASKED)
                w0, w1, w2, w3 = decode_int4_ptx(words, zero0, zero1, zero2, zero3, BF16)
        else:
            code0 = code_of(words_at, column_w, 0, NF4, in_matrix)
            code1 = code_of(words_at, column_w, 1, NF4, in_matrix)
            code2 = code_of(words_at, column_w, 2, NF4, in_matrix)
            code3 = code_of(words_at, column_w, 3, NF4, in_matrix)
            if NF4:
                w0 = nf4_level(code0, BF16).to(x0.dtype)
                w1 = nf4_level(code1, BF16).to(x0.dtype)
                w2 = nf4_level(code2, BF16).to(x0.dtype)
                w3 = nf4_level(code3, BF16).to(x0.dtype)
            else:
                zero0, zero1, zero2, zero3 = _load_zeros(zeros_at, in_row, PER_TILE, True)
                w0 = (code0 - tl.expand_dims(zero0, -1)).to(tl.float32).to(x0.dtype)
                w1 = (code1 - tl.expand_dims(zero1, -1)).to(tl.float32).to(x0.dtype)
                w2 = (code2 - tl.expand_dims(zero2, -1)).to(tl.float32).to(x0.dtype)
                w3 = (code3 - tl.expand_dims(zero3, -1)).to(tl.float32).to(x0.dtype)

        part = _dot(w0, x0, tl.zeros_like(total), FP32_DOT)
        if OFFSET:
            part = _dot(offset, x0, part, FP32_DOT)
        if PER_TILE == 4:
            total += part * tl.expand_dims(scale0, -1)
            part = tl.zeros_like(total)
        part = _dot(w1, x1, part, FP32_DOT)
        if OFFSET:
            part = _dot(offset, x1, part, FP32_DOT)
        total += part * tl.expand_dims(scale1 if PER_TILE == 4 else scale0, -1)
        part = _dot(w2, x2, tl.zeros_like(total), FP32_DOT)
        if OFFSET:
            part = _dot(offset, x2, part, FP32_DOT)
        if PER_TILE == 4:
            total += part * tl.expand_dims(scale2, -1)
            part = tl.zeros_like(total)
        part = _dot(w3, x3, part, FP32_DOT)
        if OFFSET:
            part = _dot(offset, x3, part, FP32_DOT)
        total += part * tl.expand_dims(scale3 if PER_TILE == 4 else scale1, -1)

        words_at += 512 * SLICES
        x_at += 128 * SLICES
        scales_at += 16 * PER_TILE * SLICES
        zeros_at += 8 * PER_TILE * SLICES

    if SLICES > 1:
        total = tl.sum(total, 0)
    if NF4:
        total *= _PER_NF4_SCALE_BF16 if BF16 else _PER_NF4_SCALE_FP16
    if HAS_BIAS:
        total += tl.load(bias + rows, mask=rows < N, other=0.0).to(tl.float32)[:, None]
    inside = (batch < M)[None, :] & (rows < N)[:, None]
    if SPLIT:
        at = (split * M + batch)[None, :].to(tl.int64) * N + rows[:, None]
        tl.store(out + at, total, mask=inside)
    else:
        at = batch[None, :].to(tl.int64) * N + rows[:, None]
        tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)


@triton.jit
def reduce_splits_kernel(
    partial,
    bias,
    out,
    size,
    N,
    splits,
    BLOCK: tl.constexpr,
    HAS_BIAS: tl.constexpr,
):
    """out [M, N] = partial [splits, M, N] added up in order, plus bias [N]; `size` is M * N."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < size
    total = tl.zeros((BLOCK,), tl.float32)
    source = partial + at
    for _ in range(splits):
        total += tl.load(source, mask=inside, other=0.0)
        source += size
    if HAS_BIAS:
        total += tl.load(bias + at % N, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)


def matmul_4bit(
    x: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    bias: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    config: MatmulConfig,
) -> Tensor:
    """`reference.matmul_4bit` by the kernels above: x [M, K] float16 or bfloat16, contiguous."""
    batch, columns = x.shape
    blocks, tiles = packed.shape[:2]
    per_split = -(-tiles // config.splits)
    # A whole number of rounds for each split, so that only the last one can come short.
    per_split = -(-per_split // config.slices) * config.slices
    splits = -(-tiles // per_split)
    out = torch.empty((batch, out_features), dtype=result_dtype(x.dtype), device=x.device)
    split = splits > 1
    target = (
        torch.empty((splits, batch, out_features), dtype=torch.float32, device=x.device)
        if split
        else out
    )
    grid = (
        blocks * 16 // config.block_n,
        triton.cdiv(batch, config.block_m),
        splits,
    )
    matmul_4bit_kernel[grid](
        x,
        packed,
        scales,
        packed if zeros is None else zeros,
        x if bias is None else bias,
        target,
        batch,
        out_features,
        columns,
        tiles,
        per_split,
        NF4=format == "nf4",
        GROUP=group_size,
        BLOCK_N=config.block_n,
        BLOCK_M=config.block_m,
        SLICES=config.slices,
        EVEN_K=columns % 128 == 0,
        EVEN_TILES=tiles % config.slices == 0,
        SPLIT=split,
        HAS_BIAS=bias is not None and not split,
        PTX=not INTERPRETED,
        FP32_DOT=INTERPRETED,
        num_warps=config.warps,
        num_stages=config.stages,
    )
    if split:
        size = batch * out_features
        reduce_splits_kernel[(triton.cdiv(size, _REDUCE_BLOCK),)](
            target,
            x if bias is None else bias,
            out,
            size,
            out_features,
            splits,
            BLOCK=_REDUCE_BLOCK,
            HAS_BIAS=bias is not None,
            num_warps=4,
        )
    return out.to(x.dtype)


def config_for(x: Tensor, format: str, out_features: int) -> MatmulConfig:
    """The configuration for x [M, K] on the card it lies on (in the interpreter: on an H200)."""
    name, major, processors = card(x.device)
    dtype = str(x.dtype).removeprefix("torch.")
    batch, columns = x.shape
    return choose_config(format, dtype, batch, out_features, columns, name, major, processors)
