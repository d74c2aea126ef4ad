"""4-bit models inside transformers: its own registry, `from_pretrained` and `save_pretrained`.

    import hyperlex.model                                # registers "hyperlex"
    config = HyperlexQuantConfig(format="nf4")
    model = AutoModelForCausalLM.from_pretrained(directory, quantization_config=config)
    model.save_pretrained(out)                           # packed; reload needs no config

Every linear layer but the output head becomes a `Linear4bit`; a head that is tied to the embedding
stays as it is whatever `modules_to_not_convert` says.
"""

from __future__ import annotations

from typing import Any, Final, Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.core_model_loading import ConversionOps
from transformers.pytorch_utils import Conv1D
from transformers.quantizers.auto import register_quantization_config, register_quantizer
from transformers.quantizers.base import HfQuantizer
from transformers.quantizers.quantizers_utils import get_module_from_name, should_convert_module
from transformers.utils.quantization_config import QuantizationConfigMixin

import hyperlex_kernels as kernels
from hyperlex.errors import ConfigError, FormatError
from hyperlex.model.linear import FORMAT_VERSION, Linear4bit

METHOD = "hyperlex"
_SCALE_DTYPES = {"float16": torch.float16, "float32": torch.float32}
_SAVED: Final = ("format_version", "format", "group_size", "modules_to_not_convert", "scale_dtype")
"""Keys that a saved config always has: a default in place of a lost one would be a guess."""


@register_quantization_config(METHOD)
class HyperlexQuantConfig(QuantizationConfigMixin):
    """What `from_pretrained(quantization_config=…)` takes and `config.json` keeps.

    format                   "nf4" (the better one) or "int4" (the faster one, also on CPUs)
    group_size               weights that share a scale: 64, or 32 for half a bit more
    modules_to_not_convert   names, suffixes or patterns to leave dense; None: the output head
    scale_dtype              "float16", or "float32" for imported bitsandbytes weights

    Raises `ConfigError` for a value out of range and `FormatError` for a checkpoint of another
    `format_version`.
    """

    def __init__(
        self,
        format: str = "nf4",
        group_size: int = 64,
        modules_to_not_convert: list[str] | None = None,
        scale_dtype: str = "float16",
        format_version: int = FORMAT_VERSION,
        **unknown: Any,
    ) -> None:
        unknown.pop("quant_method", None)
        _require_version(format_version)
        if unknown:
            raise ConfigError(
                f"Unknown: {', '.join(sorted(unknown))}. HyperlexQuantConfig takes format, "
                "group_size, modules_to_not_convert and scale_dtype."
            )
        _require_one_of("format", format, kernels.FORMATS)
        _require_one_of("group_size", group_size, kernels.GROUP_SIZES)
        _require_one_of("scale_dtype", scale_dtype, tuple(_SCALE_DTYPES))
        left = modules_to_not_convert
        if left is not None and not (
            isinstance(left, (list, tuple)) and all(isinstance(name, str) and name for name in left)
        ):
            raise ConfigError(
                f"modules_to_not_convert={left!r}. Expected a list of names of layers, as "
                "['lm_head'], or None for the output head."
            )
        self.quant_method = METHOD  # type: ignore[assignment]
        self.format_version = format_version
        self.format = format
        self.group_size = group_size
        self.modules_to_not_convert = modules_to_not_convert
        self.scale_dtype = scale_dtype

    @classmethod
    def from_dict(
        cls, config_dict: dict[str, Any], return_unused_kwargs: bool = False, **kwargs: Any
    ) -> Self:
        """The config that `config.json` keeps, as transformers asks for it.

        Raises `FormatError` for one that is not as it was saved: a key is lost, or has a value that
        cannot be.
        """
        try:
            if lost := [key for key in _SAVED if key not in config_dict]:
                raise ConfigError(f"No {lost[0]}. Expected: {', '.join(_SAVED)}.")
            parent: Any = super()  # has no types
            made: Self = parent.from_dict(config_dict, return_unused_kwargs, **kwargs)
        except ConfigError as error:
            raise FormatError(
                f"The quantization_config of the checkpoint is damaged. {error} Put back the "
                "config.json that was saved with the weights, or quantise the original checkpoint "
                "again: hyperlex quantize MODEL OUT"
            ) from error
        return made


def _require_version(found: Any) -> None:
    """Raise `FormatError` for 4-bit weights that are stored in another way than ours."""
    if type(found) is not int:
        raise ConfigError(f"format_version={found!r}. Expected {FORMAT_VERSION}.")
    if found != FORMAT_VERSION:
        remedy = (
            "A newer one wrote it. Upgrade: pip install --upgrade hyperlex"
            if found > FORMAT_VERSION
            else "Quantise the original checkpoint again: hyperlex quantize MODEL OUT"
        )
        raise FormatError(
            f"The checkpoint's 4-bit weights have format_version {found}. This hyperlex reads "
            f"{FORMAT_VERSION}. {remedy}"
        )


