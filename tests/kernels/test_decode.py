"""The inline PTX, executed by hand.

No assembler or GPU is needed to know what forty PTX instructions compute: this file runs them, one
by one, and holds the result against the layout and the tables that everything else uses.
"""

from __future__ import annotations

import re
import struct

import pytest
import torch

from hyperlex_kernels import NF4_LEVELS, decode, layout

Half = dict[str, str]


def half(bits: int, kind: str) -> float:
    if kind == "f16x2":
        return float(struct.unpack("<e", struct.pack("<H", bits))[0])
    return float(struct.unpack("<f", struct.pack("<I", bits << 16))[0])


def half_bits(value: float, kind: str) -> int:
    """Exact values only: the decode promises that no addition rounds."""
    if kind == "f16x2":
        bits = int(struct.unpack("<H", struct.pack("<e", value))[0])
    else:
        bits = int(struct.unpack("<I", struct.pack("<f", value))[0]) >> 16
    assert half(bits, kind) == value
    return bits


def pairwise(kind: str, function: object, *words: int) -> int:
    halves = [
        half_bits(function(*(half(word >> shift & 0xFFFF, kind) for word in words)), kind)  # type: ignore[operator]
        for shift in (0, 16)
    ]
    return halves[0] | halves[1] << 16


def prmt(low: int, high: int, selector: int) -> int:
    """PTX ISA, `prmt` in its default mode: bit 3 of a selector replicates the byte's sign."""
    pool = [(word >> shift) & 255 for word in (low, high) for shift in (0, 8, 16, 24)]
    out = 0
    for lane in range(4):
        nibble = selector >> (4 * lane) & 15
        byte = pool[nibble & 7]
        if nibble & 8:
            byte = 255 if byte & 128 else 0
        out |= byte << (8 * lane)
    return out


def run_ptx(text: str, inputs: list[int]) -> list[int]:
    """The values of $0 to $3 after `text`, with `inputs` in $4 and up."""
    registers = {f"${4 + i}": value for i, value in enumerate(inputs)}
    registers["%lanemask_lt"] = 0x7FFFFFFF  # lane 31: the widest mask there is
    body = re.sub(r"\.reg [^;]*;", "", text.strip().strip("{}"))

    def value(operand: str) -> int:
        return registers[operand] if operand in registers else int(operand, 0)

    for statement in filter(None, (part.strip() for part in body.split(";"))):
        opcode, _, operands = statement.partition(" ")
        target, *rest = (operand.strip() for operand in operands.split(","))
        source = [value(operand) for operand in rest]
        name, *modifiers = opcode.split(".")
        kind = modifiers[-1]
        match name:
            case "mov":
                out = source[0]
            case "add" if kind == "u32":
                out = (source[0] + source[1]) & 0xFFFFFFFF
            case "and":
                out = source[0] & source[1]
            case "shr":
                out = source[0] >> source[1]
            case "lop3":
                assert source[3] == 0xEA
                out = source[0] & source[1] | source[2]
            case "prmt":
                out = prmt(*source)
            case "add":
                out = pairwise(kind, lambda a, b: a + b, *source)
            case "fma":
                out = pairwise(kind, lambda a, b, c: a * b + c, *source)
            case _:
                raise AssertionError(f"this test does not know {statement!r}")
        registers[target] = out
    return [registers[f"${i}"] for i in range(4)]


def pair_of_words(codes: torch.Tensor, format: str) -> int:
    """One 32-bit pair, packed by the layout itself, from codes [4 planes, 2 neighbours]."""
    row = torch.zeros(1, layout.TILE_COLUMNS, dtype=torch.uint8)
    for plane in range(4):
        row[0, plane * 32 : plane * 32 + 2] = codes[plane]
    packed = layout.pack_codes(row, format, fill=0)
    return int(packed[0, 0, 0].view(torch.int32)[0]) & 0xFFFFFFFF


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_nf4_ptx_looks_up_every_code_in_every_place(dtype: torch.dtype) -> None:
    bf16 = dtype == torch.bfloat16
    text = (decode._NF4_BF16 if bf16 else decode._NF4_FP16).value
    scale = decode.NF4_SCALE_BF16 if bf16 else decode.NF4_SCALE_FP16
    offset = decode.NF4_OFFSET_BF16 if bf16 else 0.0
    levels = torch.tensor(NF4_LEVELS, dtype=torch.float64) * scale - offset
    table = levels.to(dtype).double()
    random = torch.Generator().manual_seed(0)
    for trial in range(200):
        codes = torch.randint(0, 16, (4, 2), dtype=torch.uint8, generator=random)
        if trial < 16:
            codes[:] = trial
        planes = run_ptx(text, [pair_of_words(codes, "nf4")])
        for plane, word in enumerate(planes):
            for element in range(2):
                got = half(word >> (16 * element) & 0xFFFF, "bf16x2" if bf16 else "f16x2")
                assert got == float(table[int(codes[plane, element])])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_int4_ptx_is_exact_for_every_code_and_zero_point(dtype: torch.dtype) -> None:
    bf16 = dtype == torch.bfloat16
    kind = "bf16x2" if bf16 else "f16x2"
    text = (decode._INT4_BF16 if bf16 else decode._INT4_FP16).value
    for zero in range(16):
        biases = []
        for plane in range(4):
            magnitude = 128 if bf16 else (1024, 64)[plane % 2]
            bias = half_bits(-float(magnitude + zero), kind)
            biases.append(bias | bias << 16)
        for code in range(16):
            codes = (torch.arange(8, dtype=torch.uint8).view(4, 2) * 5 + code) % 16
            planes = run_ptx(text, [pair_of_words(codes, "int4"), *biases])
            for plane, word in enumerate(planes):
                for element in range(2):
                    got = half(word >> (16 * element) & 0xFFFF, kind)
                    assert got == int(codes[plane, element]) - zero


def test_the_magic_biases_of_the_kernel_are_those_numbers() -> None:
    for zero in range(16):
        assert half(0xC300 | zero, "bf16x2") == -(128 + zero)
        assert half(0xE400 | zero, "f16x2") == -(1024 + zero)
        assert half(0xD400 | zero << 4, "f16x2") == -(64 + zero)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float16, 0.9e-4), (torch.bfloat16, 6.0e-4)])
def test_tabulated_levels_are_near_the_real_ones(dtype: torch.dtype, most: float) -> None:
    bf16 = dtype == torch.bfloat16
    scale = decode.NF4_SCALE_BF16 if bf16 else decode.NF4_SCALE_FP16
    offset = decode.NF4_OFFSET_BF16 if bf16 else 0.0
    levels = torch.tensor(NF4_LEVELS, dtype=torch.float64)
    tabulated = ((levels * scale - offset).to(dtype).double() + offset) / scale
    # Each level by how often, and with how large a scale, Gaussian weights use it.
    weight = torch.randn(4096, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    largest = weight.abs().amax(1, keepdim=True)
    codes = torch.bucketize(weight / largest, (levels[1:] + levels[:-1]) / 2)
    error = (tabulated - levels)[codes] * largest
    assert float(error.norm() / (levels[codes] * largest).norm()) <= most
    assert float((levels * scale).to(torch.bfloat16).double().sub(levels * scale).abs().max()) > 0


def test_prmt_replicates_signs_as_the_manual_says() -> None:
    assert prmt(0x80FF7F01, 0, 0xBA98) == 0xFFFF0000
    assert prmt(0x33221100, 0x77665544, 0x7362) == 0x77336622
