"""A model directory in 4 bits, for the command line: from dense weights, or from bitsandbytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

import hyperlex_kernels as kernels
from hyperlex.errors import ConfigError, FormatError
from hyperlex.files import atomic_directory, refuse_second_model, weight_files
from hyperlex.hub import model_options, why
from hyperlex.model.directory import bring_along
from hyperlex.model.linear import Linear4bit
from hyperlex.model.quantizer import HyperlexQuantConfig
from hyperlex_kernels.bitsandbytes import weight_prefixes

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"


@dataclass(frozen=True)
class QuantizedDirectory:
    """What `quantize_directory` did. Sizes in bytes, of the weight files."""

    layers: int
    bytes_before: int
    bytes_after: int
    imported: bool


def quantize_directory(
    source: str | Path, target: str | Path, config: HyperlexQuantConfig
) -> QuantizedDirectory:
    """Write the causal language model at `source` with 4-bit weights into `target`.

    A 4-bit bitsandbytes checkpoint (NF4) is taken over bit by bit; then of `config` only its
    `modules_to_not_convert` is used. Everything beside the weights, the tokenizer first of all,
    comes along. All files are written or none.

    Args:
        source: a model directory; or a hub id, for dense weights.
        target: a directory without a model in it; it is made if it does not exist.

    Raises:
        ConfigError: no such model at `source`, or adapters alone; `target` holds a model or cannot
            be written.
        FormatError: weights that cannot be quantised or imported.
    """
    target = Path(target)
    refuse_second_model(target)
    _refuse_adapters(source)
    with atomic_directory(target) as staged:
        if _quantization(source).get("load_in_4bit"):
            layers = _import(Path(source), staged, config)
            imported = True
        else:
            layers = _quantize(source, staged, config)
            imported = False
        bring_along(source, staged)
        after = _size(staged)
    return QuantizedDirectory(layers, _size(Path(source)), after, imported)


def _refuse_adapters(source: str | Path) -> None:
    """Raise `ConfigError` for a directory of adapters: transformers would save them alone again."""
    place = Path(source)
    if (place / "adapter_config.json").is_file() and not (place / "config.json").is_file():
        raise ConfigError(
            f"{str(source)!r} holds adapters, and no model to quantise. Merge them into their base "
            "first: from hyperlex.recipes.loading import load_trained; model, tok = "
            f"load_trained({str(source)!r}); model.merge_and_unload().save_pretrained(DIRECTORY); "
            "tok.save(DIRECTORY)"
        )


def _quantize(source: str | Path, staged: Path, config: HyperlexQuantConfig) -> int:
    from transformers import AutoModelForCausalLM

    if before := _quantization(source).get("quant_method"):
        raise ConfigError(
            f"{str(source)!r} is quantised already, by {before}. Dense weights or a bitsandbytes "
            "4-bit checkpoint were expected: quantise the model that it was made from."
        )
    auto: Any = AutoModelForCausalLM  # its type leaves out what output_loading_info adds
    try:
        model, report = auto.from_pretrained(
            source,
            dtype="auto",
            quantization_config=config,
            output_loading_info=True,
            **model_options(source),
        )
    except Exception as error:  # transformers and safetensors raise a dozen kinds
        raise ConfigError(
            f"{str(source)!r} is no causal language model that can be quantised here "
            f"({why(error)}). A directory that save_pretrained wrote, or the hub id of one, was "
            "expected."
        ) from error
    if missing := sorted(set(report["missing_keys"]) - _made(model)):
        raise FormatError(
            f"{str(source)!r} has no weights for {len(missing)} parameters of "
            f"{type(model).__name__} ({missing[0]} …), which would be random. A whole causal "
            "language model was expected: save it with its head, from AutoModelForCausalLM."
        )
    _require_layers(model, config.modules_to_not_convert or [], source)
    model.save_pretrained(staged)
    return sum(isinstance(module, Linear4bit) for module in model.modules())


def _require_layers(model: Any, kept: list[str], source: str | Path) -> None:
    """Raises `ConfigError` for a name of a layer to leave dense that no module has."""
    from transformers.quantizers.quantizers_utils import should_convert_module

    names = [name for name, _ in model.named_modules() if name]
    for key in kept:
        if all(should_convert_module(name, [key]) for name in names):
            last = sorted({name.rpartition(".")[2] for name in names if not name[-1].isdigit()})
            raise ConfigError(
                f"--keep {key!r} names no layer of {str(source)!r}. One of these, or a pattern, "
                f"was expected: {', '.join(last)}."
            )


def _made(model: Any) -> set[str]:
    """Names of tensors that quantising makes, and that no dense checkpoint has."""
    return {
        f"{name}.{tensor}"
        for name, module in model.named_modules()
        if isinstance(module, Linear4bit)
        for tensor in ("scales", "zeros")
    }


def _import(source: Path, staged: Path, config: HyperlexQuantConfig) -> int:
    """Rewrite the weight files one after the other; returns the number of 4-bit weights."""
    tensors = _Tensors(source)
    prefixes = set(weight_prefixes(tensors))
    group_sizes: set[int] = set()
    weight_map: dict[str, str] = {}
    for file in tensors.files():
        written: dict[str, Tensor] = {}
        for name in tensors.names_in(file):
            if name in prefixes:
                try:
                    weight = kernels.import_bitsandbytes(tensors, name)
                except ValueError as error:
                    raise FormatError(f"{source}: {error}") from error
                group_sizes.add(weight.group_size)
                base = name.rpartition(".")[0]
                written |= {name: weight.packed, f"{base}.scales": weight.scales}
            elif not any(name.startswith(f"{prefix}.") for prefix in _parents(name, prefixes)):
                written[name] = tensors[name]
        save_file(written, staged / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(written, file)
    if len(group_sizes) != 1:
        raise FormatError(
            f"{source} has 4-bit weights of {len(group_sizes)} block sizes. Expected one for all."
        )
    if len(tensors.files()) > 1:
        index = {"metadata": {"total_size": _size(staged)}, "weight_map": weight_map}
        (staged / INDEX).write_text(json.dumps(index, indent=2), encoding="utf-8")
    settings = json.loads((source / "config.json").read_text(encoding="utf-8"))
    left = config.modules_to_not_convert
    if left is None:
        left = settings["quantization_config"].get("llm_int8_skip_modules")
    settings["quantization_config"] = HyperlexQuantConfig(
        "nf4", group_sizes.pop(), left, scale_dtype="float32"
    ).to_dict()
    (staged / "config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")
    return len(prefixes)


def _parents(name: str, prefixes: set[str]) -> list[str]:
    """The 4-bit weight that `name` is a companion of, as a list of one, or an empty one."""
    parts = name.split(".")
    heads = (".".join(parts[:stop]) for stop in range(1, len(parts)))
    return [head for head in heads if head in prefixes]


class _Tensors(Mapping[str, Tensor]):
    """The tensors of a model's safetensors files by name, each read when it is asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        index = directory / INDEX
        if index.is_file():
            self._files = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        elif (directory / SINGLE).is_file():
            with safe_open(directory / SINGLE, framework="pt") as file:
                self._files = dict.fromkeys(file.keys(), SINGLE)
        else:
            raise ConfigError(
                f"{directory} has neither {SINGLE} nor {INDEX}. A local directory with a 4-bit "
                "checkpoint in safetensors was expected: download it first."
            )

    def files(self) -> list[str]:
        return sorted(set(self._files.values()))

    def names_in(self, file: str) -> list[str]:
        return sorted(name for name, home in self._files.items() if home == file)

    def __getitem__(self, name: str) -> Tensor:
        with safe_open(self._directory / self._files[name], framework="pt") as file:
            tensor: Tensor = file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _quantization(source: str | Path) -> dict[str, Any]:
    """The `quantization_config` of a local directory's config, or an empty one.

    Raises `FormatError` for a config.json that is no JSON.
    """
    file = Path(source) / "config.json"
    if not file.is_file():
        return {}
    try:
        settings = json.loads(file.read_bytes())
    except ValueError as error:
        raise FormatError(
            f"{file} is no JSON ({error}). The config.json that was saved with the weights was "
            "expected: put it back."
        ) from error
    found = settings.get("quantization_config") if isinstance(settings, dict) else None
    return found if isinstance(found, dict) else {}


def _size(directory: Path) -> int:
    return sum(file.stat().st_size for file in weight_files(directory) if file.suffix != ".json")
