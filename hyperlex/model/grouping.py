"""Fewer key and value heads: multi-head attention to grouped-query attention (GQA).

Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head
Checkpoints", EMNLP 2023, arXiv:2305.13245: the heads of a group become their mean, and further
training (5 % of what pre-training took) brings back most of the quality. Without that training the
model is badly damaged.

Heads are means of each other only as far as they agree, and a head is free to be written in another
basis. So with calibration text they are first turned to agree, which by itself changes nothing the
model computes (after Jin et al., "Align Attention Heads Before Merging Them", arXiv:2412.20677):

* values of a head by any rotation R, undone in the output projection;
* keys by a rotation in each plane of the rotary embedding, with queries turned alike;
* heads by order, so that those which agree best share a group, queries moving with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hyperlex.errors import ConfigError
from hyperlex.model.linear import Linear4bit

CALIBRATION_TOKENS = 2048
"""Read for the alignment at most: sixteen times as many as a head of 128 has dimensions."""
PROCRUSTES_ROUNDS = 4

_ROTARY_PLANES = ("llama", "mistral", "qwen2", "gemma", "gemma2")
"""Keys of these turn in planes (i, i + D/2) with nothing between projection and rotation. Others,
Qwen3 with its norm of keys say, have only values and order aligned."""


@dataclass(frozen=True)
class Attention:
    """The four projections of one layer, and how many heads they have."""

    module: Any
    query_heads: int
    key_heads: int
    head_size: int

    @property
    def queries_per_key(self) -> int:
        return self.query_heads // self.key_heads


def find_attention(model: nn.Module) -> list[Attention]:
    """The layers of `model` whose heads can be grouped, from the first to the last.

    Raises `ConfigError` for a model that transformers cannot store with grouped heads (GPT-2,
    GPT-Neo, GPT-J), and for quantised projections.
    """
    config = model.config.get_text_config()  # type: ignore[union-attr, operator]
    if getattr(config, "num_key_value_heads", None) is None:
        raise ConfigError(
            f"{type(model).__name__} has no grouped heads in transformers: its config knows no "
            "num_key_value_heads, so no ordinary checkpoint could hold them. A model as Llama, "
            "Mistral, Qwen or Gemma was expected. For this one keep the heads, and store the cache "
            "in 4 bits: QuantizedKVCache(model.config, 'int4')."
        )
    found = []
    for module in model.modules():
        layers = [getattr(module, name, None) for name in ("q_proj", "k_proj", "v_proj", "o_proj")]
        if any(layer is None for layer in layers):
            continue
        if any(type(layer) is not nn.Linear for layer in layers):
            kind = "4-bit" if any(isinstance(layer, Linear4bit) for layer in layers) else "wrapped"
            raise ConfigError(
                f"{type(module).__name__} has {kind} projections. Dense weights were expected: "
                "convert the original model, then quantise or train the result."
            )
        size: int = module.head_dim  # type: ignore[assignment]
        heads = (layers[0].out_features // size, layers[1].out_features // size)  # type: ignore[union-attr]
        found.append(Attention(module, *heads, size))
    if not found:
        raise ConfigError(
            f"{type(model).__name__} has no attention with q_proj, k_proj, v_proj and o_proj, as "
            "Llama, Mistral, Qwen and Gemma have. Those were expected."
        )
    return found


@contextmanager
def heads_recorded(
    layers: list[Attention],
) -> Iterator[Callable[[int], tuple[Tensor, Tensor]]]:
    """While the block runs, keep what the key and value projections of `layers` give.

    Yields a function from the number of a layer to its (keys, values), each [H, tokens, D] float32:
    keys as they are before the rotary embedding.
    """
    kept: dict[tuple[int, str], list[Tensor]] = {}
    hooks = []

    def keep(index: int, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            kept.setdefault((index, name), []).append(output.detach().flatten(0, -2).cpu())

        return hook

    for index, layer in enumerate(layers):
        for name in ("k_proj", "v_proj"):
            projection: nn.Module = getattr(layer.module, name)
            hooks.append(projection.register_forward_hook(keep(index, name)))

    def recorded(index: int) -> tuple[Tensor, Tensor]:
        size = layers[index].head_size
        keys, values = (
            _heads(torch.cat(kept[index, name]).float(), 1, size).transpose(0, 1)
            for name in ("k_proj", "v_proj")
        )
        return keys, values

    try:
        yield recorded
    finally:
        for handle in hooks:
            handle.remove()


def group_heads(
    model: nn.Module,
    key_heads: int,
    recorded: Callable[[int], tuple[Tensor, Tensor]] | None = None,
) -> None:
    """Give `model`, in place, `key_heads` key and value heads instead of more.

    Args:
        model: a causal language model as Llama, with dense weights in memory.
        key_heads: how many are left; must divide the number there is.
        recorded: keys and values on calibration text, from `heads_recorded`: heads are ordered and
            aligned by them first. None: neighbouring heads become their mean as they are.

    Raises:
        ConfigError: as `find_attention`, or a number of heads that does not divide.
    """
    layers = find_attention(model)
    for layer in layers:
        if not 1 <= key_heads < layer.key_heads or layer.key_heads % key_heads:
            fitting = [n for n in range(1, layer.key_heads) if layer.key_heads % n == 0]
            raise ConfigError(
                f"{key_heads} key and value heads out of {layer.key_heads}. One of "
                f"{', '.join(map(str, fitting)) or '(none: it has one only)'} was expected."
            )
    turn_keys = model.config.get_text_config().model_type in _ROTARY_PLANES  # type: ignore[union-attr, operator]
    with torch.no_grad():
        for index, layer in enumerate(layers):
            if recorded is not None:
                _align(layer, key_heads, *recorded(index), turn_keys)
            _pool(layer, key_heads)
    for config in (model.config, model.config.get_text_config()):  # type: ignore[union-attr, operator]
        if hasattr(config, "num_key_value_heads"):
            config.num_key_value_heads = key_heads


def _pool(layer: Attention, key_heads: int) -> None:
    """Neighbouring heads of `layer` to their mean, in float32."""
    module = layer.module
    for name in ("k_proj", "v_proj"):
        projection: nn.Linear = getattr(module, name)
        for parameter in (projection.weight, projection.bias):
            if parameter is not None:
                heads = _heads(parameter.float(), 0, layer.head_size)
                means = heads.view(key_heads, -1, *heads.shape[1:]).mean(1)
                parameter.data = means.flatten(0, 1).to(parameter.dtype)
        projection.out_features = key_heads * layer.head_size
    module.num_key_value_groups = layer.query_heads // key_heads
    if hasattr(module, "num_key_value_heads"):
        module.num_key_value_heads = key_heads


def _align(layer: Attention, key_heads: int, keys: Tensor, values: Tensor, turn_keys: bool) -> None:
    """Turn and order the heads of `layer` so that those of a group agree on `keys` and `values`."""
    distance = _value_distances(values)
    planes = torch.complex(*keys.chunk(2, -1))
    if turn_keys:
        distance = distance + _key_distances(planes)
    order = balanced_groups(distance, key_heads).flatten()
    _reorder(layer, order)
    values, planes = values[order], planes[order]
    size = layer.key_heads // key_heads
    for first in range(0, layer.key_heads, size):
        group = range(first, first + size)
        for head, rotation in zip(group, _rotations(values[first : first + size]), strict=True):
            _turn_values(layer, head, rotation)
        if turn_keys:
            for head, angles in zip(group, _angles(planes[first : first + size]), strict=True):
                _turn_keys(layer, head, angles)


def _value_distances(values: Tensor) -> Tensor:
    """What is left between any two heads [H, n, D] after the best rotation, relative: [H, H].

    min over R of |A R - B|² = |A|² + |B|² - 2 |AᵀB|₊, where |·|₊ sums the singular values.
    """
    norms = values.square().sum((1, 2))
    shared = torch.stack([torch.linalg.svdvals(head.T @ values).sum(-1) for head in values])
    return _relative(norms, shared)


def _key_distances(planes: Tensor) -> Tensor:
    """The same for keys as complex numbers [H, n, D/2] and a rotation in each plane."""
    norms = planes.abs().square().sum((1, 2))
    shared = torch.einsum("hnp,jnp->hjp", planes.conj(), planes).abs().sum(-1)
    return _relative(norms, shared)


def _relative(norms: Tensor, shared: Tensor) -> Tensor:
    total = norms[:, None] + norms[None, :]
    return (total - 2 * shared) / total.clamp_min(torch.finfo(total.dtype).tiny)


def balanced_groups(distance: Tensor, count: int) -> Tensor:
    """`count` groups of equal size with small distances inside, by swaps until none helps.

    Args:
        distance: [H, H], symmetric; `count` divides H.

    Returns:
        int64 [count, H / count]: the heads of each group, in order. The same for the same input.
    """
    heads = len(distance)
    member = torch.arange(heads) // (heads // count)
    while True:
        inside = torch.nn.functional.one_hot(member, count).to(distance.dtype)
        to_group = distance @ inside  # [H, count]: from a head to all of a group
        own = to_group.gather(1, member[:, None])
        moved = to_group[:, member] - own  # what head i would pay in the group of j, beyond now
        # Both move, and neither meets the other any more.
        change = moved + moved.T - 2 * distance
        change = change.masked_fill(member[:, None] == member[None, :], 0)
        best = int(change.argmin())
        i, j = divmod(best, heads)
        if change[i, j] >= -1e-6 * float(distance.abs().max()):
            return member.argsort(stable=True).view(count, -1)
        member[i], member[j] = member[j].clone(), member[i].clone()


def _rotations(values: Tensor) -> list[Tensor]:
    """For each head [n, D] of a group the rotation onto their common mean (Procrustes)."""
    mean = values[0]
    rotations: list[Tensor] = []
    for _ in range(PROCRUSTES_ROUNDS):
        rotations = []
        for head in values:
            left, _, right = torch.linalg.svd(head.T @ mean)
            rotations.append(left @ right)
        mean = torch.stack([h @ r for h, r in zip(values, rotations, strict=True)]).mean(0)
    return rotations


def _angles(planes: Tensor) -> list[Tensor]:
    """For each head [n, D/2] of a group the angle of each plane, as a complex number of size 1."""
    mean = planes[0]
    angles: list[Tensor] = []
    for _ in range(PROCRUSTES_ROUNDS):
        sums = [(head.conj() * mean).sum(0) for head in planes]
        angles = [torch.where(total == 0, 1, torch.sgn(total)) for total in sums]
        mean = torch.stack([h * a for h, a in zip(planes, angles, strict=True)]).mean(0)
    return angles


def _reorder(layer: Attention, order: Tensor) -> None:
    """Move whole heads, queries with their keys and values: the layer computes the same."""
    module, size = layer.module, layer.head_size
    queries = (order[:, None] * layer.queries_per_key + torch.arange(layer.queries_per_key)).view(
        -1
    )
    for name, heads in (("q_proj", queries), ("k_proj", order), ("v_proj", order)):
        projection: nn.Linear = getattr(module, name)
        for parameter in (projection.weight, projection.bias):
            if parameter is not None:
                moved = _heads(parameter, 0, size)[heads.to(parameter.device)]
                parameter.data = moved.flatten(0, 1)
    weight = module.o_proj.weight
    weight.data = _heads(weight, 1, size)[:, queries.to(weight.device)].flatten(1)


def _heads(x: Tensor, axis: int, size: int) -> Tensor:
    """The axis of all channels as two: heads, and channels of a head."""
    return x.reshape(*x.shape[:axis], -1, size, *x.shape[axis + 1 :])


def _turn_values(layer: Attention, head: int, rotation: Tensor) -> None:
    """v -> v R in the value projection, and R undone where the output projection reads it."""
    projection: nn.Linear = layer.module.v_proj
    rows = slice(head * layer.head_size, (head + 1) * layer.head_size)
    for parameter in (projection.weight, projection.bias):
        if parameter is not None:
            turn = rotation.to(parameter.device)
            parameter[rows] = (turn.T @ parameter[rows].float()).to(parameter.dtype)
    output = layer.module.o_proj.weight
    for query in range(head * layer.queries_per_key, (head + 1) * layer.queries_per_key):
        columns = slice(query * layer.head_size, (query + 1) * layer.head_size)
        turned = output[:, columns].float() @ rotation.to(output.device)
        output[:, columns] = turned.to(output.dtype)


def _turn_keys(layer: Attention, head: int, angles: Tensor) -> None:
    """A key head and its queries by the same angle in each plane: their products stay."""
    per_key = layer.queries_per_key
    turned = [(layer.module.k_proj, head)]
    turned += [(layer.module.q_proj, head * per_key + query) for query in range(per_key)]
    for projection, index in turned:
        rows = slice(index * layer.head_size, (index + 1) * layer.head_size)
        for parameter in (projection.weight, projection.bias):
            if parameter is not None:
                plane = torch.complex(*parameter[rows].float().chunk(2, 0))
                angle = angles.to(parameter.device)
                plane = plane * (angle[:, None] if plane.ndim == 2 else angle)
                parameter[rows] = torch.cat([plane.real, plane.imag]).to(parameter.dtype)
