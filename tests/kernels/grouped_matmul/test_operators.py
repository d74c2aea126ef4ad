"""The grouped operators as torch sees them, and their reference against the plainest sum."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hyperlex_kernels.grouped_matmul import explain_grouped, grouped_matmul, grouped_matmul_dw
from hyperlex_kernels.grouped_matmul.dispatch import Request, choose

ops = torch.ops.hyperlex


def starts(*offsets: int) -> torch.Tensor:
    return torch.tensor(offsets, dtype=torch.int32)


def problem(**options: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ten rows of four experts: three, none, five, one, and one of no expert."""
    torch.manual_seed(0)
    options = {"dtype": torch.float64, **options}
    x, w = torch.randn(10, 6, **options), torch.randn(4, 6, 5, **options)
    return x, w, starts(0, 3, 3, 8, 9)


def row_by_row(x: torch.Tensor, w: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """What the operator means, an output row at a time."""
    expert_of_row = torch.bucketize(torch.arange(len(x)), offsets[1:].long(), right=True)
    matrices = torch.cat([w, torch.zeros_like(w[:1])])[expert_of_row]
    return (x.unsqueeze(1) @ matrices).squeeze(1)


@pytest.mark.parametrize("transposed", [False, True])
def test_operators_pass_opcheck(transposed: bool) -> None:
    x, w, offsets = problem(requires_grad=True)
    matrices = w.detach().mT.contiguous().requires_grad_() if transposed else w
    torch.library.opcheck(ops.grouped_matmul.default, (x, matrices, offsets, transposed))
    grad = torch.randn(10, 5, dtype=torch.float64, requires_grad=True)
    torch.library.opcheck(ops.grouped_matmul_dw.default, (x, grad, offsets))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.integers(0, 3), st.data())
def test_reference_and_gradients_are_those_of_a_product_a_row(
    counts: list[int], unrouted: int, data: st.DataObject
) -> None:
    rows, k, n = sum(counts) + unrouted, data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    offsets = starts(0, *torch.tensor(counts).cumsum(0).tolist())
    options: dict[str, Any] = {"dtype": torch.float64, "requires_grad": True}
    x, w = torch.randn(rows, k, **options), torch.randn(len(counts), k, n, **options)
    upstream = torch.randn(rows, n, dtype=torch.float64)
    expected = row_by_row(x, w, offsets)
    turned = w.detach().mT.contiguous().requires_grad_()
    for transposed, matrices in ((False, w), (True, turned)):
        out = grouped_matmul(x, matrices, offsets, transposed=transposed)
        torch.testing.assert_close(out, expected)
        grads = torch.autograd.grad(out, (x, matrices), upstream)
        wanted = torch.autograd.grad(row_by_row(x, w, offsets), (x, w), upstream)
        torch.testing.assert_close(grads[0], wanted[0])
        torch.testing.assert_close(grads[1].mT if transposed else grads[1], wanted[1])


def test_gradients_of_second_order() -> None:
    x, w, offsets = problem(requires_grad=True)
    torch.autograd.gradgradcheck(lambda x, w: grouped_matmul(x, w, offsets), (x, w))


def test_compiles_as_one_graph_with_changing_rows() -> None:
    _, w, offsets = problem()
    compiled = torch.compile(
        lambda x: grouped_matmul(x, w, offsets).relu(),
        fullgraph=True,
        backend="aot_eager",
        dynamic=True,
    )
    for rows in (9, 12, 20):
        x = torch.randn(rows, 6, dtype=torch.float64)
        assert torch.equal(compiled(x), grouped_matmul(x, w, offsets).relu())


