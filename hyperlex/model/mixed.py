"""Autocast over a model without numbers: parameters in 32 bits, products in 16.

Autocast knows no meta tensors, so the model gets fake ones (`torch._subclasses.fake_tensor`): they
have no numbers either, and say that they lie on a CPU. PyTorch's own autocast then casts what it
casts in a run, and keeps the casts that it keeps: of a trained weight one for the whole forward
pass, of any other one for each product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

Place = Literal["cuda", "cpu"]
PLACE: Final = "cpu"
"""Where fake tensors say that they lie, whatever is planned for: it needs no card."""

_SIXTEEN_BITS: Final = (torch.float16, torch.bfloat16)

# What autocast computes in 32 bits on CUDA and leaves alone on a CPU, as far as language models
# have it: https://docs.pytorch.org/docs/stable/amp.html, "CUDA Ops that can autocast to float32".
_ON_FLOAT32: Final[frozenset[Callable[..., Any]]] = frozenset(
    {
        F.layer_norm,
        F.group_norm,
        F.softplus,
        F.normalize,
        F.cosine_similarity,
        *(
            getattr(place, name)
            for name in ("pow", "exp", "expm1", "log", "log1p", "log2", "reciprocal", "rsqrt")
            for place in (torch, Tensor)
        ),
        torch.layer_norm,
        torch.norm,
        Tensor.norm,
        Tensor.__pow__,
        Tensor.__rpow__,
        Tensor.__rtruediv__,
        Tensor.__rdiv__,
    }
)
_INTO_FLOAT32: Final[frozenset[Callable[..., Any]]] = frozenset(
    {
        F.softmax,
        F.log_softmax,
        *(
            getattr(place, name)
            for name in ("softmax", "log_softmax", "sum", "cumsum", "prod", "cumprod")
            for place in (torch, Tensor)
        ),
    }
)


@contextmanager
def fake_tensors(model: nn.Module) -> Iterator[None]:
    """Inside, `model`, whose tensors are on the meta device, can run under `autocast`.

    It keeps the tensors that it is given here.
    """
    mode = FakeTensorMode()
    made: dict[int, Any] = {}

    def fake(tensor: Tensor) -> Any:
        if id(tensor) not in made:  # a head may share the embedding's weight
            new: Any = FakeTensor(mode, tensor.detach(), torch.device(PLACE))
            if isinstance(tensor, nn.Parameter):
                new = nn.Parameter(new, requires_grad=tensor.requires_grad)
            made[id(tensor)] = new
        return made[id(tensor)]

    for module in model.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is not None:
                    tensors[name] = fake(tensor)
    with mode:
        yield


@contextmanager
def autocast(dtype: torch.dtype, place: Place) -> Iterator[None]:
    """Products in `dtype` inside, of the tensors that `fake_tensors` makes.

    Args:
        place: by whose rules it is chosen between 16 and 32 bits.
    """
    with torch.autocast(PLACE, dtype), _rules(place):
        yield


def computed_anew(place: Place) -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """For checkpointing, as `context_fn`: around a layer, and around the same layer in the backward
    pass, where PyTorch itself brings back autocast alone.
    """
    return nullcontext(), _rules(place)


def autocast_dtype() -> torch.dtype | None:
    """What products are computed in here; None outside of `autocast`."""
    return torch.get_autocast_dtype(PLACE) if torch.is_autocast_enabled(PLACE) else None


def _rules(place: Place) -> AbstractContextManager[Any]:
    return _AsOnCuda() if place == "cuda" else nullcontext()


class _AsOnCuda(TorchFunctionMode):
    """Adds what autocast does on CUDA beyond what it does on a CPU, wherever it is on."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if torch.is_autocast_enabled(PLACE):
            if func in _ON_FLOAT32:
                args, kwargs = tree_map(_widened, (args, kwargs))
            elif func in _INTO_FLOAT32 and args and _is_narrow(args[0]):
                kwargs = {"dtype": torch.float32} | kwargs
        return func(*args, **kwargs)


def _is_narrow(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype in _SIXTEEN_BITS


def _widened(value: Any) -> Any:
    return value.float() if _is_narrow(value) else value
