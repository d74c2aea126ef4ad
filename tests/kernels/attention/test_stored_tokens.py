"""What a cache stores: codes, scales, key channels, and how much memory they take."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hyperlex_kernels.attention import (
    KINDS,
    allocate_kv,
    fit_key_channels,
    kv_append_quantized,
    token_bytes,
)
from hyperlex_kernels.attention.quantize import (
    dequantize_tokens,
    pack_nibbles,
    quantize_tokens,
    round_up_to_bfloat16,
    unpack_nibbles,
)
from hyperlex_kernels.attention.reference import dense_kv

from .caches import filled_cache, lengths, relative_error


def test_unpacking_inverts_packing() -> None:
    codes = torch.randint(0, 16, (3, 24), dtype=torch.uint8)
    stored = pack_nibbles(codes)
    assert stored.shape == (3, 12)
    assert torch.equal(unpack_nibbles(stored), codes)
    assert stored[0, 5] == codes[0, 5] + 16 * codes[0, 17]  # the order of the contract


@pytest.mark.parametrize(
    ("kind", "head_size", "most"),
    [("int8", 64, 0.0061), ("int8", 128, 0.0068), ("int4", 64, 0.093), ("int4", 128, 0.093)],
)
def test_error_of_gaussian_tokens(kind: str, head_size: int, most: float) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 2, 500, head_size)
    stored, scales = quantize_tokens(x, kind)
    assert relative_error(dequantize_tokens(stored, scales, kind, torch.float32), x) < most


@pytest.mark.parametrize("kind", ["int8", "int4"])
@pytest.mark.parametrize("size", [1e-33, 1.0, 1e33])
def test_the_size_of_tokens_does_not_matter(kind: str, size: float) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 1, 50, 64)
    stored, scales = quantize_tokens(x * size, kind)
    back = dequantize_tokens(stored, scales, kind, torch.float64) / size
    assert relative_error(back, x) < (0.1 if kind == "int4" else 0.01)


@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_zeros_stay_zeros_and_nan_stays_where_it_was(kind: str) -> None:
    x = torch.zeros(1, 1, 3, 64)
    x[0, 0, 1] = 1.0
    x[0, 0, 2, 5] = float("inf")
    stored, scales = quantize_tokens(x, kind)
    back = dequantize_tokens(stored, scales, kind, torch.float32)
    assert (back[0, 0, 0] == 0).all()
    assert back[0, 0, 1].isfinite().all()
    assert back[0, 0, 2].isnan().all()


def test_scales_round_away_from_zero() -> None:
    x = torch.tensor([1.0, 1.001, -1.001, 0.0, float("nan")])
    up = round_up_to_bfloat16(x)
    assert torch.equal(up.bfloat16().float()[:4], up[:4])
    assert (up.abs() >= x.abs())[:4].all() and up[4].isnan()
    assert torch.equal(up[:1], x[:1])


def test_key_channels_agree_under_their_factor_and_centre() -> None:
    torch.manual_seed(0)
    key = torch.randn(1, 2, 200, 64) * torch.linspace(0.1, 10, 64) + torch.linspace(-5, 5, 64)
    factor, centre = fit_key_channels(key)
    agreed = (key - centre.unsqueeze(2)) / factor.unsqueeze(2)
    torch.testing.assert_close(agreed.std(2, unbiased=False), torch.ones(1, 2, 64))
    kv = allocate_kv("int4", 1, 2, 200, 64, dtype=torch.float32)
    errors = []
    for each in (kv, replace(kv, key_factor=factor, key_centre=centre)):
        kv_append_quantized(key, key, each, lengths(0))
        back = dense_kv(each, 200, torch.float32)[0]
        errors.append(float(((back - key) / factor.unsqueeze(2)).norm()))
    assert errors[1] < 0.2 * errors[0]


def test_padding_does_not_reach_key_channels() -> None:
    torch.manual_seed(0)
    key = torch.randn(2, 1, 8, 16)
    mask = torch.ones(2, 8, dtype=torch.bool)
    mask[0, :3] = False
    key[0, :, :3] = 1e6
    factor, centre = fit_key_channels(key, mask)
    expected = fit_key_channels(key[:1, :, 3:])
    torch.testing.assert_close((factor[:1], centre[:1]), expected)
    nothing = fit_key_channels(key, torch.zeros_like(mask))
    assert (nothing[0] == 1).all() and (nothing[1] == 0).all()


@pytest.mark.parametrize("head_size", [64, 128, 256])
def test_int4_takes_a_quarter_and_a_little(head_size: int) -> None:
    dense = token_bytes("dense", 8, head_size, torch.float16)
    assert dense / token_bytes("int4", 8, head_size, torch.float16) >= 3.7
    assert dense / token_bytes("int8", 8, head_size, torch.float16) >= 1.9


@pytest.mark.parametrize("kind", KINDS)
def test_buffers_take_what_is_said(kind: str) -> None:
    kv = allocate_kv(kind, 3, 2, 40, 96, dtype=torch.bfloat16)
    assert kv.stored_bytes == 3 * 40 * token_bytes(kind, 2, 96, torch.bfloat16)
    assert (kv.batch, kv.heads, kv.capacity, kv.head_size) == (3, 2, 40, 96)


@pytest.mark.parametrize("kind", KINDS)
def test_growing_and_reordering_keep_tokens(kind: str) -> None:
    kv = filled_cache(kind, 64, tokens=5, capacity=5)
    tokens = dense_kv(kv, 5, torch.float32)
    grown = kv.grown(9)
    assert grown.capacity == 9
    for mine, theirs in zip(dense_kv(grown, 5, torch.float32), tokens, strict=True):
        assert torch.equal(mine, theirs)
    rows = torch.tensor([1, 1, 0])
    for mine, theirs in zip(dense_kv(kv.reordered(rows), 5, torch.float32), tokens, strict=True):
        assert torch.equal(mine, theirs[rows])
    with pytest.raises(ValueError, match="capacity=4 is below the 5"):
        kv.grown(4)


@pytest.mark.parametrize("kind", KINDS)
def test_appending_in_parts_is_appending_at_once(kind: str) -> None:
    whole = filled_cache(kind, 64, tokens=7, capacity=8)
    key, value = (torch.randn(2, 2, 7, 64).half() for _ in range(2))
    kv_append_quantized(key, value, whole, lengths(0, 1))
    parts = replace(
        whole,
        keys=torch.zeros_like(whole.keys),
        values=torch.zeros_like(whole.values),
        scales=None if whole.scales is None else torch.zeros_like(whole.scales),
    )
    kv_append_quantized(key[:, :, :3], value[:, :, :3], parts, lengths(0, 1))
    kv_append_quantized(key[:, :, 3:], value[:, :, 3:], parts, lengths(3, 4))
    for row, first in ((0, 0), (1, 1)):
        for mine, theirs in zip(parts.tensors, whole.tensors, strict=True):
            tokens = slice(first, first + 7) if mine.ndim == 4 else slice(None)
            assert torch.equal(mine[row, :, tokens], theirs[row, :, tokens])
