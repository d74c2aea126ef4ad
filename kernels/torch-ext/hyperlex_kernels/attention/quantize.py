"""Keys and values to codes and back, in plain PyTorch: the arithmetic that the kernels repeat.

A scale is bfloat16, so that a small value vector does not fall out of float16's range, and is
rounded away from zero, so that no code overflows. int8 takes the largest magnitude of a plane for
127. int4 tries `INT4_TRIALS` fractions of the largest magnitude for its furthest code, each
`INT4_STEP` below the one before, and keeps the one with the least squared error: clipping one
outlier often serves all the others.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from .contract import SCALE_DTYPE, planes

INT8_LEVELS: Final = 127
INT4_ZERO: Final = 8
# Relative error of Gaussian planes of 64: 0.0952 for the first alone, 0.0912 for these five, 0.0908
# for ten.
INT4_TRIALS: Final = 5
INT4_STEP: Final = 0.06
_LEAST_FACTOR: Final = 1e-3
_BLOCK_VALUES: Final = 1 << 20


def quantize_tokens(x: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """`x` [..., S, D] -> stored codes [..., S, D or D/2], scales [..., S, P] bfloat16.

    NaN and Inf in a plane give it a NaN scale, so that they come out where they went in.
    """
    # The search for int4 takes several times the memory of what it reads.
    tokens = max(1, _BLOCK_VALUES * x.shape[-2] // max(1, x.numel()))
    if x.shape[-2] > tokens:
        parts = [quantize_tokens(part, kind) for part in x.split(tokens, -2)]
        return torch.cat([part[0] for part in parts], -2), torch.cat(
            [part[1] for part in parts], -2
        )
    grouped = _by_plane(x.float(), planes(kind, x.shape[-1]))
    codes, of_planes = (_int8 if kind == "int8" else _int4)(grouped)
    codes = codes.flatten(-2)
    packed = codes.to(torch.int8) if kind == "int8" else pack_nibbles(codes.to(torch.uint8))
    return packed, of_planes


def dequantize_tokens(stored: Tensor, scales: Tensor, kind: str, dtype: torch.dtype) -> Tensor:
    """Inverse of `quantize_tokens` up to its rounding: [B, H, S, D] in `dtype`."""
    codes = stored if kind == "int8" else unpack_nibbles(stored).to(torch.int8) - INT4_ZERO
    tokens = _by_plane(codes.to(dtype), scales.shape[-1]) * scales.to(dtype).unsqueeze(-1)
    return tokens.flatten(-2)


def fit_key_channels(key: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Factor and centre [B, H, D] float32 under which the channels of `key` [B, H, S, D] agree.

    The centre is the mean over tokens and the factor the root mean square around it, both of the
    tokens where `mask` [B, S] is True. A centre shifts all scores of a query alike, so softmax does
    not see it, and the codes are spared its width. A channel that hardly moves keeps a thousandth
    of the widest factor: later tokens may move it.
    """
    x = key.float()
    if mask is None:
        weight = x.new_full((x.shape[0], 1, x.shape[2], 1), 1.0 / max(1, x.shape[2]))
    else:
        live = mask[:, None, :, None].float()
        weight = live / live.sum(2, keepdim=True).clamp_min(1.0)
    centre = (x * weight).sum(2)
    factor = ((x - centre.unsqueeze(2)).square() * weight).sum(2).sqrt()
    widest = factor.amax(-1, keepdim=True)
    factor = torch.where(widest > 0, factor.clamp_min(_LEAST_FACTOR * widest), 1.0)
    return factor, centre


def centred(key: Tensor, factor: Tensor | None, centre: Tensor | None) -> Tensor:
    """`key` [B, H, S, D] as it is quantised: (key - centre) / factor in float32."""
    x = key.float()
    if centre is not None:
        x = x - centre.unsqueeze(2)
    return x if factor is None else x / factor.unsqueeze(2)


def round_up_to_bfloat16(x: Tensor) -> Tensor:
    """float32 -> the nearest bfloat16 (as float32) that is not smaller in magnitude."""
    bits = (x.contiguous().view(torch.int32) + 0xFFFF) & -0x10000
    # The carry of a NaN would run into its sign; Inf has none.
    return torch.where(x.isnan(), x, bits.view(torch.float32))


def _by_plane(x: Tensor, count: int) -> Tensor:
    """[..., D] -> [..., count, D / count]."""
    return x.reshape(*x.shape[:-1], count, x.shape[-1] // count)


def _int8(x: Tensor) -> tuple[Tensor, Tensor]:
    """Codes of x [..., P, D/P] in float32, -127 to 127, and scales [..., P]."""
    scale = round_up_to_bfloat16(x.abs().amax(-1, keepdim=True) / INT8_LEVELS)
    scale = torch.where(x.isfinite().all(-1, keepdim=True), scale, float("nan"))
    codes = (x * _reciprocal(scale)).round().clamp(-INT8_LEVELS, INT8_LEVELS)
    return codes.nan_to_num(0.0), scale.squeeze(-1).to(SCALE_DTYPE)


def _int4(x: Tensor) -> tuple[Tensor, Tensor]:
    """Codes of x [..., P, D/P] in float32, 0 to 15, and signed scales [..., P]."""
    largest, smallest = x.amax(-1, keepdim=True), x.amin(-1, keepdim=True)
    # Code 0 means -8 scales: a plane whose largest magnitude is positive takes a negative scale.
    furthest = torch.where(largest >= -smallest, largest, smallest)
    furthest = torch.where(x.isfinite().all(-1, keepdim=True), furthest, float("nan"))
    # All fractions beside each other, [trials, ..., P, 1]: a step of one token pays for calls.
    fractions = x.new_tensor([(k * INT4_STEP - 1.0) / INT4_ZERO for k in range(INT4_TRIALS)])
    tried = round_up_to_bfloat16(fractions.view(-1, *[1] * x.ndim) * furthest)
    rounded = (x * _reciprocal(tried)).round().clamp(-INT4_ZERO, INT4_ZERO - 1)
    errors = (x - rounded * tried).square().sum(-1, keepdim=True)
    best = errors.argmin(0, keepdim=True)  # the first of equals
    scale = tried.gather(0, best)[0]
    codes = rounded.gather(0, best.expand(1, *x.shape))[0]
    return codes.nan_to_num(0.0) + INT4_ZERO, scale.squeeze(-1).to(SCALE_DTYPE)


def _reciprocal(scale: Tensor) -> Tensor:
    """1 / scale, and 0 for 0: a plane of zeros has codes that mean zero."""
    return torch.where(scale == 0, 0.0, 1.0 / scale)


def pack_nibbles(codes: Tensor) -> Tensor:
    """uint8 codes [..., D], 0 to 15 -> bytes [..., D/2] in the order of `contract`."""
    low, high = codes.chunk(2, -1)
    return low | (high << 4)


def unpack_nibbles(stored: Tensor) -> Tensor:
    """Inverse of `pack_nibbles`."""
    return torch.cat((stored & 15, stored >> 4), -1)
