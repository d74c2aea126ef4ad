"""A clause that a conjunction subordinates hangs on the one behind it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word.trees_by_hand import is_tree, trees_over

import hyperlex
from hyperlex.word.hosts import return_to_host
from hyperlex.word.readings import Offer
from hyperlex.word.subordinate import subordinate
from hyperlex.word.tree import root_of

FINITE = "Gender=Masc|Mood=Ind|Number=Sing|Tense=Past|VerbForm=Fin"


@pytest.mark.parametrize(
    ("text", "main", "inner", "relation"),
    [
        ("Так как дорогу размыло, автобус не пришёл.", "пришёл", "размыло", "advcl"),
        ("Пока идёт дождь, работы не начнутся.", "начнутся", "идёт", "advcl"),
        ("Раз ты пришёл, садись за стол.", "садись", "пришёл", "advcl"),
        ("Хотя он устал, работу бросать не стал.", "стал", "устал", "advcl"),
        ("Благодаря тому что снег растаял, дорога стала проходимой.", "стала", "растаял", "acl"),
    ],
)
def test_the_clause_behind_is_the_main_one(text: str, main: str, inner: str, relation: str) -> None:
    found = {word.text: word.relation for word in hyperlex.words(text)}
    assert (found[main], found[inner]) == ("root", relation)


def test_the_demonstrative_goes_with_the_main_clause() -> None:
    words = hyperlex.words("Благодаря тому что снег растаял, дорога стала проходимой.")
    found = {word.text: (word.relation, words[word.head].text) for word in words}
    assert found["тому"] == ("obl", "стала")
    assert found["растаял"] == ("acl", "тому")


def read(lemma: str, upos: str, feats: str = "") -> Offer:
    return (lemma, upos, feats, 1.0, "dictionary")


def tree_of(
    *words: tuple[str, str, str, int, str],
) -> tuple[list[str], list[Offer], list[int], list[str]]:
    forms, upos, feats, heads, relations = zip(*words, strict=True)
    chosen = [read(f.lower(), u, x) for f, u, x in zip(forms, upos, feats, strict=True)]
    return list(forms), chosen, list(heads), list(relations)


QUESTION = (
    ("Где", "ADV", "", 2, "advmod"),
    ("он", "PRON", "Case=Nom", 2, "nsubj"),
    ("был", "VERB", FINITE, 2, "root"),
    (",", "PUNCT", "", 4, "punct"),
    ("молчал", "VERB", FINITE, 2, "conj"),
)


@pytest.mark.parametrize(("stop", "root"), [(".", 4), ("?", 2)])
def test_a_question_has_its_verb(stop: str, root: int) -> None:
    forms, chosen, heads, relations = tree_of(*QUESTION, (stop, "PUNCT", "", 2, "punct"))
    subordinate(forms, chosen, heads, relations)
    assert root_of(heads) == root


@pytest.mark.parametrize("opener", ["cc", "mark"])
def test_a_clause_with_a_conjunction_is_no_main_clause(opener: str) -> None:
    forms, chosen, heads, relations = tree_of(
        ("Когда", "SCONJ", "", 1, "mark"),
        ("пришёл", "VERB", FINITE, 1, "root"),
        (",", "PUNCT", "", 4, "punct"),
        ("и", "CCONJ", "", 4, opener),
        ("молчал", "VERB", FINITE, 1, "conj"),
    )
    subordinate(forms, chosen, heads, relations)
    assert root_of(heads) == 1


WORDS = {
    "когда": ("SCONJ", ""), "раз": ("NOUN", "Case=Acc|Number=Sing"), ",": ("PUNCT", ""),
    "который": ("PRON", "Case=Nom|Gender=Masc|Number=Sing"), "?": ("PUNCT", ""),
    "тот": ("PRON", "Case=Nom|Gender=Masc|Number=Sing"), "с": ("ADP", ""),
    "дом": ("NOUN", "Animacy=Inan|Case=Nom|Gender=Masc|Number=Sing"), "шёл": ("VERB", FINITE),
    "стоял": ("VERB", FINITE), "казалось": ("VERB", FINITE), "и": ("CCONJ", ""),
}  # fmt: skip
RELATIONS = [
    "nsubj", "obj", "obl", "conj", "parataxis", "acl:relcl", "acl", "ccomp", "advcl", "mark", "cc",
    "case", "punct", "advmod",
]  # fmt: skip


@given(trees_over(list(WORDS), 12), st.data())
def test_a_tree_stays_a_tree(tree: tuple[list[str], list[int]], data: st.DataObject) -> None:
    forms, heads = tree
    named = st.lists(st.sampled_from(RELATIONS), min_size=len(forms), max_size=len(forms))
    relations = data.draw(named)
    relations[root_of(heads)] = "root"
    chosen = [read(form, *WORDS[form]) for form in forms]
    return_to_host(forms, [(offer,) for offer in chosen], chosen, heads, relations)
    assert is_tree(heads)
    subordinate(forms, chosen, heads, relations)
    assert is_tree(heads)
    assert [k for k, name in enumerate(relations) if name == "root"] == [root_of(heads)]
