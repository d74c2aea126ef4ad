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

INT8, LOW, HIGH = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
"""What a stored byte is asked for: the code that it is, or the one in its low or high half."""
KEY_BIAS = tl.constexpr((1152.0, 1032.0, 1152.0))
"""By what is asked for, how much too large a biased key is: one of `HIGH` is 16 times its code."""

_SPREAD = "prmt.b32 $0, x, 0x64646464, 0x4140; prmt.b32 $1, x, 0x64646464, 0x4342; "
_BYTES = (
    "xor.b32 x, $2, 0x80808080; ",
    "and.b32 x, $2, 0x0f0f0f0f; ",
    "and.b32 x, $2, 0xf0f0f0f0; ",
)
_ADD = "add.rn.f16x2 $0, $0, b; add.rn.f16x2 $1, $1, b; "
_UNBIAS = (
    "mov.b32 b, 0xe480e480; " + _ADD,  # -1152: the bias and the sign
    "mov.b32 b, 0xe408e408; " + _ADD,  # -1032
    "mov.b32 f, 0x2c002c00; mov.b32 b, 0xd480d480; "  # 1/16, -72
    "fma.rn.f16x2 $0, $0, f, b; fma.rn.f16x2 $1, $1, f, b; ",
)
_KEYS = tl.constexpr(tuple("{ .reg .b32 x; " + part + _SPREAD + "}" for part in _BYTES))
_VALUES = tl.constexpr(
    tuple(
        "{ .reg .b32 x, b, f; " + part + _SPREAD + unbias + "}"
        for part, unbias in zip(_BYTES, _UNBIAS, strict=True)
    )
)


@triton.jit
def _code(stored, PART: tl.constexpr):
    """The code as int32, less 8 where it is half a byte: without PTX."""
    if PART == INT8:
        code = stored.to(tl.int32)
    elif PART == LOW:
        code = (stored & 15).to(tl.int32) - 8
    else:
        code = (stored >> 4).to(tl.int32) - 8
    return code


@triton.jit
def _decoded(stored, TEXTS: tl.constexpr, PART: tl.constexpr, PURE: tl.constexpr):
    # Triton 3.6 passes no bare text to a function, and that is what an element of a tuple is there.
    text: tl.constexpr = TEXTS[PART]
    return tl.inline_asm_elementwise(
        text, "=r,=r,r", [stored], dtype=tl.float16, is_pure=PURE, pack=4
    )


@triton.jit
def values_of(stored, PART: tl.constexpr, PTX: tl.constexpr):
    """Codes as float16, those of half a byte less 8."""
    return _decoded(stored, _VALUES, PART, False) if PTX else _code(stored, PART).to(tl.float16)


@triton.jit
def keys_of(stored, PART: tl.constexpr, BIASED: tl.constexpr, PTX: tl.constexpr):
    """Codes as `values_of`; if BIASED, `KEY_BIAS` too large, and 16 times those of high halves."""
    if not BIASED:
        operand = values_of(stored, PART, PTX)
    elif PTX:
        operand = _decoded(stored, _KEYS, PART, True)
    else:
        factor: tl.constexpr = 16 if PART == HIGH else 1
        operand = (_code(stored, PART) * factor + KEY_BIAS[PART]).to(tl.float16)
    return operand
