"""FLOPs as PyTorch counts them, the loss as the textbook has it, schedules as their curves."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from hyperlex.recipes.pretrain import PretrainConfig
from hyperlex.recipes.pretrain.loss import WithLoss, linear_cross_entropy
from hyperlex.recipes.pretrain.model import build, training_flops
from hyperlex.recipes.pretrain.schedule import Schedule


def config(**given: Any) -> PretrainConfig:
    small = {"layers": 2, "hidden": 32, "heads": 4, "kv_heads": 2, "context": 16, "steps": 1}
    return PretrainConfig(data=("а",), output="б", **{**small, **given})


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("context", [16, 64])
def test_flops_are_those_that_pytorch_counts(tied: bool, context: int) -> None:
    model = build(config(tied=tied, context=context), 211)
    model.set_attn_implementation("eager")  # of which the counter sees every product
    ids = torch.randint(0, 211, (3, context))
    with FlopCounterMode(display=False) as counter:
        logits = model(input_ids=ids, use_cache=False).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids.flatten()).backward()
    assert counter.get_total_flops() == pytest.approx(
        training_flops(model, 3 * context, context), rel=0.01
    )


def test_the_same_seed_builds_the_same_model() -> None:
    one, two, other = (build(config(seed=seed), 50) for seed in (1, 1, 2))
    state = torch.random.get_rng_state()
    build(config(), 50)
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(map(torch.equal, one.parameters(), two.parameters()))
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_a_new_model_knows_nothing() -> None:
    model = build(config(), 211)
    loss = WithLoss(model)(torch.randint(0, 211, (4, 17)))
    assert loss.item() == pytest.approx(torch.tensor(211.0).log().item(), rel=0.02)


@given(tokens=st.integers(1, 40), width=st.integers(1, 9), rows=st.integers(2, 50))
def test_loss_and_gradients_are_those_of_the_textbook(tokens: int, width: int, rows: int) -> None:
    torch.manual_seed(tokens)
    hidden = torch.randn(tokens, width, dtype=torch.float64)
    weight = torch.randn(rows, width, dtype=torch.float64)
    targets = torch.randint(0, rows, (tokens,))
    ways = []
    for way in (
        lambda h, w: linear_cross_entropy(h, w, targets),
        lambda h, w: torch.nn.functional.cross_entropy(h @ w.T, targets),
    ):
        leaves = [hidden.clone().requires_grad_(), weight.clone().requires_grad_()]
        loss = way(*leaves)
        (3 * loss).backward()
        ways.append([loss.detach().float(), *(leaf.grad for leaf in leaves)])
    for ours, theirs in zip(*ways, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_slices_of_the_loss_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    from hyperlex.recipes.pretrain import loss as module

    torch.manual_seed(0)
    hidden, weight = torch.randn(100, 8, requires_grad=True), torch.randn(37, 8, requires_grad=True)
    targets = torch.randint(0, 37, (100,))
    found = []
    for room in (1, 1 << 30):
        monkeypatch.setattr(module, "_CPU_SLICE_BYTES", room)
        loss = linear_cross_entropy(hidden, weight, targets)
        found.append([loss, *torch.autograd.grad(loss, [hidden, weight])])
    for sliced, whole in zip(*found, strict=True):
        torch.testing.assert_close(sliced, whole)


def test_bfloat16_is_near_and_its_gradients_are_fp32() -> None:
    torch.manual_seed(0)
    model = build(config(), 211)
    windows = torch.randint(0, 211, (4, 17))
    exact, near = WithLoss(model)(windows), WithLoss(model, torch.bfloat16)(windows)
    near.backward()
    assert near.dtype == torch.float32
    assert near.item() == pytest.approx(exact.item(), rel=0.01)
    assert all(
        each.grad is not None and each.grad.dtype == torch.float32 for each in model.parameters()
    )


def test_the_loss_without_gradients_keeps_none() -> None:
    with torch.no_grad():
        loss = WithLoss(build(config(), 60))(torch.randint(0, 60, (2, 17)))
    assert not loss.requires_grad


@given(st.floats(0, 1), st.floats(0.01, 0.5), st.floats(0, 1))
def test_schedules_rise_hold_and_fall(spent: float, warmup: float, floor: float) -> None:
    for kind in ("wsd", "cosine", "constant"):
        schedule = Schedule(2.0, kind, warmup, 0.25, floor)  # type: ignore[arg-type]
        rate = schedule(spent)
        assert 0 <= rate <= 2.0
        if spent <= warmup and kind != "cosine" and spent <= 0.75:
            assert rate == pytest.approx(2.0 * spent / warmup)
        if warmup <= spent <= 0.75 and kind != "cosine":
            assert rate == pytest.approx(2.0)
        end = 2.0 if kind == "constant" else 2.0 * floor
        assert schedule(1.0) == pytest.approx(end, abs=1e-9)


def test_the_cosine_is_half_way_in_the_middle() -> None:
    assert Schedule(1.0, "cosine", 0.2)(0.6) == pytest.approx(0.5)
