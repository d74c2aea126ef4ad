"""`attention_gqa_decode` in Triton: one pass over the stored cache, cut along its tokens.

A program takes one key/value head of one row of the batch, a block of its queries (the heads of a
group and their query tokens, side by side, so that each key is read once for all of them), and one
split of the tokens that these queries see. The tokens are cut by what is stored, not by what is
allocated: a static cache that is nearly empty keeps all splits busy, and a graph can be replayed
while it fills. Every split leaves its maximum, its sum and its weighted values; `combine_kernel`
joins them in order. No atomics: the same input gives the same bits.

Codes are multiplied as they are. A key's scale multiplies its score, a value's scale its weight,
and factors of key channels the query, so nothing dense exists anywhere. A weight times a scale is a
float16 operand there, so the power of two in the scale takes part in the maximum that the weights
are measured from, and all weights carry a factor of 2^8 that cancels: the largest product of a row
is about 2^8 whatever the values measure, and what is far below it still has its bits.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from ..interpreter import INTERPRETED, result_dtype
from ..library import LAUNCH, card
from .codes import HIGH, INT8, KEY_BIAS, LOW, keys_of, values_of
from .configs import DecodeConfig, choose_splits, decode_config
from .contract import KINDS, KVBuffers, planes, stored_width

LOG2_E = tl.constexpr(1.4426950408889634)
_WEIGHT_BITS = tl.constexpr(8.0)
# Bits of a float32: its exponent, that of 2^-100, and twice the bias of exponents.
_EXPONENT = tl.constexpr(0x7F800000)
_LEAST_POWER = tl.constexpr(27 << 23)
_TWICE_BIAS = tl.constexpr(254 << 23)


@triton.jit
def soft_capped(scores, softcap):
    """softcap * tanh(scores / softcap), by the exponential: Triton has no tanh of its own."""
    return softcap - 2.0 * softcap / (1.0 + tl.exp2(scores * (2.0 * LOG2_E / softcap)))


@triton.jit
def product(a, b, total, FMA: tl.constexpr, FP32_DOT: tl.constexpr):
    """total + a [M, K] @ b [K, N] in float32.

    FMA does without tensor cores, which Triton has none of below sm_80. The interpreter's bfloat16
    product is wrong: so the casts of FP32_DOT.
    """
    if FMA:
        result = total + tl.sum(a.to(tl.float32)[:, :, None] * b.to(tl.float32)[None, :, :], 1)
    elif FP32_DOT:
        result = tl.dot(a.to(tl.float32), b.to(tl.float32), total, input_precision="ieee")
    else:
        result = tl.dot(a, b, total)
    return result


@triton.jit
def low_scale(words):
    """The first bfloat16 of each word, as float32."""
    return (words << 16).to(tl.float32, bitcast=True)


@triton.jit
def high_scale(words):
    """The second bfloat16 of each word, as float32."""
    return (words & -65536).to(tl.float32, bitcast=True)


@triton.jit
def load_rows(pointers, inside, in_width, EVEN: tl.constexpr, PADDED: tl.constexpr):
    """A tile of rows, 0 outside. EVEN: every row may be read, whether or not it holds a token."""
    if EVEN and not PADDED:
        tile = tl.load(pointers)
    elif EVEN:
        tile = tl.load(pointers, mask=in_width[None, :], other=0)
    elif PADDED:
        tile = tl.load(pointers, mask=inside[:, None] & in_width[None, :], other=0)
    else:
        tile = tl.load(pointers, mask=inside[:, None], other=0)
    return tile


@triton.jit
def decode_kernel(
    query,
    keys,
    values,
    scales,
    key_factor,
    key_centre,
    start,
    stop,
    mask,
    out,
    partial,
    maxima,
    sums,
    query_b,
    query_h,
    query_s,
    mask_b,
    mask_tokens,
    HEADS,
    TOKENS,
    CAPACITY,
    SPLITS,
    scale,
    window,
    softcap,
    KIND: tl.constexpr,
    GROUP: tl.constexpr,
    D: tl.constexpr,
    PLANES: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr,
    ONE_TOKEN: tl.constexpr,
    HAS_FACTOR: tl.constexpr,
    HAS_CENTRE: tl.constexpr,
    HAS_START: tl.constexpr,
    HAS_MASK: tl.constexpr,
    HAS_WINDOW: tl.constexpr,
    HAS_SOFTCAP: tl.constexpr,
    EVEN: tl.constexpr,
    SPLIT: tl.constexpr,
    FMA: tl.constexpr,
    PTX: tl.constexpr,
    FP32_DOT: tl.constexpr,
):
    """One split of one block of queries of one key/value head.

    grid      (B x HEADS, ceil(GROUP x TOKENS / BLOCK_M), SPLITS)
    keys      KIND 0 dense, 1 int8: [B, HEADS, CAPACITY, D]; 2 int4: [B, HEADS, CAPACITY, D/2]
    scales    int32 [B, HEADS, CAPACITY, PLANES]: two bfloat16 each, the first one low
    out       [B, TOKENS, HEADS x GROUP, D], where not SPLIT
    partial   float32 [B, TOKENS, HEADS x GROUP, SPLITS, D]; maxima, sums: the same without D
    TOKENS    query tokens; row r of the queries is head r % GROUP of token r // GROUP
    BLOCK_D   channels of a half of int4, of the whole head otherwise, rounded up to a power of two
    EVEN      CAPACITY is a multiple of BLOCK_T
    """
    QUANTISED: tl.constexpr = KIND != 0
    INT4: tl.constexpr = KIND == 2
    WIDTH: tl.constexpr = D // 2 if INT4 else D
    PADDED: tl.constexpr = WIDTH != BLOCK_D
    OPERAND: tl.constexpr = tl.float32 if FMA else tl.float16
    head = tl.program_id(0)
    batch = head // HEADS
    split = tl.program_id(2)
    row = tl.program_id(1) * BLOCK_M + tl.arange(0, BLOCK_M)
    channel = tl.arange(0, BLOCK_D)
    in_width = channel < WIDTH
    in_rows = row < GROUP * TOKENS
    query_head = (head % HEADS) * GROUP + row % GROUP
    token = row // GROUP

    # The tokens that some query of this block sees, and the share of this split.
    length = tl.minimum(tl.load(stop + batch), CAPACITY)
    position = length - TOKENS + token
    first = 0
    if HAS_START:
        first = tl.maximum(tl.load(start + batch), 0)
    last = length
    if not ONE_TOKEN:
        last_row = tl.minimum((tl.program_id(1) + 1) * BLOCK_M, GROUP * TOKENS) - 1
        last = tl.maximum(length - TOKENS + last_row // GROUP + 1, 0)
    low = first
    if HAS_WINDOW:
        first_token = tl.program_id(1) * BLOCK_M // GROUP
        low = tl.maximum(low, length - TOKENS + first_token + 1 - window)
    # Whole blocks, so that a block starts where vectors do.
    low = low // BLOCK_T * BLOCK_T
    blocks = tl.cdiv(tl.maximum(last - low, 0), BLOCK_T)
    share = tl.cdiv(blocks, SPLITS) * BLOCK_T
    begin = low + split * share
    end = tl.minimum(begin + share, last)

    query_at = query + batch.to(tl.int64) * query_b + query_head * query_h + token * query_s
    in_query = in_rows[:, None] & in_width[None, :]
    q0 = tl.load(query_at[:, None] + channel[None, :], mask=in_query, other=0.0)
    row_scale = tl.full((BLOCK_M,), 1.0, tl.float32) * scale
    centre = tl.zeros((BLOCK_M,), tl.float32)
    if QUANTISED:
        q0 = q0.to(tl.float32)
        if INT4:
            q1 = tl.load(query_at[:, None] + (WIDTH + channel)[None, :], mask=in_query, other=0.0)
            q1 = q1.to(tl.float32)
        if HAS_CENTRE and HAS_SOFTCAP:
            # Without a soft-cap a centre moves all scores of a query alike: softmax cannot see it.
            at = key_centre + head * D + channel
            c0 = tl.load(at, mask=in_width, other=0.0)[None, :]
            centre += tl.sum(q0 * c0, 1)
            if INT4:
                c1 = tl.load(at + WIDTH, mask=in_width, other=0.0)[None, :]
                centre += tl.sum(q1 * c1, 1)
            centre *= scale
        if HAS_FACTOR:
            at = key_factor + head * D + channel
            q0 *= tl.load(at, mask=in_width, other=0.0)[None, :]
            if INT4:
                q1 *= tl.load(at + WIDTH, mask=in_width, other=0.0)[None, :]
        largest = tl.max(tl.abs(q0), 1)
        if INT4:
            largest = tl.maximum(largest, tl.max(tl.abs(q1), 1))
        # So that a query of zeros is divided by something.
        largest = tl.maximum(largest, 1e-30)
        row_scale *= largest
        q0 = (q0 / largest[:, None]).to(OPERAND)
        if INT4:
            q1 = (q1 / ((1.0 if FMA else 16.0) * largest[:, None])).to(OPERAND)
        # What the scores begin with: the operands of keys are that much too large.
        begin0 = tl.zeros((BLOCK_M, BLOCK_T), tl.float32)
        begin1 = begin0
        if not FMA:
            sum0 = tl.sum(q0.to(tl.float32), 1)
            begin0 -= (sum0 * KEY_BIAS[LOW if INT4 else INT8])[:, None]
            if INT4:
                begin1 -= (tl.sum(q1.to(tl.float32), 1) * KEY_BIAS[HIGH])[:, None]
                if PLANES == 1:
                    begin0 += begin1
    if not HAS_SOFTCAP:
        row_scale *= LOG2_E

    top = tl.full((BLOCK_M,), -float("inf"), tl.float32)
    total = tl.zeros((BLOCK_M, BLOCK_T), tl.float32)
    acc0 = tl.zeros((BLOCK_M, BLOCK_D), tl.float32)
    if INT4:
        acc1 = tl.zeros((BLOCK_M, BLOCK_D), tl.float32)
    step = tl.arange(0, BLOCK_T)
    base = head.to(tl.int64) * CAPACITY
    for block in range(begin, end, BLOCK_T):
        block = tl.multiple_of(block, BLOCK_T)
        here = block + step
        live = here < end
        if HAS_START:
            live = live & (here >= first)
        if HAS_MASK:
            known = tl.load(
                mask + batch.to(tl.int64) * mask_b + here, mask=here < mask_tokens, other=0
            )
            live = live & (known != 0)
        # What is not live may be NaN, which a weight of zero does not stop: so `live` where values
        # and scales are read.
        rows_at = (base + here)[:, None] * WIDTH + channel[None, :]
        stored = load_rows(keys + rows_at, here < end, in_width, EVEN, PADDED)
        if QUANTISED:
            words = tl.load(scales + (base + here) * PLANES, mask=live, other=0)
            if PLANES == 2:
                more = tl.load(scales + (base + here) * PLANES + 1, mask=live, other=0)

        # The weight of a code is 2^score times the scale of its value; the power of two in that
        # scale goes to the exponent, so that the largest weight of a row is about 1, and is taken
        # out of the sum again. What is not live has an exponent of minus infinity.
        if QUANTISED:
            if PLANES == 2:
                scale0, scale1 = low_scale(more), high_scale(more)
                power = tl.maximum((more << 16) & _EXPONENT, more & _EXPONENT)
            else:
                scale0 = high_scale(words)
                power = words & _EXPONENT
            power = tl.maximum(power, _LEAST_POWER)
            inverse = (0 - power + _TWICE_BIAS).to(tl.float32, bitcast=True)
            # 2^23 + exponent as a float32, less 2^23 and the bias: no conversion.
            exponent = ((power >> 23) | 0x4B000000).to(tl.float32, bitcast=True) - 8388735.0
            exponent = tl.where(live, exponent, -float("inf"))

        # Scores.
        if KIND == 0:
            zeros = tl.zeros((BLOCK_M, BLOCK_T), tl.float32)
            scores = product(q0, tl.trans(stored), zeros, FMA, FP32_DOT)
        elif KIND == 1:
            codes = keys_of(stored, INT8, not FMA, PTX)
            scores = product(q0, tl.trans(codes), begin0, FMA, FP32_DOT)
            scores *= low_scale(words)[None, :]
        else:
            codes = keys_of(stored, LOW, not FMA, PTX)
            scores = product(q0, tl.trans(codes), begin0, FMA, FP32_DOT)
            codes = keys_of(stored, HIGH, not FMA, PTX)
            if PLANES == 2:
                other = product(q1, tl.trans(codes), begin1, FMA, FP32_DOT)
                scores = scores * low_scale(words)[None, :] + other * high_scale(words)[None, :]
            else:
                scores = product(q1, tl.trans(codes), scores, FMA, FP32_DOT)
                scores *= low_scale(words)[None, :]
        scores *= row_scale[:, None]
        if HAS_SOFTCAP:
            scores = soft_capped(scores + centre[:, None], softcap) * LOG2_E
        if QUANTISED:
            scores += exponent[None, :]
        if not ONE_TOKEN or HAS_WINDOW or not QUANTISED:
            seen = live[None, :]
            if not ONE_TOKEN:
                seen = seen & (here[None, :] <= position[:, None])
            if HAS_WINDOW:
                seen = seen & (here[None, :] > position[:, None] - window)
            scores = tl.where(seen, scores, -float("inf"))

        # Softmax, a block at a time.
        new_top = tl.maximum(top, tl.max(scores, 1))
        # A row that has seen nothing yet has no maximum to subtract.
        shift = tl.where(new_top == -float("inf"), 0.0, new_top)
        weights = tl.exp2(scores - (shift - _WEIGHT_BITS)[:, None])
        decay = tl.exp2(top - shift)
        top = new_top
        if QUANTISED:
            total = total * decay[:, None] + weights * inverse[None, :]
        else:
            total = total * decay[:, None] + weights

        # Values.
        if KIND == 0:
            stored = load_rows(values + rows_at, live, in_width, False, PADDED)
            scaled = weights if FMA else weights.to(stored.dtype)
            acc0 = product(scaled, stored, acc0 * decay[:, None], FMA, FP32_DOT)
        else:
            stored = load_rows(values + rows_at, here < end, in_width, EVEN, PADDED)
            scaled = (weights * (scale0 * inverse)[None, :]).to(OPERAND)
            if KIND == 1:
                codes = values_of(stored, INT8, PTX)
                acc0 = product(scaled, codes, acc0 * decay[:, None], FMA, FP32_DOT)
            else:
                codes = values_of(stored, LOW, PTX)
                acc0 = product(scaled, codes, acc0 * decay[:, None], FMA, FP32_DOT)
                if PLANES == 2:
                    scaled = (weights * (scale1 * inverse)[None, :]).to(OPERAND)
                codes = values_of(stored, HIGH, PTX)
                acc1 = product(scaled, codes, acc1 * decay[:, None], FMA, FP32_DOT)

    line = (batch.to(tl.int64) * TOKENS + token) * (HEADS * GROUP) + query_head
    summed = tl.sum(total, 1)
    if SPLIT:
        line = line * SPLITS + split
        tl.store(maxima + line, top, mask=in_rows)
        tl.store(sums + line, summed, mask=in_rows)
        target = partial
    else:
        share_of_one = 1.0 / tl.where(summed == 0.0, 1.0, summed)
        acc0 *= share_of_one[:, None]
        if INT4:
            acc1 *= share_of_one[:, None]
        target = out
    at = target + line[:, None] * D + channel[None, :]
    tl.store(at, acc0.to(target.dtype.element_ty), mask=in_query)
    if INT4:
        tl.store(at + WIDTH, acc1.to(target.dtype.element_ty), mask=in_query)


@triton.jit
def combine_kernel(
    partial,
    maxima,
    sums,
    out,
    SPLITS,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_SPLITS: tl.constexpr,
):
    """One line of out [lines, D] from its SPLITS partial sums, joined in order. Grid: (lines,)."""
    line = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, BLOCK_D)
    split = tl.arange(0, BLOCK_SPLITS)
    exists = split < SPLITS
    tops = tl.load(maxima + line * SPLITS + split, mask=exists, other=-float("inf"))
    shares = tl.load(sums + line * SPLITS + split, mask=exists, other=0.0)
    top = tl.max(tops, 0)
    weights = tl.exp2(tops - tl.where(top == -float("inf"), 0.0, top))
    total = tl.sum(shares * weights, 0)
    weights *= 1.0 / tl.where(total == 0.0, 1.0, total)
    at = partial + (line * SPLITS + split)[:, None] * D + channel[None, :]
    inside = (exists & (tops > -float("inf")))[:, None] & (channel < D)[None, :]
    parts = tl.load(at, mask=inside, other=0.0)
    result = tl.sum(parts * weights[:, None], 0)
    tl.store(out + line * D + channel, result.to(out.dtype.element_ty), mask=channel < D)


def attention_gqa_decode(
    query: Tensor,
    kv: KVBuffers,
    start: Tensor | None,
    stop: Tensor,
    mask: Tensor | None,
    scale: float,
    window: int,
    softcap: float,
    config: DecodeConfig | None = None,
    splits: int | None = None,
) -> Tensor:
    """`reference.attention_gqa_decode` by the kernels above; cut by rule where not told how."""
    batch, heads_q, tokens, head_size = query.shape
    group = heads_q // kv.heads
    config = config or decode_config(kv.kind, head_size, group * tokens)
    blocks = triton.cdiv(group * tokens, config.block_m)
    if splits is None:
        _, _, processors = card(query.device)
        splits = choose_splits(batch * kv.heads * blocks, kv.capacity, processors)
    query = query if query.stride(3) == 1 else query.contiguous()
    dtype = result_dtype(query.dtype)
    out = torch.empty((batch, tokens, heads_q, head_size), dtype=dtype, device=query.device)
    partial = maxima = sums = out
    if splits > 1:
        lines = (batch, tokens, heads_q, splits)
        maxima, sums = (
            torch.empty(lines, dtype=torch.float32, device=query.device) for _ in range(2)
        )
        partial = torch.empty((*lines, head_size), dtype=torch.float32, device=query.device)
    if mask is not None:
        mask = mask.contiguous().view(torch.uint8)
    decode_kernel[(batch * kv.heads, blocks, splits)](
        query,
        kv.keys,
        kv.values,
        query if kv.scales is None else kv.scales.view(torch.int32),
        kv.key_factor,
        kv.key_centre,
        start,
        stop,
        mask,
        out,
        partial,
        maxima,
        sums,
        query.stride(0),
        query.stride(1),
        query.stride(2),
        0 if mask is None else mask.stride(0),
        0 if mask is None else mask.shape[1],
        kv.heads,
        tokens,
        kv.capacity,
        splits,
        scale,
        window,
        softcap,
        KIND=KINDS.index(kv.kind),
        GROUP=group,
        D=head_size,
        PLANES=planes(kv.kind, head_size),
        BLOCK_M=config.block_m,
        BLOCK_T=config.block_t,
        BLOCK_D=max(16, triton.next_power_of_2(stored_width(kv.kind, head_size))),
        ONE_TOKEN=tokens == 1,
        HAS_FACTOR=kv.key_factor is not None,
        HAS_CENTRE=kv.key_centre is not None,
        HAS_START=start is not None,
        HAS_MASK=mask is not None,
        HAS_WINDOW=window != 0,
        HAS_SOFTCAP=softcap != 0,
        EVEN=kv.capacity % config.block_t == 0,
        SPLIT=splits > 1,
        FMA=config.fma,
        PTX=not INTERPRETED,
        FP32_DOT=INTERPRETED,
        num_warps=config.warps,
        **LAUNCH,
        num_stages=config.stages,
    )
    if splits > 1:
        combine_kernel[(batch * tokens * heads_q,)](
            partial,
            maxima,
            sums,
            out,
            splits,
            D=head_size,
            BLOCK_D=triton.next_power_of_2(head_size),
            BLOCK_SPLITS=triton.next_power_of_2(splits),
            num_warps=4,
            **LAUNCH,
        )
    return out.to(query.dtype).transpose(1, 2)
