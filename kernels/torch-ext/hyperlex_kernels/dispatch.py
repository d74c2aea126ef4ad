"""Which implementation of `matmul_4bit` runs, and why: the answer is a value.

`first_willing` chooses for the operators of `attention` as well.

`IMPLEMENTATIONS` is the order of preference; the first one that does not refuse is taken, and every
refusal is kept with its reason. `explain` returns it; the benchmark keeps it with each figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Final, Protocol

import torch
from torch import Tensor

from .formats import PackedWeight

MAX_FUSED_BATCH: Final = 64
MAX_GEMV_BATCH: Final = 8
INT4PACK_ROWS: Final = 16
# torch's kernel works through float16 and float32 one row of x after the other; beyond this, making
# the weight dense is faster. bfloat16 is vectorised.
MAX_INT4PACK_BATCH: Final = 1


@dataclass(frozen=True)
class Request:
    """All that the choice depends on. `capability` is None off CUDA."""

    device: str
    capability: tuple[int, int] | None
    dtype: torch.dtype
    format: str
    group_size: int
    batch: int
    out_features: int
    in_features: int


@dataclass(frozen=True)
class Refusal:
    """An implementation that was passed over, and the reason in words."""

    implementation: str
    reason: str


@dataclass(frozen=True)
class Choice:
    """The implementation that runs, why it was taken, and what was passed over before it."""

    implementation: str
    reason: str
    refused: tuple[Refusal, ...]

    def __str__(self) -> str:
        passed = "".join(f"; not {r.implementation}: {r.reason}" for r in self.refused)
        return f"{self.implementation} ({self.reason}){passed}"


class Placed(Protocol):
    """What every request says of its place. `capability` is None off CUDA."""

    @property
    def device(self) -> str: ...

    @property
    def capability(self) -> tuple[int, int] | None: ...


@dataclass(frozen=True)
class Implementation:
    """One way to run an operator. `refuse(request)` returns why it will not, or None."""

    name: str
    reason: str
    refuse: Callable[[Any], str | None]
    on_gpu: bool = False


@cache
def triton_missing() -> str | None:
    return None if find_spec("triton") else "triton is not installed"


@cache
def _interpreted() -> bool:
    if triton_missing():
        return False
    from .interpreter import INTERPRETED

    return INTERPRETED


def _refuse_fused(request: Request) -> str | None:
    if request.capability is not None and request.capability < (8, 0):
        return "Triton has no tensor-core product below compute capability 8.0"
    if request.dtype not in (torch.float16, torch.bfloat16):
        return f"tensor cores take 16-bit operands, x is {request.dtype}"
    if request.batch > MAX_FUSED_BATCH:
        return (
            f"{request.batch} rows of x: above {MAX_FUSED_BATCH} one pass over a dense copy is "
            "faster than decoding the weight for every tile of x"
        )
    return None


def _refuse_gemv(request: Request) -> str | None:
    if request.dtype == torch.float32:
        return "x is float32, and the NF4 table of this kernel has 16 bits"
    if request.batch > MAX_GEMV_BATCH:
        return f"{request.batch} rows of x: its arithmetic pays up to {MAX_GEMV_BATCH}"
    return None


def _refuse_int4pack(request: Request) -> str | None:
    if request.device != "cpu":
        return f"x is on {request.device}, not on the CPU"
    if request.format != "int4":
        return "torch's kernel knows whole numbers only, not the NF4 levels"
    if request.out_features % INT4PACK_ROWS or request.in_features % request.group_size:
        return (
            f"torch's kernel wants N a multiple of {INT4PACK_ROWS} and K of {request.group_size}, "
            f"not {request.out_features} and {request.in_features}"
        )
    if request.dtype not in (torch.bfloat16, torch.float16, torch.float32):
        return f"torch's kernel does not take {request.dtype}"
    if request.dtype != torch.bfloat16 and request.batch > MAX_INT4PACK_BATCH:
        return f"torch's kernel is vectorised for bfloat16 only, and x has {request.batch} rows"
    if not hasattr(torch.ops.aten, "_weight_int4pack_mm_for_cpu"):
        return "this torch has no _weight_int4pack_mm_for_cpu"
    return None


def _refuse_lookup(request: Request) -> str | None:
    return None if request.device == "cpu" else f"x is on {request.device}, not on the CPU"


IMPLEMENTATIONS: Final = (
    Implementation("triton", "fused decode and tensor-core product", _refuse_fused, on_gpu=True),
    Implementation("triton_gemv", "fused decode, float32 arithmetic", _refuse_gemv, on_gpu=True),
    Implementation("int4pack", "torch's int4 kernel for CPUs", _refuse_int4pack),
    Implementation("lookup", "two weights a look-up, a block of rows at a time", _refuse_lookup),
    Implementation(
        "dequantize",
        "Triton makes the weight dense, cuBLAS multiplies",
        lambda request: None,
        on_gpu=True,
    ),
    Implementation("reference", "plain PyTorch, runs anywhere", lambda request: None),
)
NAMES: Final = tuple(each.name for each in IMPLEMENTATIONS)


def _off_gpu(request: Placed, implementation: str) -> str | None:
    """Why a Triton kernel cannot run here. The interpreter is for tests: it must be asked for."""
    if missing := triton_missing():
        return missing
    if request.capability is None and (implementation == "auto" or not _interpreted()):
        return f"x is on {request.device}, not on a CUDA device"
    return None


def place(tensor: Tensor) -> tuple[str, tuple[int, int] | None]:
    """Device type and compute capability, the first two fields of every request."""
    capability = torch.cuda.get_device_capability(tensor.device) if tensor.is_cuda else None
    return tensor.device.type, capability


def first_willing(
    operator: str,
    implementations: tuple[Implementation, ...],
    request: Placed,
    implementation: str,
) -> Choice:
    """The first of `implementations` that does not refuse `request`; the last refuses nothing.

    `implementation` asks for one by name, or is 'auto'. Raises `ValueError` for an unknown name,
    and `NotImplementedError` with the reason where the one asked for cannot run.
    """
    names = [each.name for each in implementations]
    if implementation not in ("auto", *names):
        raise ValueError(
            f"Unknown implementation {implementation!r}. Expected 'auto' or one of "
            f"{', '.join(names)}."
        )
    refused: list[Refusal] = []
    for each in implementations:
        if implementation not in ("auto", each.name):
            continue
        reason = _off_gpu(request, implementation) if each.on_gpu else None
        reason = reason or each.refuse(request)
        if reason is None:
            why = each.reason if implementation == "auto" else "asked for by name"
            return Choice(each.name, why, tuple(refused))
        if implementation == each.name:
            raise NotImplementedError(
                f"{operator} cannot run as {implementation!r}: {reason}. Use implementation='auto'."
            )
        refused.append(Refusal(each.name, reason))
    raise AssertionError("the last implementation refuses nothing")


@cache
def choose(request: Request, implementation: str = "auto") -> Choice:
    """The implementation of `matmul_4bit` for `request`. See `first_willing`."""
    return first_willing("matmul_4bit", IMPLEMENTATIONS, request, implementation)


def request_for(x: Tensor, format: str, group_size: int, out_features: int) -> Request:
    """The request that a product with `x` [..., K] makes."""
    columns = x.shape[-1]
    device, capability = place(x)
    return Request(
        device=device,
        capability=capability,
        dtype=x.dtype,
        format=format,
        group_size=group_size,
        batch=x.numel() // columns,
        out_features=out_features,
        in_features=columns,
    )


def explain(x: Tensor, weight: PackedWeight, implementation: str = "auto") -> Choice:
    """What `matmul_4bit(x, weight)` would run, without running it."""
    request = request_for(x, weight.format, weight.group_size, weight.out_features)
    return choose(request, implementation)
