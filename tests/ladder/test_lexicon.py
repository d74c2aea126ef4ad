"""The vocabulary of the ladder: codes, names, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ladder.lexicon_by_hand import FRAMES, LEXEMES, lexicon_by_hand

from hyperlex.errors import FormatError, VocabularyError
from hyperlex.ladder.files import MACHINE_FILE, embedded, load_lexicon, save_lexicon, to_bytes
from hyperlex.ladder.lexicon import RESERVED
from hyperlex.ladder.outline import Frame, Item, Lexeme, Slot


def test_codes_go_from_markers_to_hyperlexemes() -> None:
    lexicon = lexicon_by_hand()
    assert lexicon.first_frame == RESERVED + 2
    assert lexicon.first_lexeme == lexicon.first_frame + len(FRAMES)
    assert lexicon.first_hyperlexeme == lexicon.first_lexeme + len(LEXEMES)
    assert lexicon.size == lexicon.first_hyperlexeme + 3
    kinds = [
        (lexicon.is_marker(k), lexicon.is_form(k), lexicon.is_frame(k), lexicon.is_lexeme(k))
        for k in range(lexicon.first_hyperlexeme)
    ]
    assert all(sum(kind) == 1 for kind in kinds)


def test_a_hyperlexeme_says_its_frame_and_its_members_in_their_slots() -> None:
    lexicon = lexicon_by_hand()
    found = lexicon.hyperlexeme(lexicon.size - 1)
    assert found is not None
    assert found.code == "Δ3"
    assert found.frame == Frame("он", "past")
    assert found.items == (
        Item(Lexeme("стоять", "V")),
        Item(Lexeme("дверь", "N"), Slot("у", "Gen", "Sing")),
    )
    assert found.name == "[он·past]стоять·дверь"
    assert lexicon.carries_frame(lexicon.size - 1)
    assert not lexicon.carries_frame(lexicon.size - 2)


def test_names_are_unique() -> None:
    for lexicon in (lexicon_by_hand(), embedded()):
        names = list(lexicon.names())
        assert len(set(names)) == len(names) == lexicon.size


def test_a_member_says_as_much_in_a_hyperlexeme_as_alone() -> None:
    lexicon = lexicon_by_hand()
    bits = lexicon.bits
    symbol = bits[lexicon.first_frame :]
    assert bits[lexicon.size - 1] == pytest.approx(symbol[1] + symbol[4] + symbol[5])
    assert symbol[1] == pytest.approx(-np.log2(20 / 60))
    assert not bits[: lexicon.first_frame].any()


def test_files_give_back_the_lexicon(tmp_path: Path) -> None:
    lexicon = lexicon_by_hand()
    save_lexicon(lexicon, tmp_path)
    again = load_lexicon(tmp_path)
    assert list(again.names()) == list(lexicon.names())
    assert again.merges == lexicon.merges
    assert again.expected.parts == lexicon.expected.parts
    assert (again.expected.facts == lexicon.expected.facts).all()
    assert (again.expected.weights == lexicon.expected.weights).all()
    assert [again.members(k) for k in range(again.first_frame, again.size)] == [
        lexicon.members(k) for k in range(lexicon.first_frame, lexicon.size)
    ]
    assert to_bytes(again) == to_bytes(lexicon)


@pytest.mark.parametrize("cut", [0, 7, 100, -1])
def test_a_damaged_file_is_told_of(tmp_path: Path, cut: int) -> None:
    (tmp_path / MACHINE_FILE).write_bytes(to_bytes(lexicon_by_hand())[:cut])
    with pytest.raises(FormatError, match=r"damaged.*hyperlex\.recipes\.ladder"):
        load_lexicon(tmp_path)


def test_a_missing_file_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        load_lexicon(tmp_path)


def test_markers_say_nothing_of_a_scene() -> None:
    with pytest.raises(VocabularyError, match="a frame, a lexeme or a hyperlexeme"):
        lexicon_by_hand().members(0)


def test_a_hyperlexeme_is_made_of_lesser_codes() -> None:
    lexicon = embedded()
    first = len(lexicon.frames) + len(lexicon.lexemes)
    assert (lexicon.pairs.max(1) < first + np.arange(len(lexicon.pairs))).all()
    assert (lexicon.pairs[:, 0] < lexicon.pairs[:, 1]).all()


def test_members_of_a_hyperlexeme_are_those_of_its_parts() -> None:
    lexicon = embedded()
    for index in range(0, len(lexicon.pairs), 997):
        code = lexicon.first_hyperlexeme + index
        frame, items = lexicon.members(code)
        parts = [lexicon.members(lexicon.first_frame + k) for k in lexicon.pairs[index].tolist()]
        assert frame == next((f for f, _ in parts if f), None)
        assert sorted(item.lexeme for item in items) == sorted(
            item.lexeme for _, members in parts for item in members
        )
