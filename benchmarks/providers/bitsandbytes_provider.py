"""bitsandbytes' NF4 at block 64: as its own layer would multiply, and dense first."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import bitsandbytes
from bitsandbytes import functional
from torch import Tensor
from torch.nn.functional import linear

from benchmarks.providers import Prepared


@dataclass(frozen=True)
class Bitsandbytes:
    """`fused` leaves the choice of kernel to bitsandbytes; else the weight is made dense."""

    fused: bool
    version: str = bitsandbytes.__version__

    @property
    def name(self) -> str:
        return "bitsandbytes nf4" if self.fused else "bitsandbytes nf4 dense"

    def refuse(self, weight: Tensor, batch: int) -> str | None:
        return None

    def prepare(self, weight: Tensor) -> Prepared:
        return self._around(*functional.quantize_4bit(weight, blocksize=64, quant_type="nf4"))

    def _around(self, packed: Tensor, state: functional.QuantState) -> Prepared:

        def fused(x: Tensor) -> Tensor:
            out: Tensor = bitsandbytes.matmul_4bit(x, packed.t(), quant_state=state)
            return out

        def dense(x: Tensor) -> Tensor:
            return linear(x, functional.dequantize_4bit(packed, state).to(x.dtype))

        return Prepared(
            run=fused if self.fused else dense,
            dense=lambda: _dense(packed, state),
            copy=lambda: self._around(packed.clone(), deepcopy(state)),
            stored_bytes=packed.numel() + state.absmax.numel() * state.absmax.element_size(),
            implementation=lambda x: "its own choice" if self.fused else "dequantize",
        )


def _dense(packed: Tensor, state: functional.QuantState) -> Tensor:
    """The weight before any rounding to 16 bits: levels times absmax, in float32."""
    pairs = packed.flatten()
    codes = (pairs.unsqueeze(1) >> pairs.new_tensor([4, 0])) & 15
    levels = state.code.float()[codes.flatten().long()].view(-1, state.blocksize)
    return (levels * state.absmax.float().unsqueeze(1)).view(state.shape)


def providers() -> list[Bitsandbytes]:
    return [Bitsandbytes(fused=True), Bitsandbytes(fused=False)]
