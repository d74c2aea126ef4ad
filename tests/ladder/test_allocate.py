"""Spending a budget: what is taken, and what the ways of a sentence cost and give."""

from __future__ import annotations

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
        rungs = [{told.rung for told in way.told} for way in sentence.ways]
        assert rungs[-2:] == [{INFLECTED}, {VERBATIM}]
        values = [way.step.value for way in sentence.ways]
        assert values == sorted(values)
        assert all(len(way.told) == len(sentence.scenes) for way in sentence.ways)


def test_the_first_way_keeps_what_is_protected() -> None:
    draft = draft_of(hyperlex.load(), TEXT)
    first = [told for sentence in ways_of(draft) for told in sentence.ways[0].told]
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
    ways = [way for way in ways_of(draft)[0].ways if way.told[0].rung in (1, 2)]
    spans = [group.spans for group in draft.groups[0]]
    said = [
        {s.of(draft.text) for place in way.told[0].groups for s in spans[place]} for way in ways
    ]
    assert "закрыл" in said[0]
    roles = next(words for words in said if len(words) >= 3)
    assert roles >= {"закрыл", "сторож", "ворота"}


def test_a_sentence_that_says_more_for_its_ids_is_told_first() -> None:
    empty = "Пресловутый сверхъестественный полупрозрачный серо-буро-малиновый туман."
    full = "Сторож закрыл ворота."
    told = hyperlex.compress(f"{empty} {full}", tokens=8).decode()
    assert full in told
    assert empty not in told
