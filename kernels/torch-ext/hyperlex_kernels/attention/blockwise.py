"""Decode over codes in plain PyTorch, a block of tokens at a time: the CPU's way.

The cache is never made dense as a whole, and scales never touch a key or a value: a key's scale
multiplies its score, a value's scale its weight, as in the Triton kernel. What is converted is a
block of codes, and forgotten when it has been multiplied.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor

from .contract import KVBuffers
from .quantize import INT4_ZERO
from .reference import by_token, live_keys, seen_by_folded, sees_all, working_dtype

BLOCK_BYTES: Final = 1 << 20
"""Of converted codes at a time. Measured on one core: a quarter of it takes 30 to 45 % longer, more
gains a fifth at best and would take the memory.
"""


def attention_gqa_decode(
    query: Tensor,
    kv: KVBuffers,
    start: Tensor | None,
    stop: Tensor,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
) -> Tensor:
    """`reference.attention_gqa_decode` for int8 and int4 buffers."""
    length = int(stop.max()) if stop.numel() else 0
    heads_q, rows = query.shape[1:3]
    scores = _scores(query, kv, length, scale)
    if softcap:
        scores = softcap * torch.tanh(scores / softcap)
    if sees_all(rows, length, start, stop, mask, window):
        out = _weighted(scores.softmax(-1), kv, None)
    else:
        live = live_keys(length, start, stop, mask, query.device)
        seen = seen_by_folded(rows, heads_q // kv.heads, length, live, stop, window)
        weights = scores.masked_fill_(~seen, -math.inf).softmax(-1)
        # A query that sees nothing gives zeros; softmax gave it 0/0.
        weights.masked_fill_(~seen.any(-1, keepdim=True), 0.0)
        out = _weighted(weights, kv, live)
    return by_token(out.to(query.dtype).reshape(query.shape))


def _scores(query: Tensor, kv: KVBuffers, length: int, scale: float) -> Tensor:
    """[B, H, R, T]: the R query rows of each key head, its group's one after another."""
    working = working_dtype(query)
    folded = query.to(working).reshape(kv.batch, kv.heads, -1, kv.head_size) * scale
    # Keys are factor * code * scale + centre: both fold into the query.
    shift = None if kv.key_centre is None else folded @ kv.key_centre.to(working).unsqueeze(-1)
    if kv.key_factor is not None:
        folded = folded * kv.key_factor.to(working).unsqueeze(2)
    parts = folded.chunk(2 if kv.kind == "int4" else 1, -1)
    zeros = [INT4_ZERO * part.sum(-1, keepdim=True) for part in parts]
    scales = _scales(kv, length, working)[0]
    scores = folded.new_empty((*folded.shape[:-1], length))
    for block, halves in _blocks(kv.keys, kv.kind, length, working):
        for half, codes in enumerate(halves):
            product = parts[half] @ codes.transpose(-1, -2)
            if kv.kind == "int4":
                product -= zeros[half]
            product *= scales[half % len(scales)][:, :, None, block]
            if half:
                scores[..., block] += product
            else:
                scores[..., block] = product
    return scores if shift is None else scores.add_(shift)


def _weighted(weights: Tensor, kv: KVBuffers, live: Tensor | None) -> Tensor:
    """[B, H, R, D]: the values of the tokens under `weights` [B, H, R, T]."""
    length = weights.shape[-1]
    scales = _scales(kv, length, weights.dtype)[1]
    if live is not None:
        # Memory that holds no token may hold a NaN scale, which a weight of zero does not stop.
        scales = [each.masked_fill(~live[:, None], 0.0) for each in scales]
    scaled = [weights * each.unsqueeze(2) for each in scales]
    count = 2 if kv.kind == "int4" else 1
    width = kv.head_size // count
    sums = [weights.new_zeros((*weights.shape[:-1], width)) for _ in range(count)]
    for block, halves in _blocks(kv.values, kv.kind, length, weights.dtype):
        for half, codes in enumerate(halves):
            sums[half] += scaled[half % len(scaled)][..., block] @ codes
    if kv.kind == "int4":
        for half, each in enumerate(sums):
            each -= INT4_ZERO * scaled[half % len(scaled)].sum(-1, keepdim=True)
    return torch.cat(sums, -1)


def _scales(kv: KVBuffers, length: int, dtype: torch.dtype) -> tuple[list[Tensor], list[Tensor]]:
    """Scales of keys and of values, each plane [B, H, T]."""
    assert kv.scales is not None
    planes = kv.scales[:, :, :length].to(dtype).unbind(-1)
    half = len(planes) // 2
    return list(planes[:half]), list(planes[half:])


def _blocks(
    stored: Tensor, kind: str, length: int, dtype: torch.dtype
) -> Iterator[tuple[slice, tuple[Tensor, ...]]]:
    """The first `length` tokens of `stored` [B, H, C, .] a block at a time: where it stands, and
    its codes in `dtype`, of int4 the low and the high half of the channels.
    """
    batch, heads, _, width = stored.shape
    size = max(1, BLOCK_BYTES // max(1, batch * heads * width * dtype.itemsize))
    for begin in range(0, length, size):
        block = slice(begin, min(begin + size, length))
        codes = stored[:, :, block]
        if kind == "int8":
            yield block, (codes.to(dtype),)
        else:
            yield block, ((codes & 15).to(dtype), (codes >> 4).to(dtype))
