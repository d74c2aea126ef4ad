"""The three operators on a CPU: two weights a look-up, in a table of the 256 bytes of two codes.

`reference` with a faster decode, a few MiB of dense rows at a time. The arithmetic is the same,
float32 rounded once at the end, so a dense weight has the same bits, and a product differs by no
more than the order of its sums.

Rows come out plane by plane (see `layout`), [4, K/128, 32] instead of [K/128, 4, 32], because one
shift cuts a plane's bytes out of all words. Putting x in that order once is cheaper than putting
every row of the weight in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from . import layout
from .formats import NF4_LEVELS_OF_NIBBLES

# Weights that a thread makes dense at a time, in rows x columns: 4 MiB of float32, and up to as
# much in indices. Half of it is slower, and twice is not faster.
_CHUNK_WEIGHTS = 1 << 20
# Threads that a step is made wider for. Each step waits for its slowest thread several times, so
# fewer of them pay; beyond this, memory would grow to that of the dense weight.
_MAX_WIDER = 4


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
    """`reference.dequantize_4bit`, bit by bit."""
    dense = torch.empty((out_features, in_features), dtype=dtype, device=packed.device)
    for at, rows in _dense_rows(packed, scales, zeros, format, group_size, out_features):
        dense[at] = _from_planes(rows)[:, :in_features]
    return dense


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
    """`reference.matmul_4bit` for x [M, K]."""
    planes = _to_planes(x.float())
    product = torch.empty((len(x), out_features), dtype=torch.float32, device=x.device)
    for at, rows in _dense_rows(packed, scales, zeros, format, group_size, out_features):
        torch.mm(planes, rows.T, out=product[:, at])
    if bias is not None:
        product += bias.float()
    return product.to(x.dtype)


def matmul_4bit_dx(
    grad: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    in_features: int,
) -> Tensor:
    """`reference.matmul_4bit_dx`."""
    wide = grad.reshape(-1, grad.shape[-1]).float()
    columns = layout.padded_columns(in_features)
    product = torch.zeros((len(wide), columns), dtype=torch.float32, device=grad.device)
    for at, rows in _dense_rows(packed, scales, zeros, format, group_size, grad.shape[-1]):
        product.addmm_(wide[:, at], rows)
    received = _from_planes(product)[:, :in_features].to(grad.dtype).contiguous()
    return received.view(*grad.shape[:-1], in_features)


def _to_planes(rows: Tensor) -> Tensor:
    """[R, K] -> [R, padded K], plane after plane; the padding gets 0."""
    padded = F.pad(rows, (0, layout.padded_columns(rows.shape[1]) - rows.shape[1]))
    tiles = padded.reshape(len(rows), -1, layout.PLANES, layout.PLANE_COLUMNS)
    return tiles.transpose(1, 2).flatten(1)


def _from_planes(rows: Tensor) -> Tensor:
    """Inverse of `_to_planes`, padding included."""
    planes = rows.view(len(rows), layout.PLANES, -1, layout.PLANE_COLUMNS)
    return planes.transpose(1, 2).flatten(1)


def _dense_rows(
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
) -> Iterator[tuple[slice, Tensor]]:
    """The weight [N, padded K] in float32, plane after plane: some rows, and which ones they are.

    All share one memory: they are overwritten when the next ones are asked for.
    """
    tiles = packed.shape[1]
    blocks = -(-out_features // layout.TILE_ROWS)
    threads = torch.get_num_threads()
    chunk = _CHUNK_WEIGHTS * min(threads, _MAX_WIDER)
    per_step = min(max(1, chunk // (layout.TILE_ROWS * tiles * layout.TILE_COLUMNS)), blocks)
    shape = (per_step * layout.TILE_ROWS, layout.PLANES, tiles * layout.PLANE_COLUMNS // 2)
    # On one thread index_select is faster; of the two, only gather uses several. It wants int64.
    parallel = threads > 1
    index_dtype = torch.int64 if parallel else torch.int32
    indices = torch.empty(shape, dtype=index_dtype, device=packed.device)
    pairs = torch.empty(shape, dtype=torch.float64, device=packed.device)
    table = _pairs_of_levels(format)
    together = group_size // layout.PLANE_COLUMNS
    for first in range(0, blocks, per_step):
        part = slice(first, min(first + per_step, blocks))
        rows = (part.stop - part.start) * layout.TILE_ROWS
        index, pair = indices[:rows], pairs[:rows]
        _bytes_of_codes(packed[part], format, out=index)
        if parallel:
            tables = table.expand(rows * layout.PLANES, -1)
            torch.gather(tables, 1, index.flatten(0, 1), out=pair.flatten(0, 1))
        else:
            torch.index_select(table, 0, index.flatten(), out=pair.view(-1))
        dense = pair.view(torch.float32)
        groups = dense.view(rows, -1, together, tiles, layout.PLANE_COLUMNS)
        if zeros is not None:
            groups.sub_(_beside(layout.unpack_zeros(zeros[part]), tiles))
        groups.mul_(_beside(layout.unpack_groups(scales[part]), tiles))
        start = first * layout.TILE_ROWS
        stop = min(start + rows, out_features)
        yield slice(start, stop), dense.flatten(1)[: stop - start]


def _bytes_of_codes(packed: Tensor, format: str, out: Tensor) -> None:
    """Into `out` [rows, 4, K/8], plane after plane: the codes of columns 2c and 2c+1 as a byte."""
    words = packed.view(torch.int32)
    if format == "int4":
        words = _neighbours_together(words)
    # [block, tile, row, pair] -> [row, 1, tile and pair]
    words = words.transpose(1, 2).to(out.dtype, memory_format=torch.contiguous_format, copy=True)
    words = words.view(len(out), 1, -1)
    shifts = torch.arange(0, 32, 8, dtype=out.dtype, device="cpu").unsqueeze(1)
    torch.bitwise_right_shift(words, shifts, out=out)
    out.bitwise_and_(0xFF)


def _neighbours_together(words: Tensor) -> Tensor:
    """int4 words with their nibbles in the order of nf4: from 4e + j to 2j + e."""
    # A perfect shuffle: the two middle bytes change places, then the two middle nibbles of each
    # half. What `>>` brings in from the sign is masked away.
    words = words.clone()
    for shift, middle in ((8, 0x0000FF00), (4, 0x00F000F0)):
        moved = (words >> shift).bitwise_xor_(words).bitwise_and_(middle)
        words.bitwise_xor_(moved).bitwise_xor_(moved.bitwise_left_shift_(shift))
    return words


def _beside(values: Tensor, tiles: int) -> Tensor:
    """One value a group, [R, K/G] -> float32 [R, 128/G, 1, K/128, 1], beside rows in planes."""
    return values.float().view(len(values), tiles, -1).transpose(1, 2)[:, :, None, :, None]


@cache
def _pairs_of_levels(format: str) -> Tensor:
    """Entry b holds the float32 levels of nibbles b & 15 and b >> 4: [256], each pair a float64.

    float64 is only what carries 64 bits fastest; no such pair is the pattern of a NaN.
    """
    levels = torch.arange(16, dtype=torch.float32, device="cpu")
    if format == "nf4":
        levels = torch.tensor(NF4_LEVELS_OF_NIBBLES, device="cpu")
    byte = torch.arange(256, device="cpu")
    return torch.stack((levels[byte & 15], levels[byte >> 4]), dim=1).view(torch.float64).squeeze(1)
