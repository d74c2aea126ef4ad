"""Tiny random models with a row for each hypertoken, and recipes that train in a moment."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from model.conftest import TEXTS
from model.conftest import base as base
from model.conftest import codebook as codebook
from model.conftest import one_thread as one_thread
from model.conftest import texts as texts
from model.conftest import tok as tok
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTJConfig,
    GPTJForCausalLM,
    GPTNeoConfig,
    GPTNeoForCausalLM,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from hyperlex import HyperTokenizer
from hyperlex.model import extend_model
from hyperlex.recipes.finetune import FinetuneConfig

CONTEXT = 64


@pytest.fixture(scope="session", autouse=True)
def _little_to_collect() -> None:
    """Trainer collects garbage after each run, and walks through all that the libraries made."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _memory_is_planned_where_it_is_tested(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan takes as long as such a run itself; `planned` marks the tests that see one."""
    if "planned" not in request.fixturenames:
        monkeypatch.setattr("hyperlex.recipes.finetune.run.plan_run", lambda *given: None)


@pytest.fixture
def planned() -> None:
    """Asked for by tests that are to plan the memory, as every run does outside of tests."""


_ENDS = {"bos_token_id": 0, "eos_token_id": 0}
_LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": CONTEXT,
    **_ENDS,
}
_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": CONTEXT, **_ENDS}

MODELS: dict[str, Callable[[int], Any]] = {
    "gpt2": lambda ids: GPT2LMHeadModel(GPT2Config(vocab_size=ids, **_GPT)),
    "gptj": lambda ids: GPTJForCausalLM(GPTJConfig(vocab_size=ids, rotary_dim=4, **_GPT)),
    "gpt_neo": lambda ids: GPTNeoForCausalLM(
        GPTNeoConfig(
            vocab_size=ids,
            hidden_size=32,
            num_layers=2,
            num_heads=2,
            attention_types=[[["global", "local"], 1]],
            max_position_embeddings=CONTEXT,
            **_ENDS,
        )
    ),
    "gpt_neox": lambda ids: GPTNeoXForCausalLM(GPTNeoXConfig(vocab_size=ids, **_LLAMA)),
    "llama": lambda ids: LlamaForCausalLM(LlamaConfig(vocab_size=ids, **_LLAMA)),
    "qwen3": lambda ids: Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=ids,
            num_key_value_heads=1,
            head_dim=16,
            tie_word_embeddings=True,
            **_LLAMA,
        )
    ),
}
"""Tied: gpt2, gpt_neo, qwen3. A head with a bias: gptj. Weights turned: gpt2."""


@pytest.fixture(scope="session")
def model_of(
    tok: HyperTokenizer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The directory of a small model with its tokenizer, made when it is first asked for."""
    made: dict[str, Path] = {}

    def model(name: str) -> Path:
        if name not in made:
            torch.manual_seed(0)
            made[name] = tmp_path_factory.mktemp(name)
            extend_model(MODELS[name](tok.layout.base_size), tok).save_pretrained(made[name])
            tok.save(made[name])
        return made[name]

    return model


@pytest.fixture
def recipe(model_of: Callable[[str], Path], tmp_path: Path) -> Callable[..., FinetuneConfig]:
    """A recipe for a small model on a few texts; `model` is a name in `MODELS`."""

    def make(model: str = "gpt2", **changed: Any) -> FinetuneConfig:
        given: dict[str, Any] = {
            "data": str(write_jsonl(tmp_path / "texts.jsonl", ({"text": t} for t in TEXTS * 3))),
            "output": str(tmp_path / "run"),
            "context": CONTEXT,
            "batch": 2,
            "accumulation": 2,
            "steps": 4,
            "log_every": 1,
            "checkpoint_every": 0,
            "learning_rate": 1e-2,
        }
        return FinetuneConfig(model=str(model_of(model)), **(given | changed))

    return make


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), encoding="utf-8")
    return path
