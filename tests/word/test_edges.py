"""Participles before their nouns are clauses; brackets without a predicate, abbreviations, dashes
and comparisons are none; signs at the end stand with the predicate.
"""

from __future__ import annotations

import pytest

import hyperlex
from hyperlex.word.edges import (
    comment_by_signs,
    keep_abbreviations,
    keep_brackets,
    keep_comparisons,
    keep_dashes,
    keep_set_phrases,
    set_off_participles,
)
from hyperlex.word.readings import Offer

PARTICIPLE = "Case=Nom|VerbForm=Part"


def offer(upos: str, feats: str = "") -> Offer:
    return ("", upos, feats, 1.0, "dictionary")


def pieces(text: str) -> list[str]:
    return [clause.span.of(text) for clause in hyperlex.clauses(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Быстро растущий город строит мосты.", ["Быстро растущий", "город строит мосты."]),
        (
            "Мы купили пахнущий свежей краской дом.",
            ["Мы купили", "пахнущий свежей краской", "дом."],
        ),
        ("Растущий город строит мосты.", ["Растущий город строит мосты."]),
        ("Река (Дунай) в этом месте широка.", ["Река (Дунай) в этом месте широка."]),
        ("Завод (Урал) выпускает мотоциклы.", ["Завод (Урал) выпускает мотоциклы."]),
        ("В 1350-е гг. король правил один.", ["В 1350-е гг. король правил один."]),
        ("Здесь больше рыбы, чем воды.", ["Здесь больше рыбы, чем воды."]),
        (
            "Он знает больше, чем говорит.",
            ["Он знает больше,", "чем говорит."],
        ),
        ("Я пишу, пока он спит 🙈", ["Я пишу,", "пока он спит", "🙈"]),
        ("Как правило, поезд не опаздывает.", ["Как правило,", "поезд не опаздывает."]),
        ("Он, как правило, молчит.", ["Он,", "как правило,", "молчит."]),
        ("Мой брат (он живёт в Туле) приехал.", ["Мой брат", "(он живёт в Туле)", "приехал."]),
    ],
)
def test_clauses_of_real_sentences(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


FORMS = ["давно", "забытый", "всеми", "большой", "дом"]
READINGS = [
    offer("ADV"), offer("VERB", PARTICIPLE), offer("PRON", "Case=Ins"), offer("ADJ"), offer("NOUN"),
]  # fmt: skip
HEADS = [1, 4, 1, 4, 4]


def test_the_phrase_of_a_participle_is_set_off_on_both_sides() -> None:
    relations = ["advmod", "amod", "obl", "amod", "root"]
    breaks = [1.0, 0.0, 0.0, 0.0, 0.0]
    set_off_participles(FORMS, READINGS, HEADS, relations, breaks)
    assert relations == ["advmod", "acl", "obl", "amod", "root"]
    assert breaks == [1.0, 0.0, 0.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("forms", "feats", "below"),
    [
        (FORMS, PARTICIPLE, "det"),  # no dependents of its own
        (FORMS, "Case=Nom|VerbForm=Part|Variant=Short", "obl"),
        (FORMS, "Case=Nom", "obl"),
    ],
)
def test_other_attributes_stay(forms: list[str], feats: str, below: str) -> None:
    relations = [below, "amod", below, "amod", "root"]
    breaks = [1.0, 0.0, 0.0, 0.0, 0.0]
    readings = [READINGS[0], offer("VERB", feats), *READINGS[2:]]
    set_off_participles(forms, readings, HEADS, relations, breaks)
    assert relations[1] == "amod"
    assert breaks == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_what_a_comma_sets_off_is_left_to_the_network() -> None:
    forms = ["тихий", ",", "всеми", "забытый", "дом"]
    readings = [offer("ADJ"), offer("PUNCT"), offer("PRON"), offer("VERB", PARTICIPLE),
                offer("NOUN")]  # fmt: skip
    relations = ["amod", "punct", "obl", "amod", "root"]
    breaks = [1.0, 0.0, 0.1, 0.0, 0.0]
    set_off_participles(forms, readings, [4, 4, 3, 4, 4], relations, breaks)
    assert relations[3] == "acl"
    assert breaks == [1.0, 0.0, 0.1, 0.0, 0.0]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (("NOUN", "Case=Nom", "parataxis"), ("appos", 0.5)),
        (("NOUN", "Case=Nom", "conj"), ("conj", 0.5)),
        (("VERB", "VerbForm=Fin", "parataxis"), ("parataxis", 0.9)),
        (("ADJ", "Variant=Short", "parataxis"), ("parataxis", 0.9)),
    ],
)
def test_brackets_without_a_predicate_are_kept(
    inner: tuple[str, str, str], expected: tuple[str, float]
) -> None:
    upos, feats, relation = inner
    readings = [offer("NOUN"), offer("PUNCT"), offer(upos, feats), offer("PUNCT"), offer("VERB")]
    relations = ["nsubj", "punct", relation, "punct", "root"]
    breaks = [1.0, 0.0, 0.9, 0.0, 0.9]
    keep_brackets(["река", "(", "х", ")", "течёт"], readings, [4, 2, 0, 2, 4], relations, breaks)
    assert (relations[2], breaks[2]) == expected
    assert breaks[4] == expected[1]


