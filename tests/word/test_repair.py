"""Trees that contradict their words are mended."""

from __future__ import annotations

import pytest

from hyperlex.word.readings import Reading
from hyperlex.word.repair import return_to_host, with_preposition

FINITE = "Mood=Ind|Number=Sing|Tense=Past|VerbForm=Fin"


def reading(lemma: str, upos: str, feats: str = "") -> Reading:
    return Reading(lemma, upos, feats, 1.0, "dictionary")


FORMS = ["Человек", ",", "который", "вошёл", ",", "молчал", "."]
READINGS = [
    reading("человек", "NOUN", "Case=Nom|Number=Sing"),
    reading(",", "PUNCT"),
    reading("который", "PRON", "Case=Nom|Number=Sing"),
    reading("войти", "VERB", FINITE),
    reading(",", "PUNCT"),
    reading("молчать", "VERB", FINITE),
    reading(".", "PUNCT"),
]
MENDED = (
    [5, 3, 3, 0, 5, 5, 5],
    ["nsubj", "punct", "nsubj", "acl:relcl", "punct", "root", "punct"],
)


@pytest.mark.parametrize(
    ("heads", "relations"),
    [
        (
            [0, 3, 3, 0, 5, 3, 5],
            ["root", "punct", "nsubj", "acl:relcl", "punct", "conj", "punct"],
        ),
        ([3, 3, 3, 3, 5, 3, 5], ["nsubj", "punct", "obl", "root", "punct", "conj", "punct"]),
    ],
)
def test_the_verb_after_a_relative_clause_returns_to_its_host(
    heads: list[int], relations: list[str]
) -> None:
    return_to_host(FORMS, READINGS, heads, relations)
    assert heads == MENDED[0]
    assert [r for k, r in enumerate(relations) if k != 2] == [
        r for k, r in enumerate(MENDED[1]) if k != 2
    ]


def test_a_coordinated_verb_inside_a_relative_clause_stays_there() -> None:
    forms = ["Человек", ",", "который", "вошёл", "и", "сел", "."]
    relations = ["root", "punct", "nsubj", "acl:relcl", "cc", "conj", "punct"]
    heads = [0, 3, 3, 0, 5, 3, 0]
    before = list(heads)
    return_to_host(forms, READINGS, heads, relations)
    assert heads == before


def test_words_under_a_preposition_are_found() -> None:
    assert with_preposition([1, 1, 3, 1], ["nsubj", "root", "case", "obl"]) == {3}
