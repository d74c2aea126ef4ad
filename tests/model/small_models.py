"""Random language models of every kind that the attention is for, small enough for a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTJConfig,
    GPTJForCausalLM,
    GPTNeoConfig,
    GPTNeoForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from hyperlex.model.attention import NAME, use_grouped_attention

IDS = 97
WINDOW = 8

# Wide weights: a model drawn narrowly says the same token for ever, and any cache would do.
_LLAMA = {
    "vocab_size": IDS,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,
}
_GPT = {"vocab_size": IDS, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512}
_ENDLESS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": None}


def _gpt_neo() -> Any:
    config = GPTNeoConfig(
        vocab_size=IDS,
        hidden_size=64,
        num_layers=2,
        attention_types=[[["global", "local"], 1]],
        num_heads=4,
        window_size=WINDOW,
        max_position_embeddings=512,
        initializer_range=0.2,
        **_ENDLESS,
    )
    return GPTNeoForCausalLM(config)


MODELS: dict[str, Callable[[], Any]] = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**_LLAMA, **_ENDLESS)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**_LLAMA, **_ENDLESS)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**_LLAMA, **_ENDLESS)),
    "mistral": lambda: MistralForCausalLM(
        MistralConfig(**_LLAMA, sliding_window=WINDOW, **_ENDLESS)
    ),
    "gemma2": lambda: Gemma2ForCausalLM(
        Gemma2Config(**_LLAMA, sliding_window=WINDOW, attn_logit_softcapping=5.0, **_ENDLESS)
    ),
    "gpt2": lambda: GPT2LMHeadModel(
        GPT2Config(**_GPT, initializer_range=0.3, scale_attn_by_inverse_layer_idx=True, **_ENDLESS)
    ),
    "gpt_neo": _gpt_neo,
    "gptj": lambda: GPTJForCausalLM(
        GPTJConfig(**_GPT, rotary_dim=8, initializer_range=0.3, **_ENDLESS)
    ),
}


def small_model(name: str, attention: str = "eager") -> Any:
    """The same weights at every call."""
    torch.manual_seed(0)
    model = MODELS[name]().eval()
    if attention == NAME:
        return use_grouped_attention(model)
    model.set_attn_implementation(attention)
    return model


def padded_batch(tokens: int = 12) -> tuple[Tensor, Tensor]:
    """Ids [3, tokens] and their mask: five, one and no tokens of padding on the left."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(2, IDS, (3, tokens), generator=generator)
    mask = torch.ones_like(ids)
    mask[0, :5] = 0
    mask[1, :1] = 0
    return ids * mask, mask


def generated(
    model: Any, ids: Tensor, mask: Tensor | None = None, tokens: int = 12, **options: Any
) -> Tensor:
    """Ids of prompt and answer, by greedy search where `options` do not say otherwise."""
    torch.manual_seed(0)
    out: Tensor = model.generate(
        ids, attention_mask=mask, **{"max_new_tokens": tokens, "do_sample": False, **options}
    )
    return out
