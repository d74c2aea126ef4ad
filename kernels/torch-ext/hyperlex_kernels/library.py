"""What all operators share: where they are registered, and what a tensor is."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Final

import torch
from torch import Tensor

# Loaded from the Hub, this package has a generated name, and two versions may share a process.
_PACKAGE: Final = __name__.split(".")[0]
FLOATS: Final = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
LAUNCH: Final = {"enable_fp_fusion": True}
"""Options of every launch: a product and a sum may become one instruction. Triton 3.10 will no
longer take that for granted, and 3.9 warns of it."""
NAMESPACE: Final = "hyperlex" if _PACKAGE == "hyperlex_kernels" else re.sub(r"\W", "_", _PACKAGE)


def current_device(tensor: Tensor) -> AbstractContextManager[object]:
    """Triton launches on the current device, which need not be the one that the tensors are on."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()


@cache
def card(device: torch.device) -> tuple[str, int, int]:
    """Name, major compute capability and multiprocessors of a device; off CUDA, of an H200."""
    if device.type != "cuda":
        return "interpreter", 9, 132
    properties = torch.cuda.get_device_properties(device)
    return properties.name, properties.major, properties.multi_processor_count


def is_fake(tensor: Tensor) -> bool:
    """Whether the tensor has a shape but no elements."""
    return isinstance(tensor, torch._subclasses.FakeTensor) or torch._is_functional_tensor(tensor)
