"""The memory that a forward pass takes beyond weights and cache, without running it.

The model's own code is run on the meta device, where a tensor has a shape and no numbers, and every
tensor that it makes is counted for as long as it lives. So it holds for any architecture, and for
what its modules keep alive together, not for what a formula remembers of one of them.
"""

from __future__ import annotations

import inspect
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hyperlex_kernels.dispatch import MAX_FUSED_BATCH
from hyperlex_kernels.library import NAMESPACE


class LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors made inside, while they live; `peak` is the most at once.

    Two tensors of one storage count once. Workspace inside an operator is not seen, but for the
    dense copy of a 4-bit weight.

    Args:
        kind_of: names the kind that a new tensor is counted under; all are "activations" without.

    `at_peak` says how `peak` is made up, by kind.
    """

    def __init__(self, kind_of: Callable[[Tensor], str] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self.at_peak: Counter[str] = Counter()
        self._kind_of = kind_of
        self._live: Counter[str] = Counter()
        # A storage that dies takes its entry along, so that its address may be given again.
        self._counted: dict[int, tuple[Any, str, int]] = {}
        # What goes into operators and did not come out of one before: weights, and their views.
        self._given: dict[int, Any] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        for _, storage in _storages((args, kwargs or {})):
            key = storage._cdata
            if key not in self._counted and key not in self._given:
                self._given[key] = weakref.ref(storage, partial(self._forget, key))
        result = func(*args, **(kwargs or {}))
        for tensor, storage in _storages(result):
            key = storage._cdata
            if key not in self._counted and key not in self._given:
                kind = self._kind_of(tensor) if self._kind_of else "activations"
                dead = weakref.ref(storage, partial(self._forget, key))
                self._counted[key] = (dead, kind, storage.nbytes())
                self._live[kind] += storage.nbytes()
        self._note(_workspace(func, args))
        return result

    def recount(self, tensor: Tensor, kind: str) -> None:
        """Count `tensor`, made inside, under `kind` from now on."""
        key = tensor.untyped_storage()._cdata
        if key in self._counted:
            dead, before, size = self._counted[key]
            self._live[before] -= size
            self._live[kind] += size
            self._counted[key] = (dead, kind, size)

    def restart(self) -> None:
        """Look for the peak anew; what is alive stays counted."""
        self.peak = 0
        self._note(0)

    def _note(self, workspace: int) -> None:
        now = sum(self._live.values()) + workspace
        if now > self.peak:
            self.peak = now
            self.at_peak = self._live + Counter(activations=workspace)

    def _forget(self, key: int, _: object) -> None:
        self._given.pop(key, None)
        _, kind, size = self._counted.pop(key, (None, "activations", 0))
        self._live[kind] -= size


def _storages(tree: Any) -> Iterator[tuple[Tensor, Any]]:
    """Each tensor in `tree` with its storage."""
    for tensor in tree_leaves(tree):
        if isinstance(tensor, Tensor):
            yield tensor, tensor.untyped_storage()


def _workspace(func: Any, args: Any) -> int:
    """Bytes of the dense copy of a 4-bit weight that the operator `func` makes and drops."""
    name = func.name()
    if name == f"{NAMESPACE}::matmul_4bit":
        x = args[0]
        if x.numel() // max(1, x.shape[-1]) <= MAX_FUSED_BATCH:
            return 0
        rows, columns = args[7], x.shape[-1]
    elif name == f"{NAMESPACE}::matmul_4bit_dx":
        x = args[0]
        rows, columns = x.shape[-1], args[6]
    else:
        return 0
    size: int = rows * columns * x.element_size()
    return size


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
    return live.peak
