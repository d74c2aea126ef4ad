"""Baselines spend their budget, keep order, and rank as they say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.measure.baselines import (
    MostSurprising,
    RarestFirst,
    lead,
    scene_lead,
    shuffled,
    shuffled_codes,
    thinned,
)
from hyperlex.measure.trigram import Trigram

TEXT = "Старик поднял фонарь, а лодка не пришла."


def letters(text: str) -> list[int]:
    """One id for each word and one for each full stop or comma: a tokenizer to count by hand."""
    return [len(part) for part in text.replace(",", " ,").replace(".", " .").split()]


def test_by_hand() -> None:
    assert thinned(TEXT, 4, lead, letters).text == "Старик поднял фонарь,"
    assert thinned(TEXT, 3, lead, letters).text == "Старик поднял"  # the comma costs an id
    assert thinned(TEXT, 3, lead, letters, marks=False).text == "Старик поднял фонарь"
    assert thinned(TEXT, 0, lead, letters).ids == ()


@given(st.integers(0, 12), st.integers(0, 3))
def test_the_budget_holds_and_the_order_stays(budget: int, seed: int) -> None:
    for rank in (lead, scene_lead, shuffled(seed), RarestFirst([TEXT])):
        kept = thinned(TEXT, budget, rank, letters)
        assert len(kept.ids) <= budget
        rest = iter(TEXT.split())
        assert all(word in rest for word in kept.text.split())
        assert kept == thinned(TEXT, budget, rank, letters)


def test_enough_ids_keep_everything() -> None:
    assert thinned(TEXT, 99, shuffled(1), letters).text == TEXT


def test_every_scene_gets_its_first_words_first() -> None:
    ranks = scene_lead(TEXT, TEXT.split())
    assert ranks[0] == ranks[3] == 0  # «Старик» and «а»
    assert ranks[1] == ranks[4] == -1


def test_what_few_texts_have_is_kept_first() -> None:
    rank = RarestFirst(["в саду", "в доме", "в реке"])
    ranks = rank("", ["в", "саду,", "фонарь"])
    assert ranks[0] < ranks[1] < ranks[2]


def test_what_the_model_expects_is_left_out_first() -> None:
    def encode(text: str) -> tuple[Sequence[int], Sequence[int]]:
        return [ord(c) - ord("а") if c != " " else 40 for c in text], range(1, len(text) + 1)

    model = Trigram([encode("ааа ббб ааа ббб ааа")[0]] * 5, 41)
    rank = MostSurprising(model, encode)
    known, strange = rank("ааа яхз", ["ааа", "яхз"])
    assert strange > known


def test_every_text_gets_the_code_of_another_one() -> None:
    mixed = shuffled_codes(list("абвгд"), seed=3)
    assert sorted(mixed) == list("абвгд")
    assert all(a != b for a, b in zip(mixed, "абвгд", strict=True))
    assert shuffled_codes(["а"]) == ["а"]


@pytest.mark.parametrize("seed", [0, 1])
def test_chance_is_the_same_again(seed: int) -> None:
    words = TEXT.split()
    assert shuffled(seed)(TEXT, words) == shuffled(seed)(TEXT, words)
    assert shuffled(seed)(TEXT, words) != shuffled(seed + 1)(TEXT, words)
