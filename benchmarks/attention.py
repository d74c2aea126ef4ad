"""Rivals of the attention operators: one way of storing a cache and of attending over it each.

A provider stores dense keys and values by its own means and attends over them. It is held to
float64 attention over what it stored, and reported against float64 attention over what it was
given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from hyperlex_kernels import attention
from hyperlex_kernels.attention.reference import dense_kv


@dataclass(frozen=True)
class Stored:
    """A cache as a provider keeps it: `run(query)` attends with query [B, HQ, 1, D].

    `stands_for` gives the dense keys and values of some rows of the batch, as they are stored.
    """

    run: Callable[[Tensor], Tensor]
    stands_for: Callable[[list[int]], tuple[Tensor, Tensor]]
    copy: Callable[[], Stored]
    stored_bytes: int
    implementation: str


class Decoder(Protocol):
    """`refuse` returns why a cache [B, H, T, D] like `key` is not attended over here, or None."""

    @property
    def name(self) -> str: ...

    def refuse(self, key: Tensor) -> str | None: ...

    def store(self, query: Tensor, key: Tensor, value: Tensor) -> Stored: ...


@dataclass(frozen=True)
class Hyperlex:
    """Ours: a dense, int8 or int4 cache, keys relative to their channels where they are codes."""

    kind: str

    @property
    def name(self) -> str:
        return f"hyperlex {self.kind}"

    def refuse(self, key: Tensor) -> str | None:
        return None

    def store(self, query: Tensor, key: Tensor, value: Tensor) -> Stored:
        batch, heads, tokens, head_size = key.shape
        kv = attention.allocate_kv(
            self.kind, batch, heads, tokens, head_size, dtype=key.dtype, device=key.device
        )
        if self.kind != "dense":
            factor, centre = attention.fit_key_channels(key)
            kv = replace(kv, key_factor=factor, key_centre=centre)
        start = torch.zeros(batch, dtype=torch.int32, device=key.device)
        attention.kv_append_quantized(key, value, kv, start)
        return _around(query, kv, start + tokens)


def _around(query: Tensor, kv: attention.KVBuffers, stop: Tensor) -> Stored:
    def stands_for(rows: list[int]) -> tuple[Tensor, Tensor]:
        chosen = kv.reordered(torch.tensor(rows, device=kv.keys.device))
        return dense_kv(chosen, kv.capacity, torch.float64)

    def copy() -> Stored:
        return _around(query, kv.reordered(torch.arange(kv.batch, device=stop.device)), stop)

    return Stored(
        run=lambda query: attention.attention_gqa_decode(query, kv, stop),
        stands_for=stands_for,
        copy=copy,
        stored_bytes=kv.stored_bytes,
        implementation=attention.explain_decode(query, kv).implementation,
    )


@dataclass(frozen=True)
class Torch:
    """torch's own attention over dense keys: `attend(query, key, value, group)`."""

    name: str
    attend: Callable[[Tensor, Tensor, Tensor, int], Tensor]
    cuda_only: bool = False

    def refuse(self, key: Tensor) -> str | None:
        return "compiled for CUDA devices" if self.cuda_only and not key.is_cuda else None

    def store(self, query: Tensor, key: Tensor, value: Tensor) -> Stored:
        group = query.shape[1] // key.shape[1]
        return Stored(
            run=lambda query: self.attend(query, key, value, group),
            stands_for=lambda rows: (key[rows].double(), value[rows].double()),
            copy=lambda: self.store(query, key.clone(), value.clone()),
            stored_bytes=2 * key.numel() * key.element_size(),
            implementation=self.name,
        )


def _sdpa_gqa(query: Tensor, key: Tensor, value: Tensor, group: int) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, enable_gqa=group > 1)


def _sdpa_expanded(query: Tensor, key: Tensor, value: Tensor, group: int) -> Tensor:
    """As transformers repeats keys, at every step."""
    key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
    return F.scaled_dot_product_attention(query, key, value)


def _flex(query: Tensor, key: Tensor, value: Tensor, group: int) -> Tensor:
    out: Tensor = _compiled_flex()(query, key, value, enable_gqa=group > 1)
    return out


def _compiled_flex() -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    if not _FLEX:
        _FLEX.append(torch.compile(flex_attention, dynamic=False))
    return _FLEX[0]


_FLEX: Final[list[Any]] = []


@dataclass(frozen=True)
class Transformers:
    """A layer of transformers' QuantizedCache in 4 bits: all of it made dense, then SDPA."""

    backend: str

    @property
    def name(self) -> str:
        return f"transformers int4 {self.backend}"

    def refuse(self, key: Tensor) -> str | None:
        try:
            self._layer()
        except (ImportError, ValueError) as error:
            return str(error).strip().splitlines()[0]
        return None

    def store(self, query: Tensor, key: Tensor, value: Tensor) -> Stored:
        layer = self._layer()
        layer.update(key, value)
        group = query.shape[1] // key.shape[1]

        def dense() -> tuple[Tensor, Tensor]:
            # What `update` does at every step, without the token that it would append.
            keys = layer._dequantize(layer._quantized_keys)
            return keys, layer._dequantize(layer._quantized_values)

        def stands_for(rows: list[int]) -> tuple[Tensor, Tensor]:
            keys, values = dense()
            return keys[rows].double(), values[rows].double()

        return Stored(
            run=lambda query: _sdpa_gqa(query, *dense(), group),
            stands_for=stands_for,
            copy=lambda: self.store(query, key, value),
            # Four bits, and a scale and a zero point of 16 bits for every 64 values.
            stored_bytes=round(2 * key.numel() * (4 + 32 / 64) / 8),
            implementation=type(layer).__name__,
        )

    def _layer(self) -> Any:
        from transformers.cache_utils import HQQQuantizedLayer, QuantoQuantizedLayer

        kinds = {"quanto": (QuantoQuantizedLayer, 0), "hqq": (HQQQuantizedLayer, 1)}
        kind, axis = kinds[self.backend]
        return kind(nbits=4, axis_key=axis, axis_value=axis, q_group_size=64)


# In the order of the tables.
DECODERS: Final[tuple[Decoder, ...]] = (
    *(Hyperlex(kind) for kind in attention.KINDS),
    Torch("sdpa enable_gqa", _sdpa_gqa),
    Torch("sdpa expanded", _sdpa_expanded),
    Torch("flex_attention", _flex, cuda_only=True),
    Transformers("quanto"),
    Transformers("hqq"),
)


def decoders(names: list[str] | None) -> Iterator[Decoder]:
    """Every provider, or those whose names begin with one of `names`."""
    for decoder in DECODERS:
        if names is None or any(decoder.name.startswith(name) for name in names):
            yield decoder


def exact(query: Tensor, key: Tensor, value: Tensor, causal: bool = False) -> Tensor:
    """float64 attention of query [B, HQ, S, D] over float64 key and value [B, H, T, D]."""
    batch, heads_q, rows, head_size = query.shape
    heads = key.shape[1]
    grouped = query.double().reshape(batch, heads, heads_q // heads, rows, head_size)
    scores = torch.einsum("bhgsd,bhtd->bhgst", grouped, key) * head_size**-0.5
    if causal:
        tokens = key.shape[2]
        hidden = torch.ones(rows, tokens, dtype=torch.bool, device=key.device).triu(
            tokens - rows + 1
        )
        scores = scores.masked_fill(hidden, float("-inf"))
    return torch.einsum("bhgst,bhtd->bhgsd", scores.softmax(-1), value).flatten(1, 2)
