"""The mathematics of a mixture of low-rank experts: who gets which token, and what comes out.

`mixture` sorts tokens by expert and multiplies those of one expert together, so that only routed
tokens are computed; `mixture_reference` computes every expert for every token and masks. Same
signature, same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from hyperlex_kernels.grouped_matmul import grouped_matmul, grouped_matmul_dw


@dataclass(frozen=True)
class Routes:
    """Where T tokens go.

    experts         [T, k] int64: the experts of each token; E, the number of experts, for none
    weights         [T, k] float32: what each is multiplied with
    probabilities   [T, C] float32: softmax of the router over its C choices, E of them experts
    """

    experts: Tensor
    weights: Tensor
    probabilities: Tensor


def route(logits: Tensor, top_k: int, experts: int, valid: Tensor | None = None) -> Routes:
    """The `top_k` best choices for each token, weighted by a softmax over those alone.

    With one choice that softmax would be 1 whatever the router says, and nothing would teach it; so
    its weight is its probability among all choices, as in Switch Transformers (Fedus, Zoph,
    Shazeer 2022, eq. 2).

    Args:
        logits: [T, C] float32. Choices beyond `experts`, a null expert, compute nothing.
        valid: [T] bool, False for padding, which goes nowhere.
    """
    probabilities = logits.softmax(-1)
    best, chosen = logits.topk(top_k, dim=-1)
    weights = probabilities.gather(1, chosen) if top_k == 1 else best.softmax(-1)
    chosen = chosen.clamp(max=experts)
    if valid is not None:
        chosen = torch.where(valid.unsqueeze(1), chosen, experts)
    return Routes(chosen, weights, probabilities)


def balance(routes: Routes, valid: Tensor | None = None) -> Tensor:
    """How evenly tokens are spread: 1 where they are, up to C where one choice gets all.

    Switch Transformers' load balancing loss without its coefficient (Fedus, Zoph, Shazeer 2022,
    eq. 4 to 6): C times the sum over choices of f_i P_i, where f_i is the share of choices that
    fell on i and P_i its mean probability. The gradient flows through P alone. A null expert counts
    as one of the C choices; padding does not count.
    """
    choices = routes.probabilities.shape[1]
    every = torch.arange(choices, device=routes.experts.device)
    fell = (routes.experts.unsqueeze(2) == every).float().mean(1)
    probabilities = routes.probabilities
    if valid is None:
        return choices * (fell.mean(0) * probabilities.mean(0)).sum()
    real = valid.float().unsqueeze(1)
    count = real.sum().clamp(min=1.0)
    shares = (fell * real).sum(0) / count, (probabilities * real).sum(0) / count
    return choices * (shares[0] * shares[1]).sum()


def mixture(x: Tensor, down: Tensor, up: Tensor, experts: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of what each token's experts make of it: [T, N].

    Nothing waits for a GPU, whatever the router says, and the same input gives the same bits, also
    backward.

    Args:
        x: [T, K].
        down: [E, K, r], and `up` [E, r, N], in the dtype of x.
        experts: [T, k] int64, none of them twice in a row except E, which computes nothing.
        weights: [T, k].
    """
    ordered, order = experts.reshape(-1).sort(stable=True)
    places = torch.arange(len(order), device=order.device)
    inverse = torch.empty_like(order).scatter_(0, order, places).view_as(experts)
    bounds = torch.arange(len(down) + 1, device=order.device)
    offsets = torch.searchsorted(ordered, bounds, out_int32=True)
    hidden = cast(Tensor, _Down.apply(x, down, order, inverse, offsets))  # type: ignore[no-untyped-call]
    # At the rank, not at the width, a weight costs next to nothing.
    sorted_weights = weights.reshape(-1).index_select(0, order).to(hidden.dtype)
    out = grouped_matmul(hidden * sorted_weights.unsqueeze(1), up, offsets)
    return cast(Tensor, _Combine.apply(out, order, inverse))  # type: ignore[no-untyped-call]


def mixture_reference(
    x: Tensor, down: Tensor, up: Tensor, experts: Tensor, weights: Tensor
) -> Tensor:
    """`mixture`, dense: each expert for all tokens, times the weight that it has for each."""
    out = x.new_zeros((x.shape[0], up.shape[2]))
    for expert in range(len(down)):
        share = torch.where(experts == expert, weights, 0.0).sum(1, keepdim=True)
        out = out + share.to(x.dtype) * (x @ down[expert] @ up[expert])
    return out


def router_logits(x: Tensor, router: Tensor) -> Tensor:
    """x [T, K] of any dtype times router [K, C] float32, in float32: [T, C]."""
    return cast(Tensor, _RouterLogits.apply(x, router))  # type: ignore[no-untyped-call]


class _RouterLogits(torch.autograd.Function):
    """Keeps x as it is for backward, not a float32 copy of it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, router: Tensor) -> Tensor:
        ctx.save_for_backward(x, router)
        return x.float() @ router

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, router = ctx.saved_tensors
        needs_x, needs_router = ctx.needs_input_grad
        return (
            (grads[0] @ router.T).to(x.dtype) if needs_x else None,
            x.float().T @ grads[0] if needs_router else None,
        )


class _Down(torch.autograd.Function):
    """x [T, K] gathered by expert and multiplied with `down`: [T * k, r].

    Backward gathers again, so that x is kept once and not k times. Its own sum over the k places of
    a token is made place by place: autograd's would be a sum by atomics, in any order.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, down: Tensor, order: Tensor, inverse: Tensor, offsets: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x, down, order, inverse, offsets)
        return grouped_matmul(_gathered(x, order, inverse), down, offsets)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, down, order, inverse, offsets = ctx.saved_tensors
        grad_x = grad_down = None
        if ctx.needs_input_grad[0]:
            rows = grouped_matmul(grads[0], down, offsets, transposed=True)
            grad_x = _combined(rows, inverse)
        if ctx.needs_input_grad[1]:
            grad_down = grouped_matmul_dw(_gathered(x, order, inverse), grads[0], offsets)
        return grad_x, grad_down, None, None, None


class _Combine(torch.autograd.Function):
    """Rows [T * k, N], sorted by expert, added up by token: [T, N]."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(order, inverse)
        return _combined(rows, inverse)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        order, inverse = ctx.saved_tensors
        return _gathered(grads[0], order, inverse), None, None


def _gathered(rows: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
    """The row of each token at the k places that `inverse` [T, k] gives it."""
    return rows.index_select(0, order // inverse.shape[1])


def _combined(rows: Tensor, inverse: Tensor) -> Tensor:
    """The sum over each token's k places, in order, without k times the memory."""
    total = rows.index_select(0, inverse[:, 0])
    for place in range(1, inverse.shape[1]):
        total = total + rows.index_select(0, inverse[:, place])
    return total
