"""The operators by torch's own `scaled_dot_product_attention`, where it is the better kernel.

A query that sees no key gives zeros here too, which SDPA promises for some of its kernels only.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .contract import KVBuffers
from .reference import by_token, live_keys, seen_by_folded, seen_keys, sees_all


def decode(
    query: Tensor,
    kv: KVBuffers,
    start: Tensor | None,
    stop: Tensor,
    mask: Tensor | None,
    scale: float,
    window: int,
) -> Tensor:
    """`reference.attention_gqa_decode` for dense buffers, without a soft-cap.

    The queries of a group lie side by side as queries of one head, so that no key is repeated.
    """
    batch, heads_q, rows, _ = query.shape
    # Off the CPU the lengths are not read: that would wait for the device at every step.
    on_cpu = query.device.type == "cpu"
    length = int(stop.max()) if on_cpu and stop.numel() else kv.capacity
    group = heads_q // kv.heads
    folded = query.reshape(batch, kv.heads, group * rows, -1)
    keys, values = kv.keys[:, :, :length], kv.values[:, :, :length]
    if not on_cpu or bool((stop != length).any()):
        # SDPA multiplies what is masked, and memory behind the tokens may hold NaN.
        behind = (torch.arange(length, device=query.device) >= stop[:, None])[:, None, :, None]
        keys, values = keys.masked_fill(behind, 0.0), values.masked_fill(behind, 0.0)
    if on_cpu and sees_all(rows, length, start, stop, mask, window):
        seen = None
    else:
        live = live_keys(length, start, stop, mask, query.device)
        seen = seen_by_folded(rows, group, length, live, stop, window)
    out = F.scaled_dot_product_attention(folded, keys, values, attn_mask=seen, scale=scale)
    return by_token(_zero_unseen(out, seen).reshape(query.shape))


def prefill(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    start: Tensor | None,
    stop: Tensor | None,
    mask: Tensor | None,
    scale: float,
    window: int,
    *,
    expand: bool,
) -> Tensor:
    """`reference.attention_gqa_prefill` without a soft-cap; `expand` repeats keys for the group."""
    rows, length = query.shape[2], key.shape[2]
    group = query.shape[1] // key.shape[1]
    if expand and group > 1:
        key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
    seen = None
    if rows != length or window or any(each is not None for each in (start, stop, mask)):
        positions = torch.arange(length - rows, length, device=query.device)[None]
        live = live_keys(length, start, stop, mask, query.device)
        seen = seen_keys(positions, length, live, window)[:, None]
    out = F.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=seen,
        is_causal=seen is None,
        scale=scale,
        enable_gqa=not expand and group > 1,
    )
    return by_token(_zero_unseen(out, seen))


def _zero_unseen(out: Tensor, seen: Tensor | None) -> Tensor:
    return out if seen is None else out.masked_fill(~seen.any(-1, keepdim=True), 0.0)
