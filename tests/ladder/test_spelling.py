"""Words in the fewest ids: they read as they did, and nothing else changes."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import any_text

from hyperlex.ladder.spelling import ShortSpelling
from hyperlex.tokenizer.ladder import default

TOK = default()


def texts() -> list[str]:
    return [TOK.decode([index]) for index in range(TOK.layout.first_scene)]


SHORT = ShortSpelling(TOK.encode, TOK.decode, texts)


@given(any_text)
@example("запаковать")
@example("слово-" * 3000)
@example("из-за кое-кого — по-новому")
def test_the_shortest_spelling_reads_as_the_text(text: str) -> None:
    short, exact = SHORT(text), TOK.encode(text)
    assert TOK.decode(short) == TOK.decode(exact)
    assert len(short) <= len(exact)


@pytest.mark.parametrize("word", ["запаковать", "приглашаешь", "ярко-малиновым"])
def test_a_word_takes_fewer_ids_where_it_can(word: str) -> None:
    text = f"Он пришёл {word} вещи."
    assert len(SHORT(text)) < len(TOK.encode(text))
    assert TOK.decode(SHORT(text)) == text


@given(st.text("0123456789.,:% \n", max_size=30))
def test_numbers_are_cut_as_in_the_exact_lane(text: str) -> None:
    assert SHORT(text) == TOK.encode(text)


def test_a_tokenizer_that_writes_spaces_itself_keeps_its_rows() -> None:
    """`▁` begins a word there, and is not read at the beginning of a text."""
    pieces = ["▁за", "па", "ко", "вать", "▁паковать"]

    def read(ids: Sequence[int]) -> str:
        return "".join(pieces[index] for index in ids).replace("▁", " ").removeprefix(" ")

    short = ShortSpelling(
        lambda text: [0, 1, 2, 3], read, lambda: [read([index]) for index in range(len(pieces))]
    )
    # «за» and «паковать» are fewer, and would be two words.
    assert read([0, 4]) == "за паковать"
    assert short("запаковать") == [0, 1, 2, 3]


def test_a_spelling_travels_without_its_table() -> None:
    text = "Он пришёл запаковать вещи."
    ids = SHORT(text)
    state = pickle.loads(pickle.dumps(SHORT)).__getstate__()
    assert "_pieces" in vars(SHORT)
    assert "_pieces" not in state
    assert pickle.loads(pickle.dumps(SHORT))(text) == ids
