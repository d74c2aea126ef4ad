"""The three operators in plain PyTorch: what every kernel is measured against.

Slow, obvious, on any device, in the layout and with the signature of the real ones. Arithmetic is
float32 whatever the activations are, and rounds once, at the end.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from . import layout
from .formats import NF4_LEVELS

# Weights made dense at a time, in rows x columns: 64 MiB of float32.
_CHUNK_WEIGHTS = 1 << 24


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
    """The dense weight [N, K] in `dtype`: float32 level times float32 scale, rounded once."""
    dense = torch.empty((out_features, in_features), dtype=dtype, device=packed.device)
    for start, rows in _dense_rows(packed, scales, zeros, format, group_size):
        stop = min(start + len(rows), out_features)
        dense[start:stop] = rows[: stop - start, :in_features]
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
    """`x` [..., K] times the transposed weight, plus `bias` [N]: [..., N] in the dtype of `x`."""
    columns = x.shape[-1]
    flat = x.reshape(-1, columns).float()
    product = torch.empty((len(flat), out_features), dtype=torch.float32, device=x.device)
    for start, rows in _dense_rows(packed, scales, zeros, format, group_size):
        stop = min(start + len(rows), out_features)
        product[:, start:stop] = flat @ rows[: stop - start, :columns].T
    if bias is not None:
        product += bias.float()
    return product.to(x.dtype).view(*x.shape[:-1], out_features)


def matmul_4bit_dx(
    grad: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    in_features: int,
) -> Tensor:
    """`grad` [..., N] times the weight: [..., K] in the dtype of `grad`, what x receives back."""
    rows_in = grad.shape[-1]
    flat = grad.reshape(-1, rows_in).float()
    product = torch.zeros((len(flat), in_features), dtype=torch.float32, device=grad.device)
    for start, rows in _dense_rows(packed, scales, zeros, format, group_size):
        stop = min(start + len(rows), rows_in)
        product += flat[:, start:stop] @ rows[: stop - start, :in_features]
    return product.to(grad.dtype).view(*grad.shape[:-1], in_features)


def _dense_rows(
    packed: Tensor, scales: Tensor, zeros: Tensor | None, format: str, group_size: int
) -> Iterator[tuple[int, Tensor]]:
    """Blocks of dense float32 rows over the padded K, each with the number of its first row."""
    blocks, tiles = packed.shape[:2]
    per_step = max(1, _CHUNK_WEIGHTS // (layout.TILE_ROWS * tiles * layout.TILE_COLUMNS))
    levels = torch.tensor(NF4_LEVELS, dtype=torch.float32, device=packed.device)
    for first in range(0, blocks, per_step):
        part = slice(first, first + per_step)
        codes = layout.unpack_codes(packed[part], format)
        scale = layout.unpack_groups(scales[part]).float().unsqueeze(-1)
        if zeros is None:
            values = torch.embedding(levels.unsqueeze(1), codes.int()).squeeze(-1)
        else:
            zero = layout.unpack_zeros(zeros[part]).float().repeat_interleave(group_size, 1)
            values = codes.float().sub_(zero)
        dense = values.unflatten(1, (-1, group_size)).mul_(scale).flatten(1)
        yield first * layout.TILE_ROWS, dense
