"""Look-ups on a CPU against the reference: a dense weight to the bit, a product to its rounding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from hyperlex_kernels import (
    FORMATS,
    GROUP_SIZES,
    PackedWeight,
    dequantize_4bit,
    explain,
    lookup,
    matmul_4bit,
    matmul_4bit_dx,
    quantize_4bit,
)
from hyperlex_kernels.dispatch import Request, choose

# Sums of another order, and where x has 16 bits a result that is rounded the other way.
TOLERANCE = {torch.float32: 1e-6, torch.float16: 1e-4, torch.bfloat16: 1e-3}
# (M, N, K): one weight, less than a tile, whole blocks of padding, many tiles that come out uneven.
SHAPES = ((1, 1, 1), (2, 5, 64), (7, 33, 200), (33, 70, 96), (1, 130, 1001), (2, 128, 512))


@pytest.fixture(params=[1, 2], ids="{} threads".format)
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many threads the choice between the two look-ups believes in."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: request.param)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=[1, 1 << 13], ids="{} weights".format)
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much of a weight is dense at a time: one block of 16 rows, some of them or all."""
    monkeypatch.setattr(lookup, "_CHUNK_WEIGHTS", request.param)


def packed(
    rows: int, columns: int, format: str = "nf4", group_size: int = 64, **options: torch.dtype
) -> PackedWeight:
    torch.manual_seed(rows * 7919 + columns)
    return quantize_4bit(torch.randn(rows, columns), format, group_size, **options, search=False)


def relative(out: torch.Tensor, expected: torch.Tensor) -> float:
    return float((out.double() - expected.double()).norm() / expected.double().norm())


@pytest.mark.usefixtures("chunk", "threads", "poisoned")
@pytest.mark.parametrize("group_size", GROUP_SIZES)
@pytest.mark.parametrize("format", FORMATS)
def test_lookup_matches_the_reference(format: str, group_size: int) -> None:
    for batch, rows, columns in SHAPES:
        weight = packed(rows, columns, format, group_size)
        for dtype, most in TOLERANCE.items():
            x, bias = torch.randn(batch, columns).to(dtype), torch.randn(rows).to(dtype)
            for added in (bias, None):
                out = matmul_4bit(x, weight, added, implementation="lookup")
                expected = matmul_4bit(x, weight, added, implementation="reference")
                assert out.dtype == dtype
                assert relative(out, expected) <= most, (batch, rows, columns, dtype)


@pytest.mark.usefixtures("chunk", "threads", "poisoned")
@pytest.mark.parametrize("group_size", GROUP_SIZES)
@pytest.mark.parametrize("format", FORMATS)
def test_a_dense_weight_has_the_bits_of_the_reference(format: str, group_size: int) -> None:
    for _, rows, columns in SHAPES:
        for scale_dtype in (torch.float16, torch.float32):
            weight = packed(rows, columns, format, group_size, scale_dtype=scale_dtype)
            for dtype in TOLERANCE:
                out = dequantize_4bit(weight, dtype, implementation="lookup")
                expected = dequantize_4bit(weight, dtype, implementation="reference")
                assert torch.equal(out, expected), (rows, columns, scale_dtype, dtype)


@pytest.mark.usefixtures("chunk", "threads")
@pytest.mark.parametrize("format", FORMATS)
def test_dx_matches_the_reference(format: str) -> None:
    for batch, rows, columns in SHAPES:
        weight = packed(rows, columns, format)
        for dtype, most in TOLERANCE.items():
            grad = torch.randn(2, batch, rows).to(dtype)
            out = matmul_4bit_dx(grad, weight, implementation="lookup")
            expected = matmul_4bit_dx(grad, weight, implementation="reference")
            assert out.shape == (2, batch, columns) and out.dtype == dtype
            assert relative(out, expected) <= most, (batch, rows, columns, dtype)


@pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float16, 2.3e-4), (torch.bfloat16, 1.8e-3)], ids=str
)
def test_error_at_k_4096_is_that_of_rounding_the_result(dtype: torch.dtype, most: float) -> None:
    weight = packed(256, 4096)
    x = torch.randn(8, 4096).to(dtype)
    expected = x.double() @ dequantize_4bit(weight, implementation="reference").double().T
    assert relative(matmul_4bit(x, weight, implementation="lookup"), expected) <= most


@pytest.mark.usefixtures("threads")
def test_float32_scales_that_float16_cannot_hold() -> None:
    torch.manual_seed(0)
    weight = quantize_4bit(torch.randn(48, 256) * 1e6, scale_dtype=torch.float32)
    x = torch.randn(3, 256)
    out = matmul_4bit(x, weight, implementation="lookup")
    assert relative(out, matmul_4bit(x, weight, implementation="reference")) <= 1e-6


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("format", FORMATS)
def test_nan_and_inf_stay_in_their_row(format: str, value: float) -> None:
    weight = packed(70, 200, format)
    x = torch.randn(3, 200)
    x[1, 5] = value
    out = matmul_4bit(x, weight, implementation="lookup")
    expected = matmul_4bit(x, weight, implementation="reference")
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-4, equal_nan=True)
    assert bool(out[[0, 2]].isfinite().all()) and not bool(out[1].isfinite().any())


@pytest.mark.usefixtures("two_threads")
def test_the_same_input_gives_the_same_bits() -> None:
    weight = packed(512, 1000)
    x = torch.randn(5, 1000)
    first = matmul_4bit(x, weight, implementation="lookup")
    for _ in range(3):
        assert torch.equal(first, matmul_4bit(x, weight, implementation="lookup"))


def test_an_empty_batch_gives_an_empty_result() -> None:
    weight = packed(70, 200)
    assert matmul_4bit(torch.empty(0, 200), weight, implementation="lookup").shape == (0, 70)
    assert matmul_4bit_dx(torch.empty(0, 70), weight, implementation="lookup").shape == (0, 200)


def test_a_table_made_in_inference_mode_serves_training() -> None:
    lookup._pairs_of_levels.cache_clear()
    weight = packed(64, 128)
    with torch.inference_mode():
        matmul_4bit(torch.randn(1, 128), weight)
    x = torch.randn(2, 128, requires_grad=True)
    (grad,) = torch.autograd.grad(matmul_4bit(x, weight).sum(), x)
    torch.testing.assert_close(grad, dequantize_4bit(weight).sum(0).expand(2, -1))


def test_explain_names_it_and_who_was_passed_over() -> None:
    choice = explain(torch.randn(1, 200), packed(70, 200))
    assert choice.implementation == "lookup"
    refused = {refusal.implementation: refusal.reason for refusal in choice.refused}
    assert list(refused) == ["triton", "triton_gemv", "int4pack"]
    assert "NF4 levels" in refused["int4pack"]


def test_another_device_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="x is on mps, not on the CPU"):
        choose(Request("mps", None, torch.float32, "nf4", 64, 1, 70, 200), "lookup")
