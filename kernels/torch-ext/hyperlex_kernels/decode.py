"""Four-bit codes to tensor-core operands, in registers.

One 32-bit pair of packed words becomes four registers, one a plane, each with two neighbouring
16-bit values. Every decode exists twice: inline PTX, and the same arithmetic in Triton's own
operators (`PTX=False`), which the interpreter and other compilers can run.

int4   A magic number: 0x6400 | q is the float16 1024 + q, 0x6400 | q << 4 is 1024 + 16q, and
       0x4300 | q is the bfloat16 128 + q. Subtracting the bias and the zero point is exact.
nf4    A table of sixteen 16-bit values lies in eight registers, four with the high bytes and four
       with the low ones. `prmt` picks four bytes out of eight by three bits of a nibble. Where the
       fourth is set it gives the picked byte's sign instead, eight times: nothing, or ones. So of
       two look-ups, one for nibbles below 8 and one with the fourth bits flipped for those from 8
       on, one gives the byte and the other a constant, and `xor` is the choice between them. It
       takes that levels i and 8 + i agree in the sign of both bytes: hence the order of nibbles in
       `layout.NF4_CODES`.

The sixteen levels do not fit 16 bits exactly, so what is tabulated is `round(SCALE * level -
OFFSET)` with a scale and an offset under which all sixteen happen to round well; `OFFSET` times the
sum of the activations is added back by one more matrix product, and the division by `SCALE` is part
of the epilogue. The error that is left adds 0.9e-4 (float16) or 6.3e-4 (bfloat16) to the product,
against the 2.1e-4 and 1.7e-3 that rounding the result costs anyway. Found by scanning both numbers
for the least error of codes drawn from Gaussian and Student-t weights, among those for which one
order of nibbles pairs levels of equal signs in both dtypes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

import triton
import triton.language as tl

from .formats import NF4_LEVELS_OF_NIBBLES

NF4_SCALE_FP16: Final = 1.8867979
NF4_SCALE_BF16: Final = 1.9770745
NF4_OFFSET_BF16: Final = 0.1328125


def _fp16_bits(value: float) -> int:
    return int(struct.unpack("<H", struct.pack("<e", value))[0])


def _bf16_bits(value: float) -> int:
    """Round to nearest even, as hardware does."""
    bits = int(struct.unpack("<I", struct.pack("<f", value))[0])
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def _table_words(bits: Sequence[int]) -> tuple[int, ...]:
    """Sixteen 16-bit values as four words of high bytes and four of low ones, as Triton's int32."""
    words = []
    for shift in (8, 0):
        for first in range(0, 16, 4):
            word = sum(((bits[first + i] >> shift) & 255) << (8 * i) for i in range(4))
            words.append(word - (1 << 32) if word >= 1 << 31 else word)
    return tuple(words)


def _against_signs(bits: Sequence[int]) -> list[int]:
    """What the first look-up has to hold, so that `xor` with the second gives `bits`.

    Raises:
        ValueError: two levels that share a place differ in the sign of a byte.
    """
    if any((low ^ high) & 0x8080 for low, high in zip(bits[:8], bits[8:], strict=True)):
        raise ValueError("Levels i and 8 + i differ in the sign of a byte. Expected another order.")
    return [
        *(low ^ (high >> 7 & 0x0101) * 0xFF for low, high in zip(bits[:8], bits[8:], strict=True)),
        *bits[8:],
    ]


# Zero is minus zero here, so that as many levels have a sign as have none.
_BITS_FP16: Final = [_fp16_bits(NF4_SCALE_FP16 * level or -0.0) for level in NF4_LEVELS_OF_NIBBLES]
_BITS_BF16: Final = [
    _bf16_bits(NF4_SCALE_BF16 * level - NF4_OFFSET_BF16) for level in NF4_LEVELS_OF_NIBBLES
]


# In `z` a zero that the assembler cannot see through: bit 31 of the mask of lower lanes.
OPAQUE_ZERO: Final = "mov.u32 z, %lanemask_lt; shr.u32 z, z, 31; "


