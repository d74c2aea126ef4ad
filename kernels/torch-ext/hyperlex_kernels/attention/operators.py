"""The operators: schema, checks, shapes, and who runs them.

    attention_gqa_decode    few queries over a cache that may be stored as int8 or int4
    attention_gqa_prefill   causal attention over fresh keys and values
    kv_append_quantized     new keys and values to the cache, in place

A caller's mistake is answered here, once, and the same way by the real operator and by its fake.
Outputs are [B, HQ, S, D] whose memory is [B, S, HQ, D], so that the transpose every model does next
is free. Nothing here has a gradient: train with the model's own attention.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..dispatch import Choice, place
from ..library import NAMESPACE, current_device
from . import blockwise, dispatch, reference, sdpa
from .checks import check_append, check_buffers, check_lengths, check_options, check_query
from .contract import KVBuffers, check_kind

_BUFFERS = "Tensor keys, Tensor values, Tensor? scales, Tensor? key_factor, Tensor? key_centre"
_SEEN = "Tensor? mask, float scale, int window, float softcap, str implementation='auto'"
torch.library.define(
    f"{NAMESPACE}::attention_gqa_decode",
    f"(Tensor query, str kind, {_BUFFERS}, Tensor? start, Tensor stop, {_SEEN}) -> Tensor",
)
torch.library.define(
    f"{NAMESPACE}::attention_gqa_prefill",
    f"(Tensor query, Tensor key, Tensor value, Tensor? start, Tensor? stop, {_SEEN}) -> Tensor",
)
torch.library.define(
    f"{NAMESPACE}::kv_append_quantized",
    "(Tensor key, Tensor value, str kind, Tensor(a!) keys, Tensor(b!) values, "
    "Tensor(c!)? scales, Tensor? key_factor, Tensor? key_centre, Tensor position, "
    "str implementation='auto') -> ()",
)
_ops = getattr(torch.ops, NAMESPACE)


def _check_decode(
    query: Tensor,
    kv: KVBuffers,
    start: Tensor | None,
    stop: Tensor,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
) -> None:
    check_buffers(kv)
    dtype = kv.keys.dtype if kv.kind == "dense" else None
    check_query(query, kv.heads, kv.head_size, kv.batch, dtype)
    check_options(scale, window, softcap)
    check_lengths(kv.batch, kv.capacity, start, stop, mask, kv.keys, query)


@torch.library.impl(f"{NAMESPACE}::attention_gqa_decode", "default")
def _decode(
    query: Tensor,
    kind: str,
    keys: Tensor,
    values: Tensor,
    scales: Tensor | None,
    key_factor: Tensor | None,
    key_centre: Tensor | None,
    start: Tensor | None,
    stop: Tensor,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
    implementation: str = "auto",
) -> Tensor:
    kv = KVBuffers(kind, keys, values, scales, key_factor, key_centre)
    _check_decode(query, kv, start, stop, mask, scale, window, softcap)
    if query.numel() == 0:
        return _like_query(query)
    request = _decode_request(query, kv, softcap)
    name = dispatch.choose_decode(request, implementation).implementation
    with current_device(query):
        if name == "reference":
            return reference.attention_gqa_decode(
                query, kv, start, stop, mask, scale, window, softcap
            )
        if name == "sdpa":
            return sdpa.decode(query, kv, start, stop, mask, scale, window)
        if name == "blockwise":
            return blockwise.attention_gqa_decode(
                query, kv, start, stop, mask, scale, window, softcap
            )
        from . import configs, decode

        rule = configs.fma_config if name == "triton_fma" else configs.decode_config
        config = rule(kind, kv.head_size, request.rows)
        return decode.attention_gqa_decode(
            query, kv, start, stop, mask, scale, window, softcap, config
        )


@torch.library.register_fake(f"{NAMESPACE}::attention_gqa_decode")
def _decode_fake(
    query: Tensor,
    kind: str,
    keys: Tensor,
    values: Tensor,
    scales: Tensor | None,
    key_factor: Tensor | None,
    key_centre: Tensor | None,
    start: Tensor | None,
    stop: Tensor,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
    implementation: str = "auto",
) -> Tensor:
    kv = KVBuffers(kind, keys, values, scales, key_factor, key_centre)
    _check_decode(query, kv, start, stop, mask, scale, window, softcap)
    return _like_query(query)


def _check_prefill(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    start: Tensor | None,
    stop: Tensor | None,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
) -> None:
    if key.ndim != 4 or key.shape != value.shape or key.dtype != value.dtype:
        raise ValueError(
            f"key is {key.dtype} of shape {tuple(key.shape)}, value {value.dtype} of shape "
            f"{tuple(value.shape)}. Expected both [B, H, T, D] in one dtype."
        )
    batch, heads, length, head_size = key.shape
    check_kind("dense", head_size)
    check_query(query, heads, head_size, batch, key.dtype)
    if query.shape[2] > length:
        raise ValueError(
            f"{query.shape[2]} queries over {length} keys. The last query stands at the last key, "
            "so there cannot be more queries than keys."
        )
    check_options(scale, window, softcap)
    check_lengths(batch, length, start, stop, mask, key, query)


@torch.library.impl(f"{NAMESPACE}::attention_gqa_prefill", "default")
def _prefill(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    start: Tensor | None,
    stop: Tensor | None,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
    implementation: str = "auto",
) -> Tensor:
    _check_prefill(query, key, value, start, stop, mask, scale, window, softcap)
    if query.numel() == 0:
        return _like_query(query)
    window = 0 if window >= key.shape[2] else window
    request = _prefill_request(query, key, (start, stop, mask), window, softcap)
    name = dispatch.choose_prefill(request, implementation).implementation
    with current_device(query):
        if name == "reference":
            return reference.attention_gqa_prefill(
                query, key, value, start, stop, mask, scale, window, softcap
            )
        if name == "triton":
            from . import prefill

            return prefill.attention_gqa_prefill(
                query, key, value, start, stop, mask, scale, window, softcap
            )
        expand = name == "sdpa_expanded"
        return sdpa.prefill(query, key, value, start, stop, mask, scale, window, expand=expand)


@torch.library.register_fake(f"{NAMESPACE}::attention_gqa_prefill")
def _prefill_fake(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    start: Tensor | None,
    stop: Tensor | None,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
    implementation: str = "auto",
) -> Tensor:
    _check_prefill(query, key, value, start, stop, mask, scale, window, softcap)
    return _like_query(query)


@torch.library.impl(f"{NAMESPACE}::kv_append_quantized", "default")
def _append(
    key: Tensor,
    value: Tensor,
    kind: str,
    keys: Tensor,
    values: Tensor,
    scales: Tensor | None,
    key_factor: Tensor | None,
    key_centre: Tensor | None,
    position: Tensor,
    implementation: str = "auto",
) -> None:
    kv = KVBuffers(kind, keys, values, scales, key_factor, key_centre)
    check_buffers(kv)
    check_append(key, value, kv, position)
    if key.numel() == 0:
        return
    request = dispatch.AppendRequest(*place(key), key.dtype)
    name = dispatch.choose_append(request, implementation).implementation
    with current_device(key):
        if name == "reference":
            reference.kv_append_quantized(key, value, kv, position)
        else:
            from . import append

            append.kv_append_quantized(key, value, kv, position)


@torch.library.register_fake(f"{NAMESPACE}::kv_append_quantized")
def _append_fake(
    key: Tensor,
    value: Tensor,
    kind: str,
    keys: Tensor,
    values: Tensor,
    scales: Tensor | None,
    key_factor: Tensor | None,
    key_centre: Tensor | None,
    position: Tensor,
    implementation: str = "auto",
) -> None:
    kv = KVBuffers(kind, keys, values, scales, key_factor, key_centre)
    check_buffers(kv)
    check_append(key, value, kv, position)


def _like_query(query: Tensor) -> Tensor:
    """An output for `query`, uninitialised: [B, HQ, S, D] over memory [B, S, HQ, D]."""
    batch, heads, rows, head_size = query.shape
    return query.new_empty((batch, rows, heads, head_size)).transpose(1, 2)


def _decode_request(query: Tensor, kv: KVBuffers, softcap: float) -> dispatch.DecodeRequest:
    rows = query.shape[1] // kv.heads * query.shape[2]
    return dispatch.DecodeRequest(*place(query), query.dtype, kv.kind, rows, softcap != 0)


def _prefill_request(
    query: Tensor, key: Tensor, padding: tuple[Tensor | None, ...], window: int, softcap: float
) -> dispatch.PrefillRequest:
    masked = (
        any(each is not None for each in padding) or window != 0 or query.shape[2] != key.shape[2]
    )
    group = query.shape[1] // key.shape[1]
    return dispatch.PrefillRequest(*place(query), query.dtype, group, masked, softcap != 0)


def attention_gqa_decode(
    query: Tensor,
    kv: KVBuffers,
    stop: Tensor,
    *,
    start: Tensor | None = None,
    mask: Tensor | None = None,
    scale: float | None = None,
    window: int | None = None,
    softcap: float | None = None,
    implementation: str = "auto",
) -> Tensor:
    """Attention of `query` [B, HQ, S, D] over a cache of H heads, HQ a multiple of H.

    stop     [B] int32: tokens of each row, those of the queries included. Query s stands at token
             stop - S + s and sees itself and what is before it. Append first, then attend.
    start    [B] int32: the first token of each row, where rows are padded on the left. None: 0.
    mask     [B, T] bool, True where a token is: for holes that start and stop cannot say. Tokens
             from T on are not there.
    scale    of the products of query and key; None: D ** -0.5.
    window   a query sees at most this many tokens, itself among them. None: all.
    softcap  scores become softcap * tanh(score / softcap). None: they stay.

    Returns [B, HQ, S, D] in the dtype of query (float16, bfloat16, float32; float64 by the
    reference). A query that sees nothing gives zeros. The lengths stay on the device, so a graph of
    this can be replayed while they grow. Products of int8 and int4 codes are float16 products with
    float32 sums: query is scaled to the largest magnitude of each of its rows first.

    Raises `ValueError` for operands that do not go together (on the CPU, lengths beyond the
    capacity among them) and `NotImplementedError` where the implementation asked for cannot run.
    """
    out: Tensor = _ops.attention_gqa_decode(
        query,
        kv.kind,
        kv.keys,
        kv.values,
        kv.scales,
        kv.key_factor,
        kv.key_centre,
        start,
        stop,
        mask,
        *_options(query, scale, window, softcap),
        implementation,
    )
    return out


def attention_gqa_prefill(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    start: Tensor | None = None,
    stop: Tensor | None = None,
    mask: Tensor | None = None,
    scale: float | None = None,
    window: int | None = None,
    softcap: float | None = None,
    implementation: str = "auto",
) -> Tensor:
    """Causal attention of `query` [B, HQ, S, D] over `key` and `value` [B, H, T, D], T >= S.

    Query s stands at token T - S + s, whatever `stop` is; keys outside start <= t < stop (padding
    on the left, on the right) or where `mask` [B, T] is False are hidden from all queries. The rest
    is as in `attention_gqa_decode`.
    """
    options = _options(query, scale, window, softcap)
    out: Tensor = _ops.attention_gqa_prefill(
        query, key, value, start, stop, mask, *options, implementation
    )
    return out


def kv_append_quantized(
    key: Tensor,
    value: Tensor,
    kv: KVBuffers,
    position: Tensor,
    *,
    implementation: str = "auto",
) -> None:
    """Write `key` and `value` [B, H, S, D] to tokens position .. position + S - 1, in place.

    position  [B] int32: where each row's first new token goes; on the device of the buffers.

    Quantises to the kind of `kv` and relative to its key channels; dense buffers take a copy. What
    is beyond the capacity is never written: on the CPU that is a `ValueError`, on a GPU a failed
    assertion of the kernel, since the host does not see `position`. A caller that knows the length
    asks `check_room` before.
    """
    _ops.kv_append_quantized(
        key,
        value,
        kv.kind,
        kv.keys,
        kv.values,
        kv.scales,
        kv.key_factor,
        kv.key_centre,
        position,
        implementation,
    )


def explain_decode(
    query: Tensor, kv: KVBuffers, softcap: float | None = None, implementation: str = "auto"
) -> Choice:
    """What `attention_gqa_decode(query, kv, …)` would run, without running it."""
    return dispatch.choose_decode(_decode_request(query, kv, softcap or 0.0), implementation)


def explain_prefill(
    query: Tensor,
    key: Tensor,
    *,
    padded: bool = False,
    window: int | None = None,
    softcap: float | None = None,
    implementation: str = "auto",
) -> Choice:
    """What `attention_gqa_prefill` would run; `padded` says that start, stop or mask is given."""
    window = 0 if window is None or window >= key.shape[2] else window
    padding = (key,) if padded else ()
    request = _prefill_request(query, key, padding, window, softcap or 0.0)
    return dispatch.choose_prefill(request, implementation)


def _options(
    query: Tensor, scale: float | None, window: int | None, softcap: float | None
) -> tuple[float, int, float]:
    """The three options as the schema has them, 0 for None."""
    for name, option in (("window", window), ("softcap", softcap)):
        if option is not None and not option > 0:
            raise ValueError(f"{name}={option}. Expected a positive number, or None.")
    if scale is None:
        scale = query.shape[-1] ** -0.5 if query.ndim else 1.0
    return scale, window or 0, softcap or 0.0
