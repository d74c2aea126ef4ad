"""Which implementation of the grouped products runs, and why: the answer is a value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import torch
from torch import Tensor

from ..dispatch import Choice, Implementation, first_willing, place


@dataclass(frozen=True)
class Request:
    """All that the choice depends on. `capability` is None off CUDA."""

    device: str
    capability: tuple[int, int] | None
    dtype: torch.dtype


def request_for(x: Tensor) -> Request:
    """The request that a grouped product with `x` makes."""
    return Request(*place(x), x.dtype)


def _refuse_triton(request: Request) -> str | None:
    if request.capability is not None and request.capability < (8, 0):
        return "Triton has no tensor-core product below compute capability 8.0"
    if request.dtype not in (torch.float16, torch.bfloat16):
        return f"tensor cores take 16-bit operands, x is {request.dtype}"
    return None


def _refuse_fma(request: Request) -> str | None:
    if request.dtype not in (torch.float16, torch.bfloat16, torch.float32):
        return f"it computes in float32, x is {request.dtype}"
    return None


IMPLEMENTATIONS: Final = (
    Implementation(
        "triton", "one launch for all experts, on tensor cores", _refuse_triton, on_gpu=True
    ),
    Implementation(
        "triton_fma", "one launch for all experts, float32 arithmetic", _refuse_fma, on_gpu=True
    ),
    Implementation("reference", "one product an expert, runs anywhere", lambda request: None),
)


@cache
def choose(request: Request, implementation: str = "auto") -> Choice:
    """The implementation of `grouped_matmul`, and of its gradients. See `first_willing`."""
    return first_willing("grouped_matmul", IMPLEMENTATIONS, request, implementation)
