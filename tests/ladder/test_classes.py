"""Classes of lexemes: the recipe, the file, the shipped table, and the index of a code."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from hyperlex import compress
from hyperlex.errors import FormatError
from hyperlex.ladder.classes import (
    FILE,
    Classes,
    class_of,
    embedded,
    from_bytes,
    load_classes,
    to_bytes,
)
from hyperlex.ladder.outline import Frame, Lexeme
from hyperlex.recipes.ladder.classes import ClassConfig, learn_classes, save
from hyperlex.recipes.ladder.lexicon import LexiconConfig, learn_lexicon
from hyperlex.recipes.ladder.observations import Observation, Observed

KITCHEN = ("ложка", "вилка", "тарелка", "чашка")
SEA = ("волна", "парус", "якорь", "прилив")
EATING = (("мыть", "V"), ("мыть", "I"), ("вытирать", "V"), ("ставить", "V"))
SAILING = (("плыть", "V"), ("плыть", "G"), ("качаться", "V"), ("тонуть", "V"))
SMALL = ClassConfig(classes=4, min_words=2, min_count=5, min_placed=2, dimensions=4)


def scene(*items: tuple[str, str]) -> Observation:
    observed = tuple(Observed(Lexeme(*item), None, item[0], "") for item in items)
    return Observation(0, Frame("noun", "past"), observed)


@pytest.fixture(scope="module")
def observations() -> list[Observation]:
    """Things and deeds of a kitchen and of the sea, which never meet, and two rare things."""
    rng = random.Random(1)
    made = []
    for things, deeds in ((KITCHEN, EATING), (SEA, SAILING)):
        for _ in range(120):
            one, other = rng.sample(things, 2)
            made.append(scene((one, "N"), rng.choice(deeds), ("не", "-"), (other, "N")))
    made += [scene(("блюдце", "N"), ("мыть", "V"), ("ложка", "N"))] * 3
    made += [scene(("мачта", "N"), ("плыть", "V"), ("волна", "N"))] * 3
    return [*made, scene(("пуговица", "N"), ("мыть", "V"))]


@pytest.fixture(scope="module")
def learned(observations: list[Observation]) -> Classes:
    return learn_classes(
        observations, learn_lexicon(observations, LexiconConfig(min_count=1)), SMALL
    )


def test_what_stands_beside_the_same_words_shares_a_class(learned: Classes) -> None:
    nouns = {
        frozenset(m.lemma for m in of.members) for of in learned.all if of.members[0].kind == "N"
    }
    assert nouns == {frozenset([*KITCHEN, "блюдце"]), frozenset([*SEA, "мачта"])}


def test_forms_of_a_word_share_a_class_and_parts_of_speech_do_not(learned: Classes) -> None:
    of = learned.by_lexeme
    assert of[Lexeme("мыть", "V")] is of[Lexeme("мыть", "I")]
    assert of[Lexeme("плыть", "V")] is of[Lexeme("плыть", "G")]
    assert of[Lexeme("мыть", "V")] is not of[Lexeme("плыть", "V")]
    assert of[Lexeme("мыть", "V")] is not of[Lexeme("ложка", "N")]


def test_negations_and_what_was_met_once_have_no_class(learned: Classes) -> None:
    assert Lexeme("не", "-") not in learned.by_lexeme
    assert Lexeme("пуговица", "N") not in learned.by_lexeme


def test_words_that_were_placed_stand_after_those_that_were_clustered(learned: Classes) -> None:
    for rare in ("блюдце", "мачта"):
        of = learned.by_lexeme[Lexeme(rare, "N")]
        assert of.members[-1].lemma == rare
        assert rare not in of.gloss


def test_learning_is_deterministic(observations: list[Observation], learned: Classes) -> None:
    lexicon = learn_lexicon(observations, LexiconConfig(min_count=1))
    assert to_bytes(learn_classes(observations, lexicon, SMALL)) == to_bytes(learned)


def test_no_scenes_make_no_classes(observations: list[Observation]) -> None:
    lexicon = learn_lexicon(observations, LexiconConfig(min_count=1))
    assert learn_classes([], lexicon, SMALL).all == ()
    assert learn_classes(observations, lexicon, ClassConfig(min_count=10_000)).all == ()


def test_a_file_gives_back_the_classes(learned: Classes, tmp_path: Path) -> None:
    assert save(learned, tmp_path) == tmp_path / FILE
    again = load_classes(tmp_path)
    assert again.all == learned.all
    assert again.by_lexeme == learned.by_lexeme


@pytest.mark.parametrize(
    "rows",
    [
        "дверь\tN\t0\nокно\tN\t2\n",
        "дверь\tN\t1\n",
        "дверь\tN\t0\nдверь\tN\t0\n",
        "дверь\tN\t0\nдверь\tN\t1\n",
        "дверь\t?\t0\n",
        "\tN\t0\n",
        "дверь\tN\n",
        "дверь\tN\t0\t0\n",
    ],
)
def test_a_damaged_line_is_told_of(rows: str) -> None:
    header = gzip.decompress(to_bytes(Classes([]))).decode()
    with pytest.raises(FormatError, match=r"line [23] .*hyperlex\.recipes\.ladder"):
        from_bytes(gzip.compress((header + rows).encode()), Path(FILE))


@pytest.mark.parametrize("cut", [0, 5, 20, -1])
def test_a_cut_file_is_told_of(learned: Classes, cut: int) -> None:
    with pytest.raises(FormatError, match="damaged"):
        from_bytes(to_bytes(learned)[:cut], Path(FILE))


def test_another_format_and_a_missing_file_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="format_version 1"):
        from_bytes(gzip.compress(b"# something else\n"), Path(FILE))
    with pytest.raises(FormatError, match="cannot be read"):
        load_classes(tmp_path)


def test_a_shipped_lexeme_has_one_class_at_most_and_a_gloss_of_its_members() -> None:
    members = [member for of in embedded().all for member in of.members]
    assert len(set(members)) == len(members)
    for number, of in enumerate(embedded().all):
        assert of.number == number
        assert 1 <= len(of.gloss.split("·")) <= 3
        assert set(of.gloss.split("·")) <= {member.lemma for member in of.members}
        assert all(class_of(member) is of for member in of.members)
    assert class_of(Lexeme("такого слова нет", "N")) is None
    assert class_of(Lexeme("не", "-")) is None


def test_the_shipped_classes_are_small_and_sensible() -> None:
    assert 1_500 <= len(embedded().all) <= 3_000
    pairs = [
        ("дверь", "крыльцо"),
        ("мать", "отец"),
        ("брат", "сестра"),
        ("январь", "февраль"),
        ("понедельник", "вторник"),
        ("стол", "стул"),
        ("кошка", "собака"),
        ("хлеб", "молоко"),
    ]
    # Which pairs share a class depends on the corpora; by chance not one of them would.
    shared = [class_of(Lexeme(one, "N")) is class_of(Lexeme(two, "N")) for one, two in pairs]
    assert all(class_of(Lexeme(lemma, "N")) for pair in pairs for lemma in pair)
    assert sum(shared) >= len(pairs) // 2
    assert class_of(Lexeme("дверь", "N")) is not class_of(Lexeme("январь", "N"))


@pytest.mark.parametrize("rung", [1, 2, 3, 4])
def test_a_scene_has_the_class_of_a_lexeme_that_its_ids_name(rung: int) -> None:
    code = compress("Мать открыла дверь. Отец читал письмо.\n\nfor x in range(3): pass", rung=rung)
    lexicon, offset = code.vocabulary.lexicon, code.vocabulary.offset
    assert len(code.classes) == len(code.scenes)
    for told, place, of in zip(code.rungs, code.places, code.classes, strict=True):
        if told not in (1, 2):
            assert of is None
            continue
        named = [
            item.lexeme
            for index in code.ids[place.start : place.stop]
            if index >= offset
            for item in lexicon.members(index - offset)[1]
        ]
        assert of is not None
        assert set(of.members) & set(named)
    assert any(code.classes) == (rung < 3)


def test_a_scene_that_is_left_out_has_no_class() -> None:
    code = compress("Мать открыла дверь. Отец читал письмо. Собака спала.", tokens=2)
    assert 0 in code.rungs
    assert all(of is None for rung, of in zip(code.rungs, code.classes, strict=True) if not rung)
