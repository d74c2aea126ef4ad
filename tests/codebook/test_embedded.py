"""The recipe of the default's base, on texts small enough for a test."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.corpus import Document
from hyperlex.codebook.spans import punctuation_starts
from hyperlex.codebook.train.stream import read_units
from hyperlex.recipes.embedded import byte_level_tokenizer, train_base


@pytest.fixture(scope="module")
def own_base(samples: dict[str, str]) -> BaseTokenizer:
    alphabet = BPE(
        vocab={token: n for n, token in enumerate(sorted(ByteLevel.alphabet()))}, merges=[]
    )
    stream = read_units(
        BaseTokenizer(byte_level_tokenizer(alphabet)),
        [Document(text, name) for name, text in samples.items()],
        scene_starts=punctuation_starts,
        max_characters=10**9,
        workers=1,
        progress=lambda *told: None,
    )
    assert len(np.unique(stream.ids)) == len(stream.names)
    return train_base(stream, 700, balance=0.5)


@pytest.mark.parametrize("indent", [2, 4, 8, 12, 16, 20, 24])
def test_an_indentation_is_one_token(own_base: BaseTokenizer, indent: int) -> None:
    """Before a word it is a unit of one space less: the word takes the last one."""
    code = f"if x:\n{' ' * indent}return"
    with_space = own_base.encode(" return")
    assert own_base.encode(" " * indent + "return")[1:] == with_space
    assert len(own_base.encode(" " * indent)) == 1
    assert own_base.decode(own_base.encode(code)) == code


def test_tabs_are_learned_too(own_base: BaseTokenizer) -> None:
    assert [len(own_base.encode("\t" * n)) for n in range(1, 7)] == [1] * 6


def test_a_hyphen_of_any_kind_stays_inside_its_word(own_base: BaseTokenizer) -> None:
    for text in ("кто-то", "кто\u2011то", "кто\u2010то", "под\u00adъезд", "д’Артаньян"):
        assert [unit for unit, _ in own_base.splitter.pre_tokenize_str(text)] == [text]
