"""The inline PTX against the layout and the tables that everything else uses."""

from __future__ import annotations

import pytest
import torch

from hyperlex_kernels import NF4_LEVELS, decode, layout, matmul

from .ptx import float_bits, half, half_bits, prmt, run_ptx


def pair_of_words(codes: torch.Tensor, format: str) -> int:
    """One 32-bit pair, packed by the layout itself, from codes [4 planes, 2 neighbours]."""
    row = torch.zeros(1, layout.TILE_COLUMNS, dtype=torch.uint8)
    for plane in range(4):
        row[0, plane * 32 : plane * 32 + 2] = codes[plane]
    packed = layout.pack_codes(row, format, fill=0)
    return int(packed[0, 0, 0].view(torch.int32)[0]) & 0xFFFFFFFF


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_nf4_ptx_looks_up_every_code_in_every_place(dtype: torch.dtype) -> None:
    bf16 = dtype == torch.bfloat16
    text = (decode._NF4_BF16 if bf16 else decode._NF4_FP16).value
    scale = decode.NF4_SCALE_BF16 if bf16 else decode.NF4_SCALE_FP16
    offset = decode.NF4_OFFSET_BF16 if bf16 else 0.0
    levels = torch.tensor(NF4_LEVELS, dtype=torch.float64) * scale - offset
    table = levels.to(dtype).double()
    random = torch.Generator().manual_seed(0)
    for trial in range(200):
        codes = torch.randint(0, 16, (4, 2), dtype=torch.uint8, generator=random)
        if trial < 16:
            codes[:] = trial
        planes = run_ptx(text, [pair_of_words(codes, "nf4")])
        for plane, word in enumerate(planes):
            for element in range(2):
                got = half(word >> (16 * element) & 0xFFFF, "bf16x2" if bf16 else "f16x2")
                assert got == float(table[int(codes[plane, element])])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_int4_ptx_is_exact_for_every_code_and_zero_point(dtype: torch.dtype) -> None:
    bf16 = dtype == torch.bfloat16
    kind = "bf16x2" if bf16 else "f16x2"
    text = (decode._INT4_BF16 if bf16 else decode._INT4_FP16).value
    for zero in range(16):
        biases = []
        for plane in range(4):
            magnitude = 128 if bf16 else (1024, 64)[plane % 2]
            bias = half_bits(-float(magnitude + zero), kind)
            biases.append(bias | bias << 16)
        for code in range(16):
            codes = (torch.arange(8, dtype=torch.uint8).view(4, 2) * 5 + code) % 16
            planes = run_ptx(text, [pair_of_words(codes, "int4"), *biases])
            for plane, word in enumerate(planes):
                for element in range(2):
                    got = half(word >> (16 * element) & 0xFFFF, kind)
                    assert got == int(codes[plane, element]) - zero


def test_the_magic_biases_of_the_kernel_are_those_numbers() -> None:
    for zero in range(16):
        assert half(0xC300 | zero, "bf16x2") == -(128 + zero)
        assert half(0xE400 | zero, "f16x2") == -(1024 + zero)
        assert half(0xD400 | zero << 4, "f16x2") == -(64 + zero)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float16, 0.9e-4), (torch.bfloat16, 6.5e-4)])
def test_tabulated_levels_are_near_the_real_ones(dtype: torch.dtype, most: float) -> None:
    bf16 = dtype == torch.bfloat16
    scale = decode.NF4_SCALE_BF16 if bf16 else decode.NF4_SCALE_FP16
    offset = decode.NF4_OFFSET_BF16 if bf16 else 0.0
    levels = torch.tensor(NF4_LEVELS, dtype=torch.float64)
    tabulated = ((levels * scale - offset).to(dtype).double() + offset) / scale
    # Each level by how often, and with how large a scale, Gaussian weights use it.
    weight = torch.randn(4096, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    largest = weight.abs().amax(1, keepdim=True)
    codes = torch.bucketize(weight / largest, (levels[1:] + levels[:-1]) / 2)
    error = (tabulated - levels)[codes] * largest
    assert float(error.norm() / (levels[codes] * largest).norm()) <= most
    assert float((levels * scale).to(torch.bfloat16).double().sub(levels * scale).abs().max()) > 0


def test_levels_of_unlike_signs_cannot_share_a_place() -> None:
    with pytest.raises(ValueError, match="sign of a byte"):
        decode._against_signs([0x0000] * 8 + [0x0080] * 8)


def test_prmt_replicates_signs_as_the_manual_says() -> None:
    assert prmt(0x80FF7F01, 0, 0xBA98) == 0xFFFF0000
    assert prmt(0x33221100, 0x77665544, 0x7362) == 0x77336622


def test_a_word_is_loaded_where_it_is_inside() -> None:
    text = matmul._LOAD_WORD.value
    assert run_ptx(text, [0x100, 1], outputs=1, memory={0x100: 0xABCD1234}) == [0xABCD1234]
    assert run_ptx(text, [0x100, 0], outputs=1) == [0]


def test_a_word_of_two_scales_becomes_two_floats() -> None:
    word = half_bits(0.5, "f16x2") | half_bits(0.01171875, "f16x2") << 16
    found = run_ptx(matmul._FLOATS_OF_HALVES.value, [word], outputs=2)
    assert found == [float_bits(0.5), float_bits(0.01171875)]
