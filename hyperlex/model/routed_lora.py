"""Routed LoRA: not one low-rank adapter for all tokens, but several and a router for each token.

    model = add_routed_lora(model, RoutedLoraConfig(r=4, experts=4, top_k=2), tok.layout)
    ...                                        # train: the balance of the experts is in the loss
    save_routed_lora(model, "adapter")
    model = load_routed_lora(base, "adapter")  # the base it was trained on, in 4 bits or not

A token is multiplied with the experts that it is routed to and with no other: tokens are sorted by
expert and go through `hyperlex_kernels.grouped_matmul`. The router reads the layer's input and the
kind of the id, base, hypertoken or scene. docs/routed-lora.md has the whole story.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

import torch
from torch import Tensor, nn

from hyperlex.errors import ConfigError
from hyperlex.model.linear import Linear4bit
from hyperlex.model.routed_context import RoutedContext
from hyperlex.model.routed_files import (
    Layers,
    adapter_tensors,
    check_base,
    read_adapter,
    routed_layers,
    write_adapter,
)
from hyperlex.model.routed_layer import (
    RoutedLora,
    RoutedLoraConfig,
    adapter_shapes,
    is_linear,
    linear_shape,
)
from hyperlex.tokenizer.layout import VocabularyLayout

__all__ = [
    "RoutedLora",
    "RoutedLoraConfig",
    "TrainableShare",
    "add_routed_lora",
    "balance_loss",
    "equal_rank",
    "linear_layers",
    "load_routed_lora",
    "lora_parameters",
    "merge_routed_lora",
    "routed_parameters",
    "save_routed_lora",
    "trainable_share",
]

Model = TypeVar("Model", bound=nn.Module)


def add_routed_lora(model: Model, config: RoutedLoraConfig, layout: VocabularyLayout) -> Model:
    """Wrap linear layers of `model`, in place, and freeze all that was there before.

    The wrapped model computes what the bare one did until it is trained. Its layers are drawn from
    torch's generator: seed that. Hooks tell the layers, once a forward, the kind of each id and
    what is padding, and in training add the balance of the experts to the loss that the model
    returns; a loop that makes its own loss adds `balance_loss(model)`. Where the model is given
    `inputs_embeds`, kinds are unknown and the router goes by the layer's input alone.

    Args:
        model: a decoder of transformers with its weights in memory: dense, in bitsandbytes' 8 bits,
            or with `Linear4bit` layers. New vocabulary rows are to be there already.
        layout: the seams of its tokenizer, `tok.layout`.

    Returns:
        `model`.

    Raises:
        ConfigError: `target_modules` that no linear layer is named, a model that has adapters.
    """
    _check_bare(model)
    found = _targets(model, config.target_modules)
    model.requires_grad_(False)
    context = RoutedContext(layout, config.balance)
    for name, layer in found.items():
        model.set_submodule(name, RoutedLora(layer, config, context).train(model.training))
    context.attach(model)
    return model


def save_routed_lora(model: nn.Module, directory: str | Path) -> None:
    """Write the adapter, and nothing of the base, to `directory`: all of it or nothing.

    Raises:
        ConfigError: a model without routed layers, a place that cannot be written.
    """
    write_adapter(model, directory)


def load_routed_lora(model: Model, directory: str | Path, *, trainable: bool = False) -> Model:
    """Put the adapter in `directory` on its base, in place; returns `model`.

    The base may be stored otherwise than in training, in 4 bits instead of 16 or the reverse.
    `trainable` to train on.

    Raises:
        FormatError: no adapter there, a damaged one, one of another format version.
        ConfigError: another base than it was trained on, a model that has adapters already.
    """
    adapter = read_adapter(directory)
    _check_bare(model)
    found = _targets(model, adapter.config.target_modules)
    check_base(model, adapter, {name: linear_shape(layer) for name, layer in found.items()})
    add_routed_lora(model, adapter.config, adapter.layout)
    with torch.no_grad():
        for name, parameter in adapter_tensors(routed_layers(model)).items():
            parameter.copy_(adapter.tensors[name])
            parameter.requires_grad_(trainable)
    return model


def merge_routed_lora(model: nn.Module) -> NoReturn:
    """Cannot be done: always raises `ConfigError`, which says why and what to do instead."""
    for layer in routed_layers(model).values():
        layer.merge()
    raise ConfigError(f"{type(model).__name__} has no routed layers: there is nothing to merge.")


def balance_loss(model: nn.Module) -> Tensor:
    """Coefficient times the balance of the experts, the mean over layers, in the last forward.

    A scalar in float32 to add to a loss, 0 where there was no forward in training mode. A loss that
    the model itself returned holds it already.
    """
    for layer in routed_layers(model).values():
        term = layer.context.balance_loss()
        if term is not None:
            return term
        break
    return torch.zeros(())


class TrainableShare(NamedTuple):
    """Parameters that get gradients, and all; a 4-bit weight counts as what it stands for."""

    trainable: int
    total: int

    def __str__(self) -> str:
        share = self.trainable / self.total
        return f"{self.trainable:,} of {self.total:,} parameters train ({share:.2%})"


def trainable_share(model: nn.Module) -> TrainableShare:
    """How many parameters of `model` train, of how many."""
    trainable = total = 0
    packed: dict[int, int] = {
        id(layer.weight): layer.in_features * layer.out_features
        for layer in model.modules()
        if isinstance(layer, Linear4bit)
    }
    for parameter in model.parameters():
        total += packed.get(id(parameter), parameter.numel())
        trainable += parameter.numel() if parameter.requires_grad else 0
    return TrainableShare(trainable, total)


def linear_layers(model: nn.Module, target_modules: tuple[str, ...] = ()) -> Layers:
    """Input and output features of the layers that `target_modules` names, as in the config."""
    return {name: linear_shape(each) for name, each in _targets(model, target_modules).items()}


def routed_parameters(layers: Layers, config: RoutedLoraConfig) -> int:
    """Trainable parameters of routed layers in place of `layers`, routers among them."""
    return sum(
        torch.Size(shape).numel()
        for k, n in layers.values()
        for shape in adapter_shapes(k, n, config).values()
    )


def lora_parameters(layers: Layers, rank: int) -> int:
    """Trainable parameters of plain LoRA of that rank over `layers`."""
    return sum(rank * (k + n) for k, n in layers.values())


def equal_rank(layers: Layers, lora_rank: int, config: RoutedLoraConfig) -> int:
    """The rank of each expert at which the mixture has as many parameters as LoRA of `lora_rank`.

    The nearest one, the router counted; the other fields of `config` are kept. Equal to the last
    parameter it cannot be: `routed_parameters` and `lora_parameters` tell the difference.

    Raises:
        ConfigError: experts so many that even rank 1 has more than half as much again.
    """
    wanted = lora_parameters(layers, lora_rank)
    each = config.experts * lora_parameters(layers, 1)
    routers = routed_parameters(layers, config) - config.r * each
    rank = max(1, round((wanted - routers) / each))
    if routers + rank * each > 1.5 * wanted:
        raise ConfigError(
            f"{config.experts} experts with their routers have {routers + rank * each:,} parameters"
            f" at rank {rank}, LoRA of rank {lora_rank} has {wanted:,}. Take fewer experts or a "
            "higher rank."
        )
    return rank


def _targets(model: nn.Module, names: Iterable[str]) -> dict[str, nn.Module]:
    """The linear layers that end in `names`, or all but the head; ConfigError for a vain name."""
    heads = getattr(model, "get_output_embeddings", None)
    head = heads() if callable(heads) else None
    linear = {
        name: layer
        for name, layer in model.named_modules()
        if is_linear(layer) and layer is not head
    }
    names = tuple(names)
    for wanted in names:
        if not any(_ends(name, wanted) for name in linear):
            near = ", ".join(dict.fromkeys(name.rpartition(".")[2] for name in linear))
            raise ConfigError(
                f"target_modules={wanted!r}: no linear layer of {type(model).__name__} has this "
                f"name. Expected some of {near or 'none: it has no linear layers'}."
            )
    found = {
        name: layer
        for name, layer in linear.items()
        if not names or any(_ends(name, wanted) for wanted in names)
    }
    if not found:
        raise ConfigError(
            f"{type(model).__name__} has no linear layers to wrap but its head. A decoder with "
            "nn.Linear, Linear4bit or Conv1D layers was expected."
        )
    return found


def _ends(name: str, wanted: str) -> bool:
    return name == wanted or name.endswith(f".{wanted}")


def _check_bare(model: nn.Module) -> None:
    if routed_layers(model):
        raise ConfigError(
            f"{type(model).__name__} has routed layers already. Load the base anew, and wrap that."
        )
    if any(type(each).__module__.partition(".")[0] == "peft" for each in model.modules()):
        raise ConfigError(
            f"{type(model).__name__} holds PEFT adapters. A bare model was expected: call "
            "merge_and_unload() first, or load the base anew."
        )