@pytest.mark.parametrize("forms", [["(", ")"], [")", "("], ["(", "("], [")"], ["(", "раз", ")"]])
def test_brackets_of_any_kind_are_survived(forms: list[str]) -> None:
    readings = [offer("NOUN" if form.isalpha() else "PUNCT") for form in forms]
    relations = ["root", *["parataxis"] * (len(forms) - 1)]
    keep_brackets(forms, readings, [0] * len(forms), relations, [0.9] * len(forms))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (("король", offer("NOUN")), ("obl", 0.0)),
        (("Старков", offer("PROPN")), ("obl", 0.0)),
        (("Родился", offer("VERB")), ("parataxis", 0.9)),  # there the sentence may well end
    ],
)
def test_the_stop_of_an_abbreviation_is_no_end(
    after: tuple[str, Offer], expected: tuple[str, float]
) -> None:
    word, read = after
    readings = [offer("ADP"), offer("NOUN"), offer("PUNCT"), read]
    relations, breaks = ["case", "parataxis", "punct", "root"], [1.0, 0.0, 0.0, 0.9]
    keep_abbreviations(["в", "гг", ".", word], readings, relations, breaks)
    assert (relations[1], breaks[3]) == expected
    keep_abbreviations(["гг", "."], readings[1:3], ["root", "punct"], [1.0, 0.0])


def test_a_dash_before_a_nominal_predicate_is_no_edge() -> None:
    readings = [offer("NOUN"), offer("PUNCT"), offer("ADJ"), offer("NOUN"), offer("PUNCT")]
    heads, relations = [3, 3, 3, 3, 3], ["nsubj", "punct", "amod", "root", "punct"]
    breaks = [1.0, 0.9, 0.9, 0.1, 0.0]
    keep_dashes([1], readings, heads, relations, breaks)
    assert breaks == [1.0, 0.9, 0.5, 0.1, 0.0]
    readings[3] = offer("VERB", "Mood=Ind|VerbForm=Fin")
    breaks = [1.0, 0.9, 0.9, 0.1, 0.0]
    keep_dashes([1], readings, heads, relations, breaks)
    assert breaks == [1.0, 0.9, 0.9, 0.1, 0.0]


