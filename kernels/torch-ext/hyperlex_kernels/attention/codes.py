"""Stored codes to float16 operands, in registers, four at a time.

Each decode exists twice: inline PTX, and the same arithmetic in Triton's own operators, which the
interpreter can run. The PTX is elementwise, whichever four neighbours a thread holds: keys come to
it along their channels, values along their tokens.

A byte beside 0x64 is a float16: 0x6400 | q is 1024 + q, so a `prmt` makes two operands of two
bytes. Of values, one more instruction takes the bias and the zero point away, exactly; high halves
stay four bits up (1024 + 16q) and come down by a multiplication. BIASED keys stay as they are: a
query times their bias is one number for all keys, and the sum of a score begins with its opposite.
That number is at most 1152 times a sum of 256 numbers within 1. What float32 loses by it is about
what rounding the query to float16 costs, and for int4 of 256 channels up to twice that where all
channels of a query have one sign. (Of values the sum would run over all tokens.)
"""

from __future__ import annotations

import triton
import triton.language as tl

KEY_BIAS = tl.constexpr(1152.0)
"""What a key's operand is above its int8 code, and above 16 times its high code less 8."""
LOW_KEY_BIAS = tl.constexpr(1032.0)
"""What a key's operand is above its low code less 8."""

_SPREAD = "prmt.b32 $0, x, 0x64646464, 0x4140; prmt.b32 $1, x, 0x64646464, 0x4342; "
_INT8_KEYS = tl.constexpr("{ .reg .b32 x; xor.b32 x, $2, 0x80808080; " + _SPREAD + "}")
_LOW_KEYS = tl.constexpr("{ .reg .b32 x; and.b32 x, $2, 0x0f0f0f0f; " + _SPREAD + "}")
_HIGH_KEYS = tl.constexpr("{ .reg .b32 x; and.b32 x, $2, 0xf0f0f0f0; " + _SPREAD + "}")
_INT8 = tl.constexpr(
    "{ .reg .b32 x, b; mov.b32 b, 0xe480e480; xor.b32 x, $2, 0x80808080; "
    + _SPREAD
    + "add.rn.f16x2 $0, $0, b; add.rn.f16x2 $1, $1, b; }"  # -1152: the bias and the sign
)
_LOW = tl.constexpr(
    "{ .reg .b32 x, b; mov.b32 b, 0xe408e408; and.b32 x, $2, 0x0f0f0f0f; "
    + _SPREAD
    + "add.rn.f16x2 $0, $0, b; add.rn.f16x2 $1, $1, b; }"  # -1032
)
_HIGH = tl.constexpr(
    "{ .reg .b32 x, b, f; mov.b32 f, 0x2c002c00; mov.b32 b, 0xd480d480; "
    "and.b32 x, $2, 0xf0f0f0f0; "
    + _SPREAD
    + "fma.rn.f16x2 $0, $0, f, b; fma.rn.f16x2 $1, $1, f, b; }"  # 1/16, -72
)


@triton.jit
def _decoded(stored, TEXT: tl.constexpr, PURE: tl.constexpr):
    return tl.inline_asm_elementwise(
        TEXT, "=r,=r,r", [stored], dtype=tl.float16, is_pure=PURE, pack=4
    )


@triton.jit
def int8_values(stored, PTX: tl.constexpr):
    """int8 codes as float16."""
    return _decoded(stored, _INT8, False) if PTX else stored.to(tl.float16)


@triton.jit
def low_values(stored, PTX: tl.constexpr):
    """Codes less 8 of the low halves of bytes, as float16."""
    if PTX:
        operand = _decoded(stored, _LOW, False)
    else:
        operand = ((stored & 15).to(tl.int32) - 8).to(tl.float16)
    return operand


@triton.jit
def high_values(stored, PTX: tl.constexpr):
    """Codes less 8 of the high halves of bytes, as float16."""
    if PTX:
        operand = _decoded(stored, _HIGH, False)
    else:
        operand = ((stored >> 4).to(tl.int32) - 8).to(tl.float16)
    return operand


@triton.jit
def int8_keys(stored, BIASED: tl.constexpr, PTX: tl.constexpr):
    """int8 codes as float16, `KEY_BIAS` too large where BIASED."""
    if not BIASED:
        operand = int8_values(stored, PTX)
    elif PTX:
        operand = _decoded(stored, _INT8_KEYS, True)
    else:
        operand = (stored.to(tl.float32) + KEY_BIAS).to(tl.float16)
    return operand


@triton.jit
def low_keys(stored, BIASED: tl.constexpr, PTX: tl.constexpr):
    """Codes less 8 of the low halves of bytes, as float16; `LOW_KEY_BIAS` too large if BIASED."""
    if not BIASED:
        operand = low_values(stored, PTX)
    elif PTX:
        operand = _decoded(stored, _LOW_KEYS, True)
    else:
        operand = ((stored & 15).to(tl.int32) - 8 + LOW_KEY_BIAS).to(tl.float16)
    return operand


@triton.jit
def high_keys(stored, BIASED: tl.constexpr, PTX: tl.constexpr):
    """Codes less 8 of the high halves of bytes, as float16; where BIASED, 16 times as much and
    `KEY_BIAS` too large.
    """
    if not BIASED:
        operand = high_values(stored, PTX)
    elif PTX:
        operand = _decoded(stored, _HIGH_KEYS, True)
    else:
        operand = (((stored >> 4).to(tl.int32) - 8) * 16 + KEY_BIAS).to(tl.float16)
    return operand
