"""Which implementation of an attention operator runs, and why: the answer is a value.

As for `matmul_4bit`, the first that does not refuse is taken, and every refusal is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import torch

from ..dispatch import Choice, Implementation, first_willing

MAX_FMA_ROWS: Final = 8


@dataclass(frozen=True)
class DecodeRequest:
    """All that the choice for decode depends on. `capability` is None off CUDA.

    `rows` is what one key is multiplied with: query heads of its group x query tokens.
    """

    device: str
    capability: tuple[int, int] | None
    dtype: torch.dtype
    kind: str
    rows: int
    softcap: bool


@dataclass(frozen=True)
class PrefillRequest:
    """All that the choice for prefill depends on.

    `masked`: some key is hidden from a query by padding, a window, or keys before the queries.
    """

    device: str
    capability: tuple[int, int] | None
    dtype: torch.dtype
    group: int
    masked: bool
    softcap: bool


@dataclass(frozen=True)
class AppendRequest:
    """All that the choice for append depends on."""

    device: str
    capability: tuple[int, int] | None
    dtype: torch.dtype


_SOFTCAP: Final = "SDPA knows no soft-cap"
_OLD_CARD: Final = "Triton has no tensor-core product below compute capability 8.0"


def _refuse_triton(request: DecodeRequest | PrefillRequest) -> str | None:
    if request.capability is not None and request.capability < (8, 0):
        return _OLD_CARD
    if request.dtype not in (torch.float16, torch.bfloat16):
        return f"tensor cores take 16-bit operands, query is {request.dtype}"
    return None


def _refuse_fma(request: DecodeRequest) -> str | None:
    if request.dtype not in (torch.float16, torch.bfloat16, torch.float32):
        return f"it computes in float32, query is {request.dtype}"
    if request.rows > MAX_FMA_ROWS:
        return f"{request.rows} rows a key: its arithmetic pays up to {MAX_FMA_ROWS}"
    return None


def _refuse_decode_sdpa(request: DecodeRequest) -> str | None:
    if request.kind != "dense":
        return f"SDPA does not read {request.kind} codes"
    return _SOFTCAP if request.softcap else None


def _refuse_blockwise(request: DecodeRequest) -> str | None:
    return "there is no code to decode in a dense cache" if request.kind == "dense" else None


def _refuse_sdpa(request: PrefillRequest) -> str | None:
    if request.softcap:
        return _SOFTCAP
    if request.capability is None or request.group == 1:
        return None
    if request.masked:
        return "SDPA with enable_gqa and a mask falls to its slow path"
    if request.capability < (8, 0):
        return "SDPA with enable_gqa falls to its slow path below compute capability 8.0"
    if request.dtype not in (torch.float16, torch.bfloat16):
        return f"SDPA with enable_gqa falls to its slow path in {request.dtype}"
    return None


def _refuse_expanded(request: PrefillRequest) -> str | None:
    return _SOFTCAP if request.softcap else None


_REFERENCE: Final = Implementation(
    "reference", "plain PyTorch, runs anywhere", lambda request: None
)
DECODE: Final = (
    Implementation(
        "triton", "reads the cache as it is stored, on tensor cores", _refuse_triton, on_gpu=True
    ),
    Implementation(
        "triton_fma",
        "reads the cache as it is stored, float32 arithmetic",
        _refuse_fma,
        on_gpu=True,
    ),
    Implementation(
        "sdpa", "torch's SDPA, a group folded into the queries of its head", _refuse_decode_sdpa
    ),
    Implementation(
        "blockwise", "plain PyTorch, codes decoded a block at a time", _refuse_blockwise
    ),
    _REFERENCE,
)
PREFILL: Final = (
    Implementation("sdpa", "torch's SDPA, keys not repeated", _refuse_sdpa),
    Implementation("triton", "keys not repeated, no mask in memory", _refuse_triton, on_gpu=True),
    Implementation("sdpa_expanded", "torch's SDPA on repeated keys", _refuse_expanded),
    _REFERENCE,
)
APPEND: Final = (
    Implementation("triton", "one pass over the new tokens", lambda request: None, on_gpu=True),
    _REFERENCE,
)


@cache
def choose_decode(request: DecodeRequest, implementation: str = "auto") -> Choice:
    """The implementation of `attention_gqa_decode`. See `hyperlex_kernels.dispatch`."""
    return first_willing("attention_gqa_decode", DECODE, request, implementation)


@cache
def choose_prefill(request: PrefillRequest, implementation: str = "auto") -> Choice:
    """The implementation of `attention_gqa_prefill`."""
    return first_willing("attention_gqa_prefill", PREFILL, request, implementation)


@cache
def choose_append(request: AppendRequest, implementation: str = "auto") -> Choice:
    """The implementation of `kv_append_quantized`."""
    return first_willing("kv_append_quantized", APPEND, request, implementation)
