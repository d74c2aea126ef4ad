"""Compile every shipped kernel for cards that are not there, and read the result.

    python -m hyperlex_kernels.ahead_of_time [--json FILE]

prints one line a build and exits with 1 if any breaks a rule: shared memory within what the card
gives a block, tensor-core instructions where the kernel is meant to use them, no stack, no spills,
no load that its round of the loop waits for, and no more instructions a weight in the inner loop
than `BUDGETS` states (of usual scales). The last four cost time only, and are told but not failed
by where Triton is not `TUNED_TRITON`. It needs triton with its own assembler, and no GPU.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from . import gemv
from .assembly import disassemble, innermost_loops, opcodes, waiting_loads
from .configs import BATCH_TILES, MatmulConfig, candidates, is_usual, triton_version
from .formats import FORMATS
from .interpreter import INTERPRETED
from .library import LAUNCH

# The version in constraints.txt, whose code the tiles and budgets were chosen for.
TUNED_TRITON: Final = "3.7"
ARCHITECTURES: Final = (80, 86, 89, 90, 120)
BFLOAT16_ARCHITECTURES: Final = (80, 90)
GEMV_ARCHITECTURES: Final = (75,)
# Bytes of shared memory a block may use (CUDA programming guide, technical specifications).
SHARED_MEMORY: Final = {
    75: 64 << 10,
    80: 163 << 10,
    86: 99 << 10,
    89: 99 << 10,
    90: 227 << 10,
    120: 99 << 10,
}
# Most instructions a weight in the inner loop: {(format, dtype, rows of x): any card, sm_90}. What
# binds is the narrowest shipped tile; wider ones take less.
BUDGETS: Final = {
    ("int4", "fp16", 8): (2.6, 2.5),
    ("int4", "fp16", 16): (2.9, 2.8),
    ("int4", "fp16", 32): (3.5, 4.3),
    ("int4", "fp16", 64): (6.1, 5.0),
    ("int4", "bf16", 8): (2.8, 2.7),
    ("int4", "bf16", 16): (3.0, 3.0),
    ("int4", "bf16", 32): (3.5, 4.5),
    ("int4", "bf16", 64): (5.9, 5.1),
    ("nf4", "fp16", 8): (3.6, 3.5),
    ("nf4", "fp16", 16): (4.3, 4.2),
    ("nf4", "fp16", 32): (4.5, 5.0),
    ("nf4", "fp16", 64): (6.5, 5.5),
    ("nf4", "bf16", 8): (3.8, 3.7),
    ("nf4", "bf16", 16): (4.7, 4.5),
    ("nf4", "bf16", 32): (4.9, 5.8),
    ("nf4", "bf16", 64): (7.3, 6.2),
}
GEMV_BUDGETS: Final = {("int4", 1): 7.6, ("int4", 8): 16.7, ("nf4", 1): 7.4, ("nf4", 8): 16.5}


@dataclass(frozen=True)
class Job:
    """One build: `config` for the tensor-core kernel, None for the float32 one of old cards."""

    architecture: int
    format: str
    dtype: str
    batch: int
    group_size: int
    config: MatmulConfig | None
    scales: str = "fp16"
    even_k: bool = True

    @property
    def usual(self) -> bool:
        """Whether scales are of 64 weights and in float16, and K is a multiple of 128."""
        scale_dtype = {"fp16": "float16", "fp32": "float32"}[self.scales]
        return self.even_k and is_usual(self.group_size, scale_dtype)


@dataclass(frozen=True)
class Compiled:
    """What came out of a build. Sizes in bytes.

    problems   why the kernel would not run, or not as it is meant to
    costs      what only takes time
    """

    registers: int
    stack: int
    spilled: int
    shared: int
    tensor_core: str
    problems: tuple[str, ...]
    costs: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """Whether no rule is broken that the Triton at hand is held to."""
        return not (self.problems or (self.costs and tuned()))

    @property
    def verdict(self) -> str:
        """All broken rules, or "ok"."""
        return "; ".join((*self.problems, *self.costs)) or "ok"


@dataclass(frozen=True)
class Build(Compiled):
    """One build of this gate; `instructions` is per weight, inner loop."""

    job: Job
    instructions: float


def jobs() -> Iterator[Job]:
    """Every shipped configuration: float16 everywhere; bfloat16, and narrow tiles of groups of 32,
    scales in float32 and a K that no tile divides, on one card of each kind.
    """
    for architecture in ARCHITECTURES:
        for format in FORMATS:
            for block_m in BATCH_TILES:
                major = architecture // 10
                for config in candidates(format, "float16", block_m, major):
                    yield Job(architecture, format, "fp16", block_m, 64, config)
                if architecture in BFLOAT16_ARCHITECTURES:
                    for config in candidates(format, "bfloat16", block_m, major):
                        yield Job(architecture, format, "bf16", block_m, 64, config)
                    yield from _unusual(architecture, format, block_m)
    for architecture in GEMV_ARCHITECTURES:
        for format in FORMATS:
            for batch in (1, gemv.MAX_BATCH):
                yield Job(architecture, format, "fp16", batch, 64, None)


def _unusual(architecture: int, format: str, block_m: int) -> Iterator[Job]:
    """Groups of 32; the scales of imported weights, mostly met with bfloat16; a K of any width."""
    major = architecture // 10
    for config in candidates(format, "float16", block_m, major, usual=False):
        yield Job(architecture, format, "fp16", block_m, 32, config)
        yield Job(architecture, format, "fp16", block_m, 64, config, even_k=False)
    for config in candidates(format, "bfloat16", block_m, major, usual=False):
        yield Job(architecture, format, "bf16", block_m, 32, config)
        yield Job(architecture, format, "bf16", block_m, 64, config, "fp32")


def budget(job: Job) -> float:
    """Instructions a weight that `job` may take."""
    if job.config is None:
        return GEMV_BUDGETS[job.format, job.batch]
    if not job.usual:
        return float("inf")
    any_card, hopper = BUDGETS[job.format, job.dtype, job.batch]
    return hopper if job.architecture == 90 else any_card


def build(job: Job) -> Build:
    """Compile `job`, take it apart, and hold it against the rules."""
    kernel, weights_per_thread = _compile(job)
    resources, assembly = disassemble(kernel.asm["cubin"])
    body = max(innermost_loops(assembly), key=len)
    instructions = len(body) / weights_per_thread
    costs = []
    if instructions > budget(job):
        costs.append(f"{instructions:.2f} instructions a weight, budget {budget(job)}")
    found = findings(
        resources,
        assembly,
        opcodes(body),
        int(kernel.metadata.shared),
        job.architecture,
        tensor_cores=job.config is not None,
        waiting=waiting_loads(body) if job.config is not None else 0,
        costs=costs,
    )
    return Build(job=job, instructions=round(instructions, 3), **found)


def build_all(workers: int = 2) -> list[Build]:
    """Every job, on `workers` processes."""
    return list(pooled(build, jobs(), workers, chunk=4))


def pooled(
    build: Callable[[Any], Any], jobs: Iterable[Any], workers: int, chunk: int = 2
) -> Iterator[Any]:
    """`build` of every job, on `workers` processes: each as it is done, in order."""
    if INTERPRETED:
        raise RuntimeError("TRITON_INTERPRET is set: kernels of this process are not compiled.")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(build, jobs, chunksize=chunk)


def tuned() -> bool:
    """Whether the Triton at hand is `TUNED_TRITON`."""
    return triton_version().startswith(f"{TUNED_TRITON}.")


def findings(
    resources: dict[str, int],
    assembly: str,
    loop: Counter[str],
    shared: int,
    architecture: int,
    *,
    tensor_cores: bool,
    waiting: int,
    stack: bool = False,
    problems: Iterable[str] = (),
    costs: Iterable[str] = (),
) -> dict[str, Any]:
    """The fields of `Compiled`: what every kernel is held to, besides its own `problems` and
    `costs`. `loop` is its inner loop, `waiting` the loads that hold it up; `tensor_cores` and
    `stack`, whether it should have them.
    """
    products = re.findall(r"\b(HGMMA|HMMA)\b", assembly)
    problems, costs = list(problems), list(costs)
    if shared > SHARED_MEMORY[architecture]:
        problems.append(f"{shared} bytes shared, the card gives {SHARED_MEMORY[architecture]}")
    if tensor_cores and not products:
        problems.append("no tensor-core instruction")
    if waiting:
        costs.append(f"{waiting} loads in the loop that nothing fetched ahead")
    if resources["STACK"] and not stack:
        costs.append(f"{resources['STACK']} bytes of stack")
    spilled = loop["LDL"] + loop["STL"]
    if spilled or resources["LOCAL"]:
        costs.append(f"{spilled} spilled accesses in the loop")
    return {
        "registers": resources["REG"],
        "stack": resources["STACK"],
        "spilled": spilled,
        "shared": shared,
        "tensor_core": products[0] if products else "",
        "problems": tuple(problems),
        "costs": tuple(costs),
    }


def tell(builds: Iterable[Any], line: Callable[[Any], str], file: Path | None) -> int:
    """Print a line for each build as it comes, and write all into `file`, one a line, as JSON.

    Returns:
        The exit code: 1 where a build does not pass.
    """
    results = []
    for result in builds:
        print(line(result), flush=True)
        results.append(result)
    if file is not None:
        lines = [json.dumps(asdict(result), sort_keys=True) for result in results]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    failing = sum(not result.passes for result in results)
    dearer = sum(result.passes and bool(result.costs) for result in results)
    excused = f", {dearer} dearer than triton {TUNED_TRITON} makes them" if dearer else ""
    print(f"{len(results)} builds, {failing} failing{excused}")
    return 1 if failing else 0


def _compile(job: Job) -> tuple[Any, float]:
    """The compiled kernel and the weights a thread decodes in one round of its loop."""
    from .gemv import gemv_4bit_kernel
    from .matmul import matmul_4bit_kernel

    float_pointer = f"*{job.dtype}"
    signature: dict[str, str] = {
        "x": float_pointer,
        "packed": "*i16",
        "scales": f"*{job.scales}",
        "zeros": "*u8",
        "bias": float_pointer,
        "out": float_pointer,
        "M": "i32",
        "N": "i32",
        "K": "i32",
        "tiles": "i32",
    }
    constants: dict[str, Any] = {
        "NF4": job.format == "nf4",
        "GROUP": job.group_size,
        "EVEN_K": job.even_k,
        "HAS_BIAS": False,
        "PTX": True,
    }
    if job.config is None:
        kernel = gemv_4bit_kernel
        constants |= {"BLOCK_N": gemv.BLOCK_N, "BLOCK_M": job.batch}
        warps, stages = gemv.WARPS, 3
        weights = gemv.BLOCK_N * 128
    else:
        kernel = matmul_4bit_kernel
        signature["tiles_per_split"] = "i32"
        config = job.config
        constants |= {
            "BLOCK_N": config.block_n,
            "BLOCK_M": config.block_m,
            "SLICES": config.slices,
            "EVEN_TILES": True,
            "SPLIT": False,
            "FP32_DOT": False,
        }
        warps, stages = config.warps, config.stages
        weights = config.block_n * config.slices * 128
    # What the launcher knows of real arguments: pointers and row lengths are multiples of 16.
    options = {"num_warps": warps, "num_stages": stages}
    compiled = compile_kernel(kernel, signature, constants, ("N", "K"), job.architecture, options)
    return compiled, weights / (32 * warps)


def compile_kernel(
    kernel: Any,
    signature: dict[str, str],
    constants: dict[str, Any],
    aligned: Iterable[str],
    architecture: int,
    options: dict[str, Any],
) -> Any:
    """`kernel` compiled for a card that need not be there.

    All pointers of `signature`, and the integers named in `aligned`, are taken for multiples of 16.
    """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    names = list(kernel.arg_names)
    pointers = [name for name in signature if signature[name].startswith("*")]
    attributes = {(names.index(n),): [["tt.divisibility", 16]] for n in (*pointers, *aligned)}
    full = {name: signature.get(name, "constexpr") for name in names}
    source = ASTSource(kernel, signature=full, constexprs=constants, attrs=attributes)
    return triton.compile(
        source, target=GPUTarget("cuda", architecture, 32), options=LAUNCH | options
    )


def _line(result: Build) -> str:
    job = result.job
    shape = (
        "gemv"
        if job.config is None
        else (f"{job.config.block_n:3}x{job.config.slices}s{job.config.stages}")
    )
    return (
        f"sm_{job.architecture:<3} {job.format:4} {job.dtype} M{job.batch:<2} {shape:7} "
        f"{'' if job.usual else f'group {job.group_size} {job.scales} K {int(job.even_k)} '}"
        f"registers {result.registers:3} shared {result.shared:6} "
        f"{result.tensor_core or '-':5} {result.instructions:5.2f} a weight: {result.verdict}"
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns its exit code."""
    parser = argparse.ArgumentParser(
        description="Compile the kernels for all cards and check them."
    )
    parser.add_argument("--json", type=Path, help="write the builds there, one a line")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    return tell(build_all(options.workers), _line, options.json)


if __name__ == "__main__":
    sys.exit(main())
