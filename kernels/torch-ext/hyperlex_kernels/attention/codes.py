"""Stored codes to float16 operands, in registers, four at a time.

Each decode exists twice: inline PTX, and the same arithmetic in Triton's own operators, which the
interpreter can run. The PTX is elementwise, whichever four neighbours a thread holds: keys come to
it along their channels, values along their tokens.

A byte beside 0x64 is a float16: 0x6400 | q is 1024 + q, so a `prmt` makes two operands of two bytes
and one addition takes the bias and the zero point away, exactly. High halves stay four bits up
(1024 + 16q) and come down by a multiplication.
"""

from __future__ import annotations

import triton
import triton.language as tl

_SPREAD = "prmt.b32 $0, x, 0x64646464, 0x4140; prmt.b32 $1, x, 0x64646464, 0x4342; "
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
def int8_codes(stored, PTX: tl.constexpr, KEYS: tl.constexpr):
    """int8 codes as float16."""
    if PTX:
        value = tl.inline_asm_elementwise(
            _INT8, "=r,=r,r", [stored], dtype=tl.float16, is_pure=KEYS, pack=4
        )
    else:
        value = stored.to(tl.float16)
    return value


@triton.jit
def low_codes(stored, PTX: tl.constexpr, KEYS: tl.constexpr):
    """Codes less 8 of the low halves of bytes, as float16."""
    if PTX:
        value = tl.inline_asm_elementwise(
            _LOW, "=r,=r,r", [stored], dtype=tl.float16, is_pure=KEYS, pack=4
        )
    else:
        value = ((stored & 15).to(tl.int32) - 8).to(tl.float16)
    return value


@triton.jit
def high_codes(stored, PTX: tl.constexpr, KEYS: tl.constexpr):
    """Codes less 8 of the high halves of bytes, as float16."""
    if PTX:
        value = tl.inline_asm_elementwise(
            _HIGH, "=r,=r,r", [stored], dtype=tl.float16, is_pure=KEYS, pack=4
        )
    else:
        value = ((stored >> 4).to(tl.int32) - 8).to(tl.float16)
    return value
