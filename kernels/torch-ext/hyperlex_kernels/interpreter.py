"""Whether Triton's kernels of this process run on the CPU, in Triton's own interpreter.

Triton decides it when a kernel is defined, so it is asked once, from Triton itself.
"""

from __future__ import annotations

from typing import Final

import torch
import triton

INTERPRETED: Final[bool] = bool(triton.knobs.runtime.interpret)


def result_dtype(dtype: torch.dtype) -> torch.dtype:
    """What a kernel should write where the caller wants `dtype`.

    The interpreter cuts float32 to bfloat16 instead of rounding it, so there torch does it.
    """
    return torch.float32 if INTERPRETED and dtype == torch.bfloat16 else dtype
