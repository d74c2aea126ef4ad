"""The memory that a forward pass takes beyond weights and cache, without running it.

The model's own code is run on the meta device, where a tensor has a shape and no numbers, and every
tensor that it makes is counted for as long as it lives. So it holds for any architecture, and for
what its modules keep alive together, not for what a formula remembers of one of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hyperlex.model.linear import Linear4bit
from hyperlex_kernels.dispatch import MAX_FUSED_BATCH


class LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors made inside, while they live; `peak` is the most at once.

    Two tensors of one storage count once. Workspace inside an operator is not seen.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._alive: dict[int, tuple[Any, int]] = {}
        # What goes into operators and did not come out of one before: weights, and their views.
        self._given: dict[int, Any] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        for key, storage, _ in _storages((args, kwargs or {})):
            if key not in self._alive:
                self._given.setdefault(key, storage)
        result = func(*args, **(kwargs or {}))
        for key, storage, size in _storages(result):
            if key not in self._given:
                self._alive.setdefault(key, (storage, size))
        self._alive = {key: kept for key, kept in self._alive.items() if not kept[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self._alive.values()))
        return result


def _storages(tree: Any) -> Iterator[tuple[int, Any, int]]:
    """The storage of each tensor in `tree`: its address, a weak reference, its bytes."""
    for tensor in tree_leaves(tree):
        if isinstance(tensor, Tensor):
            storage = tensor.untyped_storage()
            # The reference also keeps the address from being given to another one.
            weak: Any = StorageWeakRef(storage)  # type: ignore[no-untyped-call]
            yield weak.cdata, weak, storage.nbytes()


def activation_bytes(model: Any, batch: int, tokens: int) -> int:
    """The most bytes that live at once while `model` reads `tokens` tokens of `batch` texts each.

    Without weights and cache; the logits of the last token only are kept, as `generate` keeps them.
    Counted is what PyTorch's operators return, and the dense copy of the largest 4-bit weight where
    so many rows go through it that one is made. Workspace of cuBLAS is not, nor gaps of the
    allocator.

    Args:
        model: a causal language model on the meta device, as `AutoModelForCausalLM.from_config`
            makes it under `torch.device("meta")`.
    """
    options: dict[str, Any] = {"use_cache": False}
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        options["logits_to_keep"] = 1
    ids = torch.zeros((batch, tokens), dtype=torch.int64, device="meta")
    # A mask of this shape is taken as it is; without one, the ids would be looked at.
    mask = torch.ones((batch, 1, 1, tokens), dtype=torch.bool, device="meta")
    live = LiveBytes()
    with torch.no_grad(), live:
        model(input_ids=ids, attention_mask=mask, **options)
    return live.peak + (_dense_copy(model) if batch * tokens > MAX_FUSED_BATCH else 0)


def _dense_copy(model: Any) -> int:
    layers = [module for module in model.modules() if isinstance(module, Linear4bit)]
    weights = [layer.out_features * layer.in_features for layer in layers]
    size: int = model.dtype.itemsize
    return max(weights, default=0) * size
