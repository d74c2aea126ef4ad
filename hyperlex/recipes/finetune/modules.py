"""Where things are in a model, read from its modules: no table of architectures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from hyperlex.errors import ConfigError


def linear_names(model: Any, *, attention_only: bool = False) -> list[str]:
    """Names of the linear layers inside the blocks of a model, relative to their block: suffixes
    that find these layers in every block and no other layer.

    Linear is `nn.Linear` and what is made of it (`Linear4bit`, bitsandbytes' layers), and GPT-2's
    `Conv1D`. Attention is what a block holds under such a name, or of such a class.

    Raises:
        ConfigError: no blocks are found, or none with such a layer.
    """
    names: set[str] = set()
    for block in blocks(model):
        for name, module in block.named_modules():
            if is_linear(module) and (not attention_only or _in_attention(block, name)):
                names.add(name)
    if not names:
        raise ConfigError(
            f"{type(model).__name__} has no linear layer in its "
            f"{'attention' if attention_only else 'blocks'} that adapters could be put on. A "
            'decoder such as GPT-2 or Llama was expected. Try adapters = "one-dimensional".'
        )
    return sorted(names)


def is_linear(module: nn.Module) -> bool:
    """Whether LoRA can be put on a module."""
    return isinstance(module, nn.Linear | Conv1D)


def has_turned_weight(model: Any) -> bool:
    """Whether linear layers of the blocks keep their weight turned, as `Conv1D` does."""
    return any(isinstance(module, Conv1D) for block in blocks(model) for module in block.modules())


def blocks(model: Any) -> list[nn.Module]:
    """The blocks of a decoder: the list of equal modules with most parameters."""
    found = [
        list(module)
        for module in model.modules()
        if isinstance(module, nn.ModuleList) and any(map(is_linear, module.modules()))
    ]
    if not found:
        raise ConfigError(
            f"{type(model).__name__} has no list of blocks. A decoder such as GPT-2 or Llama was "
            "expected."
        )
    return max(found, key=lambda each: sum(p.numel() for b in each for p in b.parameters()))


def one_dimensional(model: Any) -> list[str]:
    """Full names of modules all of whose own parameters are vectors: norms, and the like."""
    return [name for name, module in model.named_modules() if _has_only_vectors(module)]


def embedding_names(model: Any) -> tuple[str, str | None]:
    """Full names of the input embedding and, where it is another matrix, of the head."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    names = {id(module): name for name, module in model.named_modules()}
    if head is None or head.weight is embedding.weight:
        return names[id(embedding)], None
    return names[id(embedding)], names[id(head)]


def _in_attention(block: nn.Module, name: str) -> bool:
    return any("att" in part.lower() for part in name.split(".")[:-1]) or any(
        "attention" in type(module).__name__.lower() for module in _holders(block, name)
    )


def _holders(block: nn.Module, name: str) -> Iterator[nn.Module]:
    module = block
    for part in name.split(".")[:-1]:
        module = getattr(module, part)
        yield module


def _has_only_vectors(module: nn.Module) -> bool:
    own = list(module.parameters(recurse=False))
    return bool(own) and not is_linear(module) and all(each.ndim == 1 for each in own)
