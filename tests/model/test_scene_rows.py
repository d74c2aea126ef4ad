"""Rows of scene ids: they are read from the first step, and the base does not notice."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from hyperlex import HyperTokenizer, extend_model
from hyperlex.errors import ConfigError
from hyperlex.ladder.files import embedded
from hyperlex.ladder.outline import Lexeme


@pytest.fixture(scope="module")
def with_scenes(tok: HyperTokenizer) -> HyperTokenizer:
    return tok.with_scenes(embedded().first_hyperlexeme + 100)


def model_of(tok: HyperTokenizer, tied: bool) -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tok.layout.base_size,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        tie_word_embeddings=tied,
    )
    return LlamaForCausalLM(config)


@pytest.mark.parametrize("tied", [True, False])
def test_scene_rows_are_means_of_what_spells_them(with_scenes: HyperTokenizer, tied: bool) -> None:
    model = model_of(with_scenes, tied)
    before = model.get_input_embeddings().weight.detach().clone()
    extend_model(model, with_scenes)
    lexicon, layout = with_scenes.lexicon, with_scenes.layout
    rows = model.get_input_embeddings().weight.detach()
    assert len(rows) >= layout.total
    assert torch.equal(rows[: layout.base_size], before)
    first = layout.base_size + layout.hyper_size

    def spelled(words: list[str]) -> torch.Tensor:
        ids = [index for word in words for index in with_scenes.base_encode(f" {word}")]
        return before[ids].mean(0)

    door = first + lexicon.lexeme_codes[Lexeme("дверь", "N")]
    torch.testing.assert_close(rows[door], spelled(["дверь"]))
    for code in range(lexicon.first_hyperlexeme, layout.scene_size):
        frame, items = lexicon.members(code)
        words = [item.lexeme.lemma for item in items]
        if frame is None:
            torch.testing.assert_close(rows[first + code], spelled(words))
    head = model.get_output_embeddings().weight.detach()
    if not tied:
        torch.testing.assert_close(head[door], head[: layout.base_size].mean(0))


def test_extending_twice_is_extending_once(with_scenes: HyperTokenizer) -> None:
    model = extend_model(model_of(with_scenes, True), with_scenes)
    rows = model.get_input_embeddings().weight.detach().clone()
    assert torch.equal(extend_model(model, with_scenes).get_input_embeddings().weight, rows)


def test_a_size_without_room_for_lexemes_is_refused(tok: HyperTokenizer) -> None:
    with pytest.raises(ConfigError, match="5 scene ids were asked for"):
        tok.with_scenes(5)
