"""What a KV cache is: its buffers, their layout, and how much memory a token takes.

    dense   keys, values [B, H, C, D] in the dtype of the model
    int8    keys, values [B, H, C, D] int8: value = code * scale
    int4    keys, values [B, H, C, D/2] uint8, two codes a byte: value = (code - 8) * scale

B rows of a batch, H key/value heads, C tokens of capacity, D head size. Scales are bfloat16
[B, H, C, 2P]: for each token and head those of the P planes of its key, then those of its value, so
that one word or two bring them all. A plane is an unbroken run of D/P channels: int8 has one, int4
has two from head size 128 on, so that a scale never serves more than 128 channels and costs at most
a quarter of a bit a value. An int4 scale has a sign: it is chosen so that the largest value of the
plane gets the code that reaches furthest, 0.

Byte j of an int4 row holds channel j in its low four bits and channel D/2 + j in its high four, so
that the two halves of a head come apart without crossing lanes.

Keys may be stored relative to their channels: key = factor * code * scale + centre, with float32
factor and centre [B, H, D] fixed for the life of the buffers. Both fold into the query, so that
they cost nothing per token. Channels of keys differ far more than those of values; see
`quantize.fit_key_channels`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

KINDS: Final = ("dense", "int8", "int4")
MAX_HEAD_SIZE: Final = 256
SCALE_DTYPE: Final = torch.bfloat16
_TWO_PLANES_FROM: Final = 128


def planes(kind: str, head_size: int) -> int:
    """Scales of one token of one head (P above); 0 for dense buffers."""
    if kind == "dense":
        return 0
    return 2 if kind == "int4" and head_size >= _TWO_PLANES_FROM else 1


def stored_width(kind: str, head_size: int) -> int:
    """Elements of one token of one head in `keys`: D, or D/2 bytes for int4."""
    return head_size // 2 if kind == "int4" else head_size


def token_bytes(kind: str, heads: int, head_size: int, dtype: torch.dtype) -> int:
    """Bytes that one token of one layer takes, keys and values with their scales.

    `dtype` is that of the model, and matters to dense buffers only. Factors and centres of key
    channels are not counted: they are 8 D bytes a head, once.
    """
    size = dtype.itemsize if kind == "dense" else 1
    scales = planes(kind, head_size) * SCALE_DTYPE.itemsize
    return 2 * heads * (stored_width(kind, head_size) * size + scales)


@dataclass(frozen=True)
class KVBuffers:
    """The keys and values of one layer, as the module above lays them out. A handle: no copy.

    `scales` is None for dense buffers; `key_factor` and `key_centre` are None unless keys are
    stored relative to their channels.
    """

    kind: str
    keys: Tensor
    values: Tensor
    scales: Tensor | None = None
    key_factor: Tensor | None = None
    key_centre: Tensor | None = None

    @property
    def batch(self) -> int:
        return self.keys.shape[0]

    @property
    def heads(self) -> int:
        return self.keys.shape[1]

    @property
    def capacity(self) -> int:
        return self.keys.shape[2]

    @property
    def head_size(self) -> int:
        return self.keys.shape[3] * (2 if self.kind == "int4" else 1)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All that is allocated."""
        every = (self.keys, self.values, self.scales, self.key_factor, self.key_centre)
        return tuple(tensor for tensor in every if tensor is not None)

    @property
    def stored_bytes(self) -> int:
        """Bytes allocated."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.tensors)

    def grown(self, capacity: int) -> KVBuffers:
        """The same tokens in buffers of a larger capacity; copies once.

        Raises `ValueError` where `capacity` would lose tokens.
        """
        if capacity < self.capacity:
            raise ValueError(
                f"capacity={capacity} is below the {self.capacity} tokens these buffers hold."
            )

        def longer(tensor: Tensor) -> Tensor:
            batch, heads, _, width = tensor.shape
            new = tensor.new_zeros((batch, heads, capacity, width))
            new[:, :, : self.capacity] = tensor
            return new

        return replace(
            self,
            keys=longer(self.keys),
            values=longer(self.values),
            scales=None if self.scales is None else longer(self.scales),
        )

    def reordered(self, rows: Tensor) -> KVBuffers:
        """Row i of the result is row `rows[i]` of this: beam search, or repeating a batch."""

        def chosen(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.index_select(0, rows)

        return KVBuffers(
            self.kind,
            self.keys.index_select(0, rows),
            self.values.index_select(0, rows),
            chosen(self.scales),
            chosen(self.key_factor),
            chosen(self.key_centre),
        )


def allocate_kv(
    kind: str,
    batch: int,
    heads: int,
    capacity: int,
    head_size: int,
    *,
    dtype: torch.dtype,
    device: torch.device | str | None = None,
) -> KVBuffers:
    """Zeroed buffers for `capacity` tokens. `dtype` is that of the model (of dense buffers).

    Factors and centres of key channels are None; set them with `dataclasses.replace` before the
    first token is written. Raises `ValueError` for an unknown kind or a head size that does not
    fit it.
    """
    check_kind(kind, head_size)
    width = stored_width(kind, head_size)
    stored = {"dense": dtype, "int8": torch.int8, "int4": torch.uint8}[kind]

    def zeros(*shape: int, dtype: torch.dtype) -> Tensor:
        return torch.zeros(shape, dtype=dtype, device=device)

    keys, values = (zeros(batch, heads, capacity, width, dtype=stored) for _ in range(2))
    if kind == "dense":
        return KVBuffers(kind, keys, values)
    scales = zeros(batch, heads, capacity, 2 * planes(kind, head_size), dtype=SCALE_DTYPE)
    return KVBuffers(kind, keys, values, scales)


def check_kind(kind: str, head_size: int) -> None:
    """Raise `ValueError` unless buffers of this kind and head size can exist."""
    if kind not in KINDS:
        raise ValueError(f"Unknown kind of cache {kind!r}. Expected one of {', '.join(KINDS)}.")
    if head_size % 8 or not 8 <= head_size <= MAX_HEAD_SIZE:
        raise ValueError(
            f"Head size {head_size} is not supported. Expected a multiple of 8 up to "
            f"{MAX_HEAD_SIZE}."
        )
