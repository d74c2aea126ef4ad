"""4-bit linear algebra for small GPUs: NF4 and int4 weights, decoded inside the product.

    weight = quantize_4bit(dense, "nf4")        # 4.25 bits a weight
    y = matmul_4bit(x, weight, bias)            # x of 1 to thousands of rows
    explain(x, weight)                          # which implementation that was, and why

The wing knows nothing of hyperlex: it needs torch, and triton where there is a GPU.
"""

from .bitsandbytes import import_bitsandbytes
from .dispatch import Choice, Refusal, explain
from .formats import (
    FORMATS,
    GROUP_SIZES,
    NF4_LEVELS,
    PackedWeight,
    pack_weight,
    quantize_4bit,
    unpack_weight,
)
from .operators import dequantize_4bit, matmul_4bit, matmul_4bit_dx

__all__ = [
    "FORMATS",
    "GROUP_SIZES",
    "NF4_LEVELS",
    "Choice",
    "PackedWeight",
    "Refusal",
    "dequantize_4bit",
    "explain",
    "import_bitsandbytes",
    "matmul_4bit",
    "matmul_4bit_dx",
    "pack_weight",
    "quantize_4bit",
    "unpack_weight",
]