def _nf4_ptx(words: tuple[int, ...]) -> str:
    """The table look-up as PTX. `$4` is the pair of words, `$0` to `$3` the planes.

    `prmt` takes its first operand from a register alone. Those words of the table get a zero added
    that the assembler cannot see through. Plain constants would be kept in uniform registers, and
    copied out again before every use.
    """
    table = "".join(
        f"add.u32 t{i}, z, {word & 0xFFFFFFFF:#010x}; " for i, word in enumerate(words[::2])
    )

    def pick(out: str, first: int, low: str, high: str) -> str:
        return (
            f"prmt.b32 a, t{first // 2}, {words[first + 1] & 0xFFFFFFFF:#010x}, {low}; "
            f"prmt.b32 b, t{first // 2 + 1}, {words[first + 3] & 0xFFFFFFFF:#010x}, {high}; "
            f"xor.b32 {out}, a, b; "
        )

    return (
        "{ .reg .b32 z, t0, t1, t2, t3, s, t, u, a, b, h, i, l, m; "
        + OPAQUE_ZERO
        + table
        + "xor.b32 s, $4, 0x88888888; shr.u32 t, $4, 16; shr.u32 u, s, 16; "
        + pick("h", 0, "$4", "s")
        + pick("i", 0, "t", "u")
        + pick("l", 4, "$4", "s")
        + pick("m", 4, "t", "u")
        + "prmt.b32 $0, l, h, 0x5140; prmt.b32 $1, l, h, 0x7362; "
        "prmt.b32 $2, m, i, 0x5140; prmt.b32 $3, m, i, 0x7362; }"
    )


# 0xea is (a & b) | c. Planes 1 and 3 stay four bits up and are scaled down by the subtraction.
_INT4_PTX_FP16: Final = (
    "{ .reg .b32 u, f; mov.b32 f, 0x2c002c00; shr.u32 u, $4, 8; "
    "lop3.b32 $0, $4, 0x000f000f, 0x64006400, 0xea; "
    "lop3.b32 $1, $4, 0x00f000f0, 0x64006400, 0xea; "
    "lop3.b32 $2, u, 0x000f000f, 0x64006400, 0xea; "
    "lop3.b32 $3, u, 0x00f000f0, 0x64006400, 0xea; "
    "add.rn.f16x2 $0, $0, $5; fma.rn.f16x2 $1, $1, f, $6; "
    "add.rn.f16x2 $2, $2, $7; fma.rn.f16x2 $3, $3, f, $8; }"
)
# bfloat16 has no room for a code four bits up. The product with 1 is how sm_80 adds bf16x2.
_INT4_PTX_BF16: Final = (
    "{ .reg .b32 u, v, w, f; mov.b32 f, 0x3f803f80; "
    "shr.u32 u, $4, 4; shr.u32 v, $4, 8; shr.u32 w, $4, 12; "
    "lop3.b32 $0, $4, 0x000f000f, 0x43004300, 0xea; "
    "lop3.b32 $1, u, 0x000f000f, 0x43004300, 0xea; "
    "lop3.b32 $2, v, 0x000f000f, 0x43004300, 0xea; "
    "lop3.b32 $3, w, 0x000f000f, 0x43004300, 0xea; "
    "fma.rn.bf16x2 $0, $0, f, $5; fma.rn.bf16x2 $1, $1, f, $6; "
    "fma.rn.bf16x2 $2, $2, f, $7; fma.rn.bf16x2 $3, $3, f, $8; }"
)

_INT4_FP16 = tl.constexpr(_INT4_PTX_FP16)
_INT4_BF16 = tl.constexpr(_INT4_PTX_BF16)
_NF4_FP16 = tl.constexpr(_nf4_ptx(_table_words(_against_signs(_BITS_FP16))))
_NF4_BF16 = tl.constexpr(_nf4_ptx(_table_words(_against_signs(_BITS_BF16))))
_TABLE_FP16 = tl.constexpr(_table_words(_BITS_FP16))
_TABLE_BF16 = tl.constexpr(_table_words(_BITS_BF16))


