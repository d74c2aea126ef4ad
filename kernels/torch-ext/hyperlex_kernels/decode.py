"""Four-bit codes to tensor-core operands, in registers.

One 32-bit pair of packed words becomes four registers, one a plane, each with two neighbouring
16-bit values. Every decode exists twice: inline PTX, and the same arithmetic in Triton's own
operators (`PTX=False`), which the interpreter and other compilers can run.

int4   A magic number: 0x6400 | q is the float16 1024 + q, 0x6400 | q << 4 is 1024 + 16q, and
       0x4300 | q is the bfloat16 128 + q. Subtracting the bias and the zero point is exact.
nf4    A table of sixteen 16-bit values lies in eight registers, four with the high bytes and four
       with the low ones. `prmt` picks four bytes out of eight by three bits of a code, and a third
       `prmt` chooses between the lower and the upper eight levels by the fourth.

The sixteen levels do not fit 16 bits exactly, so what is tabulated is `round(SCALE * level -
OFFSET)` with a scale and an offset under which all sixteen happen to round well; `OFFSET` times the
sum of the activations is added back by one more matrix product, and the division by `SCALE` is part
of the epilogue. The error that is left adds 0.8e-4 (float16) or 5.6e-4 (bfloat16) to the product,
against the 2.1e-4 and 1.7e-3 that rounding the result costs anyway. Found by scanning both numbers
for the least error of codes drawn from Gaussian and Student-t weights.
"""

from __future__ import annotations

import struct
from typing import Final

import triton
import triton.language as tl

from .formats import NF4_LEVELS

NF4_SCALE_FP16: Final = 1.3661956787109375
NF4_SCALE_BF16: Final = 1.167236328125
NF4_OFFSET_BF16: Final = 0.0196533203125


def _fp16_bits(value: float) -> int:
    return int(struct.unpack("<H", struct.pack("<e", value))[0])


def _bf16_bits(value: float) -> int:
    """Round to nearest even, as hardware does."""
    bits = int(struct.unpack("<I", struct.pack("<f", value))[0])
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def _table_words(bits: list[int]) -> tuple[int, ...]:
    """Sixteen 16-bit values as four words of high bytes and four of low ones, as Triton's int32."""
    words = []
    for shift in (8, 0):
        for first in range(0, 16, 4):
            word = sum(((bits[first + i] >> shift) & 255) << (8 * i) for i in range(4))
            words.append(word - (1 << 32) if word >= 1 << 31 else word)
    return tuple(words)


NF4_WORDS_FP16: Final = _table_words([_fp16_bits(NF4_SCALE_FP16 * v) for v in NF4_LEVELS])
NF4_WORDS_BF16: Final = _table_words(
    [_bf16_bits(NF4_SCALE_BF16 * v - NF4_OFFSET_BF16) for v in NF4_LEVELS]
)


def _nf4_ptx(words: tuple[int, ...]) -> str:
    """The table look-up as PTX. `$4` is the pair of words, `$0` to `$3` the planes.

    The table's words get a zero added that the assembler cannot see through (bit 31 of the mask of
    lower lanes). Plain constants would be kept in uniform registers, which `prmt` cannot read, and
    copied out again before every use: 1.4 instructions more a weight.
    """
    table = "".join(f"add.u32 t{i}, z, {word & 0xFFFFFFFF:#010x}; " for i, word in enumerate(words))

    def pick(out: str, first: int, select: str, choose: str) -> str:
        low, high = (f"t{first}, t{first + 1}", f"t{first + 2}, t{first + 3}")
        return (
            f"prmt.b32 a, {low}, {select}; prmt.b32 b, {high}, {select}; "
            f"prmt.b32 {out}, a, b, {choose}; "
        )

    return (
        "{ .reg .b32 z, t0, t1, t2, t3, t4, t5, t6, t7, s, su, m, mu, a, b, h, hu, l, lu; "
        "mov.u32 z, %lanemask_lt; shr.u32 z, z, 31; "
        + table
        # Three bits of each code select; the fourth, moved down, tells which half is meant.
        + "and.b32 s, $4, 0x77777777; shr.u32 m, $4, 1; "
        "lop3.b32 m, m, 0x44444444, 0x32103210, 0xea; shr.u32 su, s, 16; shr.u32 mu, m, 16; "
        + pick("h", 0, "s", "m")
        + pick("hu", 0, "su", "mu")
        + pick("l", 4, "s", "m")
        + pick("lu", 4, "su", "mu")
        + "prmt.b32 $0, l, h, 0x5140; prmt.b32 $1, l, h, 0x7362; "
        "prmt.b32 $2, lu, hu, 0x5140; prmt.b32 $3, lu, hu, 0x7362; }"
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
_NF4_FP16 = tl.constexpr(_nf4_ptx(NF4_WORDS_FP16))
_NF4_BF16 = tl.constexpr(_nf4_ptx(NF4_WORDS_BF16))
_TABLE_FP16 = tl.constexpr(NF4_WORDS_FP16)
_TABLE_BF16 = tl.constexpr(NF4_WORDS_BF16)


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
    """The codes (int32) of one plane by way of pointers `words` to [..., 32] words.

    An int4 code lies in the word of its own column; an nf4 code, in one of the two of its pair.
    """
    if NF4:
        word = tl.load(words - column % 2 + plane // 2, mask=inside, other=0).to(tl.int32)
        code = (word >> (8 * (plane % 2) + 4 * (column % 2))) & 15
    else:
        code = (tl.load(words, mask=inside, other=0).to(tl.int32) >> (4 * plane)) & 15
    return code


@triton.jit
def nf4_level(code, BF16: tl.constexpr):
    """The tabulated value of a code as float32: the look-up of `decode_nf4_ptx`, byte by byte."""
    table: tl.constexpr = _TABLE_BF16 if BF16 else _TABLE_FP16
    high = tl.where(
        code < 8,
        tl.where(code < 4, table[0], table[1]),
        tl.where(code < 12, table[2], table[3]),
    )
    low = tl.where(
        code < 8,
        tl.where(code < 4, table[4], table[5]),
        tl.where(code < 12, table[6], table[7]),
    )
    byte = 8 * (code & 3)
    bits = (((high >> byte) & 255) << 8) | ((low >> byte) & 255)
    if BF16:
        level = (bits << 16).to(tl.float32, bitcast=True)
    else:
        level = bits.to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)
    return level
