"""`matmul_4bit` on tensor cores, and the reduction of its split sums.

Operands are swapped: the weight tile is the left operand, so that it goes from packed words to
tensor-core registers without leaving them, and the few rows of `x` are the right one. Sums stay in
float32; a group's scale multiplies its partial sum, not its 64 weights.

K can be cut twice. The warps of a program walk `SLICES` neighbouring tiles and add up at the end,
inside the program; `splits` programs write float32 partial sums that `reduce_splits_kernel` adds in
order. Both are deterministic: the same input gives the same bits.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from . import decode
from .configs import MatmulConfig, choose_config, is_usual
from .decode import (
    code_of,
    decode_int4_ptx,
    decode_nf4_ptx,
    nf4_level,
)
from .interpreter import INTERPRETED, result_dtype
from .library import LAUNCH, card

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


_LOAD_WORD = tl.constexpr(
    "{ .reg .pred p; setp.ne.b32 p, $2, 0; mov.b32 $0, 0; @p ld.global.nc.b32 $0, [$1]; }"
)
_FLOATS_OF_HALVES = tl.constexpr(
    "{ .reg .b16 l, h; mov.b32 {l, h}, $2; cvt.f32.f16 $0, l; cvt.f32.f16 $1, h; }"
)
_WHOLE_WORD = tl.constexpr("mov.b32 $0, $1;")
_FLOAT_OF_WORD = tl.constexpr("{ .reg .b32 z; " + decode.OPAQUE_ZERO + "add.u32 $0, $1, z; }")


@triton.jit
def _load_word(pointer, inside, PTX: tl.constexpr):
    """32 bits from each `pointer`, as int32, where `inside`, else 0.

    An ordinary load is made in the order of memory and goes through shared memory, with two
    barriers, to the threads that want it. This one is made by those threads: PTX is placed where
    its result is used.
    """
    if PTX:
        inside, pointer = tl.broadcast(inside.to(tl.int32), pointer)
        word = tl.inline_asm_elementwise(
            _LOAD_WORD,
            "=r,l,r",
            [pointer.to(tl.int64), inside],
            dtype=tl.int32,
            is_pure=True,
            pack=1,
        )
    else:
        word = tl.load(pointer.to(tl.pointer_type(tl.int32)), mask=inside, other=0)
    return word


@triton.jit
def _load_scales(pointer, inside, PER_TILE: tl.constexpr, PTX: tl.constexpr):
    """Words with a row's two or four scales in a tile, for `_scales_of`: two float16, or one
    float32, a word.
    """
    HALVES: tl.constexpr = pointer.dtype.scalar.element_ty == tl.float16
    word0 = _load_word(pointer, inside, PTX)
    word1, word2, word3 = word0, word0, word0
    if not HALVES:
        word1 = _load_word(pointer + 1, inside, PTX)
    if PER_TILE == 4:
        word2 = _load_word(pointer + 2, inside, PTX)
        if not HALVES:
            word3 = _load_word(pointer + 3, inside, PTX)
    return word0, word1, word2, word3


@triton.jit
def _floats_of_halves(word, PTX: tl.constexpr):
    if PTX:
        low, high = tl.inline_asm_elementwise(
            _FLOATS_OF_HALVES,
            "=f,=f,r",
            [word],
            dtype=(tl.float32, tl.float32),
            is_pure=True,
            pack=1,
        )
    else:
        low = word.to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)
        high = (word >> 16).to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)
    return low, high


@triton.jit
def _float_of_word(word, PTX: tl.constexpr):
    """A float32 scale. In PTX a zero is added that the assembler cannot see through: so the loaded
    word is out of its register before the next one arrives, and no round waits to copy that.
    """
    if PTX:
        word = tl.inline_asm_elementwise(
            _FLOAT_OF_WORD, "=r,r", [word], dtype=tl.int32, is_pure=True, pack=1
        )
    return word.to(tl.float32, bitcast=True)


@triton.jit
def _scales_of(word0, word1, word2, word3, HALVES: tl.constexpr, PTX: tl.constexpr):
    """Four scales in float32 from what `_load_scales` gave. Of two, the last two mean nothing."""
    if HALVES:
        scale0, scale1 = _floats_of_halves(word0, PTX)
        scale2, scale3 = _floats_of_halves(word2, PTX)
    else:
        scale0 = _float_of_word(word0, PTX)
        scale1 = _float_of_word(word1, PTX)
        scale2 = _float_of_word(word2, PTX)
        scale3 = _float_of_word(word3, PTX)
    return scale0, scale1, scale2, scale3


@triton.jit
def _load_zeros(pointer, inside, PER_TILE: tl.constexpr):
    """The one or two bytes with a row's zero points in a tile, as int32."""
    first = tl.load(pointer, mask=inside, other=0).to(tl.int32)
    second = first
    if PER_TILE == 4:
        second = tl.load(pointer + 1, mask=inside, other=0).to(tl.int32)
    return first, second


@triton.jit
def _whole_word(word, PTX: tl.constexpr):
    """`word`. Compilers do not see through PTX: else they carry but the byte that matters from one
    round to the next, two to a register, and packing those makes the round wait for its own load.
    """
    if PTX:
        word = tl.inline_asm_elementwise(
            _WHOLE_WORD, "=r,r", [word], dtype=tl.int32, is_pure=True, pack=1
        )
    return word


