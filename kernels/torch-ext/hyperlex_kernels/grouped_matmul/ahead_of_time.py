"""Compile the grouped kernels for cards that are not there, and read the result.

    python -m hyperlex_kernels.grouped_matmul.ahead_of_time [--quick] [--json FILE]

prints one line a build and exits with 1 if any breaks a rule: shared memory within what the card
gives a block, tensor-core instructions where they are meant to be, no stack, no spills, and tiles
copied ahead of their use on cards that can. The last three only for the Triton that they were tuned
for (see `hyperlex_kernels.ahead_of_time`). `--quick` compiles a sample.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..ahead_of_time import Compiled, compile_kernel, findings, pooled, tell
from ..assembly import disassemble, innermost_loops, opcodes
from .configs import GroupedConfig, dw_config, product_config

ARCHITECTURES: Final = (80, 86, 89, 90, 120)
FMA_ARCHITECTURES: Final = (75, 90)
EXPERTS: Final = 8
# (K, N): down to a rank, up from one, the same at a large rank, and a product thin on no side.
SHAPES: Final = ((4096, 8), (8, 4096), (4096, 64), (64, 4096), (1024, 1024))
# Rows of x in all: a token or two an expert, and full tiles.
ROWS: Final = (16, 8192)


@dataclass(frozen=True)
class Job:
    """One build: "product", "transposed" or "dw", of `rows` rows in all and of one (K, N)."""

    kernel: str
    architecture: int
    dtype: str
    rows: int
    k: int
    n: int
    fma: bool

    @property
    def config(self) -> GroupedConfig:
        rule = dw_config if self.kernel == "dw" else product_config
        return rule(self.rows, EXPERTS, self.k, self.n, fma=self.fma)

    @property
    def rounds(self) -> int:
        """Of the loop, where experts share the rows evenly."""
        if self.kernel == "dw":
            return -(-self.rows // (EXPERTS * self.config.block_m))
        return -(-self.k // self.config.block_k)


@dataclass(frozen=True)
class Build(Compiled):
    """One build of this gate."""

    job: Job


def jobs() -> Iterator[Job]:
    """Every kernel and shape on every card; bfloat16 on two, float32 arithmetic on two."""
    for kernel in ("product", "transposed", "dw"):
        for rows in ROWS:
            for k, n in SHAPES:
                for architecture in ARCHITECTURES:
                    yield Job(kernel, architecture, "fp16", rows, k, n, fma=False)
                    if architecture in (80, 90):
                        yield Job(kernel, architecture, "bf16", rows, k, n, fma=False)
                for architecture in FMA_ARCHITECTURES:
                    dtype = "fp16" if architecture < 80 else "fp32"
                    yield Job(kernel, architecture, dtype, rows, k, n, fma=True)


def sample() -> Iterator[Job]:
    """One of each sort, for tests that must be quick."""
    for job in jobs():
        thin = (job.k, job.n) == ((8, 4096) if job.kernel == "transposed" else (4096, 8))
        if thin and job.rows == ROWS[-1] and job.architecture in (75, 90) and job.dtype != "bf16":
            yield job


def build(job: Job) -> Build:
    """Compile `job`, take it apart, and hold it against the rules."""
    kernel = _compile(job)
    resources, assembly = disassemble(kernel.asm["cubin"])
    # A sum that fits one tile has no loop.
    loop = opcodes(max(innermost_loops(assembly), key=len) if job.rounds > 1 else [])
    found = findings(
        resources,
        assembly,
        loop,
        int(kernel.metadata.shared),
        job.architecture,
        tensor_cores=not job.fma,
        waiting=0 if job.fma else loop["LDG"],
    )
    return Build(job=job, **found)


def build_all(quick: bool = False, workers: int = 2) -> Iterator[Build]:
    """Every job, or the sample, on `workers` processes: each build as it is done."""
    return pooled(build, sample() if quick else jobs(), workers)


def _compile(job: Job) -> Any:
    from .product import expert_block, grouped_matmul_dw_kernel, grouped_matmul_kernel

    config = job.config
    pointers = ("x", "grad", "out") if job.kernel == "dw" else ("x", "w", "out")
    signature = {
        **dict.fromkeys(pointers, f"*{job.dtype}"),
        "offsets": "*i32",
        "M": "i32",
    }
    constants: dict[str, Any] = {
        "N": job.n,
        "K": job.k,
        "BLOCK_M": config.block_m,
        "BLOCK_N": config.block_n,
        "BLOCK_K": config.block_k,
        "FP32_DOT": config.fma,
    }
    kernel = grouped_matmul_dw_kernel
    if job.kernel != "dw":
        kernel = grouped_matmul_kernel
        signature["E"] = "i32"
        constants |= {
            "TRANSPOSED": job.kernel == "transposed",
            "EVEN_K": job.k % config.block_k == 0,
            "BLOCK_E": expert_block(EXPERTS),
        }
    options = {"num_warps": config.warps, "num_stages": config.stages}
    return compile_kernel(kernel, signature, constants, (), job.architecture, options)


def _line(result: Build) -> str:
    job, config = result.job, result.job.config
    return (
        f"sm_{job.architecture:<3} {job.kernel:10} {job.dtype} M{job.rows:<4} K{job.k:<4} "
        f"N{job.n:<4} {config.block_m}x{config.block_n}x{config.block_k:<3} registers "
        f"{result.registers:3} shared {result.shared:6} {result.tensor_core or '-':5}: "
        f"{result.verdict}"
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns its exit code."""
    parser = argparse.ArgumentParser(
        description="Compile the grouped kernels for all cards and check them."
    )
    parser.add_argument("--quick", action="store_true", help="a sample of the builds")
    parser.add_argument("--json", type=Path, help="write the builds there, one a line")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    return tell(build_all(options.quick, options.workers), _line, options.json)


if __name__ == "__main__":
    sys.exit(main())
