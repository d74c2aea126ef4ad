"""torch's CPU kernel behind `matmul_4bit`: the same product, and never a stale weight."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest
import torch

from hyperlex_kernels import int4pack, matmul_4bit, quantize_4bit

pytestmark = pytest.mark.skipif(
    not hasattr(torch.ops.aten, "_weight_int4pack_mm_for_cpu"), reason="this torch has no such op"
)
# Scales and offsets are rounded to the dtype of x before they are used.
TOLERANCE = {torch.float32: 1e-5, torch.float16: 6e-4, torch.bfloat16: 4e-3}


@pytest.mark.parametrize("group_size", [32, 64])
@pytest.mark.parametrize(
    ("dtype", "batch"),
    [(torch.float32, 1), (torch.float16, 1), (torch.bfloat16, 1), (torch.bfloat16, 2)],
    ids=str,
)
def test_int4pack_matches_the_reference(dtype: torch.dtype, batch: int, group_size: int) -> None:
    torch.manual_seed(0)
    weight = quantize_4bit(torch.randn(48, 320), "int4", group_size)
    x, bias = torch.randn(batch, 320).to(dtype), torch.randn(48).to(dtype)
    out = matmul_4bit(x, weight, bias, implementation="int4pack").double()
    expected = matmul_4bit(x.float(), weight, bias.float(), implementation="reference").double()
    assert float((out - expected).norm() / expected.norm()) <= TOLERANCE[dtype]


def test_a_changed_weight_is_prepared_anew() -> None:
    weight = quantize_4bit(torch.randn(32, 128), "int4")
    other = quantize_4bit(torch.randn(32, 128), "int4")
    x = torch.randn(1, 128)
    matmul_4bit(x, weight, implementation="int4pack")
    weight.packed.copy_(other.packed)
    after = matmul_4bit(x, weight, implementation="int4pack")
    expected = matmul_4bit(x, weight, implementation="reference")
    torch.testing.assert_close(after, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("in_place", [True, False])
def test_changed_scales_are_seen(in_place: bool) -> None:
    weight = quantize_4bit(torch.randn(32, 128), "int4")
    x = torch.randn(1, 128)
    before = matmul_4bit(x, weight, implementation="int4pack")
    if in_place:
        weight.scales.mul_(2)
    else:
        weight = replace(weight, scales=weight.scales * 2)
    after = matmul_4bit(x, weight, implementation="int4pack")
    torch.testing.assert_close(after, before * 2, rtol=1e-3, atol=1e-3)


def test_what_was_prepared_dies_with_its_weight() -> None:
    weight = quantize_4bit(torch.randn(32, 128), "int4")
    gc.collect()
    matmul_4bit(torch.randn(1, 128), weight, implementation="int4pack")
    kept = len(int4pack._prepared)
    del weight
    gc.collect()
    assert len(int4pack._prepared) == kept - 1
