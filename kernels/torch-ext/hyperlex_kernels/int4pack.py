"""`matmul_4bit` on a CPU through torch's own int4 kernel, `_weight_int4pack_mm_for_cpu`.

It wants a packing of its own, made at the first product with a weight and kept while the weight
lives: 4 more bits a weight, in exchange for a product that reads 4 bits instead of unpacking them
in PyTorch. Its scales and offsets are in the dtype of x, so with bfloat16 the product is about
2.3e-3 from the exact one instead of 1.7e-3.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from . import layout


@dataclass
class _Prepared:
    """What was made of a packed weight, and of which versions of which tensors it was made."""

    sources: tuple[weakref.ref[Tensor], ...]
    versions: tuple[int, ...]
    weight: Tensor
    scale_and_zero: dict[torch.dtype, Tensor]

    def is_of(self, tensors: tuple[Tensor, ...]) -> bool:
        same = all(source() is tensor for source, tensor in zip(self.sources, tensors, strict=True))
        return same and self.versions == _versions(tensors)


_prepared = WeakTensorKeyDictionary()
_lock = threading.Lock()


def matmul_4bit(
    x: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor,
    bias: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
) -> Tensor:
    """`reference.matmul_4bit` for int4: x [M, K] contiguous, K whole groups, N a multiple of 16."""
    weight, scale_and_zero = _prepare(
        packed, scales, zeros, format, group_size, out_features, x.shape[1], x.dtype
    )
    out = torch.ops.aten._weight_int4pack_mm_for_cpu(x, weight, group_size, scale_and_zero)
    return out if bias is None else out + bias


def _versions(tensors: tuple[Tensor, ...]) -> tuple[int, ...]:
    # An inference tensor has no version and cannot be written to outside inference mode.
    return tuple(0 if tensor.is_inference() else tensor._version for tensor in tensors)


def _prepare(
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor,
    format: str,
    group_size: int,
    out_features: int,
    in_features: int,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """The weight and its [K/G, N, 2] scales and offsets as torch's kernel wants them."""
    tensors = (packed, scales, zeros)
    with _lock:
        found = _prepared.get(packed)
        if found is None or not found.is_of(tensors):
            codes = layout.unpack_codes(packed, format)[:out_features, :in_features]
            pack = torch.ops.aten._convert_weight_to_int4pack_for_cpu
            found = _Prepared(
                sources=tuple(weakref.ref(tensor) for tensor in tensors),
                versions=_versions(tensors),
                weight=pack(codes.int().contiguous(), 1),
                scale_and_zero={},
            )
            _prepared[packed] = found
        if dtype not in found.scale_and_zero:
            groups = in_features // group_size
            scale = layout.unpack_groups(scales)[:out_features, :groups].float()
            zero = layout.unpack_zeros(zeros)[:out_features, :groups].float()
            # torch's meaning is (code - 8) * scale + offset.
            both = torch.stack((scale, (8 - zero) * scale), dim=-1)
            found.scale_and_zero[dtype] = both.transpose(0, 1).contiguous().to(dtype)
        return found.weight, found.scale_and_zero[dtype]
