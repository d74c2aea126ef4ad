"""Spending a budget: what is taken, and what the ways of a sentence cost and give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hyperlex
from hyperlex.ladder.allocate import Step, allocate
from hyperlex.ladder.encode import INFLECTED, VERBATIM
from hyperlex.ladder.ways import ways_of
from hyperlex.tokenizer.ladder import draft_of

TEXT = (
    "Сторож стоял у ворот, не решаясь войти. Дождь кончился, и соседи вышли во двор.\n\n"
    "Никто не заметил, как уехала телега."
)

ways = st.lists(st.builds(Step, st.integers(0, 12), st.floats(0, 50)), min_size=1, max_size=5)


def spent(steps: list[list[Step]], taken: list[int]) -> int:
    return sum(of[number].ids for of, number in zip(steps, taken, strict=True))


def gained(steps: list[list[Step]], taken: list[int]) -> float:
    return sum(of[number].value for of, number in zip(steps, taken, strict=True))


@given(st.lists(ways, max_size=6), st.integers(0, 60))
def test_a_budget_is_kept_and_nothing_is_lost(steps: list[list[Step]], more: int) -> None:
    first = [0] * len(steps)
    budget = spent(steps, first) + more
    taken = allocate(steps, budget)
    assert spent(steps, taken) <= budget
    assert gained(steps, taken) >= gained(steps, first)


def one_by_one(steps: list[list[Step]], budget: int) -> list[int]:
    """`allocate` in the plainest way."""
    taken = [0] * len(steps)
    left = budget - spent(steps, taken)
    while True:
        onwards = [
            (-of[now].gain(step), sentence, number, step.ids - of[now].ids)
            for sentence, (of, now) in enumerate(zip(steps, taken, strict=True))
            for number, step in enumerate(of)
            if step.value > of[now].value and step.ids - of[now].ids <= left
        ]
        if not onwards:
            return taken
        _, sentence, number, cost = min(onwards)
        taken[sentence], left = number, left - cost


dearer = ways.map(lambda steps: sorted(steps, key=lambda step: step.ids))
"""Each way costs at least what the one before costs, so that what does not fit never will."""


@given(st.lists(dearer, max_size=6), st.integers(0, 60))
def test_the_best_way_of_all_is_taken_each_time(steps: list[list[Step]], more: int) -> None:
    budget = spent(steps, [0] * len(steps)) + more
    assert allocate(steps, budget) == one_by_one(steps, budget)


def test_a_long_sentence_grows_a_scene_at_a_time() -> None:
    draft = draft_of(hyperlex.load(), "Он шёл, сторож спал, дождь лил, соседи громко пели песни.")
    (sentence,) = ways_of(draft)
    for way, place in enumerate(sentence.grown):
        before, after = sentence.told(way), sentence.told(way + 1)
        assert [k for k, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [place]
    for way, step in enumerate(sentence.steps[: len(sentence.grown) + 1]):
        ways = zip(sentence.outlines, sentence.told(way), strict=True)
        found = [next(s for told, s in outline if told == how) for outline, how in ways]
        assert step.ids == sum(s.ids for s in found)
        assert step.value == pytest.approx(sum(s.value for s in found))


def test_what_gives_most_for_an_id_comes_first() -> None:
    steps = [[Step(1, 1), Step(3, 2)], [Step(1, 1), Step(3, 9)]]
    assert allocate(steps, 4) == [0, 1]
    assert allocate(steps, 6) == [1, 1]


def test_a_way_may_be_taken_past_one_that_gives_less_for_an_id() -> None:
    assert allocate([[Step(1, 1), Step(3, 2), Step(4, 9)]], 4) == [2]
    assert allocate([[Step(1, 1), Step(3, 2), Step(4, 9)]], 3) == [1]


def test_what_does_not_fit_leaves_room_for_less() -> None:
    steps = [[Step(0, 0), Step(2, 8)], [Step(0, 0), Step(2, 1), Step(5, 9)]]
    assert allocate(steps, 5) == [1, 1]


def test_sentences_share_out_the_scenes() -> None:
    draft = draft_of(hyperlex.load(), TEXT)
    found = ways_of(draft)
    assert len(found) == 3
    assert sorted(n for each in found for n in each.scenes) == list(range(len(draft.scenes)))
    for sentence in found:
        ways = [sentence.told(way) for way in range(len(sentence.steps))]
        rungs = [{told.rung for told in way} for way in ways]
        assert rungs[-2:] == [{INFLECTED}, {VERBATIM}]
        values = [step.value for step in sentence.steps]
        assert values == sorted(values)
        assert all(len(way) == len(sentence.scenes) for way in ways)


def test_the_first_way_keeps_what_is_protected() -> None:
    draft = draft_of(hyperlex.load(), TEXT)
    first = [told for sentence in ways_of(draft) for told in sentence.told(0)]
    assert first == draft.at_floor()


def test_within_a_budget_sentences_are_whole() -> None:
    exact = len(hyperlex.load().encode(TEXT))
    code = hyperlex.compress(TEXT, tokens=exact - 4)
    told = code.decode()
    assert len(code) <= exact - 4
    assert {3, 4} & set(code.rungs)
    assert any(
        sentence in told
        for sentence in (
            "Дождь кончился, и соседи вышли во двор.",
            "Сторож стоял у ворот, не решаясь войти.",
            "Никто не заметил, как уехала телега.",
        )
    )


def test_what_a_scene_is_about_comes_before_who_takes_part_and_that_before_the_rest() -> None:
    draft = draft_of(hyperlex.load(), "Усталый сторож закрыл скрипучие ворота.")
    (sentence,) = ways_of(draft)
    ways = [sentence.told(way)[0] for way in range(len(sentence.steps))]
    ways = [told for told in ways if told.rung in (1, 2)]
    spans = [group.spans for group in draft.groups[0]]
    said = [{s.of(draft.text) for place in told.groups for s in spans[place]} for told in ways]
    assert "закрыл" in said[0]
    roles = next(words for words in said if len(words) >= 3)
    assert roles >= {"закрыл", "сторож", "ворота"}


def test_a_sentence_that_says_more_for_its_ids_is_told_first() -> None:
    empty = "Пресловутый сверхъестественный полупрозрачный серо-буро-малиновый туман."
    full = "Сторож закрыл ворота."
    told = hyperlex.compress(f"{empty} {full}", tokens=8).decode()
    assert full in told
    assert empty not in told
