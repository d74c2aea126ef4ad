"""Tiny random models of the architectures that the built-in recipes name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from model.conftest import base as base
from model.conftest import codebook as codebook
from model.conftest import one_thread as one_thread
from model.conftest import tok as tok
from transformers import (
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
    PreTrainedTokenizerFast,
)

from hyperlex import HyperTokenizer
from hyperlex.model import extend_model

POSITIONS = 2_048
_ENDS = {"bos_token_id": 330, "eos_token_id": 330, "pad_token_id": 330}
_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": POSITIONS, **_ENDS}
_LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": POSITIONS,
    **_ENDS,
}
_SHAPES: dict[str, Callable[[int], Any]] = {
    "gpt_neo": lambda ids: GPTNeoForCausalLM(
        GPTNeoConfig(
            vocab_size=ids,
            hidden_size=32,
            num_layers=2,
            num_heads=2,
            attention_types=[[["global", "local"], 1]],
            max_position_embeddings=POSITIONS,
            **_ENDS,
        )
    ),
    "gptj": lambda ids: GPTJForCausalLM(GPTJConfig(vocab_size=ids, rotary_dim=4, **_GPT)),
    "gpt2": lambda ids: GPT2LMHeadModel(GPT2Config(vocab_size=ids, **_GPT)),
    "mistral": lambda ids: MistralForCausalLM(MistralConfig(vocab_size=ids, **_LLAMA)),
    "llama": lambda ids: LlamaForCausalLM(LlamaConfig(vocab_size=ids, **_LLAMA)),
}


@pytest.fixture
def tiny(base: PreTrainedTokenizerFast, tmp_path: Path) -> Callable[[str], str]:
    """A directory with a model of that architecture and its tokenizer."""

    def make(name: str) -> str:
        torch.manual_seed(0)
        directory = tmp_path / name
        _SHAPES[name](len(base)).save_pretrained(directory)
        base.save_pretrained(directory)
        return str(directory)

    return make


@pytest.fixture
def extended(tok: HyperTokenizer, tmp_path: Path) -> str:
    """A model with a row for each hypertoken, and its tokenizer."""
    torch.manual_seed(0)
    directory = tmp_path / "extended"
    extend_model(_SHAPES["llama"](tok.layout.base_size), tok).save_pretrained(directory)
    tok.save(directory)
    return str(directory)
