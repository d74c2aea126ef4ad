"""Which keys a query sees, held against attention one query at a time."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hyperlex_kernels.attention import (
    KINDS,
    attention_gqa_decode,
    attention_gqa_prefill,
    blockwise,
    kv_append_quantized,
)

from .caches import filled_cache, lengths, one_by_one, relative_error

TOKENS = 19
# Row 0 is short and row 1 is full; holes, as right padding leaves them; a row with nothing to see.
WAYS: dict[str, dict[str, Any]] = {
    "all": {},
    "padded left": {"start": lengths(0, 12)},
    "rows of different lengths": {"stop": lengths(6, TOKENS)},
    "holes": {"mask": torch.arange(TOKENS) % 3 != torch.tensor([[1], [5]])},
    "a mask that ends early": {"mask": torch.ones(2, 7, dtype=torch.bool)},
    "window": {"window": 4},
    "window and padding": {"window": 4, "start": lengths(17, 3)},
    "soft-cap": {"softcap": 1.5},
    "nothing to see": {"start": lengths(TOKENS, 0)},
    "fewer tokens than queries": {"stop": lengths(1, TOKENS)},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_decode_sees_what_the_contract_says(way: str, kind: str) -> None:
    kv = filled_cache(kind, 16, TOKENS, 24, dtype=torch.float64)
    query = torch.randn(2, 6, 3, 16, dtype=torch.float64)
    options = {"stop": lengths(TOKENS, TOKENS), **WAYS[way]}
    stop = options.pop("stop")
    expected = one_by_one(query, kv, stop, **options)
    for implementation in ("reference", "auto"):  # the latter is SDPA, or block by block
        got = attention_gqa_decode(query, kv, stop, implementation=implementation, **options)
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("head_size", [64, 128])  # one scale a token, and two of int4
@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_where_blocks_of_codes_end_makes_no_difference(
    kind: str, head_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kv = filled_cache(kind, head_size, TOKENS, 24, dtype=torch.float64)
    query = torch.randn(2, 6, 1, head_size, dtype=torch.float64)
    stop = lengths(11, TOKENS)
    expected = attention_gqa_decode(query, kv, stop, implementation="reference")
    for tokens in (1, 4, TOKENS, 10**6):
        monkeypatch.setattr(blockwise, "BLOCK_BYTES", tokens * 4 * kv.keys.shape[3] * 8)
        got = attention_gqa_decode(query, kv, stop, implementation="blockwise")
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("implementation", ["reference", "sdpa", "sdpa_expanded"])
@pytest.mark.parametrize("way", [w for w in WAYS if "stop" not in WAYS[w]])
@pytest.mark.parametrize("rows", [3, TOKENS])
def test_prefill_sees_what_decode_sees(way: str, implementation: str, rows: int) -> None:
    options = WAYS[way]
    if "softcap" in options and implementation != "reference":
        pytest.skip("SDPA knows no soft-cap")
    kv = filled_cache("dense", 16, TOKENS, TOKENS, dtype=torch.float64)
    query = torch.randn(2, 6, rows, 16, dtype=torch.float64)
    expected = one_by_one(query, kv, lengths(TOKENS, TOKENS), **options)
    got = attention_gqa_prefill(query, kv.keys, kv.values, implementation=implementation, **options)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("implementation", ["reference", "sdpa"])
def test_prefill_hides_padding_on_the_right(implementation: str) -> None:
    kv = filled_cache("dense", 16, TOKENS, TOKENS, dtype=torch.float64)
    query = torch.randn(2, 6, TOKENS, 16, dtype=torch.float64)
    stop = lengths(5, TOKENS)
    got = attention_gqa_prefill(query, kv.keys, kv.values, stop=stop, implementation=implementation)
    mask = torch.arange(TOKENS) < stop[:, None]
    expected = one_by_one(query, kv, lengths(TOKENS, TOKENS), mask=mask)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_behind_the_tokens_may_hold_anything(kind: str) -> None:
    kv = filled_cache(kind, 16, TOKENS, 24)
    query = torch.randn(2, 4, 1, 16).half()
    stop = lengths(9, TOKENS)
    expected = {
        implementation: attention_gqa_decode(query, kv, stop, implementation=implementation)
        for implementation in ("reference", "auto")
    }
    for tensor in (kv.keys, kv.values, kv.scales):
        if tensor is not None:
            fill = float("nan") if tensor.is_floating_point() else 77
            tensor[:, :, TOKENS:] = fill
            tensor[0, :, 9:] = fill
    for implementation, out in expected.items():
        got = attention_gqa_decode(query, kv, stop, implementation=implementation)
        assert torch.equal(got, out)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_at_a_time_is_prefill(kind: str) -> None:
    """Fresh keys and values, then the same through a cache: what generation does."""
    torch.manual_seed(1)
    kv = filled_cache(kind, 32, TOKENS, 40, dtype=torch.float32)
    key, value = (torch.randn(2, 2, 6, 32) for _ in range(2))
    query = torch.randn(2, 4, 6, 32)
    expected = attention_gqa_prefill(query, key, value)
    for step in range(6):
        at = lengths(step, step)
        new = slice(step, step + 1)
        kv_append_quantized(key[:, :, new], value[:, :, new], kv, at)
        got = attention_gqa_decode(query[:, :, new], kv, at + 1)
        most = {"dense": 1e-5, "int8": 0.02, "int4": 0.25}[kind]
        assert relative_error(got, expected[:, :, new]) < most


def test_outputs_lie_in_memory_token_by_token() -> None:
    kv = filled_cache("int8", 16, TOKENS, 24)
    query = torch.randn(2, 4, 3, 16).half()
    out = attention_gqa_decode(query, kv, lengths(TOKENS, TOKENS))
    assert out.shape == query.shape and out.transpose(1, 2).is_contiguous()
