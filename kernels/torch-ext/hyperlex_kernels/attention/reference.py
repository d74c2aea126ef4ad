"""The three operators in plain PyTorch: what every kernel is measured against.

Slow, obvious, on any device, with the arguments of the real ones. Arithmetic is float64 for float64
queries, else float32, and rounds once, at the end. Each makes the whole cache dense: that is what
the kernels are there to avoid.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .contract import KVBuffers
from .quantize import centred, dequantize_tokens, quantize_tokens


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
    """See `operators.attention_gqa_decode`; window and softcap are 0 where there is none."""
    length = int(stop.max()) if stop.numel() else 0
    keys, values = dense_kv(kv, length, working_dtype(query))
    positions = stop[:, None] - query.shape[2] + torch.arange(query.shape[2], device=query.device)
    live = live_keys(length, start, stop, mask, query.device)
    return _attend(query, keys, values, live, positions, scale, window, softcap)


def attention_gqa_prefill(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    start: Tensor | None,
    stop: Tensor | None,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
) -> Tensor:
    """See `operators.attention_gqa_prefill`; window and softcap are 0 where there is none."""
    rows, length = query.shape[2], key.shape[2]
    working = working_dtype(query)
    positions = torch.arange(length - rows, length, device=query.device)[None]
    live = live_keys(length, start, stop, mask, query.device)
    keys, values = key.to(working), value.to(working)
    return _attend(query, keys, values, live, positions, scale, window, softcap)


def kv_append_quantized(key: Tensor, value: Tensor, kv: KVBuffers, position: Tensor) -> None:
    """See `operators.kv_append_quantized`."""
    tokens = torch.arange(key.shape[2], device=key.device)
    at = (torch.arange(kv.batch, device=key.device)[:, None], position[:, None] + tokens)

    def write(stored: Tensor, new: Tensor) -> None:
        stored.transpose(1, 2)[at] = new.transpose(1, 2)

    if kv.scales is None:
        write(kv.keys, key)
        write(kv.values, value)
        return
    both = torch.stack((centred(key, kv.key_factor, kv.key_centre), value.float()))
    codes, scales = quantize_tokens(both, kv.kind)
    write(kv.keys, codes[0])
    write(kv.values, codes[1])
    write(kv.scales, torch.cat((scales[0], scales[1]), -1))


def dense_kv(kv: KVBuffers, length: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Keys and values [B, H, length, D] of the first `length` tokens, in `dtype`."""
    keys, values = kv.keys[:, :, :length], kv.values[:, :, :length]
    if kv.scales is None:
        return keys.to(dtype), values.to(dtype)
    key_scales, value_scales = kv.scales[:, :, :length].chunk(2, -1)
    keys = dequantize_tokens(keys, key_scales, kv.kind, dtype)
    values = dequantize_tokens(values, value_scales, kv.kind, dtype)
    if kv.key_factor is not None:
        keys = keys * kv.key_factor.to(dtype).unsqueeze(2)
    if kv.key_centre is not None:
        keys = keys + kv.key_centre.to(dtype).unsqueeze(2)
    return keys, values


def live_keys(
    length: int,
    start: Tensor | None,
    stop: Tensor | None,
    mask: Tensor | None,
    device: torch.device,
) -> Tensor | None:
    """Which of the first `length` tokens exist, [B, length] bool; None where all of them do."""
    token = torch.arange(length, device=device)[None]
    live: Tensor | None = None
    if start is not None:
        live = token >= start[:, None]
    if stop is not None:
        live = token < stop[:, None] if live is None else live & (token < stop[:, None])
    if mask is not None:
        # A mask that is shorter than the tokens says nothing of the rest: they are not there.
        known = torch.nn.functional.pad(mask[:, :length], (0, max(0, length - mask.shape[1])))
        live = known if live is None else live & known
    return live


def seen_keys(positions: Tensor, length: int, live: Tensor | None, window: int) -> Tensor:
    """Which tokens each query attends to: [B or 1, S, length] bool.

    `positions` [B or 1, S] is where the queries stand. A query sees itself and what is before it,
    `window` tokens in all where a window is given.
    """
    token = torch.arange(length, device=positions.device)
    seen = token <= positions[:, :, None]
    if window:
        seen = seen & (token > positions[:, :, None] - window)
    return seen if live is None else seen & live[:, None]


def seen_by_folded(
    rows: int, group: int, length: int, live: Tensor | None, stop: Tensor, window: int
) -> Tensor:
    """`seen_keys` of the last `rows` tokens where the queries of a group lie side by side as those
    of one head: [B, 1, group * rows, length] bool.
    """
    positions = stop[:, None] - rows + torch.arange(rows, device=stop.device)
    return seen_keys(positions, length, live, window).repeat(1, group, 1)[:, None]


def by_token(out: Tensor) -> Tensor:
    """[B, HQ, S, D] as a view of memory laid out [B, S, HQ, D]."""
    return out.transpose(1, 2).contiguous().transpose(1, 2)


def sees_all(
    rows: int, length: int, start: Tensor | None, stop: Tensor, mask: Tensor | None, window: int
) -> bool:
    """Whether a single query a row sees all `length` tokens, so that no mask is needed. Reads
    `stop`: a GPU would be waited for.
    """
    if rows != 1 or window or start is not None or mask is not None:
        return False
    return bool((stop == length).all())


def working_dtype(query: Tensor) -> torch.dtype:
    """What arithmetic for `query` is done in."""
    return torch.float64 if query.dtype == torch.float64 else torch.float32


def _attend(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    live: Tensor | None,
    positions: Tensor,
    scale: float,
    window: int,
    softcap: float,
) -> Tensor:
    """Attention of query [B, HQ, S, D] over dense keys and values [B, H, T, D] in their dtype."""
    heads, length = keys.shape[1], keys.shape[2]
    batch, heads_q, rows, head_size = query.shape
    grouped = query.to(keys.dtype).reshape(batch, heads, heads_q // heads, rows, head_size)
    scores = torch.einsum("bhgsd,bhtd->bhgst", grouped, keys) * scale
    if softcap:
        scores = softcap * torch.tanh(scores / softcap)
    seen = seen_keys(positions, length, live, window)[:, None, None]
    weights = scores.masked_fill(~seen, -math.inf).softmax(-1)
    # A query that sees nothing gives zeros; softmax gave it 0/0.
    weights = torch.where(seen.any(-1, keepdim=True), weights, 0.0)
    # Memory that holds no token may hold NaN, which a weight of zero does not stop.
    if live is not None:
        values = values.masked_fill(~live[:, None, :, None], 0.0)
    out = torch.einsum("bhgst,bhtd->bshgd", weights, values)
    return out.flatten(2, 3).to(query.dtype).transpose(1, 2)
