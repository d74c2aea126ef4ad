"""The layers of a `QuantizedKVCache`: one that grows by blocks, one that is allocated once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NoReturn

import torch
from torch import Tensor
from transformers.cache_utils import CacheLayerMixin

from hyperlex.errors import ConfigError
from hyperlex_kernels.attention import (
    KVBuffers,
    allocate_kv,
    fit_key_channels,
    kv_append_quantized,
)

BLOCK: Final = 256
"""Tokens by which a growing cache grows. A step copies nothing unless it begins a block."""

FIT_FROM: Final = 64
"""Tokens of a row's prompt from which the spread of its key channels can be told."""

DTYPES: Final = {"fp16": torch.float16, "bf16": torch.bfloat16}
"""Of the widths that name one."""


def kind_of(width: str) -> str:
    """How `hyperlex_kernels` calls a width."""
    return width if width in ("int8", "int4") else "dense"


class CachedKV:
    """What a cache gives to the attention in place of key and value tensors: tokens as they lie.

    buffers   where the tokens lie, with room for more behind them
    stop      int32 [B], how many of them there are

    Any other use of it is that of an attention which expects tensors, and is refused.
    """

    def __init__(self, buffers: KVBuffers, stop: Tensor) -> None:
        self.buffers = buffers
        self.stop = stop

    def __getattr__(self, name: str) -> NoReturn:
        _refuse_as_tensor(name)


class CachedPrompt:
    """What a cache gives to the attention for the tokens that it begins with.

    key, value   [B, H, S, D], before rounding: the attention of a prompt is exact
    store        to be called once with the prompt's padding (bool [B, S] or None), which the cache
                 is not told otherwise; only then are the tokens in it

    Any other use of it is refused, as of `CachedKV`.
    """

    def __init__(self, key: Tensor, value: Tensor, store: Callable[[Tensor | None], None]) -> None:
        self.key = key
        self.value = value
        self.store = store

    def __getattr__(self, name: str) -> NoReturn:
        _refuse_as_tensor(name)


def _refuse_as_tensor(name: str) -> NoReturn:
    if name.startswith("__"):
        raise AttributeError(name)
    raise ConfigError(
        "A QuantizedKVCache was given to a model whose attention expects dense keys and values. "
        "The attention of hyperlex was expected: call hyperlex.model.use_grouped_attention(model), "
        'or load the model with attn_implementation="hyperlex_gqa".'
    )


