"""gemlite's Triton kernels for int4 at group 64. They need a CUDA device to be imported at all."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from importlib.metadata import version

import torch
from gemlite.helper import A16Wn
from torch import Tensor, nn

import hyperlex_kernels as kernels
from benchmarks.providers import Prepared

GROUP = 64


@dataclass(frozen=True)
class Gemlite:
    """Codes, scales and zero points are ours, so that only the kernels differ."""

    name: str = "gemlite int4"
    version: str = version("gemlite")

    def refuse(self, weight: Tensor, batch: int) -> str | None:
        if not weight.is_cuda:
            return "needs a CUDA device"
        if weight.shape[0] % 32 or weight.shape[1] % GROUP:
            return f"wants N a multiple of 32 and K of {GROUP}"
        return None

    def prepare(self, weight: Tensor) -> Prepared:
        packed = kernels.quantize_4bit(weight, "int4", GROUP)
        codes, scales, zeros = kernels.unpack_weight(packed)
        assert zeros is not None
        made = A16Wn(device=str(weight.device), dtype=weight.dtype).from_weights(
            codes, scales.to(weight.dtype), zeros.to(weight.dtype), 4, GROUP
        )

        def around(layer: nn.Module) -> Prepared:
            return Prepared(
                run=layer,
                dense=lambda: kernels.dequantize_4bit(packed, torch.float32),
                copy=lambda: around(deepcopy(layer)),
                stored_bytes=weight.numel() // 2 + 4 * (weight.numel() // GROUP),
                implementation=lambda x: "its own choice",
            )

        return around(made)


def providers() -> list[Gemlite]:
    return [Gemlite()]
