"""The attention operators as torch sees them: schema, fakes, refusals, and who runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend

from hyperlex_kernels.attention import (
    KINDS,
    KVBuffers,
    allocate_kv,
    attention_gqa_decode,
    attention_gqa_prefill,
    check_room,
    explain_decode,
    explain_prefill,
    kv_append_quantized,
)
from hyperlex_kernels.attention.dispatch import (
    DecodeRequest,
    PrefillRequest,
    choose_decode,
    choose_prefill,
)

from .caches import filled_cache, lengths

ops = torch.ops.hyperlex


def tensors(kv: KVBuffers) -> tuple[Any, ...]:
    return (kv.kind, kv.keys, kv.values, kv.scales, kv.key_factor, kv.key_centre)


@pytest.mark.parametrize("kind", KINDS)
def test_operators_pass_opcheck(kind: str) -> None:
    kv = filled_cache(kind, 16, 9, 12, dtype=torch.float32)
    query = torch.randn(2, 4, 2, 16)
    seen = (torch.ones(2, 12, dtype=torch.bool), 0.25, 3, 2.0)
    arguments = (query, *tensors(kv), lengths(0, 1), lengths(9, 9), *seen)
    torch.library.opcheck(ops.attention_gqa_decode.default, arguments)
    key, value = torch.randn(2, 2, 5, 16), torch.randn(2, 2, 5, 16)
    new = (key, value, *tensors(kv), lengths(3, 7))
    torch.library.opcheck(ops.kv_append_quantized.default, new)
    prefill = (query, key, value, None, lengths(5, 3), None, 0.25, 0, 0.0)
    torch.library.opcheck(ops.attention_gqa_prefill.default, prefill)


@pytest.mark.parametrize("kind", KINDS)
def test_a_static_step_compiles_as_one_graph(kind: str) -> None:
    """Append and attend with lengths on the device: no recompilation as they grow."""
    kv, twin = (filled_cache(kind, 16, 9, 16, dtype=torch.float32) for _ in range(2))

    def step(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, at: torch.Tensor, to: KVBuffers
    ) -> torch.Tensor:
        kv_append_quantized(key, value, to, at)
        return attention_gqa_decode(query, to, at + 1) * 2

    def over(to: KVBuffers) -> Callable[..., torch.Tensor]:
        return lambda *new: step(*new, to)

    torch._dynamo.reset()
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(over(kv), fullgraph=True, backend=counter)
    for token in range(9, 13):
        query, key, value = (torch.randn(2, heads, 1, 16) for heads in (4, 2, 2))
        at = lengths(token, token - 2)
        assert torch.equal(compiled(query, key, value, at), over(twin)(query, key, value, at))
    assert counter.frame_count == 1


def dense(**changes: Any) -> dict[str, Any]:
    kv = allocate_kv("dense", 2, 2, 8, 16, dtype=torch.float32)
    return {"query": torch.randn(2, 4, 1, 16), "kv": kv, "stop": lengths(3, 3), **changes}


def int4(**changes: Any) -> dict[str, Any]:
    kv = allocate_kv("int4", 2, 2, 8, 16, dtype=torch.float32)
    return dense(kv=replace(kv, **changes))


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "a group that does not divide": (dense(query=torch.randn(2, 5, 1, 16)), "5 query heads"),
    "dtypes that differ": (dense(query=torch.randn(2, 4, 1, 16).half()), "keys are torch.float32"),
    "whole numbers": (dense(query=torch.ones(2, 4, 1, 16, dtype=torch.int32)), "torch.int32"),
    "another head size": (dense(query=torch.randn(2, 4, 1, 24)), "head size 16"),
    "another batch": (dense(query=torch.randn(3, 4, 1, 16)), "2 rows"),
    "no such kind": (dense(kv=replace(dense()["kv"], kind="int2")), "'int2'"),
    "scales missing": (int4(scales=None), "scales is None"),
    "scales of another shape": (
        int4(scales=torch.zeros(2, 2, 7, 2, dtype=torch.bfloat16)),
        r"shape \(2, 2, 8, 2\)",
    ),
    "scales of another dtype": (int4(scales=torch.zeros(2, 2, 8, 2)), "torch.bfloat16"),
    "values of another shape": (
        int4(values=torch.zeros(2, 2, 9, 8, dtype=torch.uint8)),
        "values is torch.uint8",
    ),
    "a factor of another shape": (int4(key_factor=torch.ones(2, 16)), r"\(2, 2, 16\)"),
    "a factor for dense keys": (
        dense(kv=replace(dense()["kv"], key_centre=torch.zeros(2, 2, 16))),
        "stores keys as they are",
    ),
    "lengths of another dtype": (dense(stop=torch.tensor([3, 3])), "torch.int32"),
    "lengths of another batch": (dense(stop=lengths(3)), r"shape \(2,\)"),
    "a mask of numbers": (dense(mask=torch.ones(2, 8)), "torch.bool"),
    "no window": (dense(window=0), "window=0"),
    "a negative soft-cap": (dense(softcap=-1.0), "softcap=-1.0"),
    "a scale of nothing": (dense(scale=0.0), "scale=0.0"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named_by_operator_and_fake_alike(mistake: str) -> None:
    options, message = MISTAKES[mistake]
    with pytest.raises(ValueError, match=message):
        attention_gqa_decode(**options)
    kv = options["kv"]
    fields = ("keys", "values", "scales", "key_factor", "key_centre")
    moved = {name: value.to("meta") for name in fields if (value := getattr(kv, name)) is not None}
    meta = {k: v.to("meta") if isinstance(v, torch.Tensor) else v for k, v in options.items()}
    with pytest.raises(ValueError, match=message):
        attention_gqa_decode(**{**meta, "kv": replace(kv, **moved)})


def test_head_sizes_that_fit_no_kernel_are_refused() -> None:
    for head_size in (20, 264, 0):
        with pytest.raises(ValueError, match=f"Head size {head_size} is not supported"):
            allocate_kv("dense", 1, 1, 8, head_size, dtype=torch.float16)
    odd = torch.randn(1, 2, 3, 20)
    with pytest.raises(ValueError, match="Head size 20"):
        attention_gqa_prefill(odd, odd, odd)


def test_lengths_beyond_the_capacity_are_refused() -> None:
    with pytest.raises(ValueError, match="stop=9 is beyond the capacity of 8"):
        attention_gqa_decode(**dense(stop=lengths(3, 9)))
    with pytest.raises(ValueError, match="start=-1"):
        attention_gqa_decode(**dense(start=lengths(-1, 0)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_cache_is_never_overwritten(kind: str) -> None:
    kv = filled_cache(kind, 16, 8, 8, dtype=torch.float32)
    before = [tensor.clone() for tensor in kv.tensors]
    new = torch.randn(2, 2, 2, 16)
    with pytest.raises(ValueError, match="2 tokens do not fit behind 7 in a cache of 8"):
        kv_append_quantized(new, new, kv, lengths(0, 7))
    with pytest.raises(ValueError, match="position=-1"):
        kv_append_quantized(new, new, kv, lengths(-1, 0))
    for tensor, kept in zip(kv.tensors, before, strict=True):
        assert torch.equal(tensor, kept)
    check_room(8, 2, 6)
    with pytest.raises(ValueError, match="behind 7"):
        check_room(8, 2, 7)


def test_mistakes_of_append_and_prefill() -> None:
    kv = allocate_kv("dense", 2, 2, 8, 16, dtype=torch.float32)
    new = torch.randn(2, 2, 3, 16)
    with pytest.raises(ValueError, match="key has shape"):
        kv_append_quantized(new[:1], new, kv, lengths(0, 0))
    with pytest.raises(ValueError, match="value has shape"):
        kv_append_quantized(new, new[:, :, :2], kv, lengths(0, 0))
    with pytest.raises(ValueError, match=r"dense cache is torch\.float32"):
        kv_append_quantized(new.half(), new.half(), kv, lengths(0, 0))
    with pytest.raises(ValueError, match=r"position is torch\.int64"):
        kv_append_quantized(new, new, kv, torch.tensor([0, 0]))
    with pytest.raises(ValueError, match="one dtype"):
        attention_gqa_prefill(new, new, new.half())
    with pytest.raises(ValueError, match="3 queries over 2 keys"):
        attention_gqa_prefill(new, new[:, :, :2], new[:, :, :2])


def test_nothing_in_nothing_out() -> None:
    kv = allocate_kv("int8", 2, 2, 8, 16, dtype=torch.float32)
    assert attention_gqa_decode(torch.empty(2, 4, 0, 16), kv, lengths(0, 0)).shape == (2, 4, 0, 16)
    nothing = torch.empty(2, 2, 0, 16)
    kv_append_quantized(nothing, nothing, kv, lengths(8, 8))
    empty_rows = attention_gqa_decode(torch.randn(2, 4, 1, 16), kv, lengths(0, 0))
    assert torch.equal(empty_rows, torch.zeros(2, 4, 1, 16))


def decode_request(**changes: Any) -> DecodeRequest:
    return replace(DecodeRequest("cuda", (9, 0), torch.float16, "int4", 4, False), **changes)


def prefill_request(**changes: Any) -> PrefillRequest:
    return replace(PrefillRequest("cuda", (9, 0), torch.float16, 4, False, False), **changes)


@pytest.mark.parametrize(
    ("request_", "implementation"),
    [
        (decode_request(), "triton"),
        (decode_request(kind="dense", softcap=True, rows=400), "triton"),
        (decode_request(capability=(7, 5)), "triton_fma"),
        (decode_request(capability=(7, 5), rows=9), "blockwise"),
        (decode_request(capability=(7, 5), rows=9, kind="dense"), "sdpa"),
        (decode_request(dtype=torch.float32), "triton_fma"),
        (decode_request(device="cpu", capability=None), "blockwise"),
        (decode_request(device="cpu", capability=None, kind="dense"), "sdpa"),
        (decode_request(device="cpu", capability=None, kind="dense", softcap=True), "reference"),
        (prefill_request(), "sdpa"),
        (prefill_request(masked=True), "triton"),
        (prefill_request(masked=True, group=1), "sdpa"),
        (prefill_request(softcap=True, group=1), "triton"),
        (prefill_request(capability=(7, 5)), "sdpa_expanded"),
        (prefill_request(capability=(7, 5), softcap=True), "reference"),
        (prefill_request(dtype=torch.float32), "sdpa_expanded"),
        (prefill_request(device="cpu", capability=None, masked=True), "sdpa"),
        (prefill_request(device="cpu", capability=None, softcap=True), "reference"),
    ],
    ids=str,
)
def test_the_choice_depends_on_card_kind_and_mask(
    request_: DecodeRequest | PrefillRequest, implementation: str
) -> None:
    choose = choose_decode if isinstance(request_, DecodeRequest) else choose_prefill
    assert choose(request_).implementation == implementation  # type: ignore[arg-type]


def test_a_choice_says_why_keys_are_repeated() -> None:
    choice = choose_prefill(prefill_request(capability=(7, 5), masked=True))
    assert choice.implementation == "sdpa_expanded"
    assert "enable_gqa and a mask falls to its slow path" in str(choice)
    assert "below compute capability 8.0" in str(choice)


def test_an_implementation_can_be_asked_for_but_not_forced() -> None:
    options = int4()
    with pytest.raises(NotImplementedError, match="SDPA does not read int4"):
        attention_gqa_decode(**options, implementation="sdpa")
    with pytest.raises(ValueError, match="Unknown implementation 'cuda'"):
        attention_gqa_decode(**options, implementation="cuda")
    choice = explain_decode(options["query"], options["kv"], implementation="reference")
    assert choice.reason == "asked for by name"
    query = options["query"]
    assert explain_prefill(query, query, softcap=30.0).implementation == "reference"
    assert explain_prefill(query, query, padded=True, window=9).implementation == "sdpa"
