"""Finding a scene again: itself first, ties shared, nothing found by nothing."""

from __future__ import annotations

import numpy as np

from hyperlex.measure.identity import Candidates, hit
from hyperlex.measure.sketch import Mark, sketches

SCENES = (
    "Старик поднял фонарь.",
    "Старик опустил фонарь.",
    "Анна ждала брата у ворот.",
    "Брат ждал Анну у ворот.",
    "Лодка не пришла.",
)


def test_a_scene_finds_itself() -> None:
    found = sketches(SCENES)
    candidates = Candidates(found)
    for place, query in enumerate(found):
        scores = candidates.scores(query)
        assert scores[place] == scores.max()
        assert np.isclose(scores[place], 1)
        assert hit(scores, place) == 1


def test_rare_words_tell_more_than_common_ones() -> None:
    candidates = Candidates(sketches(SCENES))
    scores = candidates.scores((Mark("старик", "N"), Mark("опустить", "V")))
    assert scores.argmax() == 1


def test_nothing_in_common_is_a_tie_of_all() -> None:
    candidates = Candidates(sketches(SCENES))
    scores = candidates.scores((Mark("слон", "N"),))
    assert scores.tolist() == [0] * len(SCENES)
    assert hit(scores, 2) == 1 / len(SCENES)


def test_ties_are_shared_and_a_miss_is_nothing() -> None:
    assert hit(np.array([0.5, 0.5, 0.1]), 0) == 0.5
    assert hit(np.array([0.5, 0.5, 0.1]), 2) == 0
