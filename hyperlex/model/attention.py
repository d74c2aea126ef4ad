"""`hyperlex_gqa`: the attention of hyperlex inside transformers, for any of its caches.

    import hyperlex.model                                   # registers it
    model = AutoModelForCausalLM.from_pretrained(directory, attn_implementation="hyperlex_gqa")
    use_grouped_attention(model)                            # or for a model that is loaded already

No key is repeated for the queries of its group, no mask of queries x keys is made where padding and
a window say all, a soft-cap (Gemma 2) is part of it, and a `QuantizedKVCache` is read as it lies. A
query that sees nothing, as in the rows that padding on the left begins with, gives zeros.

GPT-Neo and GPT-J do not ask transformers' registry for their attention. Their attention classes
have a twin here each, which `use_grouped_attention` puts in their place.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface, prepare_padding_mask, sdpa_mask
from transformers.models.gpt_neo import modeling_gpt_neo
from transformers.models.gptj import modeling_gptj

from hyperlex.errors import ConfigError
from hyperlex.model.cache_layers import CachedKV, CachedPrompt
from hyperlex_kernels.attention import attention_gqa_decode, attention_gqa_prefill

NAME: Final = "hyperlex_gqa"

Model = TypeVar("Model", bound=PreTrainedModel)


def grouped_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor | CachedKV | CachedPrompt,
    value: Tensor | CachedKV | CachedPrompt,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    is_causal: bool | None = None,
    position_bias: Tensor | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """What transformers calls in each layer; the arguments are those of its `AttentionInterface`.

    Args:
        query: [B, HQ, S, D].
        key, value: [B, H, T, D], or what `QuantizedKVCache` hands over.
        attention_mask: as `attention_mask_for` makes it, or a mask of S x T queries and keys. None
            with more keys than queries, and more than one of those: the first S keys are all.

    Returns:
        [B, S, HQ, D] and None: weights are never made.

    Raises:
        ConfigError: a position bias, weights asked for, or a pattern that the cache cannot follow.
    """
    if position_bias is not None or kwargs.get("output_attentions"):
        what = "a position bias" if position_bias is not None else "attention weights"
        raise ConfigError(
            f"{NAME} was asked for {what}, which it does not have. Use the attention that does: "
            'model.set_attn_implementation("eager").'
        )
    causal = is_causal if is_causal is not None else getattr(module, "is_causal", True)
    options: dict[str, Any] = {"scale": scaling, "window": sliding_window, "softcap": softcap}
    if not isinstance(key, Tensor):
        if not causal:
            raise ConfigError(f"{type(module).__name__} is not causal: a cache was not expected.")
        out = _over_cache(query, key, _key_mask(attention_mask), options)
        return out.transpose(1, 2), None
    assert isinstance(value, Tensor)
    rows = query.shape[2]
    if attention_mask is None and causal and 1 < rows < key.shape[2]:
        # The prompt in a static cache of transformers: what lies behind it is empty room.
        key, value = key[:, :, :rows], value[:, :, :rows]
    length = key.shape[2]
    if attention_mask is not None and _says_all(attention_mask, rows) and sliding_window:
        attention_mask = _within_window(attention_mask, sliding_window)
        options["window"] = None
    by_pairs = attention_mask is not None and _is_by_pairs(attention_mask)
    needs_gradient = torch.is_grad_enabled() and (query.requires_grad or key.requires_grad)
    if by_pairs or not causal or dropout or needs_gradient:
        if causal and not by_pairs:
            attention_mask = _pairs(rows, length, attention_mask, options["window"], query.device)
        out = _by_hand(query, key, value, attention_mask, scaling, softcap, dropout)
    else:
        mask = _key_mask(attention_mask)
        out = attention_gqa_prefill(query, key, value, mask=mask, **options)
    return out.transpose(1, 2), None


def _over_cache(
    query: Tensor, cached: CachedKV | CachedPrompt, mask: Tensor | None, options: dict[str, Any]
) -> Tensor:
    if isinstance(cached, CachedPrompt):
        cached.store(mask)
        return attention_gqa_prefill(query, cached.key, cached.value, mask=mask, **options)
    buffers, stop = cached.buffers, cached.stop
    if buffers.kind != "dense" or buffers.keys.dtype == query.dtype:
        return attention_gqa_decode(query, buffers, stop, mask=mask, **options)
    # A cache of 16 bits for a model of 32 was asked for by name.
    narrow = query.to(buffers.keys.dtype)
    return attention_gqa_decode(narrow, buffers, stop, mask=mask, **options).to(query.dtype)


def _is_by_pairs(mask: Tensor) -> bool:
    """Whether a mask says more than which keys there are."""
    return mask.shape[1] != 1 or mask.shape[2] != 1 or mask.dtype != torch.bool


def _says_all(mask: Tensor, rows: int) -> bool:
    """Whether a mask tells of each of `rows` queries which keys it sees, save for a window."""
    return mask.dtype == torch.bool and mask.shape[2] == rows


def _key_mask(mask: Tensor | None) -> Tensor | None:
    """[B, 1, 1, T] as the operators take it, [B, T]: which keys there are."""
    if mask is not None and _is_by_pairs(mask):
        raise ConfigError(
            f"A mask of {mask.dtype} and shape {tuple(mask.shape)}: not causal, or made by hand. "
            "QuantizedKVCache follows causal attention, sliding windows and padding only. Pass the "
            "padding as attention_mask [batch, tokens], or use a cache of transformers."
        )
    return None if mask is None else mask[:, 0, 0]


def _within_window(mask: Tensor, window: int) -> Tensor:
    """A mask [B, 1, S, T] without the keys that the `window` leaves behind.

    A query stands at the last key that it may see: in a static cache of transformers that is known
    from the mask alone. Where padding hides the own key of a query, nothing uses its result.
    """
    token = torch.arange(mask.shape[-1], device=mask.device)
    last = torch.where(mask, token, -1).amax(-1, keepdim=True)
    return mask & (token > last - window)


def _pairs(
    rows: int, length: int, mask: Tensor | None, window: int | None, device: torch.device
) -> Tensor:
    """Which of `length` keys each of the last `rows` of them sees: [B or 1, 1, S, T]."""
    position = torch.arange(length - rows, length, device=device)[:, None]
    token = torch.arange(length, device=device)
    seen = token <= position
    if window is not None:
        seen = seen & (token > position - window)
    return seen[None, None] if mask is None else seen & mask


def _by_hand(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    scaling: float | None,
    softcap: float | None,
    dropout: float,
) -> Tensor:
    """What the operators do not do: gradients, dropout, and masks of any pattern."""
    if softcap is None:
        out = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=mask,
            dropout_p=dropout,
            scale=scaling,
            enable_gqa=query.shape[1] != key.shape[1],
        )
    else:
        group = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        scores = softcap * torch.tanh(query @ key.transpose(2, 3) * (scale / softcap))
        if mask is not None:
            hidden = torch.finfo(scores.dtype).min
            scores = (
                scores.masked_fill(~mask, hidden) if mask.dtype == torch.bool else scores + mask
            )
        weights = F.dropout(scores.float().softmax(-1).to(query.dtype), dropout)
        out = weights @ value
    if mask is not None and mask.dtype == torch.bool:
        out = out.masked_fill(~mask.any(-1, keepdim=True), 0.0)
    return out


def attention_mask_for(
    batch_size: int,
    q_length: int,
    kv_length: int,
    q_offset: int | Tensor = 0,
    kv_offset: int = 0,
    attention_mask: Tensor | None = None,
    allow_is_causal_skip: bool = True,
    allow_is_bidirectional_skip: bool = False,
    config: Any = None,
    device: torch.device | str = "cpu",
    **kwargs: Any,
) -> Tensor | None:
    """What transformers calls once a forward pass for each kind of layer.

    Returns:
        None where no key is hidden but by causality and the window of the layer, and there is one
        query, or as many as keys; for a prompt in a static cache of transformers too;
        bool [B, 1, 1, T] where padding is all there is besides, True for a token;
        bool [B, 1, S, T] for patterns that need it, and where it is not known which keys are
        tokens (a static cache of transformers).
    """
    pattern = (
        # More than causality, a window and padding: packed texts, images, chunks. One query cannot
        # tell, and for it a compiled step has skipping forbidden.
        (not allow_is_causal_skip and q_length > 1)
        or allow_is_bidirectional_skip
        or getattr(config, "attention_chunk_size", None) is not None
    )
    if not pattern and _ends_at_the_last_key(q_length, kv_length, q_offset, kv_offset):
        padding = prepare_padding_mask(attention_mask, kv_length, kv_offset)
        if padding is not None:
            padding = padding[:, kv_offset : kv_offset + kv_length]
            if _is_tracing(padding) or not bool(padding.all()):
                return padding[:, None, None, :]
        if q_length in (1, kv_length):
            return None
        # None would say that the keys behind the first `q_length` are empty room.
        return torch.ones((batch_size, 1, 1, kv_length), dtype=torch.bool, device=device)
    mask: Tensor | None = sdpa_mask(
        batch_size=batch_size,
        q_length=q_length,
        kv_length=kv_length,
        q_offset=q_offset,  # type: ignore[arg-type]  # a tensor from a static cache, as its own
        kv_offset=kv_offset,
        attention_mask=attention_mask,
        allow_is_causal_skip=allow_is_causal_skip,
        allow_is_bidirectional_skip=allow_is_bidirectional_skip,
        device=device,
        **kwargs,
    )
    return mask


def _ends_at_the_last_key(
    q_length: int, kv_length: int, q_offset: int | Tensor, kv_offset: int
) -> bool:
    """Whether the last query stands at the last key, as in every cache that holds tokens only."""
    if isinstance(q_offset, Tensor):
        if q_length == 1 or _is_tracing(q_offset):
            return False
        q_offset = int(q_offset)
    return q_offset + q_length == kv_offset + kv_length


def _is_tracing(tensor: Tensor) -> bool:
    return torch.compiler.is_compiling() or tensor.is_meta


def use_grouped_attention(model: Model) -> Model:
    """Give `model`, in place, the attention of hyperlex, which `QuantizedKVCache` needs.

    Raises `ConfigError` for a model that has its own attention and none to choose: it is neither
    GPT-Neo nor GPT-J, and does not use transformers' `AttentionInterface`.
    """
    if not hasattr(model, "set_attn_implementation"):
        raise ConfigError(
            f"{type(model).__name__} is no model of transformers. One that from_pretrained gives "
            "was expected, before it is wrapped or compiled."
        )
    twins = False
    for module in model.modules():
        twin = _TWINS.get(type(module))
        if twin is not None:
            # Same attributes, another `_attn`: nothing is copied, hooks and adapters stay.
            module.__class__ = twin
        twins = twins or type(module) in _TWINS.values()
    if twins:
        model.config._attn_implementation = NAME
        return model
    if not model._can_set_attn_implementation():
        raise ConfigError(
            f"{type(model).__name__} brings its own attention, and transformers cannot change it. "
            "A model that uses AttentionInterface was expected (Llama, Qwen, Mistral, Gemma 2, "
            "GPT-2), or GPT-Neo or GPT-J."
        )
    model.set_attn_implementation(NAME)
    return model


class _GroupedGPTNeo(modeling_gpt_neo.GPTNeoSelfAttention):
    """Scores are not scaled; every other layer sees a window only."""

    def _attn(
        self, query: Tensor, key: Any, value: Any, attention_mask: Tensor | None = None
    ) -> tuple[Tensor, None]:
        local = self.config.attention_layers[self.layer_id] == "local"
        out, _ = grouped_attention(
            self,
            query,
            key,
            value,
            attention_mask,
            scaling=1.0,
            dropout=self.attn_dropout.p if self.training else 0.0,
            sliding_window=self.config.window_size if local else None,
        )
        return out.transpose(1, 2), None


class _GroupedGPTJ(modeling_gptj.GPTJAttention):
    def _attn(
        self, query: Tensor, key: Any, value: Any, attention_mask: Tensor | None = None
    ) -> tuple[Tensor, None]:
        out, _ = grouped_attention(
            self,
            query,
            key,
            value,
            attention_mask,
            dropout=self.attn_dropout.p if self.training else 0.0,
        )
        return out.transpose(1, 2), None


_TWINS: Final[dict[type, type]] = {
    modeling_gpt_neo.GPTNeoSelfAttention: _GroupedGPTNeo,
    modeling_gptj.GPTJAttention: _GroupedGPTJ,
}

AttentionInterface.register(NAME, grouped_attention)
AttentionMaskInterface.register(NAME, attention_mask_for)
# So that from_pretrained(attn_implementation=NAME) finds them too.
modeling_gpt_neo.GPT_NEO_ATTENTION_CLASSES[NAME] = _GroupedGPTNeo
modeling_gptj.GPTJ_ATTENTION_CLASSES[NAME] = _GroupedGPTJ
