"""Prepositions, adverbs and conjunctions of several words are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from word.trees_by_hand import is_tree, trees_over

import hyperlex
from hyperlex.word.phrases import bind_phrases
from hyperlex.word.readings import Offer
from hyperlex.word.tree import root_of


def offer(feats: str = "") -> Offer:
    return ("", "NOUN", feats, 1.0, "dictionary")


def bound(
    text: str, heads: list[int], relations: str, case: str = "Case=Gen"
) -> tuple[list[int], str]:
    forms, names = text.split(), relations.split()
    bind_phrases(forms, [offer(case)] * len(forms), heads, names)
    return heads, " ".join(names)


def test_the_genitive_takes_the_place_of_the_noun() -> None:
    found = bound("рос в течение долгого века", [0, 2, 0, 4, 2], "root case obl amod nmod")
    assert found == ([0, 4, 1, 4, 0], "root case fixed amod obl")


@pytest.mark.parametrize("above", [2, 0])
def test_the_second_preposition_joins_the_first(above: int) -> None:
    relations = "root case obl case " + ("nmod" if above else "obl")
    found = bound("молчал в отличие от брата", [0, 2, 0, 4, above], relations)
    assert found == ([0, 4, 1, 1, 0], "root case fixed fixed obl")


@pytest.mark.parametrize(
    ("text", "heads", "relations", "case"),
    [
        ("рос в течение века", [0, 2, 0, 2], "root case obl nmod", "Case=Dat"),
        ("был в виде исключения", [0, 2, 0, 0], "root case obl obj", "Case=Gen"),
        ("был в том виде", [0, 3, 3, 0], "root case det obl", "Case=Gen"),
        ("молчал в отличие и ты", [0, 2, 0, 4, 2], "root case obl cc conj", "Case=Gen"),
        ("был в ходе", [0, 2, 0], "root case obl", "Case=Gen"),
        ("рос в ходе по делу", [0, 2, 0, 4, 2], "root case obl case nmod", "Case=Gen"),
    ],
)
def test_other_nouns_stay(text: str, heads: list[int], relations: str, case: str) -> None:
    assert bound(text, list(heads), relations, case) == (heads, relations)


def test_an_adverb_of_three_words() -> None:
    found = bound("ушёл в конце концов он", [0, 2, 0, 2, 0], "root case obl nmod nsubj")
    assert found == ([0, 0, 1, 1, 0], "root advmod fixed fixed nsubj")


def test_again_and_again_is_an_adverb() -> None:
    words = hyperlex.words("Он шёл, то и дело оглядываясь.")
    assert [word.relation for word in words[3:6]] == ["advmod", "fixed", "fixed"]


def test_an_adverb_that_is_the_whole_sentence_keeps_the_root() -> None:
    found = bound("До сих пор .", [2, 2, 2, 2], "case det root punct")
    assert found == ([0, 0, 0, 0], "root fixed fixed punct")


WORDS = [
    *("в", "то", "время", "как", "шёл", "течение", "отличие", "от", "конце", "концов"),
    *("до", "сих", "пор", "века"),
]


@given(trees_over(WORDS, 9))
def test_a_tree_stays_a_tree(tree: tuple[list[str], list[int]]) -> None:
    forms, heads = tree
    relations = ["case" if form in ("в", "от", "до") else "nmod" for form in forms]
    relations[root_of(heads)] = "root"
    read = [offer("VerbForm=Fin" if form == "шёл" else "Case=Gen") for form in forms]
    bind_phrases(forms, read, heads, relations)
    assert is_tree(heads)
    assert relations[root_of(heads)] == "root"


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("В отличие от брата он молчал.", "брата"),
        ("По сравнению с прошлым годом цены выросли.", "годом"),
        ("Разговор шёл в течение часа.", "часа"),
    ],
)
def test_what_happens_takes_the_word_that_is_governed(text: str, head: str) -> None:
    (scene,) = hyperlex.scenes(text)
    assert head in [argument.head.of(text) for argument in scene.arguments]


def test_a_conjunction_of_four_words() -> None:
    words = hyperlex.words("В то время как одни спорили, другие уже работали.")
    found = [(word.relation, words[word.head].text) for word in words[:5]]
    together = [("fixed", "В")] * 3
    assert found == [("mark", "спорили"), *together, ("nsubj", "спорили")]


def test_time_may_be_just_time() -> None:
    words = hyperlex.words("В то время, как известно, здесь был порт.")
    (time,) = (word for word in words if word.text == "время")
    assert time.relation == "obl"


@pytest.mark.parametrize(
    ("text", "word", "relation", "head"),
    [
        ("Бюджет будет принят до конца года.", "конца", "obl", "принят"),
        ("Бюджет будет принят до конца года.", "года", "nmod", "конца"),
        ("Он жил здесь за тысячи лет до нас.", "лет", "obl", "жил"),
    ],
)
def test_a_preposition_governs_the_noun_behind_it(
    text: str, word: str, relation: str, head: str
) -> None:
    words = hyperlex.words(text)
    (found,) = (w for w in words if w.text == word)
    assert (found.relation, words[found.head].text) == (relation, head)
