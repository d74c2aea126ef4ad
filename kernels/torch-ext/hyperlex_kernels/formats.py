"""The two 4-bit weight formats: what a stored weight means, and how a dense one becomes it.

nf4    the sixteen NF4 levels times one scale a group:      w = NF4[code] * scale
int4   whole numbers with a whole zero point a group:       w = (code - zero) * scale

A group is 64 (or 32) neighbours along K, the input dimension. Scales are float16 unless asked
otherwise, and are chosen by search for the least squared error of their group, after rounding, so
that a scale's own rounding is inside the error that is minimised. Storage costs 4 + 16/64 = 4.25
bits a weight for nf4 and 4 + 20/64 = 4.3125 for int4 at group 64.

Letters: `N` output features (rows of the weight), `K` input features, `G` the group size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, cast

import torch
from torch import Tensor

from . import layout

Format = Literal["nf4", "int4"]

FORMATS: Final[tuple[Format, ...]] = ("nf4", "int4")
GROUP_SIZES: Final = (32, 64)

# The levels of bitsandbytes' NF4 (QLoRA, arXiv 2305.14314, appendix E), as float32.
NF4_LEVELS: Final = (
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
)
NF4_ZERO: Final = 7  # the code whose level is 0.0
NF4_LEVELS_OF_NIBBLES: Final = tuple(NF4_LEVELS[code] for code in layout.NF4_CODES)

# How far below the group's largest magnitude (nf4) or range (int4) the search tries a scale. Wide
# groups of a bell-shaped weight gain from clipping their one extreme value a little.
_SHRINK_NF4: Final = (1.0, 0.97, 0.94, 0.91, 0.88, 0.85, 0.82, 0.79)
_SHRINK_INT4: Final = (1.0, 0.96, 0.92, 0.88, 0.84)
# Rows quantised at a time: bounds the search's scratch memory to some tens of megabytes.
_CHUNK_WEIGHTS: Final = 1 << 21


@dataclass(frozen=True)
class PackedWeight:
    """A 4-bit weight [N, K] as the kernels read it. `layout` describes the three tensors.

    packed    [N/16, K/128, 16, 32] int16, four codes a word, N padded to 64 and K to 128
    scales    [N/16, K/128, 16, 128/G] float16 or float32
    zeros     [N/16, K/128, 16, 64/G] uint8, two 4-bit zero points a byte; None for nf4
    """

    packed: Tensor
    scales: Tensor
    zeros: Tensor | None
    format: Format
    group_size: int
    out_features: int
    in_features: int

    def to(self, device: torch.device | str) -> PackedWeight:
        """The same weight on another device."""
        return replace(
            self,
            packed=self.packed.to(device),
            scales=self.scales.to(device),
            zeros=None if self.zeros is None else self.zeros.to(device),
        )

    @property
    def bits_per_weight(self) -> float:
        """Bits stored for each weight of [N, K]; scales, zeros and padding are counted in."""
        tensors = (self.packed, self.scales) + (() if self.zeros is None else (self.zeros,))
        stored = sum(tensor.numel() * tensor.element_size() * 8 for tensor in tensors)
        return stored / (self.out_features * self.in_features)


def check_format(format: str, group_size: int) -> Format:
    """`format` as its type. Raises `ValueError` for an unknown format or group size."""
    if format not in FORMATS:
        raise ValueError(f"Unknown 4-bit format {format!r}. Expected one of {', '.join(FORMATS)}.")
    if group_size not in GROUP_SIZES:
        raise ValueError(
            f"group_size={group_size} is not supported. Expected one of "
            f"{', '.join(map(str, GROUP_SIZES))} neighbouring weights a scale."
        )
    return cast(Format, format)


def quantize_4bit(
    weight: Tensor,
    format: str = "nf4",
    group_size: int = 64,
    *,
    scale_dtype: torch.dtype = torch.float16,
    search: bool = True,
) -> PackedWeight:
    """The 4-bit form of `weight` [N, K], any floating dtype, on the weight's own device.

    `search=False` takes the plain scale (largest magnitude for nf4, range for int4), as
    bitsandbytes does. Raises `ValueError` for a weight that is not a matrix of finite numbers, for
    an empty one, and for one too large for float16 scales.
    """
    format = check_format(format, group_size)
    if weight.ndim != 2 or weight.numel() == 0:
        raise ValueError(
            f"Cannot quantise a weight of shape {tuple(weight.shape)}. Expected [out_features, "
            "in_features], neither of them 0."
        )
    if not weight.is_floating_point():
        raise ValueError(
            f"Cannot quantise a weight of {weight.dtype}. Expected a floating dtype; is it packed "
            "already?"
        )
    if scale_dtype not in (torch.float16, torch.float32):
        raise ValueError(f"scale_dtype={scale_dtype}. Expected torch.float16 or torch.float32.")
    rows, columns = weight.shape
    step = max(1, _CHUNK_WEIGHTS // columns)
    codes, scales, zeros = [], [], []
    for start in range(0, rows, step):
        chunk = weight[start : start + step].detach().float()
        if not bool(torch.isfinite(chunk).all()):
            raise ValueError(
                "Cannot quantise a weight that holds NaN or Inf: one such value would spoil its "
                f"whole group of {group_size}. Repair the checkpoint, or leave this layer out "
                "(modules_to_not_convert)."
            )
        groups = _grouped(chunk, group_size)
        fit = _fit_nf4 if format == "nf4" else _fit_int4
        code, scale, zero = fit(groups, scale_dtype, search)
        if not bool(torch.isfinite(scale).all()):
            raise ValueError(
                f"A weight of magnitude {chunk.abs().max().item():.3g} needs a scale beyond "
                "float16. Quantise with scale_dtype=torch.float32."
            )
        codes.append(code.flatten(1)[:, :columns])
        scales.append(scale)
        zeros.append(zero)
    return pack_weight(
        torch.cat(codes),
        torch.cat(scales),
        torch.cat(zeros) if format == "int4" else None,
        format,
        group_size,
    )


def pack_weight(
    codes: Tensor, scales: Tensor, zeros: Tensor | None, format: str, group_size: int
) -> PackedWeight:
    """Row-major codes [N, K] (0 to 15), scales [N, ceil(K/G)] and zeros likewise, put in layout.

    The inverse of `unpack_weight`. Raises `ValueError` for shapes that do not belong together and
    for codes or zero points outside 0 to 15.
    """
    format = check_format(format, group_size)
    rows, columns = codes.shape
    groups = (rows, -(-columns // group_size))
    for name, tensor in (("scales", scales), ("zeros", zeros)):
        if tensor is not None and tuple(tensor.shape) != groups:
            raise ValueError(
                f"{name} of shape {tuple(tensor.shape)} do not fit codes of shape "
                f"{tuple(codes.shape)} at group size {group_size}. Expected {groups}."
            )
    if (zeros is None) != (format == "nf4"):
        raise ValueError(f"{format} {'needs' if format == 'int4' else 'has no'} zero points.")
    for name, tensor in (("codes", codes), ("zeros", zeros)):
        if tensor is not None and tensor.numel() and int(tensor.max()) > 15:
            raise ValueError(f"{name} reach {int(tensor.max())}. Expected 0 to 15.")
    return PackedWeight(
        packed=layout.pack_codes(codes, format, fill=NF4_ZERO if format == "nf4" else 0),
        scales=layout.pack_groups(scales, group_size),
        zeros=None if zeros is None else layout.pack_zeros(zeros, group_size),
        format=format,
        group_size=group_size,
        out_features=rows,
        in_features=columns,
    )


def unpack_weight(weight: PackedWeight) -> tuple[Tensor, Tensor, Tensor | None]:
    """Codes [N, K] uint8, scales [N, ceil(K/G)], zeros likewise: the inverse of `pack_weight`."""
    rows, columns = weight.out_features, weight.in_features
    groups = -(-columns // weight.group_size)
    codes = layout.unpack_codes(weight.packed, weight.format)[:rows, :columns]
    scales = layout.unpack_groups(weight.scales)[:rows, :groups]
    zeros = None if weight.zeros is None else layout.unpack_zeros(weight.zeros)[:rows, :groups]
    return codes, scales, zeros


def _grouped(rows: Tensor, group_size: int) -> Tensor:
    """[R, K] -> [R, ceil(K/G), G]; the last group is filled up with its own last value, which
    moves neither its range nor its largest magnitude."""
    short = -rows.shape[1] % group_size
    if short:
        rows = torch.cat((rows, rows[:, -1:].expand(-1, short)), dim=1)
    return rows.unflatten(1, (-1, group_size))


def _keep_better(
    best: tuple[Tensor, ...] | None, candidate: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Group by group, the fit with the smaller error; a fit is (error, code, scale, zero)."""
    if best is None:
        return candidate
    better = candidate[0] < best[0]
    return tuple(
        torch.where(better.unsqueeze(-1) if new.ndim == 3 else better, new, old)
        for new, old in zip(candidate, best, strict=True)
    )


