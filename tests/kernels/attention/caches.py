"""Small caches to attend over, and attention one query at a time: what the operators must equal."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from hyperlex_kernels.attention import (
    KVBuffers,
    allocate_kv,
    fit_key_channels,
    kv_append_quantized,
)
from hyperlex_kernels.attention.reference import dense_kv

# Relative error against float64 of a product with float16 operands and float32 sums.
FLOAT16_ERROR = 5e-4


def lengths(*tokens: int, device: str = "cpu") -> Tensor:
    return torch.tensor(tokens, dtype=torch.int32, device=device)


def filled_cache(
    kind: str,
    head_size: int,
    tokens: int,
    capacity: int,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float16,
    heads: int = 2,
) -> KVBuffers:
    """Two rows of `tokens` random tokens; codes relative to key channels with a width each."""
    torch.manual_seed(0)
    kv = allocate_kv(kind, 2, heads, capacity, head_size, dtype=dtype, device=device)
    widths = torch.linspace(0.5, 2.0, head_size, device=device)
    key = torch.randn(2, heads, tokens, head_size, device=device) * widths + 0.5
    value = torch.randn(2, heads, tokens, head_size, device=device)
    if kind != "dense":
        factor, centre = fit_key_channels(key)
        kv = replace(kv, key_factor=factor, key_centre=centre)
    start = lengths(0, 0, device=device)
    kv_append_quantized(key.to(dtype), value.to(dtype), kv, start, implementation="reference")
    return kv


def one_by_one(
    query: Tensor,
    kv: KVBuffers,
    stop: Tensor,
    *,
    start: Tensor | None = None,
    mask: Tensor | None = None,
    window: int | None = None,
    softcap: float | None = None,
) -> Tensor:
    """float64 attention, a query at a time, over the tokens that the contract lets it see."""
    batch, heads_q, rows, head_size = query.shape
    keys, values = dense_kv(kv, kv.capacity, torch.float64)
    out = torch.zeros(query.shape, dtype=torch.float64, device=query.device)
    for b in range(batch):
        for s in range(rows):
            position = int(stop[b]) - rows + s
            seen = [
                t
                for t in range(max(0, position + 1))
                if (start is None or t >= start[b])
                and (mask is None or (t < mask.shape[1] and mask[b, t]))
                and (window is None or t > position - window)
            ]
            if not seen:
                continue
            for h in range(heads_q):
                head = h // (heads_q // kv.heads)
                scores = keys[b, head, seen] @ query[b, h, s].double() / math.sqrt(head_size)
                if softcap is not None:
                    scores = softcap * torch.tanh(scores / softcap)
                out[b, h, s] = scores.softmax(0) @ values[b, head, seen]
    return out


def relative_error(got: Tensor, expected: Tensor) -> float:
    return float((got.double() - expected.double()).norm() / expected.double().norm())
