"""A caller's mistakes, named: the same for the real operators and for their fakes.

What lies in device memory (lengths, masks) is looked at on the CPU only: reading it from a GPU
would make every step wait. There the kernels stay inside the buffers whatever the lengths say, and
a write beyond the capacity fails an assertion on the device.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..library import FLOATS, is_fake
from .contract import KINDS, SCALE_DTYPE, KVBuffers, check_kind, planes, stored_width


def check_buffers(kv: KVBuffers) -> None:
    """Raise `ValueError` unless the tensors of `kv` are buffers of its kind."""
    if kv.kind not in KINDS:
        raise ValueError(f"Unknown kind of cache {kv.kind!r}. Expected one of {', '.join(KINDS)}.")
    if kv.keys.ndim != 4:
        raise ValueError(f"keys have shape {tuple(kv.keys.shape)}. Expected [B, H, C, D].")
    check_kind(kv.kind, kv.head_size)
    batch, heads, capacity, _ = kv.keys.shape
    shape = (batch, heads, capacity, stored_width(kv.kind, kv.head_size))
    dtypes = {"dense": FLOATS, "int8": (torch.int8,), "int4": (torch.uint8,)}[kv.kind]
    wanted: list[tuple[str, Tensor, tuple[int, ...], tuple[torch.dtype, ...]]]
    wanted = [("keys", kv.keys, shape, dtypes), ("values", kv.values, shape, (kv.keys.dtype,))]
    scales = (batch, heads, capacity, 2 * planes(kv.kind, kv.head_size))
    if (kv.scales is None) != (kv.kind == "dense"):
        state = "None" if kv.scales is None else "given"
        needed = "None" if kv.kind == "dense" else f"{SCALE_DTYPE} of shape {scales}"
        raise ValueError(f"scales is {state}. A {kv.kind} cache needs {needed}.")
    if kv.scales is not None:
        wanted.append(("scales", kv.scales, scales, (SCALE_DTYPE,)))
    channels = (batch, heads, kv.head_size)
    for name, tensor in (("key_factor", kv.key_factor), ("key_centre", kv.key_centre)):
        if tensor is not None:
            if kv.kind == "dense":
                raise ValueError(f"{name} is given. A dense cache stores keys as they are.")
            wanted.append((name, tensor, channels, (torch.float32,)))
    for name, each, expected, allowed in wanted:
        if tuple(each.shape) != expected or each.dtype not in allowed:
            raise ValueError(
                f"{name} is {each.dtype} of shape {tuple(each.shape)}. A {kv.kind} cache of "
                f"{batch} rows, {heads} heads, {capacity} tokens and head size {kv.head_size} "
                f"needs {' or '.join(map(str, allowed))} of shape {expected}. Make it with "
                "allocate_kv."
            )
        if not each.is_contiguous():
            raise ValueError(f"{name} is not contiguous. Pass {name}.contiguous().")
    _one_device([("keys", kv.keys), *((name, each) for name, each, _, _ in wanted)])


def check_query(query: Tensor, heads: int, head_size: int, batch: int, key_dtype: object) -> None:
    """Raise `ValueError` unless query [B, HQ, S, D] goes with `heads` key/value heads.

    `key_dtype` is that of dense keys, None for stored codes, which go with any query.
    """
    if query.dtype not in FLOATS:
        raise ValueError(f"query is {query.dtype}. Expected {', '.join(map(str, FLOATS))}.")
    if query.ndim != 4:
        raise ValueError(f"query has shape {tuple(query.shape)}. Expected [B, HQ, S, D].")
    if query.shape[0] != batch or query.shape[3] != head_size:
        raise ValueError(
            f"query has shape {tuple(query.shape)}, keys have {batch} rows and head size "
            f"{head_size}. Both must agree."
        )
    if query.shape[1] % heads:
        raise ValueError(
            f"{query.shape[1]} query heads do not divide into {heads} key/value heads. Expected a "
            f"multiple of {heads}."
        )
    if key_dtype is not None and key_dtype != query.dtype:
        raise ValueError(
            f"query is {query.dtype}, keys are {key_dtype}. Convert one of them: mixed products "
            "are not rounded in secret."
        )


def check_options(scale: float, window: int, softcap: float) -> None:
    """Raise `ValueError` for options that mean nothing. `not >` also refuses NaN."""
    if not 0 < scale < float("inf"):
        raise ValueError(f"scale={scale}. Expected a positive number.")
    if window < 0:
        raise ValueError(f"window={window}. Expected the number of tokens seen, or None.")
    if not 0 <= softcap < float("inf"):
        raise ValueError(f"softcap={softcap}. Expected a positive number, or None.")


def check_lengths(
    batch: int,
    capacity: int,
    start: Tensor | None,
    stop: Tensor | None,
    mask: Tensor | None,
    keys: Tensor,
    query: Tensor,
) -> None:
    """Raise `ValueError` unless start, stop [B] and mask [B, T] fit keys of `capacity` tokens."""
    for name, tensor in (("start", start), ("stop", stop)):
        if tensor is not None:
            _check_int32(name, tensor, batch)
    if mask is not None and (mask.ndim != 2 or mask.shape[0] != batch or mask.dtype != torch.bool):
        raise ValueError(
            f"mask is {mask.dtype} of shape {tuple(mask.shape)}. Expected torch.bool of shape "
            f"({batch}, tokens), True where a token is."
        )
    _one_device(
        [("keys", keys), ("query", query), ("start", start), ("stop", stop), ("mask", mask)]
    )
    if stop is not None and (longest := _largest(stop)) is not None and longest > capacity:
        raise ValueError(
            f"stop={longest} is beyond the capacity of {capacity} tokens. Grow the buffers first."
        )
    if start is not None and (least := _largest(-start)) is not None and least > 0:
        raise ValueError(f"start={-least} is negative. Expected the index of the first token.")


def check_append(key: Tensor, value: Tensor, kv: KVBuffers, position: Tensor) -> None:
    """Raise `ValueError` unless key and value [B, H, S, D] can be written at `position` [B]."""
    expected = (kv.batch, kv.heads, key.shape[2] if key.ndim == 4 else 0, kv.head_size)
    for name, tensor in (("key", key), ("value", value)):
        if tuple(tensor.shape) != expected:
            raise ValueError(
                f"{name} has shape {tuple(tensor.shape)}. These buffers take [{kv.batch}, "
                f"{kv.heads}, S, {kv.head_size}], the same S for key and value."
            )
        if tensor.dtype not in FLOATS:
            raise ValueError(f"{name} is {tensor.dtype}. Expected {', '.join(map(str, FLOATS))}.")
        if kv.kind == "dense" and tensor.dtype != kv.keys.dtype:
            raise ValueError(
                f"{name} is {tensor.dtype}, the dense cache is {kv.keys.dtype}. Convert it, or "
                "allocate the cache in the dtype of the model."
            )
    if key.dtype != value.dtype:
        raise ValueError(f"key is {key.dtype}, value is {value.dtype}. Expected one dtype.")
    _check_int32("position", position, kv.batch)
    _one_device([("keys", kv.keys), ("key", key), ("value", value), ("position", position)])
    check_room(kv.capacity, key.shape[2], _largest(position))
    if (least := _largest(-position)) is not None and least > 0:
        raise ValueError(f"position={-least} is negative. Expected the index of the first token.")


def check_room(capacity: int, tokens: int, length: int | None) -> None:
    """Raise `ValueError` unless `tokens` more fit behind `length` (None: not known here)."""
    if (length or 0) + tokens > capacity:
        raise ValueError(
            f"{tokens} tokens do not fit behind {length or 0} in a cache of {capacity}. Grow the "
            "buffers, or allocate a longer cache: nothing is overwritten."
        )


def _check_int32(name: str, tensor: Tensor, batch: int) -> None:
    if tuple(tensor.shape) != (batch,) or tensor.dtype != torch.int32:
        raise ValueError(
            f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}. Expected torch.int32 of "
            f"shape ({batch},), one a row of the batch."
        )
    if not tensor.is_contiguous():
        raise ValueError(f"{name} is not contiguous. Pass {name}.contiguous().")


def _largest(tensor: Tensor) -> int | None:
    """The largest element where reading it costs no waiting: on the CPU, and not in a fake."""
    if tensor.device.type != "cpu" or tensor.numel() == 0 or is_fake(tensor):
        return None
    return int(tensor.max())


def _one_device(tensors: Iterable[tuple[str, Tensor | None]]) -> None:
    first: tuple[str, Tensor] | None = None
    for name, tensor in tensors:
        if tensor is None:
            continue
        if first is None:
            first = (name, tensor)
        elif tensor.device != first[1].device:
            raise ValueError(
                f"{name} is on {tensor.device}, {first[0]} on {first[1].device}. Move both to one "
                "device."
            )
