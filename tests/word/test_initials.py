"""Initials and a surname are one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word.trees_by_hand import is_tree, trees_over

import hyperlex
from hyperlex.word.initials import is_initial, read_initials
from hyperlex.word.readings import Offer
from hyperlex.word.tree import root_of


@pytest.mark.parametrize(
    ("text", "letters", "surname", "lemma"),
    [
        ("Об этом заявила Э. С. Орлова.", "ЭС", "Орлова", "Орлова"),
        ("Доклад прочитала О. П. Петрова.", "ОП", "Петрова", "Петрова"),
        ("Приказ подписал А. С. Пушкин.", "АС", "Пушкин", "Пушкин"),
        ("Встреча с О. П. Петровой прошла вчера.", "ОП", "Петровой", "Петрова"),
        ("Письмо адресовано И. Петрову.", "И", "Петрову", "Петров"),
    ],
)
def test_letters_are_names(text: str, letters: str, surname: str, lemma: str) -> None:
    words = hyperlex.words(text)
    found = [word for word in words if word.text in letters and word.text.isupper()]
    assert [word.upos for word in found] == ["PROPN"] * len(letters)
    (last,) = (word for word in words if word.text == surname)
    assert (last.lemma, last.relation, words[last.head]) == (lemma, "flat:name", found[0])


def test_the_preposition_before_a_name_governs_it() -> None:
    words = hyperlex.words("И. И. Иванов не пришёл на встречу с О. П. Петровой.")
    (preposition,) = (word for word in words if word.text == "с")
    assert (preposition.relation, words[preposition.head].text) == ("case", "О")


@pytest.mark.parametrize("text", ["А. Введение в алгебру.", "Витамин С. Польза и вред."])
def test_a_letter_before_another_word_is_no_initial(text: str) -> None:
    assert not any(word.relation == "flat:name" for word in hyperlex.words(text))


def test_an_initial_has_a_stop() -> None:
    forms = ["А", ".", "Б", "в", "."]
    assert [is_initial(place, forms) for place in range(5)] == [True, False, False, False, False]


def test_a_name_does_not_hang_on_what_hangs_on_it() -> None:
    """«А» hung on «друг», «друг» on «Пушкин»."""
    forms = ["А", ".", "Пушкин", "друг", "ушёл"]
    heads, relations = [3, 0, 4, 2, 4], ["nmod", "punct", "nsubj", "appos", "root"]
    chosen: list[Offer] = [(f, "PROPN" if f == "Пушкин" else "X", "", 1.0, "") for f in forms]
    read_initials(forms, [(offer,) for offer in chosen], chosen, heads, relations)
    assert heads == [4, 0, 0, 0, 4]


WORDS = ["А", "В", ".", "Пушкин", "пришёл", "к", "Дж"]
UPOS = {"Пушкин": "PROPN", "пришёл": "VERB", "к": "ADP", ".": "PUNCT"}
FEATS = {
    "Пушкин": "Case=Nom|Gender=Masc|Number=Sing",
    "пришёл": "Gender=Masc|Number=Sing|VerbForm=Fin",
}
RELATIONS = ["nsubj", "obj", "discourse", "cc", "case", "punct", "flat:name", "appos", "nmod"]


@given(trees_over(WORDS, 12), st.data())
def test_a_tree_stays_a_tree(tree: tuple[list[str], list[int]], data: st.DataObject) -> None:
    forms, heads = tree
    size = len(forms)
    relations = data.draw(st.lists(st.sampled_from(RELATIONS), min_size=size, max_size=size))
    relations[root_of(heads)] = "root"
    chosen: list[Offer] = [
        (form, UPOS.get(form, "X"), FEATS.get(form, ""), 1.0, "dictionary") for form in forms
    ]
    read_initials(forms, [(offer,) for offer in chosen], chosen, heads, relations)
    assert is_tree(heads)
    assert [k for k, name in enumerate(relations) if name == "root"] == [root_of(heads)]