def _require_one_of(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    # By type as well: True is 1 and 64.0 is 64, and neither is a size.
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise ConfigError(f"{name}={value!r}. Expected one of {', '.join(map(repr, choices))}.")


class _Quantize(ConversionOps):
    """A dense weight as it comes from the checkpoint -> the three tensors of its `Linear4bit`."""

    def convert(
        self,
        input_dict: dict[str, Any],
        source_patterns: list[str] | None = None,
        target_patterns: list[str] | None = None,
        model: PreTrainedModel | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        for name, value in input_dict.items():
            weight = value[0] if isinstance(value, list) else value
            layer, _ = get_module_from_name(model, name)
            try:
                packed = pack_for(layer, weight)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
            base = name.rpartition(".")[0]
            converted[name] = packed.packed
            converted[f"{base}.scales"] = packed.scales
            if packed.zeros is not None:
                converted[f"{base}.zeros"] = packed.zeros
            layer._is_hf_initialized = True
        return converted


def pack_for(layer: Linear4bit, weight: Tensor) -> kernels.PackedWeight:
    """The dense `weight` of a checkpoint as `layer` stores it, turned where the model turns it."""
    if layer.checkpoint_is_transposed:
        weight = weight.T
    return kernels.quantize_4bit(
        weight, layer.format, layer.group_size, scale_dtype=layer.scales.dtype
    )


@register_quantizer(METHOD)
class HyperlexQuantizer(HfQuantizer):
    """Puts `Linear4bit` layers into a model before its weights are loaded into them."""

    requires_calibration = False
    quantization_config: HyperlexQuantConfig

    def param_element_size(self, model: PreTrainedModel, param_name: str, param: Tensor) -> float:
        """Bytes for each element that the model has: packed words are elements of four weights."""
        if self.param_needs_quantization(model, param_name):
            return torch.int16.itemsize
        return param.element_size()

    def param_needs_quantization(
        self, model: PreTrainedModel, param_name: str, **kwargs: Any
    ) -> bool:
        module, name = get_module_from_name(model, param_name)
        return isinstance(module, Linear4bit) and name == "weight"

    def get_quantize_ops(self) -> ConversionOps:
        return _Quantize()

    def _process_model_before_weight_loading(self, model: PreTrainedModel, **kwargs: Any) -> None:
        replace_linear_layers(model, self.quantization_config, self.left_dense(model))
        if self.pre_quantized:
            return
        # Before 5.23 transformers casts a weight to the dtype that it finds in the model and then
        # has it quantised. float32 holds any weight; packed words take this tensor's place.
        for module in model.modules():
            if isinstance(module, Linear4bit):
                empty = torch.empty_like(module.weight, dtype=torch.float32)
                module.weight = nn.Parameter(empty, requires_grad=False)

    def left_dense(self, model: PreTrainedModel) -> list[str]:
        """Names of the layers that stay as they are."""
        names: list[str] = self.get_modules_to_not_convert(
            model,
            self.quantization_config.modules_to_not_convert,
            list(model._keep_in_fp32_modules or ()),
        )
        tied = set(model.all_tied_weights_keys) | set(model.all_tied_weights_keys.values())
        return names + [name.removesuffix(".weight") for name in sorted(tied)]

    def is_serializable(self, *args: Any, **kwargs: Any) -> bool:
        return True

    @property
    def is_trainable(self) -> bool:
        return True

    @property
    def is_compileable(self) -> bool:
        return True


def linear_layers(
    model: nn.Module, left_dense: list[str] | None = None
) -> list[tuple[str, Any, int, int]]:
    """Every linear layer not named in `left_dense`: name, layer, outputs, inputs.

    GPT-2's `Conv1D` is a linear layer whose weight is stored the other way round.
    """
    found = []
    for name, module in model.named_modules():
        if type(module) in (nn.Linear, Conv1D) and should_convert_module(name, left_dense):
            transposed = isinstance(module, Conv1D)
            columns, rows = module.weight.shape if transposed else module.weight.shape[::-1]
            found.append((name, module, rows, columns))
    return found


def replace_linear_layers(
    model: nn.Module, config: HyperlexQuantConfig, left_dense: list[str] | None = None
) -> int:
    """Put an empty `Linear4bit` in place of every linear layer not named; returns how many."""
    replaced = 0
    for name, module, rows, columns in linear_layers(model, left_dense):
        layer = Linear4bit(
            columns,
            rows,
            module.bias is not None,
            format=config.format,
            group_size=config.group_size,
            scale_dtype=_SCALE_DTYPES[config.scale_dtype],
            device="meta",
            dtype=module.weight.dtype,
        )
        layer.checkpoint_is_transposed = isinstance(module, Conv1D)
        model.set_submodule(name, layer)
        replaced += 1
    if not replaced:
        raise ConfigError(
            f"{type(model).__name__} has no linear layer to quantise: all are named in "
            f"modules_to_not_convert={config.modules_to_not_convert}, or it has none."
        )
    return replaced
