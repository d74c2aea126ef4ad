"""A model directory in, an extended model directory out, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from hyperlex import HyperTokenizer, extend_model
from hyperlex.errors import ConfigError, FormatError, VocabularyError
from hyperlex.model import extend_model_directory

SPECIAL = {"eos_token_id": 330, "bos_token_id": 330, "pad_token_id": 330}


def save_model(directory: Path, base: Any, rows: int) -> Path:
    """A small GPT-2 in bfloat16 with its tokenizer and a generation config of its own."""
    config = GPT2Config(vocab_size=rows, n_embd=16, n_layer=1, n_head=2, n_positions=256)
    config.update(SPECIAL if rows > 330 else {})
    model = GPT2LMHeadModel(config).to(torch.bfloat16)
    model.generation_config.update(do_sample=True, temperature=0.7, top_k=11)
    model.save_pretrained(directory)
    base.save_pretrained(directory)
    return directory


def save_llama(directory: Path, rows: int) -> Path:
    """A small untied Llama: `model.` and `lm_head.` are told apart in its file."""
    config = LlamaConfig(
        vocab_size=rows,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        **SPECIAL,
    )
    LlamaForCausalLM(config).save_pretrained(directory)
    return directory


def everything(directory: Path) -> dict[str, bytes]:
    files = (file for file in directory.rglob("*") if file.is_file())
    return {str(file.relative_to(directory)): file.read_bytes() for file in files}


def test_the_written_directory_loads_and_generates(
    base: Any, tok: HyperTokenizer, texts: list[str], tmp_path: Path
) -> None:
    source = save_model(tmp_path / "base", base, 331)
    target = tmp_path / "new" / "extended"
    before = everything(source)
    extend_model_directory(source, tok, target, initialisation="exponential")
    assert everything(source) == before

    model = AutoModelForCausalLM.from_pretrained(target, dtype="auto")
    expected = AutoModelForCausalLM.from_pretrained(source, dtype="auto")
    extend_model(expected, tok, initialisation="exponential")
    assert model.dtype == torch.bfloat16
    assert model.config.to_dict().keys() - {"_name_or_path"} >= {"hyperlex", "vocab_size"}
    for key, value in expected.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key
    settings = model.generation_config
    assert (settings.do_sample, settings.temperature, settings.top_k) == (True, 0.7, 11)
    assert settings.bad_words_ids == [[index] for index in range(371, 384)]

    tokenizer = AutoTokenizer.from_pretrained(target)
    batch = tokenizer(texts[0], return_tensors="pt", add_special_tokens=False)
    assert batch["input_ids"][0].tolist() == tok.encode(texts[0])
    made = model.generate(**batch, max_new_tokens=8)
    assert tokenizer.decode(made[0]).startswith(texts[0])


def test_a_directory_with_a_model_in_it_is_refused(
    base: Any, tok: HyperTokenizer, tmp_path: Path
) -> None:
    source = save_model(tmp_path / "base", base, 331)
    before = everything(source)
    with pytest.raises(ConfigError, match=r"holds a model already: model\.safetensors"):
        extend_model_directory(source, tok, source)
    assert everything(source) == before


def test_a_failure_leaves_nothing(
    base: Any, tok: HyperTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = save_model(tmp_path / "small", base, 300)
    whole = save_model(tmp_path / "whole", base, 331)
    target = tmp_path / "extended"
    before = everything(tmp_path)
    with pytest.raises(VocabularyError, match="300 rows"):
        extend_model_directory(small, tok, target)

    def interrupted(self: HyperTokenizer, directory: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(HyperTokenizer, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        extend_model_directory(whole, tok, target)
    assert everything(tmp_path) == before
    assert not target.exists()


def test_what_is_no_whole_model_is_refused(base: Any, tok: HyperTokenizer, tmp_path: Path) -> None:
    empty, damaged = tmp_path / "empty", save_llama(tmp_path / "damaged", 331)
    empty.mkdir()
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    headless = tmp_path / "headless"
    whole = AutoModelForCausalLM.from_pretrained(save_llama(tmp_path / "whole", 331))
    whole.model.save_pretrained(headless)
    for source, kind, message in (
        (empty, ConfigError, "empty' is no causal language model"),
        (tmp_path / "absent", ConfigError, "absent' is no causal language model"),
        (damaged, ConfigError, "damaged' is no causal language model"),
        (headless, FormatError, "no weights for 1 parameters of LlamaForCausalLM.*lm_head.weight"),
    ):
        with pytest.raises(kind, match=message):
            extend_model_directory(source, tok, tmp_path / "extended")
    assert not (tmp_path / "extended").exists()
