"""A layer that takes the memory of bitsandbytes' `Linear8bitLt` in training, and has no numbers.

bitsandbytes is not needed to plan with it, and its own layer cannot run without numbers: which
columns hold outliers, it finds by looking.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from hyperlex.model.quantizer import HyperlexQuantConfig, HyperlexQuantizer, linear_layers


class Int8Sizes(nn.Linear):
    """Meta tensors of the sizes of a `Linear8bitLt` with `has_fp16_weights=False`."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool, dtype: torch.dtype | None = None
    ) -> None:
        super().__init__(in_features, out_features, bias, device="meta", dtype=dtype)
        weight = torch.empty(out_features, in_features, dtype=torch.int8, device="meta")
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.register_buffer("SCB", torch.empty(out_features, dtype=torch.float32, device="meta"))

    def forward(self, x: Tensor) -> Tensor:
        """`x` [..., in_features] -> [..., out_features] in the dtype of x."""
        out: Tensor = _Product.apply(x, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return out


class _Product(torch.autograd.Function):
    """What `MatMul8bitLt` of bitsandbytes 0.48–0.50 allocates on CUDA, outliers (few) left out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        half = flat.to(torch.float16)
        codes = torch.empty_like(half, dtype=torch.int8)
        _ = half.abs() >= 6  # where the outliers are
        product = codes.new_empty((len(flat), len(weight)), dtype=torch.int32)
        out = torch.empty_like(product, dtype=torch.float16).to(x.dtype)
        ctx.weight, ctx.has_bias = weight, bias is not None
        # Kept beside autograd's own saved tensors, as there: checkpointing that works by hooks on
        # those cannot drop it.
        ctx.kept = flat if any(ctx.needs_input_grad[:2]) else None
        return out.reshape(*x.shape[:-1], len(weight))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        weight: Tensor = ctx.weight
        grad_x = grad_bias = None
        if ctx.needs_input_grad[2]:
            grad_bias = grad.flatten(0, -2).sum(0)
        if ctx.needs_input_grad[0]:
            dense = weight.to(grad.dtype, copy=True)
            grad_x = torch.matmul(grad.reshape(-1, grad.shape[-1]).contiguous(), dense)
            grad_x = grad_x.view(*grad.shape[:-1], weight.shape[1])
        return grad_x, None, grad_bias


def replace_with_int8_sizes(model: Any) -> None:
    """Put an `Int8Sizes` in place of every linear layer that bitsandbytes would take over."""
    left_dense = HyperlexQuantizer(HyperlexQuantConfig()).left_dense(model)
    for name, module, rows, columns in linear_layers(model, left_dense):
        dtype = module.weight.dtype
        model.set_submodule(name, Int8Sizes(columns, rows, module.bias is not None, dtype))
