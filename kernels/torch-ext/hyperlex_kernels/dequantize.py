"""`dequantize_4bit` on a GPU: memory in, memory out, exact to the last bit of the reference."""

from __future__ import annotations

from functools import cache

import torch
import triton
import triton.language as tl
from torch import Tensor

from .decode import code_of
from .formats import NF4_LEVELS_OF_NIBBLES
from .interpreter import result_dtype
from .library import LAUNCH

_BLOCK_ROWS = 16


@triton.jit
def dequantize_4bit_kernel(
    packed,
    scales,
    zeros,
    levels,
    out,
    N,
    K,
    tiles,
    NF4: tl.constexpr,
    GROUP: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
):
    """One tile of 16 rows x 128 columns of out [N, K]. Grid: (N/16, K/128)."""
    PER_TILE: tl.constexpr = 128 // GROUP
    block = tl.program_id(0)
    tile = tl.program_id(1)
    row = tl.arange(0, BLOCK_ROWS)
    column = tl.arange(0, 32)
    tile_row = (block * tiles + tile) * 16 + row
    words_at = packed + tile_row[:, None] * 32 + column[None, :]
    rows = block * BLOCK_ROWS + row
    for plane in tl.static_range(4):
        group = plane * PER_TILE // 4
        code = code_of(words_at, column[None, :], plane, NF4, True)
        scale = tl.load(scales + tile_row * PER_TILE + group).to(tl.float32)[:, None]
        if NF4:
            value = tl.load(levels + code)
        else:
            zero = tl.load(zeros + (tile_row * PER_TILE + group) // 2).to(tl.int32)
            value = (code - ((zero >> (4 * (group % 2))) & 15)[:, None]).to(tl.float32)
        columns = tile * 128 + plane * 32 + column
        tl.store(
            out + rows.to(tl.int64)[:, None] * K + columns[None, :],
            (value * scale).to(out.dtype.element_ty),
            mask=(rows < N)[:, None] & (columns < K)[None, :],
        )


def dequantize_4bit(
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    in_features: int,
    dtype: torch.dtype,
) -> Tensor:
    """`reference.dequantize_4bit` by the kernel above."""
    out = torch.empty((out_features, in_features), dtype=result_dtype(dtype), device=packed.device)
    blocks, tiles = packed.shape[:2]
    dequantize_4bit_kernel[(blocks, tiles)](
        packed,
        scales,
        packed if zeros is None else zeros,
        _levels(packed.device),
        out,
        out_features,
        in_features,
        tiles,
        NF4=format == "nf4",
        GROUP=group_size,
        BLOCK_ROWS=_BLOCK_ROWS,
        num_warps=4,
        **LAUNCH,
    )
    return out.to(dtype)


@cache
def _levels(device: torch.device) -> Tensor:
    """Levels by nibble, on `device`: made once, for a CUDA graph cannot copy them there."""
    return torch.tensor(NF4_LEVELS_OF_NIBBLES, dtype=torch.float32, device=device)
