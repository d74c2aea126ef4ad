"""Our own nf4 and int4."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

import hyperlex
import hyperlex_kernels as kernels
from benchmarks.providers import Prepared


@dataclass(frozen=True)
class Hyperlex:
    """One of our formats at group size 64."""

    format: str
    version: str = hyperlex.__version__

    @property
    def name(self) -> str:
        return f"hyperlex {self.format}"

    def refuse(self, weight: Tensor, batch: int) -> str | None:
        return None

    def prepare(self, weight: Tensor) -> Prepared:
        return _around(kernels.quantize_4bit(weight, self.format))


def _around(packed: kernels.PackedWeight) -> Prepared:
    def copy() -> Prepared:
        zeros = None if packed.zeros is None else packed.zeros.clone()
        tensors = {"packed": packed.packed.clone(), "scales": packed.scales.clone()}
        return _around(replace(packed, **tensors, zeros=zeros))

    return Prepared(
        run=lambda x: kernels.matmul_4bit(x, packed),
        dense=lambda: kernels.dequantize_4bit(packed, torch.float32),
        copy=copy,
        stored_bytes=round(packed.bits_per_weight * packed.out_features * packed.in_features / 8),
        implementation=lambda x: kernels.explain(x, packed).implementation,
    )


def providers() -> list[Hyperlex]:
    return [Hyperlex("nf4"), Hyperlex("int4")]
