"""The grouped kernels against float64, on shares and shapes chosen to leave something over."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch

pytest.importorskip("triton")

from hyperlex_kernels.grouped_matmul import grouped_matmul, grouped_matmul_dw
from hyperlex_kernels.grouped_matmul.product import row_tiles

# The result is rounded once: by no more than 2^-11 and 2^-8 of it.
TOLERANCE = {torch.float16: 5.0e-4, torch.bfloat16: 4.0e-3, torch.float32: 1e-6}
WAYS = (
    ("triton", torch.float16),
    ("triton", torch.bfloat16),
    *(("triton_fma", dtype) for dtype in TOLERANCE),
)
# Rows of each expert, and how many rows behind them belong to none.
SHARES = {
    "uneven, one empty, some of none": ((5, 0, 40, 1), 9),
    "one expert": ((37,), 0),
    "one row": ((0, 0, 1), 0),
    "none routed": ((0, 0), 20),
    "first and last empty": ((0, 33, 0), 0),
}
# K and N: down to a rank, up from one, odd on both sides, beyond a tile of each.
SHAPES = ((96, 4), (4, 200), (33, 7), (70, 40))
CASES = [("uneven, one empty, some of none", shape, way) for shape in SHAPES for way in WAYS] + [
    (share, (33, 7), way) for share in SHARES for way in (WAYS[0], WAYS[-1])
]


def offsets_of(counts: tuple[int, ...], device: str) -> torch.Tensor:
    return torch.tensor([0, *counts], device=device).cumsum(0).int()


def exact(x: torch.Tensor, w: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    doubles = (x.double().cpu(), w.double().cpu(), offsets.cpu())
    return grouped_matmul(*doubles, implementation="reference").to(x.device)


def relative(out: torch.Tensor, expected: torch.Tensor) -> float:
    return float((out.double() - expected).norm() / expected.norm().clamp(min=1e-30))


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize(("share", "shape", "way"), dict.fromkeys(CASES), ids=str)
def test_products_and_gradients_match_float64(
    share: str, shape: tuple[int, int], way: tuple[str, torch.dtype], device: str
) -> None:
    torch.manual_seed(0)
    implementation, dtype = way
    counts, unrouted = SHARES[share]
    (k, n), rows = shape, sum(counts) + unrouted
    x = torch.randn(rows, k, device=device).to(dtype)
    w = torch.randn(len(counts), k, n, device=device).to(dtype)
    grad = torch.randn(rows, n, device=device).to(dtype)
    offsets = offsets_of(counts, device)
    out = grouped_matmul(x, w, offsets, implementation=implementation)
    assert out.dtype == dtype
    assert relative(out, exact(x, w, offsets)) <= TOLERANCE[dtype]
    assert not out[int(offsets[-1]) :].any()
    dx = grouped_matmul(grad, w, offsets, transposed=True, implementation=implementation)
    assert relative(dx, exact(grad, w.mT, offsets)) <= TOLERANCE[dtype]
    dw = grouped_matmul_dw(x, grad, offsets, implementation=implementation)
    expected = grouped_matmul_dw(x.double().cpu(), grad.double().cpu(), offsets.cpu())
    assert relative(dw.cpu(), expected) <= TOLERANCE[dtype]
    assert not dw[[count == 0 for count in counts]].any()


def test_autograd_stays_in_the_implementation_asked_for(device: str) -> None:
    torch.manual_seed(1)
    x, w = torch.randn(9, 20, device=device), torch.randn(2, 20, 3, device=device)
    offsets = offsets_of((4, 5), device)
    grads = []
    for implementation in ("triton_fma", "reference"):
        sides = (x.clone().requires_grad_(), w.clone().requires_grad_())
        out = grouped_matmul(*sides, offsets, implementation=implementation)
        grads.append(torch.autograd.grad(out.square().sum(), sides))
    for mine, reference in zip(*grads, strict=True):
        torch.testing.assert_close(mine, reference)


def test_the_same_input_gives_the_same_bits(device: str) -> None:
    torch.manual_seed(2)
    x, w = torch.randn(60, 70, device=device).half(), torch.randn(3, 70, 9, device=device).half()
    offsets = offsets_of((31, 2, 20), device)
    first = grouped_matmul(x, w, offsets, implementation="triton")
    first_dw = grouped_matmul_dw(x, x, offsets, implementation="triton")
    for _ in range(3):
        again = grouped_matmul(x, w, offsets, implementation="triton")
        assert torch.equal(first, again)
        assert torch.equal(first_dw, grouped_matmul_dw(x, x, offsets, implementation="triton"))


def test_nan_stays_in_its_row_and_strides_do_not_matter(device: str) -> None:
    torch.manual_seed(3)
    x, w = torch.randn(20, 12, device=device), torch.randn(2, 12, 6, device=device)
    offsets = offsets_of((8, 10), device)
    way: dict[str, Any] = {"implementation": "triton_fma"}
    turned = grouped_matmul(x.T.contiguous().T, w.mT.contiguous().mT, offsets, **way)
    assert torch.equal(turned, grouped_matmul(x, w, offsets, **way))
    x[3, 4] = x[19, 0] = float("nan")
    out = grouped_matmul(x, w, offsets, **way)
    assert bool(out[3].isnan().all()) and bool(out[torch.arange(20) != 3].isfinite().all())


def test_wrong_offsets_do_not_reach_beyond_the_arrays(device: str) -> None:
    """On a GPU nobody reads them; the kernel holds each inside the rows."""
    from hyperlex_kernels.grouped_matmul import configs, product

    x, w = torch.randn(20, 16, device=device).half(), torch.randn(3, 16, 16, device=device).half()
    config = configs.product_config(20, 3, 16, 16, fma=False)
    for wrong in ((-5, 4, 900, 2), (7, 3, 1, 0), (0, 50, 60, 2_000_000_000)):
        offsets = torch.tensor(wrong, dtype=torch.int32, device=device)
        product.grouped_matmul(x, w, offsets, False, config)
        product.grouped_matmul_dw(x, x, offsets, config)


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 200])
def test_row_tiles_are_enough_for_any_share_and_not_many_more(rows: int) -> None:
    generator = torch.Generator().manual_seed(rows)
    for experts in (1, 3, 8):
        most = row_tiles(rows, experts, 16)
        for _ in range(50):
            cuts = torch.randint(0, rows + 1, (experts,), generator=generator).sort().values
            bounds = [0, *cuts.tolist(), rows]
            used = sum(-(-(b - a) // 16) for a, b in pairwise(bounds))
            assert used <= most
        assert most <= -(-rows // 16) + experts
