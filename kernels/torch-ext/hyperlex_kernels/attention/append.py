"""`kv_append_quantized` in Triton: new tokens are quantised in registers and written in place.

The arithmetic is that of `quantize`, to the order of its sums. A program takes some tokens of one
head, of the keys or of the values.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from ..interpreter import INTERPRETED
from ..library import LAUNCH
from . import quantize
from .contract import KINDS, KVBuffers, planes

_TILE = 2048
_TRIALS = tl.constexpr(quantize.INT4_TRIALS)
_STEP = tl.constexpr(quantize.INT4_STEP)
_INT8_LEVELS = tl.constexpr(float(quantize.INT8_LEVELS))
# 1.5 * 2^23: added to a small float32 it leaves the nearest integer, ties to even, in the low bits.
_ROUND = tl.constexpr(12582912.0)
_ROUND_BITS = tl.constexpr(0x4B400000)


@triton.jit
def round_up_to_bfloat16(x):
    """float32 -> the nearest bfloat16, as float32, that is not smaller in magnitude."""
    return ((x.to(tl.int32, bitcast=True) + 0xFFFF) & -65536).to(tl.float32, bitcast=True)


@triton.jit
def reciprocal(scale):
    """1 / scale, and 0 for 0."""
    return tl.where(scale == 0.0, 0.0, 1.0 / tl.where(scale == 0.0, 1.0, scale))


@triton.jit
def rounded(x, least: tl.constexpr, most: tl.constexpr):
    """The nearest whole numbers from `least` to `most`, as float32."""
    return (tl.minimum(tl.maximum(x, least), most) + _ROUND) - _ROUND


@triton.jit
def whole(x):
    """A small whole float32 as int32."""
    return (x + _ROUND).to(tl.int32, bitcast=True) - _ROUND_BITS


@triton.jit
def int4_scale(x0, x1, BOTH: tl.constexpr):
    """The signed scale [tokens] under which x0 (BOTH: and x1) [tokens, channels] loses least."""
    largest, smallest = tl.max(x0, 1), tl.min(x0, 1)
    if BOTH:
        largest = tl.maximum(largest, tl.max(x1, 1))
        smallest = tl.minimum(smallest, tl.min(x1, 1))
    furthest = tl.where(largest >= -smallest, largest, smallest)
    scale = furthest
    least = furthest
    for i in tl.static_range(_TRIALS):
        tried = round_up_to_bfloat16(furthest * ((i * _STEP - 1.0) / 8.0))
        inverse = reciprocal(tried)[:, None]
        lost = x0 - rounded(x0 * inverse, -8.0, 7.0) * tried[:, None]
        error = tl.sum(lost * lost, 1)
        if BOTH:
            lost = x1 - rounded(x1 * inverse, -8.0, 7.0) * tried[:, None]
            error += tl.sum(lost * lost, 1)
        if i == 0:
            scale, least = tried, error
        else:
            scale = tl.where(error < least, tried, scale)
            least = tl.where(error < least, error, least)
    return scale


@triton.jit
def any_infinite(x):
    """Whether a row of x [tokens, channels] holds Inf or NaN: [tokens]."""
    return tl.max(tl.where(tl.abs(x) < float("inf"), 0, 1), 1) != 0


@triton.jit
def append_kernel(
    key,
    value,
    keys,
    values,
    scales,
    key_factor,
    key_centre,
    position,
    key_b,
    key_h,
    key_s,
    value_b,
    value_h,
    value_s,
    HEADS,
    TOKENS,
    CAPACITY,
    KIND: tl.constexpr,
    D: tl.constexpr,
    PLANES: tl.constexpr,
    BLOCK_S: tl.constexpr,
    BLOCK_D: tl.constexpr,
    HAS_FACTOR: tl.constexpr,
    HAS_CENTRE: tl.constexpr,
):
    """BLOCK_S of TOKENS tokens of one head. Grid: (B x HEADS, ceil(TOKENS / BLOCK_S), 2).

    The last axis of the grid is 0 for keys, 1 for values.

    keys, values as in `decode_kernel`; scales int16 [B, HEADS, CAPACITY, 2 x PLANES], the bits of
    bfloat16. BLOCK_D is D, or half of it for int4, rounded up to a power of two.
    """
    WIDTH: tl.constexpr = D // 2 if KIND == 2 else D
    head = tl.program_id(0)
    batch = (head // HEADS).to(tl.int64)
    of_value = tl.program_id(2)
    token = tl.program_id(1) * BLOCK_S + tl.arange(0, BLOCK_S)
    channel = tl.arange(0, BLOCK_D)
    at = tl.load(position + batch) + token
    tl.device_assert(
        (token >= TOKENS) | ((at >= 0) & (at < CAPACITY)), "the KV cache has no room for this token"
    )
    inside = (token < TOKENS) & (at >= 0) & (at < CAPACITY)
    both = inside[:, None] & (channel < WIDTH)[None, :]
    if of_value == 0:
        source = key + batch * key_b + (head % HEADS) * key_h + token[:, None] * key_s
        target = keys
    else:
        source = value + batch * value_b + (head % HEADS) * value_h + token[:, None] * value_s
        target = values
    source += channel[None, :]
    line = head.to(tl.int64) * CAPACITY + at
    target += line[:, None] * WIDTH + channel[None, :]
    if KIND == 0:
        tl.store(target, tl.load(source, mask=both, other=0.0), mask=both)
    else:
        x0 = tl.load(source, mask=both, other=0.0).to(tl.float32)
        x1 = x0
        if KIND == 2:
            x1 = tl.load(source + WIDTH, mask=both, other=0.0).to(tl.float32)
        of_key = channel < (1 - of_value) * WIDTH
        channels = head * D + channel
        if HAS_CENTRE:
            x0 -= tl.load(key_centre + channels, mask=of_key, other=0.0)[None, :]
            if KIND == 2:
                x1 -= tl.load(key_centre + channels + WIDTH, mask=of_key, other=0.0)[None, :]
        if HAS_FACTOR:
            x0 /= tl.load(key_factor + channels, mask=of_key, other=1.0)[None, :]
            if KIND == 2:
                x1 /= tl.load(key_factor + channels + WIDTH, mask=of_key, other=1.0)[None, :]
        infinite = any_infinite(x0)
        scales_at = scales + line * (2 * PLANES) + of_value * PLANES
        if KIND == 1:
            scale = round_up_to_bfloat16(tl.max(tl.abs(x0), 1) / _INT8_LEVELS)
            codes = rounded(x0 * reciprocal(scale)[:, None], -_INT8_LEVELS, _INT8_LEVELS)
            stored = whole(codes).to(tl.int8)
        else:
            infinite1 = any_infinite(x1)
            if PLANES == 2:
                scale = int4_scale(x0, x0, False)
                scale1 = int4_scale(x1, x1, False)
                bits = tl.where(infinite1, 0x7FC0, scale1.to(tl.int32, bitcast=True) >> 16)
                tl.store(scales_at + 1, bits.to(tl.int16), mask=inside)
            else:
                scale = int4_scale(x0, x1, True)
                scale1 = scale
                infinite = infinite | infinite1
            low = whole(rounded(x0 * reciprocal(scale)[:, None], -8.0, 7.0)) + 8
            high = whole(rounded(x1 * reciprocal(scale1)[:, None], -8.0, 7.0)) + 8
            stored = ((low & 15) | ((high & 15) << 4)).to(tl.uint8)
        # 0x7FC0: NaN comes out where NaN or Inf went in.
        bits = tl.where(infinite, 0x7FC0, scale.to(tl.int32, bitcast=True) >> 16)
        tl.store(scales_at, bits.to(tl.int16), mask=inside)
        tl.store(target, stored, mask=both)


def kv_append_quantized(key: Tensor, value: Tensor, kv: KVBuffers, position: Tensor) -> None:
    """`reference.kv_append_quantized` by the kernel above."""
    batch, heads, tokens, head_size = key.shape
    key = key if key.stride(3) == 1 else key.contiguous()
    value = value if value.stride(3) == 1 else value.contiguous()
    block_d = triton.next_power_of_2(head_size // 2 if kv.kind == "int4" else head_size)
    block_s = min(triton.next_power_of_2(tokens), max(1, _TILE // block_d))
    # Out of room is an assertion on the device: the host does not see the positions.
    checked = {} if INTERPRETED else {"debug": True, "sanitize_overflow": False}
    append_kernel[(batch * heads, triton.cdiv(tokens, block_s), 2)](
        key,
        value,
        kv.keys,
        kv.values,
        key if kv.scales is None else kv.scales.view(torch.int16),
        kv.key_factor,
        kv.key_centre,
        position,
        *key.stride()[:3],
        *value.stride()[:3],
        heads,
        tokens,
        kv.capacity,
        KIND=KINDS.index(kv.kind),
        D=head_size,
        PLANES=planes(kv.kind, head_size),
        BLOCK_S=block_s,
        BLOCK_D=block_d,
        HAS_FACTOR=kv.key_factor is not None,
        HAS_CENTRE=kv.key_centre is not None,
        num_warps=4 if block_s > 1 else 1,
        **LAUNCH,
        **checked,
    )
