"""HQQ's own linear layer, int4 at group 64, with its own calibration-free search."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from importlib.metadata import version

from hqq.core.quantize import BaseQuantizeConfig, HQQLinear
from torch import Tensor, nn

from benchmarks.providers import Prepared

GROUP = 64


@dataclass(frozen=True)
class Hqq:
    """The layer as `HQQLinear` makes it, on its default backend."""

    name: str = "hqq int4"
    version: str = version("hqq")

    def refuse(self, weight: Tensor, batch: int) -> str | None:
        return None if weight.is_cuda else "made for CUDA devices"

    def prepare(self, weight: Tensor) -> Prepared:
        rows, columns = weight.shape
        linear = nn.Linear(columns, rows, bias=False, device=weight.device, dtype=weight.dtype)
        linear.weight.data.copy_(weight)
        layer = HQQLinear(
            linear,
            BaseQuantizeConfig(nbits=4, group_size=GROUP, axis=1),
            compute_dtype=weight.dtype,
            device=str(weight.device),
        )
        return _around(layer, weight.numel())


def _around(layer: HQQLinear, weights: int) -> Prepared:
    return Prepared(
        run=layer,
        dense=lambda: layer.dequantize().float(),
        copy=lambda: _around(deepcopy(layer), weights),
        stored_bytes=weights // 2 + 4 * (weights // GROUP),
        implementation=lambda x: str(HQQLinear.backend),
    )


def providers() -> list[Hqq]:
    return [Hqq()]
