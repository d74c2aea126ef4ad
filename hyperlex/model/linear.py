"""`Linear4bit`: an `nn.Linear` whose weight is stored in 4 bits and multiplied as it is stored.

    layer = Linear4bit.from_linear(nn.Linear(4096, 4096), format="nf4")
    layer(x)                              # x of float16, bfloat16 or float32
    layer.dequantize()                    # the weight that the product is exact for

A subclass of `nn.Linear`, so that what looks for linear layers (PEFT, device maps, hooks) finds it.
`weight` holds packed int16 words, not numbers; the layout is in `hyperlex_kernels.layout`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Self

import torch
from torch import Tensor, nn

import hyperlex_kernels as kernels
from hyperlex.errors import ConfigError, FormatError
from hyperlex_kernels import PackedWeight, layout

FORMAT_VERSION: Final = 2
"""Of stored weights. In 1 the nibbles of nf4 stood for other levels; int4 is the same in both."""


class Linear4bit(nn.Linear):
    """y = x W^T + bias with W [out_features, in_features] in `nf4` or `int4`.

    The new layer holds no weight yet: fill it with `set_packed`, a state dict, or make it with
    `from_linear` / `from_packed`. `dtype` is that of the bias. Raises `ConfigError` for an unknown
    format or group size.
    """

    # torch keeps it beside each layer of a state dict (safetensors do not).
    _version = FORMAT_VERSION

    scales: Tensor
    zeros: Tensor | None
    bias: nn.Parameter | None  # type: ignore[assignment]  # nn.Linear itself says None, not here
    # GPT-2's Conv1D keeps W turned; a checkpoint of one must be turned before it is quantised.
    checkpoint_is_transposed: bool = False
    # One of hyperlex_kernels.dispatch.NAMES, to ask for an implementation by name.
    implementation: str = "auto"

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        format: str = "nf4",
        group_size: int = 64,
        scale_dtype: torch.dtype = torch.float16,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        nn.Module.__init__(self)  # nn.Linear's own would allocate the dense weight
        if format not in kernels.FORMATS or group_size not in kernels.GROUP_SIZES:
            raise ConfigError(
                f"format={format!r}, group_size={group_size}. Expected one of "
                f"{', '.join(kernels.FORMATS)} and one of "
                f"{', '.join(map(str, kernels.GROUP_SIZES))}."
            )
        self.in_features = in_features
        self.out_features = out_features
        self.format = format
        self.group_size = group_size
        shape = (out_features, in_features)
        self.weight = nn.Parameter(
            torch.empty(layout.packed_shape(*shape), dtype=torch.int16, device=device),
            requires_grad=False,
        )
        scales = layout.scales_shape(*shape, group_size)
        self.register_buffer("scales", torch.empty(scales, dtype=scale_dtype, device=device))
        zeros = None
        if format == "int4":
            zeros_shape = layout.zeros_shape(*shape, group_size)
            zeros = torch.empty(zeros_shape, dtype=torch.uint8, device=device)
        self.register_buffer("zeros", zeros)
        # Assigned, not registered: a module without a bias must still have the attribute.
        self.bias = (
            nn.Parameter(torch.empty(out_features, device=device, dtype=dtype), requires_grad=False)
            if bias
            else None
        )

    @classmethod
    def from_linear(
        cls,
        linear: nn.Linear,
        format: str = "nf4",
        group_size: int = 64,
        scale_dtype: torch.dtype = torch.float16,
    ) -> Self:
        """`linear` quantised, on the same device. Raises `ValueError` for NaN or Inf in it."""
        packed = kernels.quantize_4bit(linear.weight, format, group_size, scale_dtype=scale_dtype)
        return cls.from_packed(packed, linear.bias)

    @classmethod
    def from_packed(cls, weight: PackedWeight, bias: Tensor | None = None) -> Self:
        """A layer around a packed weight and a bias [out_features]; tensors are shared."""
        layer = cls(
            weight.in_features,
            weight.out_features,
            bias is not None,
            format=weight.format,
            group_size=weight.group_size,
            scale_dtype=weight.scales.dtype,
            device="meta",
            dtype=None if bias is None else bias.dtype,
        )
        layer.set_packed(weight)
        if bias is not None:
            layer.bias = nn.Parameter(bias.detach(), requires_grad=False)
        return layer

    @property
    def packed(self) -> PackedWeight:
        """The weight as the kernels take it; no copy."""
        return PackedWeight(
            packed=self.weight,
            scales=self.scales,
            zeros=self.zeros,
            format=self.format,
            group_size=self.group_size,
            out_features=self.out_features,
            in_features=self.in_features,
        )

    def set_packed(self, weight: PackedWeight) -> None:
        """Take over `weight`, which must have this layer's shape, format and group size."""
        mine = (self.format, self.group_size, self.out_features, self.in_features)
        given = (weight.format, weight.group_size, weight.out_features, weight.in_features)
        if mine != given:
            raise ConfigError(
                f"A weight of (format, group size, out, in) = {given} does not fit a layer of "
                f"{mine}. Make a layer for it: Linear4bit.from_packed(weight)."
            )
        self.weight = nn.Parameter(weight.packed, requires_grad=False)
        self.scales = weight.scales
        self.zeros = weight.zeros

    def dequantize(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The dense weight [out_features, in_features]."""
        return kernels.dequantize_4bit(self.packed, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """`x` [..., in_features] -> [..., out_features] in the dtype of x."""
        return kernels.matmul_4bit(x, self.packed, self.bias, implementation=self.implementation)

    def reset_parameters(self) -> None:
        """Nothing to do: random codes are of no use, and transformers calls this on new layers."""

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}, format={self.format}, group_size={self.group_size}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        """Refuse nf4 weights whose nibbles mean other levels: they would load, and be wrong."""
        version = local_metadata.get("version", FORMAT_VERSION)
        if self.format == "nf4" and version != FORMAT_VERSION and f"{prefix}weight" in state_dict:
            raise FormatError(
                f"The nf4 weights of {prefix.removesuffix('.') or 'the layer'} are of format "
                f"version {version}. This hyperlex reads {FORMAT_VERSION}. "
                + (
                    "Upgrade: pip install --upgrade hyperlex"
                    if version > FORMAT_VERSION
                    else "Quantise the dense weights again: Linear4bit.from_linear(linear)"
                )
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Moves as any module does, but `.half()` or `.bfloat16()` must not round the scales."""
        scales = self.scales
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if self.scales.dtype != scales.dtype:
            self.scales = scales.to(self.scales.device)
        return self


def concatenate(layers: tuple[Linear4bit, ...]) -> Linear4bit:
    """Layers of the same input as one, their outputs side by side: one product instead of several.

    Raises `ConfigError` for layers that differ in input, format or group size, for a mix of layers
    with and without bias, and for an `out_features`, of any but the last, that 64 does not divide.
    """
    first = layers[0]
    for layer in layers:
        same = (
            layer.in_features == first.in_features
            and layer.format == first.format
            and layer.group_size == first.group_size
            and layer.scales.dtype == first.scales.dtype
            and (layer.bias is None) == (first.bias is None)
        )
        if not same:
            raise ConfigError(f"Cannot join ({layer.extra_repr()}) to ({first.extra_repr()}).")
    ragged = [
        layer.out_features for layer in layers[:-1] if layer.out_features % layout.ROW_PADDING
    ]
    if ragged:
        raise ConfigError(
            f"Cannot join a layer of {ragged[0]} outputs to another. Expected a multiple of "
            f"{layout.ROW_PADDING}: rows are stored in blocks of that many."
        )
    joined = PackedWeight(
        packed=torch.cat([layer.packed.packed for layer in layers]),
        scales=torch.cat([layer.scales for layer in layers]),
        zeros=(
            None
            if first.zeros is None
            else torch.cat([layer.zeros for layer in layers if layer.zeros is not None])
        ),
        format=first.packed.format,
        group_size=first.group_size,
        out_features=sum(layer.out_features for layer in layers),
        in_features=first.in_features,
    )
    biases: list[Tensor] = [layer.bias for layer in layers if layer.bias is not None]
    return Linear4bit.from_packed(joined, torch.cat(biases) if biases else None)


FUSIBLE = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


def fuse_projections(model: nn.Module) -> int:
    """Join query, key and value, and gate and up, wherever `model` has them as `Linear4bit`.

    The layers stay where they were and are called as before; the first of a group computes all of
    it, the others hand out their share. For inference: a fused model cannot be saved or given
    adapters. Returns how many groups were joined; a group that cannot be is left as it is.
    """
    fused = 0
    for parent in list(model.modules()):
        for names in FUSIBLE:
            layers = tuple(getattr(parent, name, None) for name in names)
            if not all(type(layer) is Linear4bit for layer in layers):
                continue
            try:
                joined = concatenate(layers)  # type: ignore[arg-type]
            except ConfigError:
                continue
            group = _Group(joined, tuple(layer.out_features for layer in layers))  # type: ignore[union-attr]
            for index, name in enumerate(names):
                setattr(parent, name, _Share(group, index))
            fused += 1
    return fused


class _Group:
    """A joined product whose shares are asked for one after the other, with the same input."""

    def __init__(self, joined: Linear4bit, sizes: tuple[int, ...]) -> None:
        self.joined = joined
        self.sizes = sizes
        self.input: Tensor | None = None
        self.shares: tuple[Tensor, ...] = ()

    def share(self, index: int, x: Tensor) -> Tensor:
        if self.input is not x:
            self.input = x
            self.shares = self.joined(x).split(self.sizes, dim=-1)
        share = self.shares[index]
        if index == len(self.sizes) - 1:
            # The last share is the last question: keep no activation alive beyond it.
            self.input, self.shares = None, ()
        return share


class _Share(nn.Module):
    """One of the layers that a `_Group` stands for. The first registers the joined parameters."""

    def __init__(self, group: _Group, index: int) -> None:
        super().__init__()
        self.index = index
        self.out_features = group.sizes[index]
        self.in_features = group.joined.in_features
        if index == 0:
            self.joined = group.joined
        self._group = [group]  # in a list, so that it is no attribute of nn.Module's bookkeeping

    def forward(self, x: Tensor) -> Tensor:
        return self._group[0].share(self.index, x)

    def __getstate__(self) -> dict[str, Any]:
        raise ConfigError(
            "A model with fused projections cannot be saved or copied. Save it first, then fuse "
            "what from_pretrained returns."
        )
