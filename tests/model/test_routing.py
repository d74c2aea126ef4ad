"""The mixture of experts against its dense reference, and the router's arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.model.routing import (
    Routes,
    balance,
    mixture,
    mixture_reference,
    route,
    router_logits,
)


def draw_routes(tokens: int, experts: int, top_k: int, null: bool, seed: int) -> Routes:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(tokens, experts + null, generator=generator, dtype=torch.float64)
    valid = torch.rand(tokens, generator=generator) < 0.8
    return route(logits, top_k, experts, valid)


@given(
    tokens=st.integers(0, 12),
    experts=st.integers(1, 5),
    top_k=st.integers(1, 5),
    null=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_mixture_and_its_gradients_are_those_of_the_dense_reference(
    tokens: int, experts: int, top_k: int, null: bool, seed: int
) -> None:
    routes = draw_routes(tokens, experts, min(top_k, experts + null), null, seed)
    torch.manual_seed(seed)
    options: dict[str, Any] = {"dtype": torch.float64, "requires_grad": True}
    x = torch.randn(tokens, 6, **options)
    down, up = torch.randn(experts, 6, 3, **options), torch.randn(experts, 3, 4, **options)
    weights = routes.weights.clone().requires_grad_()
    inputs = (x, down, up, weights)
    upstream = torch.randn(tokens, 4, dtype=torch.float64)
    results = []
    for function in (mixture, mixture_reference):
        out = function(x, down, up, routes.experts, weights)
        results.append((out, *torch.autograd.grad(out, inputs, upstream)))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference)


def test_a_token_that_is_routed_nowhere_gets_zero_and_gives_no_gradient() -> None:
    x = torch.randn(3, 4, requires_grad=True)
    down, up = torch.randn(2, 4, 2), torch.randn(2, 2, 5)
    experts = torch.tensor([[0, 1], [2, 2], [1, 2]])
    out = mixture(x, down, up, experts, torch.full((3, 2), 0.5))
    assert not out[1].any() and out[0].any() and out[2].any()
    (grad,) = torch.autograd.grad(out.sum(), x)
    assert not grad[1].any() and grad[0].any() and grad[2].any()


def test_weights_are_a_softmax_over_the_chosen() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0], [0.0, 0.0, 5.0]])
    routes = route(logits, 2, 3)
    assert routes.experts[0].tolist() == [1, 2]
    torch.testing.assert_close(routes.weights[0], torch.tensor([3.0, 2.0]).softmax(0))
    torch.testing.assert_close(routes.weights.sum(1), torch.ones(2))


def test_with_one_choice_its_probability_is_the_weight_so_the_router_learns() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0]], requires_grad=True)
    routes = route(logits, 1, 3)
    torch.testing.assert_close(routes.weights[0], logits[0].softmax(0)[1:2])
    assert torch.autograd.grad(routes.weights.sum(), logits)[0].any()


def test_the_null_choice_takes_its_share_of_the_weight_and_computes_nothing() -> None:
    routes = route(torch.tensor([[2.0, 0.0, 2.0]]), 2, experts=2)
    assert sorted(routes.experts[0].tolist()) == [0, 2]
    torch.testing.assert_close(routes.weights, torch.full((1, 2), 0.5))


def test_padding_goes_nowhere() -> None:
    routes = route(torch.randn(4, 3), 2, 3, torch.tensor([True, False, True, False]))
    assert (routes.experts[[1, 3]] == 3).all() and (routes.experts[[0, 2]] < 3).all()


def switch_loss(chosen: list[int], probabilities: torch.Tensor) -> float:
    """Fedus, Zoph, Shazeer 2022, eq. 4 to 6, as the paper writes it, one choice a token."""
    tokens, experts = probabilities.shape
    total = 0.0
    for expert in range(experts):
        f = sum(each == expert for each in chosen) / tokens
        p = sum(float(row[expert]) for row in probabilities) / tokens
        total += f * p
    return experts * total


def test_balance_is_the_switch_transformers_loss() -> None:
    routes = route(torch.randn(50, 4, generator=torch.Generator().manual_seed(5)), 1, 4)
    expected = switch_loss(routes.experts[:, 0].tolist(), routes.probabilities)
    assert float(balance(routes)) == pytest.approx(expected, rel=1e-5)


def test_balance_is_one_where_even_and_the_number_of_choices_where_one_gets_all() -> None:
    even = route(torch.eye(4) * 1e-3, 1, 4)
    assert float(balance(even)) == pytest.approx(1.0, rel=1e-3)
    crowded = route(torch.tensor([[50.0, 0.0, 0.0, 0.0]] * 6), 1, 4)
    assert float(balance(crowded)) == pytest.approx(4.0)


def test_padding_does_not_count_in_the_balance() -> None:
    logits = torch.randn(6, 3)
    valid = torch.tensor([True, True, True, True, False, False])
    padded = balance(route(logits, 2, 3, valid), valid)
    torch.testing.assert_close(padded, balance(route(logits[:4], 2, 3)))
    nothing = torch.zeros(6, dtype=torch.bool)
    assert float(balance(route(logits, 2, 3, nothing), nothing)) == 0.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_router_logits_are_a_float32_product_with_its_gradients(dtype: torch.dtype) -> None:
    x = torch.randn(5, 6).to(dtype).requires_grad_()
    router = torch.randn(6, 3, requires_grad=True)
    upstream = torch.randn(5, 3)
    mine, plain = router_logits(x, router), x.float() @ router
    assert torch.equal(mine, plain) and mine.dtype == torch.float32
    grads = torch.autograd.grad(mine, (x, router), upstream)
    expected = torch.autograd.grad(plain, (x, router), upstream)
    for grad, wanted in zip(grads, expected, strict=True):
        assert grad.dtype == wanted.dtype
        torch.testing.assert_close(grad, wanted)
