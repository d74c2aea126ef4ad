"""Subjects and objects that their case or their verb contradicts."""

from __future__ import annotations

import pytest

import hyperlex
from hyperlex.types import features_of
from hyperlex.word.agreement import disagree, in_case
from hyperlex.word.dictionary import dictionary
from hyperlex.word.readings import Offer, offers
from hyperlex.word.roles import demote_subjects, name_ones, swap_roles

PAST = "Mood=Ind|Number=Sing|Tense=Past|VerbForm=Fin"
FEMININE = "Gender=Fem|" + PAST


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("Стороны не возражают.", "Nom"),
        ("Денег не осталось.", "Gen"),
        ("Пять стран не возражают.", "Gen"),
    ],
)
def test_the_subject_of_a_plural_verb_is_in_the_nominative(text: str, case: str) -> None:
    (subject,) = [word for word in hyperlex.words(text) if word.relation == "nsubj"]
    assert subject.feat("Case") == case


@pytest.mark.parametrize(
    ("text", "noun", "relation", "case"),
    [
        ("Ночью сугробы засыпало снегом.", "сугробы", "obj", "Acc"),
        ("Весь вечер разговор вели вполголоса.", "разговор", "obj", "Acc"),
        ("Большинство утверждают обратное.", "Большинство", "nsubj", "Nom"),
        ("Вопросы есть.", "Вопросы", "nsubj", "Nom"),
        ("Врач сказала правду.", "Врач", "nsubj", "Nom"),
    ],
)
def test_what_disagrees_with_a_transitive_verb_is_its_object(
    text: str, noun: str, relation: str, case: str
) -> None:
    (word,) = (word for word in hyperlex.words(text) if word.text == noun)
    assert word.relation == relation
    assert f"Case={case}" in word.feats


@pytest.mark.parametrize(
    ("text", "actor", "thing"),
    [
        ("Мышь съела кошка.", "кошка", "Мышь"),
        ("Письмо, которое ждала мать, пришло.", "мать", "которое"),
        ("Экипаж корабля связывают с городом шефские отношения.", "отношения", "Экипаж"),
        ("Девочка читает книгу.", "Девочка", "книгу"),
        ("Дочь любит мать.", "Дочь", "мать"),
    ],
)
def test_who_does_it_and_to_what(text: str, actor: str, thing: str) -> None:
    found = {word.text: word for word in hyperlex.words(text)}
    assert (found[actor].relation, found[thing].relation) == ("nsubj", "obj")
    assert found[thing].feat("Case") == "Acc"


def test_an_impersonal_verb_has_an_object() -> None:
    (scene, _) = hyperlex.scenes("Так как дорогу размыло, автобус не пришёл.")
    assert [(a.relation, a.word.lemma) for a in scene.arguments] == [("obj", "дорога")]


def read(form: str, upos: str, feats: str) -> Offer:
    """The reading of a form with these features."""
    found = offers(form, dictionary().parse(form))
    wanted = features_of(feats).items()
    return next(o for o in found if o[1] == upos and wanted <= features_of(o[2]).items())


def test_a_case_that_no_subject_has() -> None:
    relations = ["nsubj", "nsubj", "root"]
    chosen = [
        read("ножом", "NOUN", "Case=Ins"),
        read("мне", "PRON", "Case=Dat"),
        ("", "VERB", "", 1, ""),
    ]
    demote_subjects(relations, [(offer,) for offer in chosen], chosen)
    assert relations == ["obl", "iobj", "root"]


def test_a_subject_that_may_be_in_the_nominative_stays() -> None:
    relations = ["nsubj", "root"]
    chosen = [read("сестре", "NOUN", "Case=Dat"), ("", "VERB", "", 1.0, "")]
    nominative: Offer = ("сестре", "NOUN", "Case=Nom|Number=Sing", 1.0, "suffix")
    demote_subjects(relations, [(chosen[0], nominative), ()], chosen)
    assert relations == ["nsubj", "root"]


def test_an_unknown_name_does_not_change_its_role() -> None:
    name: Offer = ("Шэнь", "PROPN", "Case=Nom|Gender=Fem|Number=Sing", 1.0, "suffix")
    accusative: Offer = (*name[:2], name[2].replace("Nom", "Acc"), 1.0, "suffix")
    canal = offers("канал", dictionary().parse("канал"))
    chosen = [name, ("", "VERB", "Gender=Masc|" + PAST, 1.0, ""), read("канал", "NOUN", "Case=Acc")]
    relations = ["nsubj", "root", "obj"]
    swap_roles([1, 1, 1], relations, [(name, accusative), (), canal], chosen)
    assert relations == ["nsubj", "root", "obj"]


@pytest.mark.parametrize(
    ("noun", "verb", "expected"),
    [
        ("Case=Nom|Gender=Fem|Number=Sing", FEMININE, False),
        ("Case=Nom|Gender=Neut|Number=Sing", FEMININE, True),
        ("Animacy=Anim|Case=Nom|Gender=Masc|Number=Sing", FEMININE, False),
        ("Animacy=Inan|Case=Nom|Gender=Masc|Number=Sing", FEMININE, True),
        ("Case=Nom|Gender=Fem|Number=Plur", FEMININE, True),
        ("Case=Nom|Number=Sing|Person=1", "Number=Sing|Person=1|VerbForm=Fin", False),
        ("Case=Nom|Number=Sing", "Number=Sing|Person=2|VerbForm=Fin", True),
        ("Case=Nom|Number=Sing", "Mood=Imp|Number=Sing|VerbForm=Fin", True),
        ("Case=Gen|Number=Plur", FEMININE, False),
        ("Case=Nom", FEMININE, False),
    ],
)
def test_agreement(noun: str, verb: str, expected: bool) -> None:
    assert disagree(features_of(noun), features_of(verb)) is expected


def test_the_reading_in_a_case() -> None:
    found = offers("письмо", dictionary().parse("письмо"))
    nominative = read("письмо", "NOUN", "Case=Nom")
    accusative = in_case("Acc", found, nominative)
    assert accusative == read("письмо", "NOUN", "Case=Acc")
    assert in_case("Nom", found, nominative) is nominative
    assert in_case("Dat", found, nominative) is None


@pytest.mark.parametrize(
    ("feats", "others", "relation"),
    [
        ("Case=Nom|Number=Plur", "advmod", "nsubj"),
        ("Case=Nom|Number=Plur", "nsubj", "acl"),
        ("Case=Acc|Number=Plur", "advmod", "acl"),
        ("Case=Nom|Number=Sing", "advmod", "acl"),
    ],
)
def test_ones_and_others_are_subjects(feats: str, others: str, relation: str) -> None:
    verb: Offer = ("спорить", "VERB", "Number=Plur|Tense=Past|VerbForm=Fin", 1.0, "")
    chosen: list[Offer] = [("один", "ADJ", feats, 1.0, ""), ("", "X", "", 1.0, ""), verb]
    relations = ["acl", others, "root"]
    name_ones([2, 2, 2], relations, [(offer,) for offer in chosen], chosen)
    assert relations == [relation, others, "root"]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Истец вправе отказаться от иска.", "Истец"),
        ("В случае нарушения сроков поставки покупатель вправе требовать неустойку.", "покупатель"),
    ],
)
def test_who_is_entitled(text: str, who: str) -> None:
    words = hyperlex.words(text)
    (found,) = (word for word in words if word.text == who)
    assert (found.relation, words[found.head].text) == ("nsubj", "вправе")
