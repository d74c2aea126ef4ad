"""Grouped-query attention over a KV cache that stays compressed.

kv = allocate_kv("int4", batch, heads, capacity, head_size, dtype=torch.float16)
kv_append_quantized(key, value, kv, position)      # in place
out = attention_gqa_decode(query, kv, stop)        # reads codes, makes nothing dense
explain_decode(query, kv)                          # which implementation that was, and why
"""

from .checks import check_room
from .contract import KINDS, KVBuffers, allocate_kv, token_bytes
from .operators import (
    attention_gqa_decode,
    attention_gqa_prefill,
    explain_decode,
    explain_prefill,
    kv_append_quantized,
)
from .quantize import fit_key_channels

__all__ = [
    "KINDS",
    "KVBuffers",
    "allocate_kv",
    "attention_gqa_decode",
    "attention_gqa_prefill",
    "check_room",
    "explain_decode",
    "explain_prefill",
    "fit_key_channels",
    "kv_append_quantized",
    "token_bytes",
]
