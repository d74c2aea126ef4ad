"""The table of government: learned from scenes, stored, read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hyperlex.errors import FormatError
from hyperlex.ladder.outline import Frame, Item, Lexeme, Outline, Slot
from hyperlex.ladder.realise.government import WEIGHTS, embedded, load, pack, table
from hyperlex.ladder.realise.hints import hints
from hyperlex.ladder.realise.sentence import Realiser
from hyperlex.recipes.ladder.government import GovernmentConfig, Scene, learn, save


def scene(verb: tuple[str, str], noun: tuple[str, str], slot: Slot) -> Scene:
    items = (Item(Lexeme(verb[0], "V")), Item(Lexeme(noun[0], "N"), slot))
    return Outline(Frame("(он)", "past"), items), (verb[1], noun[1])


SCENES = [
    scene(("ждать", "ждал"), ("поезд", "поезда"), Slot("", "Gen", "Sing")),
    scene(("ждать", "ждал"), ("письмо", "письма"), Slot("", "Gen", "Sing")),
    scene(("войти", "вошёл"), ("сад", "сад"), Slot("в", "Acc", "Sing")),
    scene(("войти", "вошёл"), ("дом", "дом"), Slot("в", "Acc", "Sing")),
    scene(("сидеть", "сидел"), ("сад", "саду"), Slot("в", "Loc", "Sing")),
    scene(("сидеть", "сидел"), ("лес", "лесу"), Slot("в", "Loc", "Sing")),
] * 4
SMALL = GovernmentConfig(min_count=2, min_bigram=2, floor=1)


def test_what_was_learned_is_written() -> None:
    realiser = Realiser(learn(SCENES, SMALL))
    sentences = [realiser.sentence(outline.without_slots()) for outline, _ in SCENES[:6]]
    assert sentences == [
        *("Ждал поезда.", "Ждал письма.", "Вошёл в сад.", "Вошёл в дом."),
        *("Сидел в саду.", "Сидел в лесу."),
    ]


def test_a_new_noun_follows_its_verb() -> None:
    realiser = Realiser(learn(SCENES, SMALL))
    items = (Item(Lexeme("ждать", "V")), Item(Lexeme("ответ", "N")))
    assert realiser.sentence(Outline(Frame("я", "past"), items)) == "Я ждал ответа."


def test_the_same_scenes_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = save(learn(SCENES, SMALL), tmp_path / "a").read_bytes()
    assert save(learn(SCENES, SMALL), tmp_path / "b").read_bytes() == first


def test_load_inverts_save(tmp_path: Path) -> None:
    learned = learn(SCENES, SMALL)
    again = load(save(learned, tmp_path))
    assert (again.pairs, again.traits, again.plural) == (
        learned.pairs,
        learned.traits,
        learned.plural,
    )
    assert np.array_equal(again.scores, learned.scores)
    assert (again.participles, again.indoors, again.impersonal) == (
        learned.participles,
        learned.indoors,
        learned.impersonal,
    )
    assert pack(again).keys() == pack(learned).keys()


def test_the_table_that_ships_is_below_a_megabyte() -> None:
    assert (embedded() / WEIGHTS).stat().st_size <= 1_000_000
    assert table().pairs[0] in (("", "Nom"), ("", "Gen"))


@pytest.mark.parametrize("content", [b"", b"not a table", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_broken_file_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / WEIGHTS
    path.write_bytes(content)
    with pytest.raises(FormatError, match="no table of government"):
        load(path)


def test_an_absent_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=WEIGHTS):
        load(tmp_path / WEIGHTS)


def test_a_preposition_goes_to_the_word_that_it_can_govern() -> None:
    items = (
        Item(Lexeme("ход", "N"), Slot("", "Loc", "Sing")),
        Item(Lexeme("работа", "N"), Slot("в", "Gen", "Sing")),
    )
    assert hints(items) == [Slot("в", "Loc", "Sing"), Slot("", "Gen", "Sing")]


def test_a_negation_is_no_preposition_of_a_hint() -> None:
    assert hints((Item(Lexeme("слово", "N"), Slot("без", "Gen", "Sing")),)) == [
        Slot("", "Gen", "Sing")
    ]