def _fit_nf4(
    groups: Tensor, scale_dtype: torch.dtype, search: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Codes [R, K/G, G], scales [R, K/G] and (unused) zeros for groups of float32 weights."""
    levels = torch.tensor(NF4_LEVELS, device=groups.device)
    between = (levels[1:] + levels[:-1]) / 2
    largest = groups.abs().amax(-1)

    def encode(scale: Tensor) -> tuple[Tensor, ...]:
        scale = scale.to(scale_dtype)
        step = scale.float().unsqueeze(-1)
        # A group of zeros has the scale 0, and 0/0 must become the code of 0.0, not of NaN.
        code = torch.bucketize((groups / step).nan_to_num(0.0).contiguous(), between)
        level = levels[code]
        error = (level * step - groups).square().sum(-1)
        return error, code.to(torch.uint8), scale, torch.zeros_like(scale, dtype=torch.uint8)

    best = encode(largest)
    if search:
        for shrink in _SHRINK_NF4[1:]:
            best = _keep_better(best, encode(largest * shrink))
        # With the codes fixed, the best scale has a closed form; it may move codes in turn.
        for _ in range(2):
            level = levels[best[1].long()]
            scale = (level * groups).sum(-1) / level.square().sum(-1).clamp_min(1e-30)
            best = _keep_better(best, encode(scale))
    return best[1], best[2], best[3]


def _fit_int4(
    groups: Tensor, scale_dtype: torch.dtype, search: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Codes [R, K/G, G], scales [R, K/G] and zeros [R, K/G] for groups of float32 weights."""
    # The range must hold 0, or no whole zero point between 0 and 15 could name it.
    low, high = groups.amin(-1).clamp_max(0.0), groups.amax(-1).clamp_min(0.0)

    def encode(scale: Tensor, zero: Tensor) -> tuple[Tensor, ...]:
        scale = scale.to(scale_dtype)
        step, zero = scale.float().unsqueeze(-1), zero.clamp(0, 15)
        code = ((groups / step).nan_to_num(0.0).round() + zero.unsqueeze(-1)).clamp(0, 15)
        error = ((code - zero.unsqueeze(-1)) * step - groups).square().sum(-1)
        return error, code.to(torch.uint8), scale, zero.to(torch.uint8)

    def plain(low: Tensor, high: Tensor) -> tuple[Tensor, ...]:
        scale = (high - low) / 15
        return encode(scale, (-low / scale).nan_to_num(0.0).round())

    best = plain(low, high)
    if search:
        for shrink_low in _SHRINK_INT4:
            for shrink_high in _SHRINK_INT4:
                best = _keep_better(best, plain(low * shrink_low, high * shrink_high))
        for _ in range(2):
            offset = best[1].float() - best[3].float().unsqueeze(-1)
            scale = (offset * groups).sum(-1) / offset.square().sum(-1).clamp_min(1e-30)
            best = _keep_better(best, encode(scale, best[3].float()))
    return best[1], best[2], best[3]
