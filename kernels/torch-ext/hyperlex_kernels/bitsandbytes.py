"""4-bit weights that bitsandbytes wrote, read without bitsandbytes and without loss.

The codes are taken over as they are and every absmax is kept as the float32 that bitsandbytes
multiplies with, a nested one (double quantisation) resolved: the dense weight has the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import torch
from torch import Tensor

from .formats import NF4_LEVELS, PackedWeight, pack_weight

_STATE = "quant_state.bitsandbytes__"


def weight_prefixes(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Names of a checkpoint's 4-bit weights, such as 'model.layers.0.mlp.up_proj.weight'."""
    return tuple(name.split(f".{_STATE}")[0] for name in state if f".{_STATE}" in name)


def import_bitsandbytes(state: Mapping[str, Tensor], name: str = "weight") -> PackedWeight:
    """The weight `name` of a bitsandbytes 4-bit checkpoint, from the checkpoint's tensors.

    `state` holds `name` and its companions (`name.absmax`, `name.quant_map`, the
    `name.quant_state.bitsandbytes__nf4` record and, where nested, `name.nested_absmax` and
    `name.nested_quant_map`). Raises `ValueError` for anything but NF4, for a block that is no
    multiple of 32, and for a K at which blocks run across rows.
    """
    record = [key for key in state if key.startswith(f"{name}.{_STATE}")]
    if len(record) != 1:
        raise ValueError(
            f"No bitsandbytes 4-bit weight {name!r} here. Expected one tensor named "
            f"'{name}.{_STATE}nf4'; found: {', '.join(weight_prefixes(state)) or 'none at all'}."
        )
    meta = json.loads(bytes(state[record[0]].cpu().tolist()).decode("utf-8"))
    kind = meta["quant_type"]
    levels = state[f"{name}.quant_map"].float().cpu()
    if kind != "nf4" or not torch.equal(levels, torch.tensor(NF4_LEVELS)):
        raise ValueError(
            f"{name} is stored as {kind}"
            f"{'' if kind != 'nf4' else ' with levels of its own'}. Only NF4 with the published "
            "levels can be imported; load the original checkpoint and quantise it instead."
        )
    rows, columns = meta["shape"]
    block = int(meta["blocksize"])
    if block % 32 or columns % block:
        raise ValueError(
            f"{name} [{rows}, {columns}] is stored in blocks of {block}. Expected a multiple of 32 "
            f"that divides {columns}, or a block would run over the end of a row."
        )
    absmax = state[f"{name}.absmax"]
    if "nested_blocksize" in meta:
        inner = state[f"{name}.nested_quant_map"].float()[absmax.long()]
        scale = state[f"{name}.nested_absmax"].float()
        scale = scale.repeat_interleave(int(meta["nested_blocksize"]))[: inner.numel()]
        absmax = inner * scale + torch.tensor(float(meta["nested_offset"]), device=inner.device)
    group_size = 64 if block % 64 == 0 else 32
    scales = absmax.float().view(rows, columns // block)
    scales = scales.repeat_interleave(block // group_size, dim=1)
    pairs = state[name].view(torch.uint8).flatten()
    # The high nibble is the earlier weight.
    codes = torch.stack((pairs >> 4, pairs & 15), dim=-1).view(rows, columns)
    return pack_weight(codes, scales, None, "nf4", group_size)
