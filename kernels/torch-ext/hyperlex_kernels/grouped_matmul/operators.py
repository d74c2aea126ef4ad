"""The operators: schema, checks, shapes, gradients, and who runs them.

    grouped_matmul      rows of x [M, K] times the matrix of their expert in w [E, K, N]: [M, N]
    grouped_matmul_dw   its gradient for w: for each expert, x^T times grad over its rows: [E, K, N]

A caller's mistake is answered here, once, and the same way by the real operators and by their
fakes. What lies in offsets is looked at on the CPU only: reading it from a GPU would make every
step wait. There the kernels stay inside the arrays whatever it says.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ..dispatch import Choice
from ..library import FLOATS, NAMESPACE, current_device, is_fake
from . import configs, dispatch, reference

torch.library.define(
    f"{NAMESPACE}::grouped_matmul",
    "(Tensor x, Tensor w, Tensor offsets, bool transposed=False, str implementation='auto') "
    "-> Tensor",
)
torch.library.define(
    f"{NAMESPACE}::grouped_matmul_dw",
    "(Tensor x, Tensor grad, Tensor offsets, str implementation='auto') -> Tensor",
)
_ops = getattr(torch.ops, NAMESPACE)

MAX_EXPERTS: Final = 1023


def _check(x: Tensor, other: Tensor, name: str, offsets: Tensor) -> None:
    """Raise `ValueError` unless x [M, K] and `other` are of one dtype, beside good offsets."""
    if x.ndim != 2:
        raise ValueError(f"x has shape {tuple(x.shape)}. Expected [M, K]: flatten what is before.")
    if x.dtype not in FLOATS or other.dtype != x.dtype:
        raise ValueError(
            f"x is {x.dtype}, {name} is {other.dtype}. Expected one of "
            f"{', '.join(map(str, FLOATS))} for both."
        )
    experts = offsets.numel() - 1
    if offsets.ndim != 1 or offsets.dtype != torch.int32 or not 1 <= experts <= MAX_EXPERTS:
        raise ValueError(
            f"offsets is {offsets.dtype} of shape {tuple(offsets.shape)}. Expected torch.int32 of "
            f"shape (E + 1,) for 1 to {MAX_EXPERTS} experts."
        )
    for each, its_name in ((other, name), (offsets, "offsets")):
        if each.device != x.device:
            raise ValueError(
                f"{its_name} is on {each.device}, x on {x.device}. Move both to one device."
            )
    if offsets.device.type == "cpu" and not is_fake(offsets):
        _check_order(offsets.tolist(), x.shape[0])


def _check_order(offsets: list[int], rows: int) -> None:
    if offsets[0] != 0 or offsets[-1] > rows or sorted(offsets) != offsets:
        raise ValueError(
            f"offsets={offsets} over {rows} rows. Expected numbers that begin with 0, never fall "
            f"and stay within {rows}."
        )


def _check_matmul(x: Tensor, w: Tensor, offsets: Tensor, transposed: bool) -> None:
    _check(x, w, "w", offsets)
    shape = "[E, N, K]" if transposed else "[E, K, N]"
    if w.ndim != 3 or w.shape[0] != offsets.numel() - 1:
        raise ValueError(
            f"w has shape {tuple(w.shape)}, offsets speaks of {offsets.numel() - 1} experts. "
            f"Expected {shape}."
        )
    if w.shape[2 if transposed else 1] != x.shape[1]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, w {tuple(w.shape)}. Expected [M, K] and {shape}."
        )


def _check_dw(x: Tensor, grad: Tensor, offsets: Tensor) -> None:
    _check(x, grad, "grad", offsets)
    if grad.ndim != 2 or grad.shape[0] != x.shape[0]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, grad {tuple(grad.shape)}. Expected [M, K] and [M, N]."
        )


@torch.library.impl(f"{NAMESPACE}::grouped_matmul", "default")
def _grouped_matmul(
    x: Tensor,
    w: Tensor,
    offsets: Tensor,
    transposed: bool = False,
    implementation: str = "auto",
) -> Tensor:
    _check_matmul(x, w, offsets, transposed)
    (rows, k), (experts, n) = x.shape, (w.shape[0], w.shape[1 if transposed else 2])
    if rows == 0 or k == 0 or n == 0:
        return x.new_zeros((rows, n))
    name = dispatch.choose(dispatch.request_for(x), implementation).implementation
    if name == "reference":
        return reference.grouped_matmul(x, w, offsets, transposed)
    from . import product

    config = configs.product_config(rows, experts, k, n, fma=name == "triton_fma")
    operands = (x.contiguous(), w.contiguous(), offsets.contiguous())
    with current_device(x):
        return product.grouped_matmul(*operands, transposed, config)


@torch.library.register_fake(f"{NAMESPACE}::grouped_matmul")
def _grouped_matmul_fake(
    x: Tensor,
    w: Tensor,
    offsets: Tensor,
    transposed: bool = False,
    implementation: str = "auto",
) -> Tensor:
    _check_matmul(x, w, offsets, transposed)
    return x.new_empty((x.shape[0], w.shape[1 if transposed else 2]))


@torch.library.impl(f"{NAMESPACE}::grouped_matmul_dw", "default")
def _grouped_matmul_dw(
    x: Tensor, grad: Tensor, offsets: Tensor, implementation: str = "auto"
) -> Tensor:
    _check_dw(x, grad, offsets)
    (rows, k), n, experts = x.shape, grad.shape[1], offsets.numel() - 1
    if rows == 0 or k == 0 or n == 0:
        return x.new_zeros((experts, k, n))
    name = dispatch.choose(dispatch.request_for(x), implementation).implementation
    if name == "reference":
        return reference.grouped_matmul_dw(x, grad, offsets)
    from . import product

    config = configs.dw_config(rows, experts, k, n, fma=name == "triton_fma")
    operands = (x.contiguous(), grad.contiguous(), offsets.contiguous())
    with current_device(x):
        return product.grouped_matmul_dw(*operands, config)


@torch.library.register_fake(f"{NAMESPACE}::grouped_matmul_dw")
def _grouped_matmul_dw_fake(
    x: Tensor, grad: Tensor, offsets: Tensor, implementation: str = "auto"
) -> Tensor:
    _check_dw(x, grad, offsets)
    return x.new_empty((offsets.numel() - 1, x.shape[1], grad.shape[1]))


def _setup_context(ctx: object, inputs: tuple[object, ...], output: Tensor) -> None:
    x, w, offsets, transposed, implementation = inputs
    ctx.save_for_backward(x, w, offsets)  # type: ignore[attr-defined]
    ctx.way = (transposed, implementation)  # type: ignore[attr-defined]


def _backward(ctx: object, grad: Tensor) -> tuple[Tensor | None, ...]:
    x, w, offsets = ctx.saved_tensors  # type: ignore[attr-defined]
    transposed, implementation = ctx.way  # type: ignore[attr-defined]
    grad_x = grad_w = None
    if ctx.needs_input_grad[0]:  # type: ignore[attr-defined]
        grad_x = _ops.grouped_matmul(grad, w, offsets, not transposed, implementation)
    if ctx.needs_input_grad[1]:  # type: ignore[attr-defined]
        sides = (grad, x) if transposed else (x, grad)
        grad_w = _ops.grouped_matmul_dw(*sides, offsets, implementation)
    return grad_x, grad_w, None, None, None


torch.library.register_autograd(
    f"{NAMESPACE}::grouped_matmul", _backward, setup_context=_setup_context
)


def _dw_setup_context(ctx: object, inputs: tuple[object, ...], output: Tensor) -> None:
    x, grad, offsets, implementation = inputs
    ctx.save_for_backward(x, grad, offsets)  # type: ignore[attr-defined]
    ctx.implementation = implementation  # type: ignore[attr-defined]


def _dw_backward(ctx: object, upstream: Tensor) -> tuple[Tensor | None, ...]:
    # The gradients of x^T grad are products with the upstream matrices again, so that gradients of
    # any order come out of the same two operators.
    x, grad, offsets = ctx.saved_tensors  # type: ignore[attr-defined]
    implementation = ctx.implementation  # type: ignore[attr-defined]
    grad_x = grad_grad = None
    if ctx.needs_input_grad[0]:  # type: ignore[attr-defined]
        grad_x = _ops.grouped_matmul(grad, upstream, offsets, True, implementation)
    if ctx.needs_input_grad[1]:  # type: ignore[attr-defined]
        grad_grad = _ops.grouped_matmul(x, upstream, offsets, False, implementation)
    return grad_x, grad_grad, None, None


torch.library.register_autograd(
    f"{NAMESPACE}::grouped_matmul_dw", _dw_backward, setup_context=_dw_setup_context
)


def grouped_matmul(
    x: Tensor,
    w: Tensor,
    offsets: Tensor,
    *,
    transposed: bool = False,
    implementation: str = "auto",
) -> Tensor:
    """Each row of `x` [M, K] times the matrix of its expert in `w` [E, K, N]: [M, N].

    offsets     [E + 1] int32, on the device of x: rows offsets[e] to offsets[e + 1] are those of
                expert e. The first is 0; rows from the last on are not computed, and give 0.
    transposed  w is [E, N, K].

    x and w are of one dtype: float16, bfloat16, float32 (float64 by the reference), of any strides;
    sums are float32 at least. The kernels never wait for the offsets, and the same input gives the
    same bits. The reference waits for them on a GPU; only a CUDA machine without Triton runs it
    there. Gradients flow to x and w.

    Raises `ValueError` for operands that do not go together and `NotImplementedError` where the
    implementation asked for cannot run.
    """
    out: Tensor = _ops.grouped_matmul(x, w, offsets, transposed, implementation)
    return out


def grouped_matmul_dw(
    x: Tensor, grad: Tensor, offsets: Tensor, *, implementation: str = "auto"
) -> Tensor:
    """For each expert the transposed rows of `x` [M, K] times those of `grad` [M, N]: [E, K, N].

    The gradient of `grouped_matmul` for w; 0 for an expert without rows. Otherwise as there.
    """
    out: Tensor = _ops.grouped_matmul_dw(x, grad, offsets, implementation)
    return out


def explain_grouped(x: Tensor, implementation: str = "auto") -> Choice:
    """What `grouped_matmul(x, …)` and its gradients would run, without running it."""
    return dispatch.choose(dispatch.request_for(x), implementation)
