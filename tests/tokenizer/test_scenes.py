"""Scene ids in a tokenizer: saved with it, ordinary ids for transformers, never met in text."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from transformers import AutoTokenizer

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.ladder.files import embedded
from hyperlex.tokenizer.scene_tokens import scene_tokens

TEXT = "Он стоял у двери, не решаясь войти."


@pytest.fixture(scope="module")
def tok(any_tok: HyperTokenizer) -> HyperTokenizer:
    return any_tok.with_scenes(embedded().first_hyperlexeme + 5_000)


def test_scene_ids_stand_after_all_others(any_tok: HyperTokenizer, tok: HyperTokenizer) -> None:
    assert tok.layout.scene_size == embedded().first_hyperlexeme + 5_000
    assert tok.layout.total == any_tok.layout.total + tok.layout.scene_size
    code = hyperlex.compress(TEXT, rung=2, tokenizer=tok)
    assert any(map(tok.layout.is_scene, code.ids))
    assert max(code.ids) < tok.layout.total


def test_text_is_encoded_as_before(any_tok: HyperTokenizer, tok: HyperTokenizer) -> None:
    for text in (TEXT, "⟨дверь:N⟩ ⟨Δ1 [он·past]быть⟩ ⟨exact⟩"):
        assert tok.encode(text) == any_tok.encode(text)
        assert tok.decode(tok.encode(text)) == text


def test_a_saved_tokenizer_keeps_its_scenes(tok: HyperTokenizer, tmp_path: Path) -> None:
    tok.save(tmp_path)
    again = hyperlex.load(tmp_path)
    code = hyperlex.compress(TEXT, rung=2, tokenizer=tok)
    assert again.layout == tok.layout
    assert hyperlex.compress(TEXT, rung=2, tokenizer=again).ids == code.ids
    assert hyperlex.reconstruct(code.ids, tokenizer=again) == code.decode()
    hf = AutoTokenizer.from_pretrained(tmp_path)
    assert len(hf) == tok.layout.total
    assert hf.decode(code.ids) == again.decode(code.ids) == tok.decode(code.ids)
    assert hf(TEXT, add_special_tokens=False)["input_ids"] == tok.encode(TEXT)


def test_each_scene_id_has_a_name_of_its_own(tok: HyperTokenizer) -> None:
    tokens = scene_tokens(tok.lexicon, tok.layout)
    assert len(tokens) == tok.layout.scene_size
    first = tok.layout.base_size + tok.layout.hyper_size
    assert sorted(tokens.values()) == list(range(first, tok.layout.total))


def test_a_pickled_tokenizer_keeps_its_scenes(tok: HyperTokenizer) -> None:
    again = pickle.loads(pickle.dumps(tok))
    assert again.layout == tok.layout
    assert again.lexicon.sha256 == tok.lexicon.sha256
