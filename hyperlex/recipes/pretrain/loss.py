"""The loss over a big vocabulary without the logits of a whole batch.

The logits of a few hundred tokens are computed, turned into their own gradient in place, multiplied
back, and forgotten. So nothing is computed twice, and of logits only one slice is ever there (the
idea of Wijmans et al. 2024, arXiv 2411.09009, and of Liger-Kernel's fused linear cross-entropy).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_SLICE_BYTES = 1 << 26  # of fp32 logits at once
_CPU_SLICE_BYTES = 1 << 25  # near to what the caches hold


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, dtype: Any) -> Tensor:
        tokens = hidden.shape[0]
        inputs, matrix = hidden.to(dtype), weight.to(dtype)
        room = _CPU_SLICE_BYTES if hidden.device.type == "cpu" else _SLICE_BYTES
        length = max(16, room // (4 * weight.shape[0]))
        total = torch.zeros((), device=hidden.device)
        trained = ctx.needs_input_grad[0]
        for_hidden = torch.empty_like(inputs) if trained else None
        for_weight = torch.zeros_like(weight, dtype=torch.float32) if trained else None
        for start in range(0, tokens, length):
            part, wanted = inputs[start : start + length], targets[start : start + length, None]
            logs = (part @ matrix.T).log_softmax(-1, dtype=torch.float32)
            total -= logs.gather(1, wanted).sum()
            if for_hidden is None or for_weight is None:
                continue
            # The gradient of the sum; `backward` divides.
            gradient = logs.exp_().scatter_add_(
                1, wanted, -torch.ones_like(wanted, dtype=logs.dtype)
            )
            gradient = gradient.to(dtype)
            torch.mm(gradient, matrix, out=for_hidden[start : start + length])
            if dtype == torch.float32:
                for_weight.addmm_(gradient.T, part)
            else:
                for_weight += gradient.T @ part
        if for_hidden is not None and for_weight is not None:
            ctx.save_for_backward(for_hidden.to(hidden.dtype), for_weight.to(weight.dtype))
        return total / tokens

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        for_hidden, for_weight = ctx.saved_tensors
        scale = gradients[0] / for_hidden.shape[0]
        return for_hidden * scale, for_weight * scale, None, None


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, dtype: torch.dtype | None = None
) -> Tensor:
    """Mean cross-entropy of `hidden @ weight.T` against `targets`, in nats.

    Args:
        hidden: float [T, H].
        weight: float [V, H], the head.
        targets: int64 [T].
        dtype: of the products; None: that of `hidden`. Sums are fp32.

    Returns:
        float32 scalar, its gradients those of `cross_entropy(hidden @ weight.T, targets)`.
    """
    loss: Tensor = _LinearCrossEntropy.apply(hidden, weight, targets, dtype or hidden.dtype)  # type: ignore[no-untyped-call]
    return loss


class WithLoss(nn.Module):
    """A causal language model whose `forward` takes windows and gives the loss.

    One module around both lets DistributedDataParallel and FSDP see the head used where its
    weights are at hand.

    Args:
        model: of transformers, with a decoder `model` and a linear head `lm_head`.
        dtype: to compute in by autocast; None: as the weights are.
    """

    def __init__(self, model: Any, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.model = model
        self.dtype = dtype
        # What FSDP wraps one by one, as accelerate asks a model of transformers.
        self._no_split_modules = list(model._no_split_modules or ())

    def forward(self, windows: Tensor) -> Tensor:
        """Mean loss in nats of windows, int64 [B, context + 1]: float32 scalar."""
        device, dtype = windows.device.type, self.dtype
        with torch.autocast(device, dtype, enabled=dtype is not None):
            hidden = self.model.model(input_ids=windows[:, :-1], use_cache=False).last_hidden_state
        return linear_cross_entropy(
            hidden.flatten(0, 1), self.model.lm_head.weight, windows[:, 1:].flatten(), dtype
        )