@triton.jit
def _zeros_of(first, second, PER_TILE: tl.constexpr, PTX: tl.constexpr):
    """The zero point (int16) of each of the four planes."""
    first, second = _whole_word(first, PTX).to(tl.int16), _whole_word(second, PTX).to(tl.int16)
    if PER_TILE == 2:
        zeros = (first & 15, first & 15, first >> 4, first >> 4)
    else:
        zeros = (first & 15, first >> 4, second & 15, second >> 4)
    return zeros


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
    HALVES: tl.constexpr = scales.dtype.element_ty == tl.float16
    PER_TILE: tl.constexpr = 128 // GROUP
    MASKED: tl.constexpr = not EVEN_TILES
    rows = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    batch = tl.program_id(1) * BLOCK_M + tl.arange(0, BLOCK_M)
    split = tl.program_id(2)
    first = split * tiles_per_split
    last = tl.minimum(first + tiles_per_split, tiles)
    column = tl.arange(0, 32)

    # Offsets in elements; a tile is 16 rows of 32 words and of PER_TILE scales.
    tile_row = (rows // 16) * (tiles * 16) + rows % 16
    if SLICES == 1:
        slice_of_row = tl.arange(0, 1)
        slice_of_matrix = slice_of_row[:, None]
        group_at = tile_row * PER_TILE
        column_w = column[None, :]
        words_base = packed + tile_row[:, None] * 32 + column_w
        column_x = column[:, None]
        x_base = x + batch[None, :] * K + column_x
        in_batch = (batch < M)[None, :]
        total = tl.zeros((BLOCK_N, BLOCK_M), tl.float32)
        offset = tl.full((BLOCK_N, 32), _NF4_OFFSET_BF16, tl.float32).to(x.dtype.element_ty)
    else:
        slice_tile = tl.arange(0, SLICES)
        slice_of_row = slice_tile[:, None]
        slice_of_matrix = slice_tile[:, None, None]
        group_at = (tile_row[None, :] + slice_of_row * 16) * PER_TILE
        column_w = column[None, None, :]
        words_base = packed + (tile_row[None, :, None] + slice_of_matrix * 16) * 32 + column_w
        column_x = column[None, :, None]
        x_base = x + batch[None, None, :] * K + slice_of_matrix * 128 + column_x
        in_batch = (batch < M)[None, None, :]
        total = tl.zeros((SLICES, BLOCK_N, BLOCK_M), tl.float32)
        offset = tl.full((SLICES, BLOCK_N, 32), _NF4_OFFSET_BF16, tl.float32)
        offset = offset.to(x.dtype.element_ty)
    scales_base = scales + group_at
    zeros_base = zeros + group_at // 2

    # A round loads the scales and zero points of the next one: nothing else fetches them ahead.
    in_row = first + slice_of_row < last
    word0, word1, word2, word3 = _load_scales(
        scales_base + first * (16 * PER_TILE), in_row, PER_TILE, PTX
    )
    if not NF4:
        zeros01, zeros23 = _load_zeros(zeros_base + first * (8 * PER_TILE), in_row, PER_TILE)
    for tile in range(first, last, SLICES):
        in_matrix = tile + slice_of_matrix < last
        in_x = in_batch
        x_at = x_base + tile * 128
        words_at = words_base + tile * 512
        if MASKED:
            in_x = in_batch & in_matrix
        if EVEN_K:
            x0 = tl.load(x_at, mask=in_x, other=0.0)
            x1 = tl.load(x_at + 32, mask=in_x, other=0.0)
            x2 = tl.load(x_at + 64, mask=in_x, other=0.0)
            x3 = tl.load(x_at + 96, mask=in_x, other=0.0)
        else:
            # Written as a column below K, so that masks are known to be alike in a vector's width.
            at = (tile + slice_of_matrix) * 128 + column_x
            x0 = tl.load(x_at, mask=in_x & (at < K), other=0.0)
            x1 = tl.load(x_at + 32, mask=in_x & (at + 32 < K), other=0.0)
            x2 = tl.load(x_at + 64, mask=in_x & (at + 64 < K), other=0.0)
            x3 = tl.load(x_at + 96, mask=in_x & (at + 96 < K), other=0.0)
        scale0, scale1, scale2, scale3 = _scales_of(word0, word1, word2, word3, HALVES, PTX)
        scales_at = scales_base + (tile + SLICES) * (16 * PER_TILE)
        in_row = tile + SLICES + slice_of_row < last
        word0, word1, word2, word3 = _load_scales(scales_at, in_row, PER_TILE, PTX)
        if not NF4:
            zero0, zero1, zero2, zero3 = _zeros_of(zeros01, zeros23, PER_TILE, PTX)
            zeros_at = zeros_base + (tile + SLICES) * (8 * PER_TILE)
            zeros01, zeros23 = _load_zeros(zeros_at, in_row, PER_TILE)
        if PTX:
            words = tl.load(words_at, mask=in_matrix, other=0) if MASKED else tl.load(words_at)
            if NF4:
                w0, w1, w2, w3 = decode_nf4_ptx(words, BF16)
            else:
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
        **LAUNCH,
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
            **LAUNCH,
        )
    return out.to(x.dtype)


def config_for(
    x: Tensor, scales: Tensor, format: str, group_size: int, out_features: int
) -> MatmulConfig:
    """The configuration for x [M, K] on the card it lies on (in the interpreter: on an H200)."""
    name, major, processors = card(x.device)
    dtype, scale_dtype = (str(tensor.dtype).removeprefix("torch.") for tensor in (x, scales))
    batch, columns = x.shape
    usual = is_usual(group_size, scale_dtype)
    return choose_config(
        format, dtype, batch, out_features, columns, name, major, processors, usual
    )
