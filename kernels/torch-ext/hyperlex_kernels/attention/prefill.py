"""`attention_gqa_prefill` in Triton, for what SDPA has no fast kernel for.

Padding, a window, a soft-cap and grouped heads are index arithmetic here: no mask is built and no
key repeated. A program takes a block of queries of one head and walks the keys that one of them
sees, so what a window or padding hides is not read.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from ..interpreter import INTERPRETED, result_dtype
from ..library import LAUNCH
from .configs import PrefillConfig, prefill_config
from .decode import LOG2_E, load_rows, product, soft_capped


@triton.jit
def prefill_kernel(
    query,
    key,
    value,
    start,
    stop,
    mask,
    out,
    query_b,
    query_h,
    query_s,
    key_b,
    key_h,
    key_t,
    value_b,
    value_h,
    value_t,
    mask_b,
    mask_tokens,
    HEADS,
    ROWS,
    LENGTH,
    scale,
    window,
    softcap,
    GROUP: tl.constexpr,
    D: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr,
    HAS_START: tl.constexpr,
    HAS_STOP: tl.constexpr,
    HAS_MASK: tl.constexpr,
    HAS_WINDOW: tl.constexpr,
    HAS_SOFTCAP: tl.constexpr,
    FP32_DOT: tl.constexpr,
):
    """BLOCK_M of ROWS queries of one query head. Grid: (ceil(ROWS / BLOCK_M), B x HEADS x GROUP).

    out is [B, ROWS, HEADS x GROUP, D]; all others as in `operators.attention_gqa_prefill`.
    """
    # Long rows of blocks first: the last queries see the most keys.
    block_m = tl.num_programs(0) - 1 - tl.program_id(0)
    query_head = tl.program_id(1) % (HEADS * GROUP)
    batch = (tl.program_id(1) // (HEADS * GROUP)).to(tl.int64)
    head = query_head // GROUP
    row = block_m * BLOCK_M + tl.arange(0, BLOCK_M)
    channel = tl.arange(0, BLOCK_D)
    in_width = channel < D
    in_query = (row < ROWS)[:, None] & in_width[None, :]
    position = LENGTH - ROWS + row

    first = 0
    if HAS_START:
        first = tl.maximum(tl.load(start + batch), 0)
    last = tl.minimum(LENGTH - ROWS + (block_m + 1) * BLOCK_M, LENGTH)
    if HAS_STOP:
        last = tl.minimum(last, tl.load(stop + batch))
    low = first
    if HAS_WINDOW:
        low = tl.maximum(low, LENGTH - ROWS + block_m * BLOCK_M + 1 - window)
    low = low // BLOCK_T * BLOCK_T

    query_at = query + batch * query_b + query_head * query_h + row[:, None] * query_s
    q = tl.load(query_at + channel[None, :], mask=in_query, other=0.0)
    score_scale = scale
    if not HAS_SOFTCAP:
        score_scale = scale * LOG2_E
    top = tl.full((BLOCK_M,), -float("inf"), tl.float32)
    total = tl.zeros((BLOCK_M,), tl.float32)
    acc = tl.zeros((BLOCK_M, BLOCK_D), tl.float32)
    key_at = key + batch * key_b + head * key_h + channel[None, :]
    value_at = value + batch * value_b + head * value_h + channel[None, :]
    step = tl.arange(0, BLOCK_T)
    for block in range(low, last, BLOCK_T):
        here = block + step
        live = here < last
        if HAS_START:
            live = live & (here >= first)
        if HAS_MASK:
            known = tl.load(mask + batch * mask_b + here, mask=here < mask_tokens, other=0)
            live = live & (known != 0)
        k = load_rows(key_at + here[:, None] * key_t, live, in_width, False, D != BLOCK_D)
        zeros = tl.zeros((BLOCK_M, BLOCK_T), tl.float32)
        scores = product(q, tl.trans(k), zeros, False, FP32_DOT) * score_scale
        if HAS_SOFTCAP:
            scores = soft_capped(scores, softcap) * LOG2_E
        seen = live[None, :] & (here[None, :] <= position[:, None])
        if HAS_WINDOW:
            seen = seen & (here[None, :] > position[:, None] - window)
        scores = tl.where(seen, scores, -float("inf"))
        new_top = tl.maximum(top, tl.max(scores, 1))
        # A row that has seen nothing yet has no maximum to subtract.
        shift = tl.where(new_top == -float("inf"), 0.0, new_top)
        weights = tl.exp2(scores - shift[:, None])
        decay = tl.exp2(top - shift)
        total = total * decay + tl.sum(weights, 1)
        top = new_top
        v = load_rows(value_at + here[:, None] * value_t, live, in_width, False, D != BLOCK_D)
        acc = product(weights.to(v.dtype), v, acc * decay[:, None], False, FP32_DOT)

    acc *= (1.0 / tl.where(total == 0.0, 1.0, total))[:, None]
    line = (batch * ROWS + row) * (HEADS * GROUP) + query_head
    tl.store(
        out + line[:, None] * D + channel[None, :], acc.to(out.dtype.element_ty), mask=in_query
    )


def attention_gqa_prefill(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    start: Tensor | None,
    stop: Tensor | None,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
    config: PrefillConfig | None = None,
) -> Tensor:
    """`reference.attention_gqa_prefill` by the kernel above."""
    batch, heads_q, rows, head_size = query.shape
    heads, length = key.shape[1:3]
    config = config or prefill_config(head_size)
    query, key, value = (
        each if each.stride(3) == 1 else each.contiguous() for each in (query, key, value)
    )
    dtype = result_dtype(query.dtype)
    out = torch.empty((batch, rows, heads_q, head_size), dtype=dtype, device=query.device)
    if mask is not None:
        mask = mask.contiguous().view(torch.uint8)
    prefill_kernel[(triton.cdiv(rows, config.block_m), batch * heads_q)](
        query,
        key,
        value,
        start,
        stop,
        mask,
        out,
        *query.stride()[:3],
        *key.stride()[:3],
        *value.stride()[:3],
        0 if mask is None else mask.stride(0),
        0 if mask is None else mask.shape[1],
        heads,
        rows,
        length,
        scale,
        window,
        softcap,
        GROUP=heads_q // heads,
        D=head_size,
        BLOCK_M=config.block_m,
        BLOCK_T=config.block_t,
        BLOCK_D=max(16, triton.next_power_of_2(head_size)),
        HAS_START=start is not None,
        HAS_STOP=stop is not None,
        HAS_MASK=mask is not None,
        HAS_WINDOW=window != 0,
        HAS_SOFTCAP=softcap != 0,
        FP32_DOT=INTERPRETED,
        num_warps=config.warps,
        **LAUNCH,
        num_stages=config.stages,
    )
    return out.to(query.dtype).transpose(1, 2)
