"""The operators: schema, checks, shapes, gradients, and who runs them.

    matmul_4bit      x [..., K] times the transposed weight [N, K], plus bias: [..., N]
    matmul_4bit_dx   grad [..., N] times the weight: [..., K], what QLoRA sends back to x
    dequantize_4bit  the dense weight [N, K]

A caller's mistake is answered here, once, and the same way by the real operator and by its fake
(torch.compile, meta tensors). NaN and Inf in x go where arithmetic sends them: to their own row of
the result. An empty batch gives an empty result. Gradients flow to x and bias; a packed weight is a
constant.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from . import dispatch, layout, lookup, reference
from .formats import FORMATS, GROUP_SIZES, PackedWeight
from .library import NAMESPACE, current_device

# Modules of the three operators in PyTorch alone, each with the signatures of the other.
_PLAIN = {"lookup": lookup, "reference": reference}

_WEIGHT: Final = "Tensor packed, Tensor scales, Tensor? zeros"
torch.library.define(
    f"{NAMESPACE}::matmul_4bit",
    f"(Tensor x, {_WEIGHT}, Tensor? bias, str format, int group_size, int out_features, "
    "str implementation='auto') -> Tensor",
)
torch.library.define(
    f"{NAMESPACE}::matmul_4bit_dx",
    f"(Tensor grad, {_WEIGHT}, str format, int group_size, int in_features, "
    "str implementation='auto') -> Tensor",
)
torch.library.define(
    f"{NAMESPACE}::dequantize_4bit",
    f"({_WEIGHT}, str format, int group_size, int out_features, int in_features, "
    "ScalarType dtype, str implementation='auto') -> Tensor",
)
_ops = getattr(torch.ops, NAMESPACE)

_FLOATS: Final = (torch.float16, torch.bfloat16, torch.float32)


def _check_weight(
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    in_features: int,
) -> None:
    """Raise `ValueError` unless the three tensors are a packed weight [N, K] of this format."""
    if format not in FORMATS or group_size not in GROUP_SIZES:
        raise ValueError(
            f"format={format!r}, group_size={group_size}. Expected one of {', '.join(FORMATS)} and "
            f"one of {', '.join(map(str, GROUP_SIZES))}."
        )
    shape: tuple[int, ...] = layout.packed_shape(out_features, in_features)
    wanted: list[tuple[str, Tensor | None, tuple[int, ...], tuple[torch.dtype, ...]]] = [
        ("packed", packed, shape, (torch.int16,)),
        (
            "scales",
            scales,
            layout.scales_shape(out_features, in_features, group_size),
            (torch.float16, torch.float32),
        ),
    ]
    if format == "int4":
        shape = layout.zeros_shape(out_features, in_features, group_size)
        wanted.append(("zeros", zeros, shape, (torch.uint8,)))
    elif zeros is not None:
        raise ValueError("zeros were given, but nf4 has no zero points. Expected zeros=None.")
    for name, tensor, shape, dtypes in wanted:
        if tensor is None:
            raise ValueError(f"{name} is None. Expected {dtypes[0]} of shape {shape}.")
        if tuple(tensor.shape) != shape or tensor.dtype not in dtypes:
            raise ValueError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}. A {format} weight "
                f"[{out_features}, {in_features}] at group size {group_size} needs "
                f"{' or '.join(map(str, dtypes))} of shape {shape}. Pack it with quantize_4bit."
            )
        if not tensor.is_contiguous():
            raise ValueError(f"{name} is not contiguous. Pass {name}.contiguous().")
        if tensor.device != packed.device:
            raise ValueError(
                f"{name} is on {tensor.device}, packed on {packed.device}. Move both to one device."
            )


def _check_activation(name: str, tensor: Tensor, width: int, packed: Tensor) -> None:
    """Raise `ValueError` unless `tensor` is a float array [..., width] beside the weight."""
    if tensor.dtype not in _FLOATS:
        raise ValueError(
            f"{name} is {tensor.dtype}. Expected {', '.join(map(str, _FLOATS))}: convert it with "
            ".to(torch.float16), for example."
        )
    if tensor.ndim == 0 or tensor.shape[-1] != width:
        raise ValueError(
            f"{name} has shape {tuple(tensor.shape)}. Its last dimension must be {width}, to go "
            "with the weight."
        )
    if tensor.device != packed.device:
        raise ValueError(
            f"{name} is on {tensor.device}, the weight on {packed.device}. Move both to one device."
        )


def _check_matmul(
    x: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    bias: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
) -> None:
    columns = x.shape[-1] if x.ndim else 0
    # Which K the weight was made for is not stored; its tiles tell it to the nearest 128.
    tiles = packed.shape[1] if packed.ndim == 4 else 0
    if layout.padded_columns(columns) != tiles * layout.TILE_COLUMNS:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, so K={columns}. The packed weight of shape "
            f"{tuple(packed.shape)} holds K up to {tiles * layout.TILE_COLUMNS} and above "
            f"{max(0, tiles - 1) * layout.TILE_COLUMNS}."
        )
    _check_weight(packed, scales, zeros, format, group_size, out_features, columns)
    _check_activation("x", x, columns, packed)
    if bias is not None:
        _check_activation("bias", bias, out_features, packed)
        if bias.ndim != 1:
            raise ValueError(f"bias has shape {tuple(bias.shape)}. Expected ({out_features},).")


@torch.library.impl(f"{NAMESPACE}::matmul_4bit", "default")
def _matmul_4bit(
    x: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    bias: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    implementation: str = "auto",
) -> Tensor:
    _check_matmul(x, packed, scales, zeros, bias, format, group_size, out_features)
    columns = x.shape[-1]
    if x.numel() == 0:
        return x.new_empty((*x.shape[:-1], out_features))
    request = dispatch.request_for(x, format, group_size, out_features)
    name = dispatch.choose(request, implementation).implementation
    flat = x.reshape(-1, columns).contiguous()
    weight = (packed, scales, zeros)
    with current_device(x):
        if name in _PLAIN:
            out = _PLAIN[name].matmul_4bit(flat, *weight, bias, format, group_size, out_features)
        elif name == "int4pack":
            from . import int4pack

            assert zeros is not None  # checked above: int4 has them
            out = int4pack.matmul_4bit(
                flat, packed, scales, zeros, bias, format, group_size, out_features
            )
        elif name == "triton_gemv":
            from . import gemv

            out = gemv.matmul_4bit(flat, *weight, bias, format, group_size, out_features)
        elif name == "triton":
            from . import matmul

            config = matmul.config_for(flat, scales, format, group_size, out_features)
            out = matmul.matmul_4bit(flat, *weight, bias, format, group_size, out_features, config)
        else:
            dense = _dense(*weight, format, group_size, out_features, columns, x.dtype)
            out = F.linear(flat, dense, None if bias is None else bias.to(x.dtype))
    return out.view(*x.shape[:-1], out_features).to(x.dtype)


@torch.library.register_fake(f"{NAMESPACE}::matmul_4bit")
def _matmul_4bit_fake(
    x: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    bias: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    implementation: str = "auto",
) -> Tensor:
    _check_matmul(x, packed, scales, zeros, bias, format, group_size, out_features)
    return x.new_empty((*x.shape[:-1], out_features))


def _setup_context(ctx: object, inputs: tuple[object, ...], output: Tensor) -> None:
    x, packed, scales, zeros, bias, format, group_size, _, _ = inputs
    ctx.save_for_backward(packed, scales, zeros)  # type: ignore[attr-defined]
    ctx.weight = (format, group_size, x.shape[-1])  # type: ignore[attr-defined]
    ctx.bias_dtype = None if bias is None else bias.dtype  # type: ignore[attr-defined]


def _backward(ctx: object, grad: Tensor) -> tuple[Tensor | None, ...]:
    packed, scales, zeros = ctx.saved_tensors  # type: ignore[attr-defined]
    needs_x, needs_bias = ctx.needs_input_grad[0], ctx.needs_input_grad[4]  # type: ignore[attr-defined]
    grad_x = grad_bias = None
    if needs_x:
        format, group_size, columns = ctx.weight  # type: ignore[attr-defined]
        grad_x = _ops.matmul_4bit_dx(grad, packed, scales, zeros, format, group_size, columns)
    if needs_bias:
        grad_bias = grad.flatten(0, -2).sum(0, dtype=torch.float32)
        grad_bias = grad_bias.to(ctx.bias_dtype)  # type: ignore[attr-defined]
    return grad_x, None, None, None, grad_bias, None, None, None, None


torch.library.register_autograd(
    f"{NAMESPACE}::matmul_4bit", _backward, setup_context=_setup_context
)


def _check_dx(
    grad: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    in_features: int,
) -> None:
    rows = grad.shape[-1] if grad.ndim else 0
    _check_weight(packed, scales, zeros, format, group_size, rows, in_features)
    _check_activation("grad", grad, rows, packed)


@torch.library.impl(f"{NAMESPACE}::matmul_4bit_dx", "default")
def _matmul_4bit_dx(
    grad: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    in_features: int,
    implementation: str = "auto",
) -> Tensor:
    _check_dx(grad, packed, scales, zeros, format, group_size, in_features)
    rows = grad.shape[-1]
    if grad.numel() == 0:
        return grad.new_zeros((*grad.shape[:-1], in_features))
    name = _dequantize_with(implementation, packed)
    if name in _PLAIN:
        product: Tensor = _PLAIN[name].matmul_4bit_dx(
            grad, packed, scales, zeros, format, group_size, in_features
        )
        return product
    dense = _dense(packed, scales, zeros, format, group_size, rows, in_features, grad.dtype)
    return grad @ dense


@torch.library.register_fake(f"{NAMESPACE}::matmul_4bit_dx")
def _matmul_4bit_dx_fake(
    grad: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    in_features: int,
    implementation: str = "auto",
) -> Tensor:
    _check_dx(grad, packed, scales, zeros, format, group_size, in_features)
    return grad.new_empty((*grad.shape[:-1], in_features))


def _dx_setup_context(ctx: object, inputs: tuple[object, ...], output: Tensor) -> None:
    grad, packed, scales, zeros, format, group_size, _, _ = inputs
    ctx.save_for_backward(packed, scales, zeros)  # type: ignore[attr-defined]
    ctx.weight = (format, group_size, grad.shape[-1])  # type: ignore[attr-defined]


def _dx_backward(ctx: object, grad: Tensor) -> tuple[Tensor | None, ...]:
    # The gradient of a product with the weight is a product with its transpose: gradients of any
    # order come out of the same two operators.
    format, group_size, rows = ctx.weight  # type: ignore[attr-defined]
    out = _ops.matmul_4bit(grad, *ctx.saved_tensors, None, format, group_size, rows)  # type: ignore[attr-defined]
    return out, None, None, None, None, None, None, None


torch.library.register_autograd(
    f"{NAMESPACE}::matmul_4bit_dx", _dx_backward, setup_context=_dx_setup_context
)


@torch.library.impl(f"{NAMESPACE}::dequantize_4bit", "default")
def _dequantize_4bit(
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    in_features: int,
    dtype: torch.dtype,
    implementation: str = "auto",
) -> Tensor:
    _check_dequantize(packed, scales, zeros, format, group_size, out_features, in_features, dtype)
    return _dense(
        packed,
        scales,
        zeros,
        format,
        group_size,
        out_features,
        in_features,
        dtype,
        implementation,
    )


@torch.library.register_fake(f"{NAMESPACE}::dequantize_4bit")
def _dequantize_4bit_fake(
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    in_features: int,
    dtype: torch.dtype,
    implementation: str = "auto",
) -> Tensor:
    _check_dequantize(packed, scales, zeros, format, group_size, out_features, in_features, dtype)
    return packed.new_empty((out_features, in_features), dtype=dtype)


def _check_dequantize(
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    in_features: int,
    dtype: torch.dtype,
) -> None:
    _check_weight(packed, scales, zeros, format, group_size, out_features, in_features)
    if dtype not in _FLOATS:
        raise ValueError(f"dtype={dtype}. Expected {', '.join(map(str, _FLOATS))}.")


def _dequantize_with(implementation: str, packed: Tensor) -> str:
    """'dequantize' (Triton), 'lookup' or 'reference': the two other operators have only these."""
    if implementation == "auto":
        if packed.is_cuda and not dispatch.triton_missing():
            return "dequantize"
        return "lookup" if packed.is_cpu else "reference"
    if implementation not in ("dequantize", "lookup", "reference"):
        raise ValueError(
            f"implementation={implementation!r}. Expected 'auto', 'dequantize', 'lookup' or "
            "'reference'."
        )
    if implementation == "lookup" and not packed.is_cpu:
        raise NotImplementedError(
            f"'lookup' runs on a CPU, and the weight is on {packed.device}. Use "
            "implementation='auto'."
        )
    return implementation


def _dense(
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None,
    format: str,
    group_size: int,
    out_features: int,
    in_features: int,
    dtype: torch.dtype,
    implementation: str = "auto",
) -> Tensor:
    arguments = (packed, scales, zeros, format, group_size, out_features, in_features, dtype)
    name = _dequantize_with(implementation, packed)
    if name in _PLAIN:
        dense: Tensor = _PLAIN[name].dequantize_4bit(*arguments)
        return dense
    from . import dequantize

    with current_device(packed):
        return dequantize.dequantize_4bit(*arguments)


def matmul_4bit(
    x: Tensor, weight: PackedWeight, bias: Tensor | None = None, *, implementation: str = "auto"
) -> Tensor:
    """`x` [..., K] times the transposed `weight` [N, K], plus `bias` [N]: [..., N], dtype of x.

    x is float16, bfloat16 or float32, of any strides. `implementation` asks for one of
    `dispatch.NAMES` by name. Raises `ValueError` for operands that do not go together and
    `NotImplementedError` where the implementation asked for cannot run.
    """
    out: Tensor = _ops.matmul_4bit(
        x,
        weight.packed,
        weight.scales,
        weight.zeros,
        bias,
        weight.format,
        weight.group_size,
        weight.out_features,
        implementation,
    )
    return out


def matmul_4bit_dx(grad: Tensor, weight: PackedWeight, *, implementation: str = "auto") -> Tensor:
    """`grad` [..., N] times `weight` [N, K]: [..., K], dtype of grad."""
    out: Tensor = _ops.matmul_4bit_dx(
        grad,
        weight.packed,
        weight.scales,
        weight.zeros,
        weight.format,
        weight.group_size,
        weight.in_features,
        implementation,
    )
    return out


def dequantize_4bit(
    weight: PackedWeight, dtype: torch.dtype = torch.float32, *, implementation: str = "auto"
) -> Tensor:
    """The dense weight [N, K] in `dtype`."""
    out: Tensor = _ops.dequantize_4bit(
        weight.packed,
        weight.scales,
        weight.zeros,
        weight.format,
        weight.group_size,
        weight.out_features,
        weight.in_features,
        dtype,
        implementation,
    )
    return out
