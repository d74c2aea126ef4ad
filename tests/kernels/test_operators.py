"""The operators as torch sees them: schema, fakes, gradients, refusals, and who runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from hyperlex_kernels import (
    FORMATS,
    PackedWeight,
    dequantize_4bit,
    explain,
    matmul_4bit,
    matmul_4bit_dx,
    quantize_4bit,
)
from hyperlex_kernels.dispatch import Request, choose

ops = torch.ops.hyperlex


def packed(format: str = "nf4", rows: int = 64, columns: int = 200) -> PackedWeight:
    torch.manual_seed(0)
    return quantize_4bit(torch.randn(rows, columns), format)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("format", FORMATS)
def test_operators_pass_opcheck(format: str, dtype: torch.dtype) -> None:
    weight = packed(format)
    tensors = (weight.packed, weight.scales, weight.zeros)
    kind = (weight.format, weight.group_size)
    x = torch.randn(2, 3, 200, dtype=dtype, requires_grad=True)
    bias = torch.randn(64, dtype=dtype, requires_grad=True)
    grad = torch.randn(2, 3, 64, dtype=dtype, requires_grad=True)
    torch.library.opcheck(ops.matmul_4bit.default, (x, *tensors, bias, *kind, 64))
    torch.library.opcheck(ops.matmul_4bit.default, (x, *tensors, None, *kind, 64))
    torch.library.opcheck(ops.matmul_4bit_dx.default, (grad, *tensors, *kind, 200))
    torch.library.opcheck(ops.dequantize_4bit.default, (*tensors, *kind, 64, 200, dtype))


@pytest.mark.parametrize("format", FORMATS)
def test_gradients_are_those_of_the_dense_product(format: str) -> None:
    weight = packed(format)
    dense = dequantize_4bit(weight)
    x = torch.randn(5, 200, requires_grad=True)
    bias = torch.randn(64, requires_grad=True)
    upstream = torch.randn(5, 64)
    ours = torch.autograd.grad(matmul_4bit(x, weight, bias), (x, bias), upstream)
    theirs = torch.autograd.grad(torch.nn.functional.linear(x, dense, bias), (x, bias), upstream)
    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-5, atol=1e-4)


def test_the_gradient_has_a_gradient() -> None:
    weight = packed("int4", 16, 64)
    x = torch.randn(2, 64, requires_grad=True)
    grad = torch.randn(2, 16, requires_grad=True)
    (dx,) = torch.autograd.grad(matmul_4bit(x, weight), x, grad, create_graph=True)
    (back,) = torch.autograd.grad(dx.sum(), grad)
    torch.testing.assert_close(back, torch.ones(2, 64) @ dequantize_4bit(weight).T)


@pytest.mark.parametrize("format", FORMATS)
def test_compiles_as_one_graph_with_changing_batches(format: str) -> None:
    weight = packed(format)
    compiled = torch.compile(
        lambda x: matmul_4bit(x, weight).relu(), fullgraph=True, backend="aot_eager", dynamic=True
    )
    for batch in (1, 3, 7):
        x = torch.randn(batch, 200)
        assert torch.equal(compiled(x), matmul_4bit(x, weight).relu())


@pytest.mark.parametrize("shape", [(0, 200), (2, 0, 200)])
def test_an_empty_batch_gives_an_empty_result(shape: tuple[int, ...]) -> None:
    weight = packed()
    x = torch.empty(shape, requires_grad=True)
    out = matmul_4bit(x, weight)
    assert out.shape == (*shape[:-1], 64)
    out.sum().backward()
    assert x.grad is not None and x.grad.shape == shape
    assert matmul_4bit_dx(torch.empty(*shape[:-1], 64), weight).shape == shape


def test_strides_of_x_do_not_matter() -> None:
    weight = packed()
    x = torch.randn(200, 6).T
    assert not x.is_contiguous()
    assert torch.equal(matmul_4bit(x, weight), matmul_4bit(x.contiguous(), weight))


def changed(**changes: object) -> Callable[[PackedWeight], PackedWeight]:
    return lambda weight: replace(weight, **changes)  # type: ignore[arg-type]


MISTAKES: dict[str, tuple[Callable[[PackedWeight], PackedWeight], torch.Tensor, str]] = {
    "K of another weight": (changed(), torch.randn(3, 500), "K=500"),
    "K near enough to share the tiles": (changed(in_features=129), torch.randn(3, 120), "K=120"),
    "whole numbers": (changed(), torch.ones(3, 200, dtype=torch.int32), "torch.int32"),
    "double": (changed(), torch.randn(3, 200, dtype=torch.float64), "torch.float64"),
    "another device": (changed(), torch.empty(3, 200, device="meta"), "one device"),
    "group size": (changed(group_size=48), torch.randn(3, 200), "group_size=48"),
    "group size of another weight": (changed(group_size=32), torch.randn(3, 200), "scales"),
    "format": (changed(format="fp4"), torch.randn(3, 200), "format='fp4'"),
    "N": (changed(out_features=300), torch.randn(3, 200), "packed"),
    "zero points": (changed(format="int4"), torch.randn(3, 200), "zeros is None"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named_by_operator_and_fake_alike(mistake: str) -> None:
    change, x, message = MISTAKES[mistake]
    weight = change(packed())
    with pytest.raises(ValueError, match=message):
        matmul_4bit(x, weight)
    if mistake == "another device":
        return  # everything is meta below
    with pytest.raises(ValueError, match=message):
        matmul_4bit(x.to("meta"), weight.to("meta"))


def test_a_packed_weight_must_be_contiguous_and_whole() -> None:
    weight = packed(rows=128, columns=256)
    x = torch.randn(1, 256)
    strided = weight.packed.transpose(0, 1).contiguous().transpose(0, 1)
    with pytest.raises(ValueError, match="not contiguous"):
        matmul_4bit(x, replace(weight, packed=strided))
    with pytest.raises(ValueError, match="bias has shape"):
        matmul_4bit(x, weight, torch.randn(1, 128))
    with pytest.raises(ValueError, match="last dimension must be 128"):
        matmul_4bit(x, weight, torch.randn(64))
    with pytest.raises(ValueError, match="dtype"):
        dequantize_4bit(weight, torch.int8)


def test_the_package_works_under_another_name() -> None:
    """So the Hub loads it: from a path, under a generated name, beside other versions of itself."""
    import sys
    from importlib.util import module_from_spec, spec_from_file_location

    import hyperlex_kernels

    name = "hub_kernels_0123abcd"
    spec = spec_from_file_location(
        name, hyperlex_kernels.__file__, submodule_search_locations=hyperlex_kernels.__path__
    )
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        weight, x = packed("int4"), torch.randn(3, 200)
        theirs = module.PackedWeight(**vars(weight))
        assert torch.equal(module.matmul_4bit(x, theirs), matmul_4bit(x, weight))
        assert hasattr(getattr(torch.ops, name), "matmul_4bit")
        assert hasattr(ops, "matmul_4bit")
    finally:
        for loaded in [each for each in sys.modules if each.split(".")[0] == name]:
            del sys.modules[loaded]


def request(**changes: object) -> Request:
    usual = Request("cuda", (9, 0), torch.float16, "nf4", 64, 4, 4096, 4096)
    return replace(usual, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "implementation"),
    [
        ({}, "triton"),
        ({"batch": 64}, "triton"),
        ({"batch": 65}, "dequantize"),
        ({"dtype": torch.float32}, "dequantize"),
        ({"capability": (7, 5)}, "triton_gemv"),
        ({"capability": (6, 1), "batch": 9}, "dequantize"),
        ({"device": "mps", "capability": None}, "reference"),
        ({"device": "cpu", "capability": None}, "lookup"),
        ({"device": "cpu", "capability": None, "format": "int4"}, "lookup"),
        ({"device": "cpu", "capability": None, "format": "int4", "batch": 1}, "int4pack"),
        (
            {"device": "cpu", "capability": None, "format": "int4", "dtype": torch.bfloat16},
            "int4pack",
        ),
    ],
)
def test_the_choice_depends_on_card_dtype_and_batch(
    changes: dict[str, object], implementation: str
) -> None:
    assert choose(request(**changes)).implementation == implementation


def test_a_choice_says_what_was_passed_over_and_why() -> None:
    choice = choose(request(capability=(7, 5), batch=100))
    assert choice.implementation == "dequantize"
    assert [refusal.implementation for refusal in choice.refused] == [
        "triton",
        "triton_gemv",
        "int4pack",
        "lookup",
    ]
    assert "below compute capability 8.0" in str(choice)
    assert "100 rows" in str(choice)


def test_an_implementation_can_be_asked_for_but_not_forced() -> None:
    assert explain(torch.randn(1, 200), packed(), "reference").reason == "asked for by name"
    with pytest.raises(NotImplementedError, match="NF4 levels"):
        matmul_4bit(torch.randn(1, 200), packed(), implementation="int4pack")
    with pytest.raises(ValueError, match="Unknown implementation 'cuda'"):
        matmul_4bit(torch.randn(1, 200), packed(), implementation="cuda")
    with pytest.raises(ValueError, match="'dequantize', 'lookup' or 'reference'"):
        dequantize_4bit(packed(), implementation="triton")