@triton.jit
def int4_bias(zero, plane: tl.constexpr, BF16: tl.constexpr):
    """Minus the magic bias and the zero point (int16, 0 to 15) of a plane, as its 16-bit float."""
    if BF16:
        bias = (zero | (0xC300 - 0x10000)).to(tl.bfloat16, bitcast=True)  # -(128 + zero)
    elif plane % 2 == 0:
        bias = (zero | (0xE400 - 0x10000)).to(tl.float16, bitcast=True)  # -(1024 + zero)
    else:
        bias = ((zero << 4) | (0xD400 - 0x10000)).to(tl.float16, bitcast=True)  # -(64 + zero)
    return tl.expand_dims(bias, -1)


@triton.jit
def decode_int4_ptx(words, zero0, zero1, zero2, zero3, BF16: tl.constexpr):
    """Words [..., 32] int16 and a zero point for each row and plane -> the four planes."""
    bias0, words = tl.broadcast(int4_bias(zero0, 0, BF16), words)
    bias1, words = tl.broadcast(int4_bias(zero1, 1, BF16), words)
    bias2, words = tl.broadcast(int4_bias(zero2, 2, BF16), words)
    bias3, words = tl.broadcast(int4_bias(zero3, 3, BF16), words)
    if BF16:
        planes = tl.inline_asm_elementwise(
            _INT4_BF16,
            "=r,=r,=r,=r,r,r,r,r,r",
            [words, bias0, bias1, bias2, bias3],
            dtype=(tl.bfloat16, tl.bfloat16, tl.bfloat16, tl.bfloat16),
            is_pure=True,
            pack=2,
        )
    else:
        planes = tl.inline_asm_elementwise(
            _INT4_FP16,
            "=r,=r,=r,=r,r,r,r,r,r",
            [words, bias0, bias1, bias2, bias3],
            dtype=(tl.float16, tl.float16, tl.float16, tl.float16),
            is_pure=True,
            pack=2,
        )
    return planes


@triton.jit
def decode_nf4_ptx(words, BF16: tl.constexpr):
    """Words [..., 32] int16 -> the four planes, as tabulated."""
    if BF16:
        planes = tl.inline_asm_elementwise(
            _NF4_BF16,
            "=r,=r,=r,=r,r",
            [words],
            dtype=(tl.bfloat16, tl.bfloat16, tl.bfloat16, tl.bfloat16),
            is_pure=True,
            pack=2,
        )
    else:
        planes = tl.inline_asm_elementwise(
            _NF4_FP16,
            "=r,=r,=r,=r,r",
            [words],
            dtype=(tl.float16, tl.float16, tl.float16, tl.float16),
            is_pure=True,
            pack=2,
        )
    return planes


@triton.jit
def code_of(words, column, plane: tl.constexpr, NF4: tl.constexpr, inside):
    """The nibbles (int32) of one plane by way of pointers `words` to [..., 32] words.

    An int4 code is its nibble, and lies in the word of its own column; an nf4 one lies in one of
    the two words of its pair.
    """
    if NF4:
        word = tl.load(words - column % 2 + plane // 2, mask=inside, other=0).to(tl.int32)
        code = (word >> (8 * (plane % 2) + 4 * (column % 2))) & 15
    else:
        code = (tl.load(words, mask=inside, other=0).to(tl.int32) >> (4 * plane)) & 15
    return code


@triton.jit
def nf4_level(nibble, BF16: tl.constexpr):
    """The tabulated value of a nibble as float32: what `decode_nf4_ptx` looks up."""
    table: tl.constexpr = _TABLE_BF16 if BF16 else _TABLE_FP16
    high = tl.where(
        nibble < 8,
        tl.where(nibble < 4, table[0], table[1]),
        tl.where(nibble < 12, table[2], table[3]),
    )
    low = tl.where(
        nibble < 8,
        tl.where(nibble < 4, table[4], table[5]),
        tl.where(nibble < 12, table[6], table[7]),
    )
    byte = 8 * (nibble & 3)
    bits = (((high >> byte) & 255) << 8) | ((low >> byte) & 255)
    if BF16:
        level = (bits << 16).to(tl.float32, bitcast=True)
    else:
        level = bits.to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)
    return level
