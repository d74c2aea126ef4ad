"""Where each code, scale and zero point lies in memory.

Weights are stored in tiles of 16 rows x 128 columns, tile after tile along K, so that a program
that walks K reads one unbroken stream:

    packed   [N/16, K/128, 16, 32] int16     a tile is 1 KiB
    scales   [N/16, K/128, 16, 128/G]        a row's groups in this tile side by side
    zeros    [N/16, K/128, 16, 64/G] uint8   groups 2g (low nibble) and 2g+1 (high nibble)

Inside a tile, the 128 columns are four planes of 32: plane j holds columns 32j to 32j+31. Columns
c and c+1 (c even) of all four planes share one 32-bit pair of words, because a tensor core wants
neighbours in K in one register. Which nibble is whose is the only thing in which formats differ:

    int4     nibble 4e + j     element e of plane j: one mask and the pair of plane j is in place
    nf4      nibble 2j + e     a byte permutation looks up four neighbouring nibbles at once, and a
                               nibble n stands for the code NF4_CODES[n], as `decode` explains

N is padded to a multiple of 64 and K to a multiple of 128 with codes and scales that mean 0.0.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

TILE_ROWS: Final = 16
TILE_COLUMNS: Final = 128
PLANES: Final = 4
PLANE_COLUMNS: Final = TILE_COLUMNS // PLANES
ROW_PADDING: Final = 64
# The nf4 code, which counts the levels from the least, of each nibble.
NF4_CODES: Final = (4, 1, 0, 2, 11, 10, 9, 8, 7, 6, 3, 5, 13, 14, 12, 15)


def padded_rows(rows: int) -> int:
    """N as stored."""
    return -(-rows // ROW_PADDING) * ROW_PADDING


def padded_columns(columns: int) -> int:
    """K as stored."""
    return -(-columns // TILE_COLUMNS) * TILE_COLUMNS


def packed_shape(rows: int, columns: int) -> tuple[int, int, int, int]:
    """Shape of `packed` for a weight [N, K]."""
    tiles = padded_columns(columns) // TILE_COLUMNS
    return padded_rows(rows) // TILE_ROWS, tiles, TILE_ROWS, PLANE_COLUMNS


def scales_shape(rows: int, columns: int, group_size: int) -> tuple[int, int, int, int]:
    """Shape of `scales` for a weight [N, K]."""
    return (*packed_shape(rows, columns)[:3], TILE_COLUMNS // group_size)


def zeros_shape(rows: int, columns: int, group_size: int) -> tuple[int, int, int, int]:
    """Shape of `zeros` for a weight [N, K]."""
    return (*packed_shape(rows, columns)[:3], TILE_COLUMNS // group_size // 2)


def nibble(format: str, plane: int, element: int) -> int:
    """Which of the eight nibbles of a 32-bit pair holds column 2p + element of `plane`."""
    return 2 * plane + element if format == "nf4" else 4 * element + plane


def pack_codes(codes: Tensor, format: str, fill: int) -> Tensor:
    """Codes [N, K] (0 to 15) -> packed; the padding gets the code `fill`."""
    rows, columns = codes.shape
    if format == "nf4":
        nibbles = torch.tensor(NF4_CODES, device=codes.device).argsort().to(codes.dtype)
        codes, fill = nibbles[codes.int()], int(nibbles[fill])
    padded = codes.new_full((padded_rows(rows), padded_columns(columns)), fill)
    padded[:rows, :columns] = codes
    # [block, row, tile, plane, pair, element] -> [block, tile, row, plane, pair, element]
    tiles = padded.view(
        -1, TILE_ROWS, padded.shape[1] // TILE_COLUMNS, PLANES, PLANE_COLUMNS // 2, 2
    ).transpose(1, 2)
    pairs = torch.zeros(
        (*tiles.shape[:3], PLANE_COLUMNS // 2), dtype=torch.int32, device=codes.device
    )
    for plane in range(PLANES):
        for element in range(2):
            shift = 4 * nibble(format, plane, element)
            pairs |= tiles[:, :, :, plane, :, element].to(torch.int32) << shift
    return pairs.view(torch.int16)


def unpack_codes(packed: Tensor, format: str) -> Tensor:
    """Inverse of `pack_codes`, padding included: uint8 [padded N, padded K]."""
    blocks, tiles = packed.shape[:2]
    pairs = packed.contiguous().view(torch.int32)
    codes = torch.empty(
        (blocks, TILE_ROWS, tiles, PLANES, PLANE_COLUMNS // 2, 2),
        dtype=torch.uint8,
        device=packed.device,
    )
    for plane in range(PLANES):
        for element in range(2):
            shift = 4 * nibble(format, plane, element)
            codes[:, :, :, plane, :, element] = ((pairs >> shift) & 15).transpose(1, 2)
    if format == "nf4":
        codes = torch.tensor(NF4_CODES, dtype=torch.uint8, device=packed.device)[codes.int()]
    return codes.view(blocks * TILE_ROWS, tiles * TILE_COLUMNS)


def pack_groups(values: Tensor, group_size: int) -> Tensor:
    """One value a group, [N, ceil(K/G)] -> [N/16, K/128, 16, 128/G]; the padding gets 0."""
    rows, groups = values.shape
    blocks, tiles, lanes, per_tile = scales_shape(rows, groups * group_size, group_size)
    padded = values.new_zeros((blocks * lanes, tiles * per_tile))
    padded[:rows, :groups] = values
    return padded.view(blocks, lanes, tiles, per_tile).transpose(1, 2).contiguous()


def unpack_groups(values: Tensor) -> Tensor:
    """Inverse of `pack_groups`, padding included: [padded N, padded K/G]."""
    blocks, tiles, lanes, per_tile = values.shape
    return values.transpose(1, 2).reshape(blocks * lanes, tiles * per_tile)


def pack_zeros(zeros: Tensor, group_size: int) -> Tensor:
    """Zero points [N, ceil(K/G)] (0 to 15) -> [N/16, K/128, 16, 64/G] uint8."""
    values = pack_groups(zeros.to(torch.uint8), group_size)
    return values[..., 0::2] | (values[..., 1::2] << 4)


def unpack_zeros(zeros: Tensor) -> Tensor:
    """Inverse of `pack_zeros`, padding included: uint8 [padded N, padded K/G]."""
    return unpack_groups(torch.stack((zeros & 15, zeros >> 4), dim=-1).flatten(-2))
