"""The inline PTX that decodes a cache, executed by hand: every byte in every place."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("triton")

from hyperlex_kernels.attention import codes
from hyperlex_kernels.attention.quantize import INT4_ZERO, unpack_nibbles

from ..ptx import half, run_ptx


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("kind", ["int8", "low", "high"])
@pytest.mark.parametrize("part", ["keys", "values"])
def test_every_byte_decodes_in_every_place(part: str, kind: str, place: int) -> None:
    index = {"int8": codes.INT8, "low": codes.LOW, "high": codes.HIGH}[kind].value
    text = (codes._KEYS if part == "keys" else codes._VALUES).value[index]
    for byte in range(256):
        # Its neighbours hold something else, so that a byte taken from there is noticed.
        stored = torch.full((4,), (byte + 93) % 256, dtype=torch.uint8)
        stored[place] = byte
        word = int(stored.view(torch.int32)[0]) & 0xFFFFFFFF
        first, second = run_ptx(text, [word], outputs=2)
        got = [
            half(bits, "f16x2")
            for bits in (first & 0xFFFF, first >> 16, second & 0xFFFF, second >> 16)
        ]
        if kind == "int8":
            expected = stored.view(torch.int8).tolist()
        else:
            low, high = unpack_nibbles(stored).to(torch.int8).sub(INT4_ZERO).chunk(2)
            expected = (low if kind == "low" else high).tolist()
        if part == "keys":
            factor = 16 if kind == "high" else 1
            bias = codes.KEY_BIAS.value[index]
            expected = [factor * code + bias for code in expected]
        assert got == expected