class _Layer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """What growing and static layers share: buffers, and what is written into them."""

    is_sliding = False
    supports_early_init = True

    def __init__(self, width: str, fit_keys: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.width = width
        self.fit_keys = fit_keys and width == "int4"
        self.allocated: KVBuffers | None = None

    @property
    def buffers(self) -> KVBuffers:
        assert self.allocated is not None
        return self.allocated

    @property
    def stored_bytes(self) -> int:
        return 0 if self.allocated is None else self.allocated.stored_bytes

    def _allocate(self, key_states: Tensor, capacity: int) -> None:
        """Buffers for rows as those of `key_states` [B, H, S, D]."""
        self.batch_size, heads, _, size = key_states.shape
        self.dtype, self.device = key_states.dtype, key_states.device
        buffers = allocate_kv(
            kind_of(self.width),
            self.batch_size,
            heads,
            capacity,
            size,
            dtype=DTYPES.get(self.width, key_states.dtype),
            device=key_states.device,
        )
        if self.fit_keys:
            shape = (self.batch_size, heads, size)
            factor = torch.ones(shape, dtype=torch.float32, device=key_states.device)
            buffers = replace(buffers, key_factor=factor, key_centre=torch.zeros_like(factor))
        self.allocated = buffers
        self.is_initialized = True

    def _check(self, key_states: Tensor, value_states: Tensor) -> None:
        """Raise `ConfigError` for states that do not belong to what is allocated."""
        have = (self.buffers.batch, self.buffers.heads, self.buffers.head_size)
        for states in (key_states, value_states):
            batch, heads, _, size = states.shape
            if (batch, heads, size) != have:
                raise ConfigError(
                    f"States of (batch, heads, head size) = {(batch, heads, size)} for a cache of "
                    f"{have}. Make a new QuantizedKVCache for another model or batch."
                )

    def _fit(self, key_states: Tensor, padding: Tensor | None) -> None:
        """Set what keys are stored relative to, from the prompt without its padding."""
        buffers = self.buffers
        if buffers.key_factor is None or buffers.key_centre is None:
            return
        factor, centre = fit_key_channels(key_states, padding)
        tokens = key_states.new_full((self.batch_size,), key_states.shape[2], dtype=torch.int64)
        if padding is not None:
            tokens = padding.sum(1)
        enough = (tokens >= FIT_FROM)[:, None, None]
        buffers.key_factor.copy_(torch.where(enough, factor, 1.0))
        buffers.key_centre.copy_(torch.where(enough, centre, 0.0))

    def _write(self, key_states: Tensor, value_states: Tensor, position: Tensor) -> None:
        buffers = self.buffers
        if buffers.kind == "dense":
            key_states = key_states.to(buffers.keys.dtype)
            value_states = value_states.to(buffers.keys.dtype)
        kv_append_quantized(key_states, value_states, buffers, position)

    def offload(self) -> None:
        raise ConfigError(
            "A QuantizedKVCache stays on the device of the model. For offloading use "
            "DynamicCache(offloading=True)."
        )

    prefetch = offload


class GrowingLayer(_Layer):  # type: ignore[no-untyped-call]
    """The cache of one layer, growing by blocks.

    Under a sliding `window` it keeps the last `window` - 1 tokens, plus at most a block more: old
    tokens are dropped a block at a time.
    """

    is_compileable = False
    is_croppable = True

    def __init__(self, width: str, fit_keys: bool, window: int | None = None) -> None:
        super().__init__(width, fit_keys)
        self.window = window
        self.is_sliding = window is not None
        self.record_past = False
        self.length = 0
        self.dropped = 0

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self._allocate(key_states, _blocks(key_states.shape[2]))

    def update(  # type: ignore[override]  # a handle, not tensors: that is the point
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[CachedKV | CachedPrompt, CachedKV | CachedPrompt]:
        """Take states [B, H, S, D]; a handle for the attention, twice.

        Raises `ConfigError` for states of another batch or model than those before.
        """
        new = key_states.shape[2]
        handle: CachedKV | CachedPrompt
        if self.get_seq_length():
            self._check(key_states, value_states)
            self._make_room(new)
            self._write(key_states, value_states, self._filled(self.length))
            self.length += new
            handle = CachedKV(self.buffers, self._filled(self.length))
            return handle, handle
        kept = self._still_seen(new)
        last_keys, last_values = key_states[:, :, new - kept :], value_states[:, :, new - kept :]
        if not self.is_initialized:
            self.lazy_initialization(last_keys, last_values)
        self._check(key_states, value_states)
        self._make_room(kept)
        self.length, self.dropped = kept, new - kept

        def store(padding: Tensor | None) -> None:
            self._fit(key_states, padding)
            self._write(last_keys, last_values, self._filled(0))

        handle = CachedPrompt(key_states, value_states, store)
        return handle, handle

    def _filled(self, value: int) -> Tensor:
        buffers = self.buffers
        return torch.full((buffers.batch,), value, dtype=torch.int32, device=buffers.keys.device)

    def _still_seen(self, tokens: int) -> int:
        """How many of the last `tokens` a later query may see."""
        if self.window is None or self.record_past:
            return tokens
        return min(tokens, max(1, self.window - 1))

    def _keep_last(self, length: int) -> None:
        if length < self.length:
            _move_to_front(self.buffers, self.length - length, length)
            self.dropped += self.length - length
            self.length = length

    def _make_room(self, new: int) -> None:
        length, _ = self._after(new)
        self._keep_last(length)
        if length + new > self.buffers.capacity:
            self.allocated = self.buffers.grown(_blocks(length + new))

    def _after(self, new: int) -> tuple[int, int]:
        """Tokens kept and dropped when room was made for `new` more: dropped where it is tight."""
        length, dropped = self.length, self.dropped
        if length + new > self.buffers.capacity:
            length = self._still_seen(length)
        return length, dropped + self.length - length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """How many keys the attention will look at, and how many tokens came before them."""
        if not self.get_seq_length():
            return query_length, 0
        length, dropped = self._after(query_length)
        return length + query_length, dropped

    def get_seq_length(self) -> int:
        return self.length + self.dropped

    def get_max_length(self) -> int:
        return -1 if self.window is None else self.window

    def activate_past_recording(self) -> None:
        """Drop nothing between one `crop` and the next, so that it can go back past the window."""
        self.record_past = True

    def crop(self, tokens_to_remove: int) -> None:
        """Forget the last -`tokens_to_remove` tokens; the rest stays where it lies.

        Raises `ConfigError` for a positive number, and where a window would need tokens that it
        has left behind.
        """
        _require_negative(tokens_to_remove)
        left = max(0, self.length + tokens_to_remove)
        if self.dropped and self.window is not None and left < self.window - 1:
            raise ConfigError(
                f"crop({tokens_to_remove}) needs tokens that left the window of {self.window} and "
                "were dropped. Call activate_past_recording() on the cache before it takes tokens "
                "that you may want to take back."
            )
        self.length = left
        # What is recorded may be taken back until now, and no further.
        if self.record_past and self.window is not None and left >= self.window + BLOCK:
            self._keep_last(self.window)

    def reset(self) -> None:
        self.length = self.dropped = 0

    def reorder_cache(self, beam_idx: Tensor) -> None:
        self.batch_select_indices(beam_idx)

    def batch_select_indices(self, indices: Tensor) -> None:
        if self.allocated is not None:
            self.allocated = self.allocated.reordered(indices.to(self.device))
            self.batch_size = self.allocated.batch

    def batch_repeat_interleave(self, repeats: int) -> None:
        if self.allocated is not None:
            rows = torch.arange(self.allocated.batch, device=self.device)
            self.batch_select_indices(rows.repeat_interleave(repeats))


class StaticLayer(_Layer):  # type: ignore[no-untyped-call]
    """The cache of one layer, allocated once for `max_length` tokens.

    It never moves, so that a compiled step and a CUDA graph can keep its addresses. A sliding
    window saves no memory here: the attention looks at the last tokens only, and all are kept.
    """

    is_compileable = True
    is_croppable = True

    def __init__(self, width: str, fit_keys: bool, max_length: int) -> None:
        super().__init__(width, fit_keys)
        self.max_length = max_length
        self.length = torch.zeros((), dtype=torch.int32)
        self.is_empty = True

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self._allocate(key_states, self.max_length)
        self.length = self.length.to(key_states.device)
        if not torch.compiler.is_compiling():
            for tensor in (*self.buffers.tensors, self.length):
                torch._dynamo.mark_static_address(tensor)

    def update(  # type: ignore[override]  # a handle, not tensors: that is the point
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[CachedKV | CachedPrompt, CachedKV | CachedPrompt]:
        """Take states [B, H, S, D]; a handle for the attention, twice.

        Raises `ConfigError` for states of another batch or model than those before, and where they
        do not fit. On a GPU, and in compiled code, the host does not look at the length: there
        `get_mask_sizes` does, which transformers calls before each step, and behind it stands an
        assertion of the kernel that writes.
        """
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self._check(key_states, value_states)
        new = key_states.shape[2]
        if self.length.device.type == "cpu":
            self._require_room(new)
        # A copy: the length itself moves on, and one row would be a view of it.
        position = self.length.expand(self.buffers.batch).clone()
        self.length.add_(new)
        handle: CachedKV | CachedPrompt
        if not self.is_empty:
            self._write(key_states, value_states, position)
            handle = CachedKV(self.buffers, position + new)
            return handle, handle
        self.is_empty = False

        def store(padding: Tensor | None) -> None:
            self._fit(key_states, padding)
            self._write(key_states, value_states, position)

        handle = CachedPrompt(key_states, value_states, store)
        return handle, handle

    def _require_room(self, new: int) -> int:
        """How many tokens there are; `ConfigError` where `new` more do not fit.

        Compiled code cannot look, and is told 0.
        """
        if torch.compiler.is_compiling():
            return 0
        length = int(self.length)
        if length + new > self.max_length:
            raise ConfigError(
                f"The cache holds {length} of {self.max_length} tokens, and {new} more do not fit. "
                "Nothing was overwritten. Give QuantizedKVCache a larger max_length (prompt and "
                "new tokens together), or none, and it grows."
            )
        return length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """How many keys the mask is for, and 0. For one query always all, so that a compiled step
        sees one shape. Raises `ConfigError` where `query_length` more tokens do not fit."""
        length = self._require_room(query_length)
        return (self.max_length if query_length == 1 else length + query_length), 0

    def get_seq_length(self) -> Any:
        """How many tokens there are: on the device, so that a step needs no other value."""
        return 0 if self.is_empty else self.length

    def get_max_length(self) -> int:
        return self.max_length

    def crop(self, tokens_to_remove: int) -> None:
        """Forget the last -`tokens_to_remove` tokens. Raises `ConfigError` for a positive one."""
        _require_negative(tokens_to_remove)
        self.length.add_(tokens_to_remove).clamp_(min=0)

    def reset(self) -> None:
        self.length.zero_()
        self.is_empty = True

    def reorder_cache(self, beam_idx: Tensor) -> None:
        if self.allocated is not None:
            rows = beam_idx.to(self.device)
            for tensor in self.allocated.tensors:
                tensor.copy_(tensor.index_select(0, rows))


def _require_negative(tokens_to_remove: int) -> None:
    if tokens_to_remove > 0:
        raise ConfigError(
            f"crop({tokens_to_remove}): the number of tokens to remove, negated, was expected: "
            f"crop({-tokens_to_remove})."
        )


def _blocks(tokens: int) -> int:
    return -(-max(1, tokens) // BLOCK) * BLOCK


def _move_to_front(buffers: KVBuffers, first: int, count: int) -> None:
    """`count` tokens from the `first`-th on, moved to the front, in place."""
    for tensor in (buffers.keys, buffers.values, buffers.scales):
        if tensor is not None:
            # A copy between: the two places overlap.
            tensor[:, :, :count] = tensor[:, :, first : first + count].clone()
