"""The grouped products in plain PyTorch: one product an expert.

The offsets are read on the host, so a GPU is waited for. What the kernels compute is held to this.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor


def grouped_matmul(x: Tensor, w: Tensor, offsets: Tensor, transposed: bool) -> Tensor:
    """x [M, K], w [E, K, N] (`transposed`: [E, N, K]), offsets [E + 1] -> [M, N]."""
    dense = w.transpose(1, 2) if transposed else w
    out = x.new_zeros((x.shape[0], dense.shape[2]))
    for expert, (start, stop) in enumerate(pairwise(offsets.tolist())):
        torch.mm(x[start:stop], dense[expert], out=out[start:stop])
    return out


def grouped_matmul_dw(x: Tensor, grad: Tensor, offsets: Tensor) -> Tensor:
    """x [M, K], grad [M, N], offsets [E + 1] -> [E, K, N], 0 for an expert without rows."""
    out = x.new_zeros((offsets.numel() - 1, x.shape[1], grad.shape[1]))
    for expert, (start, stop) in enumerate(pairwise(offsets.tolist())):
        torch.mm(x[start:stop].t(), grad[start:stop], out=out[expert])
    return out
