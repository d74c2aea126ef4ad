"""The analyzer's answers as the trainer takes them: edges of words and of morphemes in a unit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from strategies import any_text

from hyperlex.codebook.joints import (
    RememberedCuts,
    before_separator,
    inner_cuts,
    morpheme_edges,
)

KNOWN = {"подоконник": (3, 7), "кто-то": (3, 4), "из-за": (2, 3), "до\u0301ма": (4,)}


def cuts(word: str) -> Sequence[int]:
    return KNOWN.get(word, ())


def marked(text: str, edges: Sequence[int]) -> str:
    return "".join(("|" if n in edges else "") + c for n, c in enumerate(text)) + (
        "|" if len(text) in edges else ""
    )


@pytest.mark.parametrize(
    "expected",
    [
        "| под|окон|ник|",
        "|«|под|окон|ник|»,|",
        "| кто|-|то|",
        "| из|-|за|",
        "| до\u0301м|а|",
        "|don't|",
        "| 5|",
        "|-|й|",
    ],
)
def test_a_leading_space_goes_with_the_first_morpheme(expected: str) -> None:
    text = expected.replace("|", "")
    assert marked(text, morpheme_edges(text, cuts)) == expected


def test_cuts_are_asked_for_russian_words_alone() -> None:
    asked: list[str] = []
    inner_cuts("В 1812 году, don't forget: «кто-то» д'Артаньян", lambda w: asked.append(w) or ())
    assert asked == ["В", "году", "кто-то", "д'Артаньян"]


@given(any_text)
def test_edges_are_places_in_the_text(text: str) -> None:
    edges = morpheme_edges(text, lambda word: range(1, len(word)))
    assert edges == sorted(set(edges))
    assert (edges[0], edges[-1]) == (0, len(text))


@pytest.mark.parametrize(
    ("marked_text", "expected"),
    [
        ("Он сказал, |что уйдёт", "Он сказал|, что уйдёт"),
        ("«Пора», — |сказал он", "«Пора»|, — сказал он"),
        ("Он знал: |дом пуст", "Он знал|: дом пуст"),
        ("Он вошёл. |Она встала", "Он вошёл. |Она встала"),
        ("Он вошёл |и сел", "Он вошёл |и сел"),
        ("|Он вошёл", "|Он вошёл"),
    ],
)
def test_the_comma_goes_with_the_scene_that_it_opens(marked_text: str, expected: str) -> None:
    start, text = marked_text.index("|"), marked_text.replace("|", "")
    at = before_separator(text, start)
    assert f"{text[:at]}|{text[at:]}" == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_each_word_is_asked_for_once(workers: int) -> None:
    asked: list[str] = []

    def counted(word: str) -> Sequence[int]:
        asked.append(word)
        return cuts(word)

    remembered = RememberedCuts(counted)
    remembered.ask([" подоконник", "подоконник, кто-то", "x"], workers)
    assert remembered.known == {"подоконник": (3, 7), "кто-то": (3, 4)}
    before = len(asked)
    assert remembered("подоконник") == (3, 7)
    assert len(asked) == before
    assert remembered("дом") == ()
