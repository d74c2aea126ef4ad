"""Answers that are remembered."""

from __future__ import annotations

import pickle

from hyperlex.ladder.remember import Remembered


def test_what_was_asked_is_not_made_again_until_it_is_forgotten() -> None:
    asked: list[str] = []

    def make(key: str) -> str:
        asked.append(key)
        return key.upper()

    remembered = Remembered(make, 2)
    assert [remembered(key) for key in "abab"] == [*"ABAB"]
    assert asked == [*"ab"]
    assert [remembered(key) for key in "ca"] == [*"CA"]
    assert asked == [*"abca"]


def test_it_travels_without_what_it_remembers() -> None:
    remembered = Remembered(len, 9)
    remembered("слово")
    again = pickle.loads(pickle.dumps(remembered))
    assert len(pickle.dumps(again)) == len(pickle.dumps(Remembered(len, 9)))
    assert again("слово") == 5
