"""Weights that bitsandbytes wrote come over without losing a bit."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
import torch

from hyperlex_kernels import NF4_LEVELS, dequantize_4bit, import_bitsandbytes

LEVELS = torch.tensor(NF4_LEVELS)


def checkpoint(
    rows: int, columns: int, block: int = 64, nested: bool = False, kind: str = "nf4"
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """A checkpoint as bitsandbytes lays it out, and the dense weight it stands for."""
    random = torch.Generator().manual_seed(rows * columns)
    codes = torch.randint(0, 16, (rows * columns,), generator=random)
    blocks = rows * columns // block
    meta: dict[str, object] = {
        "quant_type": kind,
        "blocksize": block,
        "dtype": "bfloat16",
        "shape": [rows, columns],
    }
    state = {"weight": (codes[0::2] << 4 | codes[1::2]).to(torch.uint8).view(-1, 1)}
    if nested:
        table = torch.randn(256, generator=random).sort().values
        outer = torch.rand(-(-blocks // 256), generator=random)
        index = torch.randint(0, 256, (blocks,), generator=random)
        offset = 0.25
        absmax = table[index] * outer.repeat_interleave(256)[:blocks] + offset
        meta |= {"nested_blocksize": 256, "nested_offset": offset, "nested_dtype": "float32"}
        state |= {
            "weight.absmax": index.to(torch.uint8),
            "weight.nested_absmax": outer,
            "weight.nested_quant_map": table,
        }
    else:
        absmax = torch.rand(blocks, generator=random)
        state["weight.absmax"] = absmax
    state["weight.quant_map"] = LEVELS.clone()
    record = torch.tensor(list(json.dumps(meta).encode()), dtype=torch.uint8)
    state[f"weight.quant_state.bitsandbytes__{kind}"] = record
    dense = (LEVELS[codes].view(blocks, block) * absmax.unsqueeze(1)).view(rows, columns)
    return state, dense


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("block", [32, 64, 128])
def test_import_is_exact(block: int, nested: bool) -> None:
    state, dense = checkpoint(70, 384, block, nested)
    assert torch.equal(dequantize_4bit(import_bitsandbytes(state)), dense)


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
@pytest.mark.parametrize("nested", [False, True])
def test_bitsandbytes_itself_agrees(nested: bool) -> None:
    from bitsandbytes import functional

    weight = torch.randn(96, 320, generator=torch.Generator().manual_seed(0))
    quantised, record = functional.quantize_4bit(
        weight, quant_type="nf4", blocksize=64, compress_statistics=nested
    )
    state = {"weight": quantised}
    state |= {f"weight.{name}": value for name, value in record.as_dict(packed=True).items()}
    ours = dequantize_4bit(import_bitsandbytes(state))
    assert torch.equal(ours, functional.dequantize_4bit(quantised, record))


def test_what_cannot_be_imported_is_refused() -> None:
    with pytest.raises(ValueError, match="stored as fp4"):
        import_bitsandbytes(checkpoint(64, 128, kind="fp4")[0])
    with pytest.raises(ValueError, match="blocks of 64"):
        import_bitsandbytes(checkpoint(64, 96)[0])
    with pytest.raises(ValueError, match="No bitsandbytes 4-bit weight 'other'"):
        import_bitsandbytes(checkpoint(64, 128)[0], "other")
    state, _ = checkpoint(64, 128)
    state["weight.quant_map"][3] += 0.01
    with pytest.raises(ValueError, match="levels of its own"):
        import_bitsandbytes(state)
