"""Inline PTX, executed by hand.

No assembler or GPU is needed to know what forty PTX instructions compute: this runs them one by
one.
"""

from __future__ import annotations

import re
import struct


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


def float_bits(value: float) -> int:
    return int(struct.unpack("<I", struct.pack("<f", value))[0])


def run_ptx(
    text: str, inputs: list[int], outputs: int = 4, memory: dict[int, int] | None = None
) -> list[int]:
    """The values of the first `outputs` operands after `text`, with `inputs` in those behind.

    `memory` holds a word by its address; no other may be read.
    """
    registers = {f"${outputs + i}": value for i, value in enumerate(inputs)}
    registers["%lanemask_lt"] = 0x7FFFFFFF  # lane 31: the widest mask there is
    body = re.sub(r"\.reg [^;]*;", "", text.strip().strip("{}"))

    def value(operand: str) -> int:
        operand = operand.strip("[]")
        return registers[operand] if operand in registers else int(operand, 0)

    for part in filter(None, map(str.strip, body.split(";"))):
        statement = part
        if statement.startswith("@"):
            predicate, _, statement = statement[1:].partition(" ")
            if not registers[predicate]:
                continue
        opcode, _, operands = statement.partition(" ")
        if opcode == "mov.b32" and operands.startswith("{"):
            halves, _, word = operands[1:].partition("},")
            for shift, name in enumerate(halves.split(",")):
                registers[name.strip()] = value(word.strip()) >> (16 * shift) & 0xFFFF
            continue
        target, *rest = (operand.strip() for operand in operands.split(","))
        source = [value(operand) for operand in rest]
        name, *modifiers = opcode.split(".")
        kind = modifiers[-1]
        match name:
            case "mov":
                out = source[0]
            case "setp":
                assert modifiers[0] == "ne"
                out = int(source[0] != source[1])
            case "ld":
                out = (memory or {})[source[0]]
            case "cvt":
                out = float_bits(half(source[0], "f16x2"))
            case "add" if kind == "u32":
                out = (source[0] + source[1]) & 0xFFFFFFFF
            case "and":
                out = source[0] & source[1]
            case "xor":
                out = source[0] ^ source[1]
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
    return [registers[f"${i}"] for i in range(outputs)]