def test_no_rows_no_columns_and_one_expert() -> None:
    x, w, _ = problem(requires_grad=True)
    empty = grouped_matmul(x[:0], w, starts(0, 0, 0, 0, 0))
    assert empty.shape == (0, 5)
    (dw,) = torch.autograd.grad(empty.sum(), w)
    assert dw.shape == w.shape and not dw.any()
    assert grouped_matmul(x, w[:, :, :0], starts(0, 1, 2, 3, 4)).shape == (10, 0)
    assert grouped_matmul_dw(x[:, :0], x, starts(0, 10)).shape == (1, 0, 6)
    torch.testing.assert_close(grouped_matmul(x, w[:1], starts(0, 10)), x @ w[0])


def changed(**changes: Any) -> dict[str, Any]:
    x, w, offsets = problem(dtype=torch.float32)
    return {"x": x, "w": w, "offsets": offsets, **changes}


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "rows of rows": (changed(x=torch.randn(2, 5, 6)), r"\[M, K\]"),
    "dtypes that differ": (changed(w=torch.randn(4, 6, 5).half()), "w is torch.float16"),
    "whole numbers": (changed(x=torch.ones(10, 6, dtype=torch.int32)), "torch.int32"),
    "K of another weight": (changed(x=torch.randn(10, 7)), r"w \(4, 6, 5\)"),
    "a weight turned": (changed(transposed=True), r"\[E, N, K\]"),
    "another number of experts": (changed(offsets=starts(0, 3, 10)), "2 experts"),
    "offsets of another dtype": (changed(offsets=starts(0, 1, 2, 3, 4).long()), "torch.int64"),
    "no offsets": (changed(offsets=starts(0)), "1 to 1023 experts"),
    "another device": (changed(w=torch.empty(4, 6, 5, device="meta")), "one device"),
}
DISORDER = {
    "that fall": (0, 4, 3, 8, 9),
    "that begin late": (1, 3, 3, 8, 9),
    "beyond the rows": (0, 3, 3, 8, 11),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named_by_operator_and_fake_alike(mistake: str) -> None:
    arguments, message = MISTAKES[mistake]
    with pytest.raises(ValueError, match=message):
        grouped_matmul(**arguments)
    if mistake == "another device":
        return  # everything is meta below
    meta: dict[str, Any] = {
        key: value.to("meta") if isinstance(value, torch.Tensor) else value
        for key, value in arguments.items()
    }
    with pytest.raises(ValueError, match=message):
        grouped_matmul(**meta)


@pytest.mark.parametrize("offsets", DISORDER.values(), ids=DISORDER)
def test_offsets_out_of_order_are_refused_where_they_can_be_read(offsets: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="over 10 rows"):
        grouped_matmul(**changed(offsets=starts(*offsets)))


def test_the_gradient_operator_names_its_own_mistakes() -> None:
    x, _, offsets = problem(dtype=torch.float32)
    with pytest.raises(ValueError, match=r"grad \(9, 5\)"):
        grouped_matmul_dw(x, torch.randn(9, 5), offsets)


@pytest.mark.parametrize(
    ("capability", "dtype", "implementation"),
    [
        ((9, 0), torch.bfloat16, "triton"),
        ((9, 0), torch.float32, "triton_fma"),
        ((7, 5), torch.float16, "triton_fma"),
        ((9, 0), torch.float64, "reference"),
        (None, torch.float16, "reference"),
    ],
)
def test_the_choice_depends_on_card_and_dtype(
    capability: tuple[int, int] | None, dtype: torch.dtype, implementation: str
) -> None:
    device = "cpu" if capability is None else "cuda"
    choice = choose(Request(device, capability, dtype))
    assert choice.implementation == implementation
    refused = [refusal.implementation for refusal in choice.refused]
    assert refused == ["triton", "triton_fma", "reference"][: len(refused)]


def test_an_implementation_can_be_asked_for_but_not_forced() -> None:
    x, w, offsets = problem()
    assert explain_grouped(x, "reference").reason == "asked for by name"
    with pytest.raises(NotImplementedError, match="it computes in float32"):
        grouped_matmul(x, w, offsets, implementation="triton_fma")
    with pytest.raises(ValueError, match="Unknown implementation 'cuda'"):
        grouped_matmul(x, w, offsets, implementation="cuda")
