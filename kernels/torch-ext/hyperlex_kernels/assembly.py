"""What the assembler made of a kernel: resources, inner loops, and loads that a loop waits for."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from typing import NamedTuple

_RESOURCES = re.compile(r"REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)")
_INSTRUCTION = re.compile(
    r"/\*([0-9a-f]{4,})\*/\s+(@!?U?P\w+\s+)?([A-Z0-9_]+)((?:\.\w+)*)\s*([^;]*);"
)
_LABEL = re.compile(
    r"^\s*\.?(L_x_\d+):\s*\n(?:\s*\.[^\n]*\n)*\s*/\*([0-9a-f]{4,})\*/", re.MULTILINE
)
_TARGET = re.compile(r"L_x_\d+")
_REGISTER = re.compile(r"\bR(\d+)(\.64)?")
# Opcodes whose first operand is not a register that they write.
_WRITES_NONE = re.compile(r"ST\w*|LDGSTS|BRA|BAR|RED\w*|LDGDEPBAR|DEPBAR|NOP|EXIT")


class Instruction(NamedTuple):
    """One line of the assembly: `predicate` ("@P0 ") or "", `opcode` without its `modifiers`
    (".E.64"), operands as text.
    """

    address: int
    predicate: str
    opcode: str
    modifiers: str
    operands: str


def disassemble(cubin: bytes) -> tuple[dict[str, int], str]:
    """Resources as the assembler reports them, and the code as text."""
    from triton import knobs

    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        report = _run(knobs.nvidia.cuobjdump.path, "-res-usage", file.name)
        assembly = _run(knobs.nvidia.nvdisasm.path, "-c", file.name)
    found = _RESOURCES.search(report)
    if found is None:
        raise RuntimeError(f"cuobjdump reported no resources: {report.strip()[:200]!r}")
    names = ("REG", "STACK", "SHARED", "LOCAL")
    return dict(zip(names, map(int, found.groups()), strict=True)), assembly


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def innermost_loops(assembly: str) -> list[list[Instruction]]:
    """The instructions of each loop that holds no other loop.

    Raises:
        RuntimeError: there is no loop.
    """
    labels = {name: int(address, 16) for name, address in _LABEL.findall(assembly)}
    code = [
        Instruction(int(address, 16), *rest)
        for address, *rest in (found.groups("") for found in _INSTRUCTION.finditer(assembly))
    ]
    loops = []
    for instruction in code:
        target = _TARGET.search(instruction.operands) if instruction.opcode == "BRA" else None
        start = labels.get(target.group(0)) if target else None
        if start is not None and start < instruction.address:
            loops.append((start, instruction.address))
    inner = [
        (start, stop)
        for start, stop in loops
        if not any(
            start <= other_start
            and other_stop <= stop
            and (other_start, other_stop) != (start, stop)
            for other_start, other_stop in loops
        )
    ]
    if not inner:
        raise RuntimeError("No loop in the compiled kernel.")
    return [[one for one in code if start <= one.address <= stop] for start, stop in inner]


def opcodes(loop: list[Instruction]) -> Counter[str]:
    """How many instructions of each opcode a round of the loop takes."""
    return Counter(instruction.opcode for instruction in loop)


def waiting_loads(loop: list[Instruction]) -> int:
    """Loads from global memory whose result the same round of the loop reads.

    Each of them holds its warp up for as long as memory takes. Asynchronous copies are no such
    loads, nor is one for the next round.
    """
    return sum(
        any(_is_read_behind(loop, at, register) for register in _written(instruction))
        for at, instruction in enumerate(loop)
        if instruction.opcode == "LDG"
    )


def _is_read_behind(loop: list[Instruction], at: int, register: int) -> bool:
    """Whether the value in `register` after instruction `at` is read before the loop's end."""
    for instruction in loop[at + 1 :]:
        if register in _read(instruction):
            return True
        if register in _written(instruction) and not instruction.predicate:
            return False
    return False


def _width(instruction: Instruction) -> int:
    """Registers of what is loaded or stored."""
    return 4 if ".128" in instruction.modifiers else 2 if ".64" in instruction.modifiers else 1


def _written(instruction: Instruction) -> range:
    """The registers of the first operand, if the instruction writes it."""
    found = _REGISTER.match(instruction.operands)
    if found is None or _WRITES_NONE.fullmatch(instruction.opcode):
        return range(0)
    width = 4 if "MMA" in instruction.opcode else _width(instruction)
    return range(int(found.group(1)), int(found.group(1)) + width)


def _read(instruction: Instruction) -> set[int]:
    """The registers that the instruction reads."""
    operands = instruction.operands.split(",")
    registers: set[int] = set()
    for place, operand in enumerate(operands):
        if not place and _written(instruction):
            continue
        for found in _REGISTER.finditer(operand):
            if "[" in operand:
                width = 2 if found.group(2) else 1
            elif "MMA" in instruction.opcode:
                width = 2 if place == 2 else 4  # the thin factor, and the wide one or the sum
            else:
                width = _width(instruction) if instruction.opcode.startswith("ST") else 1
            registers |= set(range(int(found.group(1)), int(found.group(1)) + width))
    return registers
