"""torch's own int4 kernels, `_weight_int4pack_mm` and its CPU twin, at group 64."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

import hyperlex_kernels as kernels
from benchmarks.providers import Prepared

GROUP = 64
INNER_TILES = 8


@dataclass(frozen=True)
class Int4Pack:
    """Codes, scales and zero points are ours, so that only the kernels differ."""

    name: str = "torch int4pack"
    version: str = torch.__version__

    def refuse(self, weight: Tensor, batch: int) -> str | None:
        if weight.dtype != torch.bfloat16:
            return "vectorised for bfloat16 only"
        if weight.shape[0] % 16 or weight.shape[1] % (16 * INNER_TILES):
            return f"wants N a multiple of 16 and K of {16 * INNER_TILES}"
        return None

    def prepare(self, weight: Tensor) -> Prepared:
        packed = kernels.quantize_4bit(weight, "int4", GROUP)
        codes, scales, zeros = kernels.unpack_weight(packed)
        assert zeros is not None
        scale = scales.float()
        both = torch.stack((scale, (8 - zeros.float()) * scale), dim=-1)
        both = both.transpose(0, 1).contiguous().to(weight.dtype)
        aten = torch.ops.aten
        if weight.is_cuda:
            pairs = (codes[:, 0::2] << 4 | codes[:, 1::2]).to(torch.uint8)
            ready = aten._convert_weight_to_int4pack(pairs, INNER_TILES)
            multiply = aten._weight_int4pack_mm
        else:
            ready = aten._convert_weight_to_int4pack_for_cpu(codes.int(), INNER_TILES)
            multiply = aten._weight_int4pack_mm_for_cpu

        def around(ready: Tensor, both: Tensor) -> Prepared:
            return Prepared(
                run=lambda x: multiply(x, ready, GROUP, both),
                dense=lambda: kernels.dequantize_4bit(packed, torch.float32),
                copy=lambda: around(ready.clone(), both.clone()),
                stored_bytes=weight.numel() // 2 + both.numel() * both.element_size(),
                implementation=lambda x: multiply.__name__,
            )

        return around(ready, both)


def providers() -> list[Int4Pack]:
    return [Int4Pack()]
