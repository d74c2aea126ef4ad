"""Compile every shipped attention kernel for cards that are not there, and read the result.

    python -m hyperlex_kernels.attention.ahead_of_time [--quick] [--json FILE]

prints one line a build and exits with 1 if any breaks a rule: shared memory within what the card
gives a block, tensor-core instructions where they are meant to be, no stack, no spills, scales and
tiles copied ahead of their use, and in the plain decode loop no more instructions an element of the
cache than `BUDGETS` states. The last four only for the Triton that they were tuned for (see
`hyperlex_kernels.ahead_of_time`). `--quick` compiles a sample.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..ahead_of_time import Compiled, compile_kernel, findings, pooled, tell
from ..assembly import disassemble, innermost_loops, opcodes
from .configs import DecodeConfig, decode_config, fma_config, prefill_config
from .contract import KINDS, planes, stored_width

ARCHITECTURES: Final = (80, 86, 89, 90)
HEAD_SIZES: Final = (64, 80, 96, 128, 256)
# Most instructions an element of the cache in the plain decode loop, by kind and head size.
BUDGETS: Final = {
    ("dense", 64): 3.2,
    ("dense", 80): 4.3,
    ("dense", 96): 3.6,
    ("dense", 128): 2.6,
    ("dense", 256): 2.4,
    ("int8", 64): 4.9,
    ("int8", 80): 5.6,
    ("int8", 96): 4.7,
    ("int8", 128): 3.6,
    ("int8", 256): 3.2,
    ("int4", 64): 4.9,
    ("int4", 80): 5.5,
    ("int4", 96): 4.6,
    ("int4", 128): 3.8,
    ("int4", 256): 3.4,
}
FMA_BUDGETS: Final = {"dense": 34.0, "int8": 20.0, "int4": 24.0}


@dataclass(frozen=True)
class Job:
    """One build. `rows` is queries a key; `plain` leaves out padding, window, soft-cap and mask."""

    kernel: str
    architecture: int
    kind: str
    dtype: str
    head_size: int
    rows: int
    plain: bool


@dataclass(frozen=True)
class Build(Compiled):
    """One build of this gate; `instructions` is per element of the cache."""

    job: Job
    instructions: float


def jobs() -> Iterator[Job]:
    """Every shipped shape on every card; bfloat16 and all options at once on two of them."""
    for architecture in ARCHITECTURES:
        for head_size in HEAD_SIZES:
            for kind in KINDS:
                yield Job("decode", architecture, kind, "fp16", head_size, 4, True)
                if architecture in (80, 90):
                    yield Job("decode", architecture, kind, "bf16", head_size, 4, False)
                    yield Job("decode", architecture, kind, "fp16", head_size, 32, False)
            yield Job("prefill", architecture, "dense", "fp16", head_size, 64, False)
    for architecture in (75, 80, 90):
        for kind in KINDS:
            yield Job("append", architecture, kind, "fp16", 128, 1, False)
        yield Job("combine", architecture, "dense", "fp16", 128, 1, True)
    for kind in KINDS:
        for head_size in (64, 128, 256):
            for rows in (1, 4):
                yield Job("fma", 75, kind, "fp16", head_size, rows, True)


def sample() -> Iterator[Job]:
    """One of each sort, for tests that must be quick: every plain decode, int4 of all others."""
    for job in jobs():
        of_sort = job.kind == "int4" or job.kernel in ("prefill", "combine")
        chosen = (job.kernel == "decode" and job.plain) or (of_sort and job.rows in (1, 4, 64))
        on_card = job.architecture == (90 if job.kernel in ("decode", "prefill") else 75)
        if chosen and on_card and job.head_size == 128 and (job.kernel, job.rows) != ("fma", 1):
            yield job


def build(job: Job) -> Build:
    """Compile `job`, take it apart, and hold it against the rules."""
    kernel, elements = _compile(job)
    resources, assembly = disassemble(kernel.asm["cubin"])
    loop: Counter[str] = Counter()
    if job.kernel in ("decode", "fma", "prefill"):
        loop = opcodes(max(innermost_loops(assembly), key=len))
    instructions = loop.total() / elements if elements else 0.0
    problems, costs = [], []
    if job.kernel == "append" and "__assertfail" not in kernel.asm["ptx"]:
        problems.append("no assertion that there is room")
    most = _budget(job)
    if instructions > most:
        costs.append(f"{instructions:.2f} instructions an element, budget {most}")
    found = findings(
        resources,
        assembly,
        loop,
        int(kernel.metadata.shared),
        job.architecture,
        tensor_cores=job.kernel in ("decode", "prefill"),
        waiting=loop["LDG"] if job.kernel == "decode" and job.plain else 0,
        stack=job.kernel == "append",  # its failing assertion calls a function, which takes one
        problems=problems,
        costs=costs,
    )
    return Build(job=job, instructions=round(instructions, 3), **found)


def build_all(quick: bool = False, workers: int = 2) -> Iterator[Build]:
    """Every job, or the sample, on `workers` processes: each build as it is done."""
    return pooled(build, sample() if quick else jobs(), workers)


def _budget(job: Job) -> float:
    if job.kernel == "fma":
        return FMA_BUDGETS[job.kind]
    if job.kernel == "decode" and job.plain:
        return BUDGETS[job.kind, job.head_size]
    return float("inf")


def _compile(job: Job) -> tuple[Any, float]:
    """The compiled kernel, and the elements of the cache a thread meets in a round of its loop."""
    if job.kernel == "prefill":
        return _compile_prefill(job), 0.0
    if job.kernel == "append":
        return _compile_append(job), 0.0
    if job.kernel == "combine":
        return _compile_combine(job), 0.0
    rule = fma_config if job.kernel == "fma" else decode_config
    config = rule(job.kind, job.head_size, job.rows)
    elements = 2 * config.block_t * job.head_size / (32 * config.warps)
    return _compile_decode(job, config), elements


def _stored(job: Job) -> str:
    return {"dense": f"*{job.dtype}", "int8": "*i8", "int4": "*u8"}[job.kind]


def _power(number: int) -> int:
    return max(16, 1 << (number - 1).bit_length())


def _compile_decode(job: Job, config: DecodeConfig) -> Any:
    from .decode import decode_kernel

    quantised, full = job.kind != "dense", not job.plain
    signature = {
        "query": f"*{job.dtype}",
        "keys": _stored(job),
        "values": _stored(job),
        "scales": "*i32",
        "key_factor": "*fp32",
        "key_centre": "*fp32",
        "start": "*i32",
        "stop": "*i32",
        "mask": "*u8",
        "out": f"*{job.dtype}",
        "partial": "*fp32",
        "maxima": "*fp32",
        "sums": "*fp32",
        **dict.fromkeys(("query_b", "query_h", "query_s", "mask_b", "mask_tokens"), "i32"),
        **dict.fromkeys(("HEADS", "TOKENS", "CAPACITY", "SPLITS"), "i32"),
        "scale": "fp32",
        "window": "i32",
        "softcap": "fp32",
    }
    constants = {
        "KIND": KINDS.index(job.kind),
        "GROUP": min(job.rows, 4),
        "D": job.head_size,
        "PLANES": planes(job.kind, job.head_size),
        "BLOCK_M": config.block_m,
        "BLOCK_T": config.block_t,
        "BLOCK_D": _power(stored_width(job.kind, job.head_size)),
        "ONE_TOKEN": job.plain,
        "HAS_FACTOR": quantised,
        "HAS_CENTRE": quantised,
        "HAS_START": full,
        "HAS_MASK": full,
        "HAS_WINDOW": full,
        "HAS_SOFTCAP": full,
        "EVEN": job.plain,
        "SPLIT": True,
        "FMA": config.fma,
        "PTX": True,
        "FP32_DOT": False,
    }
    aligned = ("query_b", "query_h", "query_s", "mask_b", "CAPACITY")
    options = {"num_warps": config.warps, "num_stages": config.stages}
    return compile_kernel(decode_kernel, signature, constants, aligned, job.architecture, options)


def _compile_prefill(job: Job) -> Any:
    from .prefill import prefill_kernel

    config = prefill_config(job.head_size)
    strides = [f"{name}_{axis}" for name in ("query", "key", "value") for axis in "bh"]
    strides += ["query_s", "key_t", "value_t", "mask_b"]
    signature = {
        **dict.fromkeys(("query", "key", "value", "out"), f"*{job.dtype}"),
        **dict.fromkeys(("start", "stop"), "*i32"),
        "mask": "*u8",
        **dict.fromkeys((*strides, "mask_tokens", "HEADS", "ROWS", "LENGTH", "window"), "i32"),
        **dict.fromkeys(("scale", "softcap"), "fp32"),
    }
    constants = {
        "GROUP": 4,
        "D": job.head_size,
        "BLOCK_M": config.block_m,
        "BLOCK_T": config.block_t,
        "BLOCK_D": _power(job.head_size),
        **dict.fromkeys(("HAS_START", "HAS_STOP", "HAS_MASK", "HAS_WINDOW", "HAS_SOFTCAP"), True),
        "FP32_DOT": False,
    }
    options = {"num_warps": config.warps, "num_stages": config.stages}
    return compile_kernel(prefill_kernel, signature, constants, strides, job.architecture, options)


def _compile_append(job: Job) -> Any:
    from .append import append_kernel

    strides = [f"{name}_{axis}" for name in ("key", "value") for axis in "bhs"]
    signature = {
        **dict.fromkeys(("key", "value"), f"*{job.dtype}"),
        **dict.fromkeys(("keys", "values"), _stored(job)),
        "scales": "*i16",
        **dict.fromkeys(("key_factor", "key_centre"), "*fp32"),
        "position": "*i32",
        **dict.fromkeys((*strides, "HEADS", "TOKENS", "CAPACITY"), "i32"),
    }
    constants = {
        "KIND": KINDS.index(job.kind),
        "D": job.head_size,
        "PLANES": planes(job.kind, job.head_size),
        "BLOCK_S": 1,
        "BLOCK_D": _power(stored_width(job.kind, job.head_size)),
        "HAS_FACTOR": job.kind != "dense",
        "HAS_CENTRE": job.kind != "dense",
    }
    options = {"num_warps": 1, "debug": True, "sanitize_overflow": False}
    return compile_kernel(append_kernel, signature, constants, strides, job.architecture, options)


def _compile_combine(job: Job) -> Any:
    from .decode import combine_kernel

    signature = {
        **dict.fromkeys(("partial", "maxima", "sums"), "*fp32"),
        "out": f"*{job.dtype}",
        "SPLITS": "i32",
    }
    constants = {"D": job.head_size, "BLOCK_D": _power(job.head_size), "BLOCK_SPLITS": 32}
    options = {"num_warps": 4}
    return compile_kernel(combine_kernel, signature, constants, (), job.architecture, options)


def _line(result: Build) -> str:
    job = result.job
    instructions = f"{result.instructions:.2f} an element" if result.instructions else "-"
    return (
        f"sm_{job.architecture} {job.kernel:7} {job.kind:5} {job.dtype} D{job.head_size:<3} "
        f"rows {job.rows:2} {'plain' if job.plain else 'all  '} registers {result.registers:3} "
        f"shared {result.shared:6} {result.tensor_core or '-':5} "
        f"{instructions:16}: {result.verdict}"
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns its exit code."""
    parser = argparse.ArgumentParser(
        description="Compile the attention kernels for all cards and check them."
    )
    parser.add_argument("--quick", action="store_true", help="a sample of the builds")
    parser.add_argument("--json", type=Path, help="write the builds there, one a line")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    return tell(build_all(options.quick, options.workers), _line, options.json)


if __name__ == "__main__":
    sys.exit(main())
