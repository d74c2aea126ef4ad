"""Every tokenizer that a recipe can name, and the characters of its ids."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex import HyperTokenizer, load
from hyperlex.errors import ConfigError
from hyperlex.ladder.files import embedded
from hyperlex.recipes.pretrain.packing import Vocabulary
from hyperlex.recipes.pretrain.tokens import characters_of, encode_all, open_tokenizer


def test_a_base_alone_saves_and_loads_as_any_other(base: Path, tmp_path: Path) -> None:
    tok = open_tokenizer(str(base))
    tok.save(tmp_path / "tok")
    text = "Паром пошёл на тот берег."
    assert tok.layout.hyper_size == 0
    assert load(tmp_path / "tok").encode(text) == tok.encode(text) == tok.base_encode(text)


def test_the_first_hypertokens_alone(tok: HyperTokenizer, tmp_path: Path) -> None:
    tok.save(tmp_path)
    few = open_tokenizer(str(tmp_path), hypertokens=5)
    none = open_tokenizer(str(tmp_path), hypertokens=0)
    assert (few.layout.hyper_size, none.layout.hyper_size) == (5, 0)
    text = "Утром туман лежал над рекой"
    assert none.encode(text) == tok.base_encode(text)
    assert few.decode(few.encode(text)) == text
    most = tok.layout.hyper_size
    with pytest.raises(
        ConfigError, match=f"hypertokens = {most + 1}, and the tokenizer has {most}"
    ):
        open_tokenizer(str(tmp_path), hypertokens=most + 1)


@pytest.mark.slow
def test_scene_rows_only_where_they_are_wanted(tok: HyperTokenizer, tmp_path: Path) -> None:
    tok.with_scenes(embedded().first_hyperlexeme).save(tmp_path)
    with_scenes = open_tokenizer(str(tmp_path), scenes=True)
    without = open_tokenizer(str(tmp_path))
    text = "Утром туман лежал над рекой"
    assert with_scenes.layout.scene_size > 0
    assert without.layout.scene_size == 0
    assert without.encode(text) == with_scenes.encode(text)
    without.save(tmp_path / "again")
    assert len(load(tmp_path / "again")) == len(without)


def test_scenes_of_a_tokenizer_without_any_are_refused(base: Path) -> None:
    with pytest.raises(ConfigError, match="no scene ids"):
        open_tokenizer(str(base), scenes=True)


@given(st.lists(st.text(max_size=60), max_size=6))
def test_texts_together_are_texts_one_by_one(tok: HyperTokenizer, texts: list[str]) -> None:
    assert [ids.tolist() for ids in encode_all(tok, texts)] == [tok.encode(text) for text in texts]


@given(st.text(max_size=80))
def test_characters_of_the_ids_are_those_of_the_text(tok: HyperTokenizer, text: str) -> None:
    assert characters_of(tok)[tok.encode(text)].sum() == len(text)


def test_the_end_of_text_is_a_special_id(vocabulary: Vocabulary) -> None:
    assert vocabulary.tok.decode([vocabulary.end]) == "<|endoftext|>"


def test_a_tokenizer_that_cannot_part_documents_is_refused(base: Path, tmp_path: Path) -> None:
    text = (base / "tokenizer.json").read_text("utf-8").replace("<|endoftext|>", "<|other|>")
    (tmp_path / "tokenizer.json").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="eos_token"):
        Vocabulary.of(open_tokenizer(str(tmp_path)))