COMPARING = ["дом", "выше", ",", "чем", "старая", "башня", ",", "и", "шире"]
COMPARED = [
    offer("NOUN"), offer("ADJ"), offer("PUNCT"), offer("SCONJ"), offer("ADJ"), offer("NOUN"),
    offer("PUNCT"), offer("CCONJ"), offer("ADJ"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("relation", "above", "expected"),
    [("advcl", "ADJ", "nmod"), ("advcl", "VERB", "obl"), ("obl", "VERB", "obl")],
)
def test_a_comparison_without_a_predicate_is_kept(relation: str, above: str, expected: str) -> None:
    readings = [COMPARED[0], offer(above), *COMPARED[2:]]
    relations = ["nsubj", "root", "punct", "mark", "amod", relation, "punct", "cc", "conj"]
    breaks = [1.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.9, 0.0]
    keep_comparisons(COMPARING, readings, [1, 1, 5, 5, 5, 1, 8, 8, 1], relations, breaks)
    assert (relations[3], relations[5]) == ("case", expected)
    assert (breaks[3], breaks[7]) == (0.5, 0.5)


@pytest.mark.parametrize("child", ["nsubj", "cop"])
def test_a_comparison_with_a_predicate_stays_a_clause(child: str) -> None:
    relations = ["nsubj", "root", "punct", "mark", child, "advcl", "punct", "cc", "conj"]
    breaks = [1.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.9, 0.0]
    before = (list(relations), list(breaks))
    keep_comparisons(COMPARING, COMPARED, [1, 1, 5, 5, 5, 1, 8, 8, 1], relations, breaks)
    assert (relations, breaks) == before


def test_set_phrases_are_no_comparisons() -> None:
    forms = ["волк", ",", "как", "правило", ",", "осторожен"]
    readings = [offer("NOUN"), offer("PUNCT"), offer("SCONJ"), offer("NOUN"), offer("PUNCT"),
                offer("ADJ", "Variant=Short")]  # fmt: skip
    relations = ["nsubj", "punct", "mark", "parataxis", "punct", "root"]
    breaks = [1.0, 0.0, 0.9, 0.0, 0.0, 0.9]
    keep_comparisons(forms, readings, [5, 3, 3, 5, 3, 5], relations, breaks)
    assert relations[3] == "parataxis"
    assert breaks == [1.0, 0.0, 0.9, 0.0, 0.0, 0.9]


def test_signs_at_the_end_stand_with_the_predicate() -> None:
    forms = ["пишу", ",", "пока", "спит", "🙈", "!", ":)"]
    readings = [offer("VERB"), offer("PUNCT"), offer("SCONJ"), offer("VERB"), offer("SYM"),
                offer("PUNCT"), offer("SYM")]  # fmt: skip
    heads, relations = [0, 3, 3, 0, 3, 0, 3], ["root", *["x"] * 6]
    breaks = [1.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0]
    comment_by_signs(forms, readings, heads, relations, breaks)
    assert (heads[4], heads[6], relations[4], relations[6]) == (0, 0, "discourse", "discourse")
    assert breaks == [1.0, 0.0, 0.9, 0.0, 0.5, 0.0, 0.5]


def test_signs_before_words_stay() -> None:
    forms, readings = ["пишу", "+", "пою"], [offer("VERB"), offer("SYM"), offer("VERB")]
    heads, relations, breaks = [0, 2, 0], ["root", "cc", "conj"], [1.0, 0.3, 0.0]
    comment_by_signs(forms, readings, heads, relations, breaks)
    assert (heads, relations, breaks) == ([0, 2, 0], ["root", "cc", "conj"], [1.0, 0.3, 0.0])


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        ([2, 2, 2], [1, 2, 2]),
        ([2, 0, 2], [1, 2, 2]),
        ([1, 2, 2], [1, 2, 2]),
        ([0, 2, 0], [0, 2, 0]),  # «как» is the root
        ([3, 2, 0, 3], [3, 2, 0, 3]),  # a ring would come of it
    ],
)
def test_a_set_phrase_is_one_piece(heads: list[int], expected: list[int]) -> None:
    forms = ["Как", "правило", "верно", "всё"][: len(heads)]
    relations, breaks = ["mark", "parataxis", "root", "root"], [1.0, 0.9, 0.9, 0.0]
    keep_set_phrases(forms, heads, relations, breaks)
    assert heads == expected
    assert breaks == [1.0, 0.0, 0.9, 0.0]
