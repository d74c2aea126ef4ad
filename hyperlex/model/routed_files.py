"""A routed adapter on disk: its tensors, what it was made with, and the base it belongs to.

adapter_model.safetensors   the adapter's tensors by layer, and nothing of the base
adapter_config.json         format_version, the configuration, the layers with their shapes, the
                            seams of the vocabulary, and a few numbers of the base's embedding
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hyperlex.errors import ConfigError, FormatError
from hyperlex.files import atomic_directory
from hyperlex.model.routed_layer import RoutedLora, RoutedLoraConfig, adapter_shapes
from hyperlex.tokenizer.layout import VocabularyLayout

TENSORS_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"
FORMAT_VERSION = 1
KIND = "hyperlex_routed_lora"
# An embedding that was cast to 16 bits is within this of itself; another model's is not.
_PROBE_TOLERANCE = 0.02
_PROBE_ROWS, _PROBE_COLUMNS = 8, 8

Layers = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class RoutedAdapter:
    """What an adapter directory holds. `layers`: input and output features by name."""

    config: RoutedLoraConfig
    layout: VocabularyLayout
    layers: Layers
    model_type: str
    probe: list[list[float]] | None
    tensors: dict[str, Tensor]


def routed_layers(model: nn.Module) -> dict[str, RoutedLora]:
    """The routed layers of `model` by name."""
    return {name: each for name, each in model.named_modules() if isinstance(each, RoutedLora)}


def adapter_tensors(layers: dict[str, RoutedLora]) -> dict[str, nn.Parameter]:
    """What the layers add to the base, by the name that a file has for it."""
    return {
        f"{layer_name}.{name}": parameter
        for layer_name, layer in layers.items()
        for name, parameter in layer.named_parameters(recurse=False)
    }


def write_adapter(model: Any, directory: str | Path) -> None:
    """Write the adapter of `model` to `directory`: both files, or none."""
    layers = routed_layers(model)
    if not layers:
        raise ConfigError(
            f"{type(model).__name__} has no routed layers, so there is no adapter to save. Make "
            "them with add_routed_lora."
        )
    first = next(iter(layers.values()))
    layout = first.context.layout
    record = {
        "format_version": FORMAT_VERSION,
        "kind": KIND,
        "config": asdict(first.config),
        "layout": asdict(layout),
        "base": {
            "model_type": _model_type(model),
            "name": getattr(model, "name_or_path", ""),
            "layers": {
                name: [each.in_features, each.out_features] for name, each in layers.items()
            },
            "embedding": _probe(model, layout),
        },
    }
    tensors = {
        name: parameter.detach().cpu().contiguous()
        for name, parameter in adapter_tensors(layers).items()
    }
    with atomic_directory(directory) as staged:
        save_file(tensors, staged / TENSORS_FILE, metadata={"format": "pt"})
        text = json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True)
        (staged / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")


def read_adapter(directory: str | Path) -> RoutedAdapter:
    """What `write_adapter` wrote; FormatError where it is not that."""
    folder = Path(directory)
    path = folder / CONFIG_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        tensors = load_file(folder / TENSORS_FILE)
    except FileNotFoundError as error:
        raise FormatError(
            f"{folder} holds no routed adapter: there is no {Path(error.filename or path).name}. "
            "A directory written by save_routed_lora was expected."
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError, SafetensorError) as error:
        raise FormatError(
            f"{folder} holds a damaged routed adapter ({error}). Copy or save it anew."
        ) from error
    if not isinstance(record, dict) or record.get("kind") != KIND:
        raise FormatError(
            f"{path} is not the configuration of a routed adapter. A directory written by "
            "save_routed_lora was expected; an adapter of PEFT is loaded with PeftModel."
        )
    if record.get("format_version") != FORMAT_VERSION:
        raise FormatError(
            f"{path} has format_version {record.get('format_version')!r}. Expected "
            f"{FORMAT_VERSION}: save it anew with this version, or install the one that wrote it."
        )
    try:
        adapter = _adapter(record, tensors)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"{path} is incomplete or damaged ({error!r}). Save it anew.") from error
    _check_tensors(adapter, folder / TENSORS_FILE)
    return adapter


def check_base(model: Any, adapter: RoutedAdapter, found: Layers) -> None:
    """ConfigError unless the adapter was made for this base; `found` is what it would wrap."""
    name = type(model).__name__
    if (model_type := _model_type(model)) != adapter.model_type:
        raise ConfigError(
            f"The adapter was made for a model of type {adapter.model_type!r}, {name} is of type "
            f"{model_type!r}. Load the base that it was trained on."
        )
    for layer in dict.fromkeys((*adapter.layers, *found)):
        wanted, has = adapter.layers.get(layer), found.get(layer)
        if wanted != has:
            raise ConfigError(
                f"The adapter was made for another base: layer {layer} is "
                f"{_described(wanted)} there and {_described(has)} in this {name}. Load the base "
                "that it was trained on."
            )
    probe = _probe(model, adapter.layout)
    if adapter.probe is None or probe is None:
        return
    theirs, ours = torch.tensor(adapter.probe), torch.tensor(probe)
    if theirs.shape != ours.shape or (theirs - ours).norm() > _PROBE_TOLERANCE * theirs.norm():
        raise ConfigError(
            f"The adapter was made for a base of this shape with other weights: the embeddings of "
            f"{name} differ from those it was trained over. Load the base that it was trained on."
        )


def _described(shape: tuple[int, int] | None) -> str:
    return "missing" if shape is None else f"{shape[0]} to {shape[1]} features"


def _adapter(record: dict[str, Any], tensors: dict[str, Tensor]) -> RoutedAdapter:
    config = dict(record["config"])
    unknown = set(config) - {each.name for each in fields(RoutedLoraConfig)}
    if unknown:
        raise KeyError(*sorted(unknown))
    config["target_modules"] = tuple(config["target_modules"])
    base = record["base"]
    return RoutedAdapter(
        config=RoutedLoraConfig(**config),
        layout=VocabularyLayout(**record["layout"]),
        layers={name: (int(k), int(n)) for name, (k, n) in base["layers"].items()},
        model_type=str(base["model_type"]),
        probe=base["embedding"],
        tensors=tensors,
    )


def _check_tensors(adapter: RoutedAdapter, path: Path) -> None:
    wanted = {
        f"{layer}.{name}": shape
        for layer, (k, n) in adapter.layers.items()
        for name, shape in adapter_shapes(k, n, adapter.config).items()
    }
    for name in dict.fromkeys((*wanted, *adapter.tensors)):
        tensor = adapter.tensors.get(name)
        shape = None if tensor is None else tuple(tensor.shape)
        if shape != wanted.get(name):
            raise FormatError(
                f"{path}: {name} has shape {shape or 'none, it is missing'}, its configuration "
                f"says {wanted.get(name) or 'that there is no such tensor'}. Save the adapter anew."
            )


def _model_type(model: Any) -> str:
    return str(getattr(getattr(model, "config", None), "model_type", ""))


def _probe(model: Any, layout: VocabularyLayout) -> list[list[float]] | None:
    """A few numbers of the embedding, of base ids, which no adapter trains; None where hidden."""
    try:
        weight = model.get_input_embeddings().weight
    except (NotImplementedError, AttributeError):
        return None
    if weight.is_meta or not weight.is_floating_point():
        return None
    rows = torch.linspace(0, min(layout.base_size, len(weight)) - 1, _PROBE_ROWS).long()
    found: list[list[float]] = weight.detach()[rows.to(weight.device), :_PROBE_COLUMNS].tolist()
    return found
