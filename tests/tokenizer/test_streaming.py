"""Text that comes id by id is the text of all ids, and no character of it is ever broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.ladder.files import embedded
from hyperlex.ladder.lexicon import EXACT
from hyperlex.tokenizer.streaming import Piece, TextStream

TEXT = "Старик сидел на берегу: 🙂 «тихо», 日本. Никто не знал, откуда он пришёл."
STORY = "Почтальон принёс большое письмо из далёкого города и долго искал дом учительницы."


def told(tok: HyperTokenizer, ids: list[int], before: list[int] | None = None) -> list[Piece]:
    stream = TextStream(tok, before or [])
    return [piece for index in ids for piece in stream.put(index)] + stream.end()


@given(data=st.data())
def test_pieces_join_to_the_text_of_all_ids(any_tok: HyperTokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, any_tok.layout.total - 1), max_size=30))
    before = data.draw(st.lists(st.integers(0, any_tok.layout.total - 1), max_size=3))
    pieces = told(any_tok, ids, any_tok.encode(any_tok.decode(before)))
    if any_tok.base.is_byte_level:
        assert "".join(piece.text for piece in pieces) == any_tok.decode(ids)
    assert [index for piece in pieces for index in piece.ids] == ids[
        : sum(len(p.ids) for p in pieces)
    ]
    assert all(piece.text and piece.exact for piece in pieces)


@given(text=st.text(max_size=40))
def test_no_piece_of_a_text_has_a_broken_character(tok: HyperTokenizer, text: str) -> None:
    pieces = told(tok, tok.base_encode(text))
    assert "".join(piece.text for piece in pieces) == text
    assert all("\ufffd" not in piece.text or "\ufffd" in text for piece in pieces)


def test_a_character_of_several_ids_comes_with_the_last_of_them(tok: HyperTokenizer) -> None:
    ids = tok.base_encode("🙂")
    assert len(ids) > 1
    stream = TextStream(tok)
    assert [stream.put(index) for index in ids[:-1]] == [[]] * (len(ids) - 1)
    assert stream.put(ids[-1]) == [Piece("🙂", tuple(ids))]
    assert stream.end() == []


def test_a_hypertoken_comes_whole(tok: HyperTokenizer) -> None:
    ids = tok.encode(TEXT)
    hyper = [index for index in ids if tok.layout.is_hyper(index)]
    pieces = {piece.ids: piece.text for piece in told(tok, ids)}
    assert hyper
    assert all(pieces[index,] == tok.decode([index]) for index in hyper)


def test_an_unfinished_character_comes_at_the_end_as_decode_has_it(tok: HyperTokenizer) -> None:
    ids = tok.base_encode("да 🙂")[:-1]
    pieces = told(tok, ids)
    assert "".join(piece.text for piece in pieces) == tok.decode(ids)
    assert pieces[-1].text.endswith("\ufffd")


def test_rubbish_is_not_held_back_for_ever(tok: HyperTokenizer) -> None:
    # The second byte of a letter, over and over: no character, whatever follows.
    odd = tok.base_encode("б")[-1]
    if tok.decode([odd]) != "\ufffd":
        odd = next(i for i in range(tok.layout.base_size) if tok.decode([i]) == "\ufffd")
    stream = TextStream(tok)
    shown = sum(len(piece.text) for _ in range(20) for piece in stream.put(odd))
    assert shown >= 18


def test_a_space_before_the_first_word_is_kept_where_the_tokenizer_marks_words() -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    from hyperlex.codebook import BaseTokenizer
    from hyperlex.codebook.build import build_codebook
    from hyperlex.tokenizer.face import Face
    from hyperlex.tokenizer.layout import VocabularyLayout

    words = Tokenizer(models.WordLevel({"▁дед": 0, "▁молчал": 1, "?": 2}, "?"))
    words.pre_tokenizer = pre_tokenizers.Metaspace()
    words.decoder = decoders.Metaspace()
    book = build_codebook(BaseTokenizer(words), [])
    tok = HyperTokenizer(VocabularyLayout(3, 0), lambda: book, words, None, Face())
    assert tok.decode([1]) == "молчал"
    assert [piece.text for piece in told(tok, [1, 0], before=[0])] == [" молчал", " дед"]


@pytest.fixture(scope="module")
def with_scenes(tok: HyperTokenizer) -> HyperTokenizer:
    return tok.with_scenes(embedded().first_hyperlexeme + 100)


def test_scene_ids_come_as_a_marked_reconstruction(with_scenes: HyperTokenizer) -> None:
    tok = with_scenes
    code = hyperlex.compress(STORY, rung=2, tokenizer=tok)
    assert any(map(tok.layout.is_scene, code.ids))
    marker = tok.layout.first_scene + EXACT
    exact = tok.encode(" Никто не знал.")
    pieces = told(tok, [*tok.encode("Утро."), *code.ids, marker, *exact])
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("Утро.") and text.endswith(" Никто не знал.")
    (told_by_ladder,) = [piece for piece in pieces if not piece.exact]
    assert told_by_ladder.text.startswith("⟦") and "почтальон" in told_by_ladder.text.lower()
    assert told_by_ladder.ids == (*code.ids, marker)
