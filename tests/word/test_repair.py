"""Words that contradict their tree or their neighbours are mended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hyperlex
from hyperlex.word.dictionary import dictionary
from hyperlex.word.readings import Offer, offers
from hyperlex.word.repair import (
    by_neighbours,
    capitalised,
    count_units,
    decline_names,
    state_by_dash,
    tie_compounds,
    with_preposition,
)

FINITE = "Mood=Ind|Number=Sing|Tense=Past|VerbForm=Fin"


def test_words_under_a_preposition_are_found() -> None:
    assert with_preposition([1, 1, 3, 1], ["nsubj", "root", "case", "obl"]) == {3}


@pytest.mark.parametrize(
    ("text", "lemma"),
    [
        ("на *самом деле", "самый"),
        ("ради *самого высокого дома", "самый"),
        ("этой *самой двери", "самый"),
        ("жаль *самого себя", "сам"),
        ("видел *самого директора", "сам"),
        ("ей *самой смешно", "сам"),
        ("там *больше людей", "много"),
        ("*Меньше новых слов", "мало"),
        ("стало *больше", "больше"),
        ("*больше чем", "больше"),
    ],
)
def test_neighbours_show_a_lemma(text: str, lemma: str) -> None:
    forms = text.replace("*", "").split()
    place = next(k for k, form in enumerate(text.split()) if form[0] == "*")
    upos = {"деле": "NOUN", "высокого": "ADJ", "дома": "NOUN", "двери": "NOUN", "себя": "PRON",
            "директора": "NOUN", "на": "ADP", "видел": "VERB", "людей": "NOUN",
            "новых": "ADJ"}  # fmt: skip
    feats = {"людей": "Case=Gen|Number=Plur", "новых": "Case=Gen|Number=Plur"}
    lemmas = {"самом": "сам", "самого": "сам", "самой": "сам", "этой": "этот"}
    chosen: list[Offer] = [
        (lemmas.get(form, form), upos.get(form, "X"), feats.get(form, ""), 1.0, "dictionary")
        for form in forms
    ]
    by_neighbours(forms, chosen)
    assert chosen[place][0] == lemma
    assert (chosen[place][4] == "context") == (lemma not in ("сам", "больше"))


@pytest.mark.parametrize(
    ("heads", "relations", "expected"),
    [
        ([3, 0, 3, 3], ["nsubj", "punct", "nsubj", "root"], ([3, 2, 0, 3], "nsubj appos")),
        ([2, 0, 3, 3], ["compound", "punct", "nsubj", "root"], ([3, 2, 0, 3], "nsubj appos")),
        ([2, 2, 2, 2], ["amod", "punct", "root", "acl"], ([0, 2, 0, 2], "root appos")),
        ([3, 2, 2, 2], ["obj", "punct", "root", "acl"], ([0, 2, 0, 2], "root appos")),
    ],
    ids=["side by side", "the first below", "the second at the root", "far below"],
)
def test_the_second_noun_of_a_compound_hangs_on_the_first(
    heads: list[int], relations: list[str], expected: tuple[list[int], str]
) -> None:
    readings: list[Offer] = [
        (lemma, upos, "", 1.0, "dictionary")
        for lemma, upos in (("город", "NOUN"), ("—", "PUNCT"), ("порт", "NOUN"), ("рос", "VERB"))
    ]
    tie_compounds([1], readings, heads, relations)
    assert (heads, f"{relations[0]} {relations[2]}") == expected


def test_a_pair_of_other_words_is_left_as_it_hangs() -> None:
    heads, relations = [2, 0, 2], ["nummod", "punct", "root"]
    pair: list[Offer] = [(form, "NUM", "", 1.0, "dictionary") for form in ("два", "—", "три")]
    tie_compounds([1], pair, heads, relations)
    assert (heads, relations) == ([2, 0, 2], ["nummod", "punct", "root"])


@given(st.permutations(range(7)), st.data())
def test_compounds_leave_one_tree(order: list[int], data: st.DataObject) -> None:
    heads = [order[0]] * 7
    for place in range(1, 7):
        heads[order[place]] = data.draw(st.sampled_from(order[:place]))
    relations = ["root" if head == place else "dep" for place, head in enumerate(heads)]
    marks = data.draw(st.sampled_from(([1], [3], [1, 3], [1, 5], [1, 3, 5])))
    readings: list[Offer] = [
        ("-", "PUNCT" if place in marks else "NOUN", "", 1.0, "shape") for place in range(7)
    ]
    tie_compounds(marks, readings, heads, relations)
    (root,) = (place for place, head in enumerate(heads) if place == head)
    assert [place for place, name in enumerate(relations) if name == "root"] == [root]
    for above in range(7):
        for _ in heads:
            above = heads[above]
        assert above == root


def test_only_a_capital_inside_a_sentence_is_a_sign_of_a_name() -> None:
    text = "Фирма Марвел , « Весть » НОВОСТИ СПОРТА . Он и Пью"
    forms = text.split()
    assert [forms[place] for place in sorted(capitalised(forms))] == ["Марвел", "Пью"]


@pytest.mark.parametrize(("places", "lemma"), [((0,), "Дорсет"), ((), "Дорсете")])
def test_an_unknown_name_after_a_preposition_is_declined(
    places: tuple[int, ...], lemma: str
) -> None:
    offered = offers("Дорсете", dictionary().parse("Дорсете"))
    feats = "Animacy=Inan|Case=Loc|Gender=Masc|Number=Sing"
    chosen: list[Offer] = [("Дорсете", "PROPN", feats, 0.3, "suffix")]
    decline_names(places, [offered], chosen)
    assert chosen[0][:3] == (lemma, "PROPN", feats)


@pytest.mark.parametrize(
    ("forms", "heads", "relations"),
    [
        (
            ["Кострома", "—", "город", "на", "Волге", "."],
            [0, 2, 0, 4, 2, 0],
            ["root", "punct", "parataxis", "case", "nmod", "punct"],
        ),
        (
            ["Кострома", "(", "1152", "—", "2020", ")", "—", "город", "."],
            [0, 2, 0, 4, 2, 2, 7, 0, 0],
            ["root", "punct", "appos", "punct", "nmod", "punct", "punct", "appos", "punct"],
        ),
    ],
)
def test_a_noun_after_a_dash_states_what_the_one_before_is(
    forms: list[str], heads: list[int], relations: list[str]
) -> None:
    places = {form: place for place, form in enumerate(forms)}
    marks = [place for place, form in enumerate(forms) if form == "—"]
    breaks = [0.97] * len(forms)
    state_by_dash(marks, forms, nouns(forms), heads, relations, breaks)
    subject, said = places["Кострома"], places["город"]
    assert (heads[subject], relations[subject]) == (said, "nsubj")
    assert (heads[said], relations[said]) == (said, "root")
    assert heads[marks[-1]] == heads[-1] == said
    assert breaks[said] == 0 < breaks[marks[-1] - 1]


@pytest.mark.parametrize(
    "forms",
    [
        ["Кострома", "—", "город"],  # no sentence: a line of a list
        ["Дорога", ":", "Кострома", "—", "город", "."],
        ["Кострома", "—", "два", "город", "."],
        ["Кострома", "стояла", "—", "город", "."],
    ],
)
def test_a_noun_after_a_dash_may_be_a_remark(forms: list[str]) -> None:
    heads = [0] * len(forms)
    heads[forms.index("—") + 1 : -2] = [len(forms) - 2] * (len(forms) - 3 - forms.index("—"))
    relations = ["root"] + ["parataxis"] * (len(forms) - 1)
    before = list(heads), list(relations)
    breaks = [0.97] * len(forms)
    state_by_dash([forms.index("—")], forms, nouns(forms), heads, relations, breaks)
    assert (heads, relations) == before
    assert breaks == [0.97] * len(forms)


def nouns(forms: list[str]) -> list[Offer]:
    """Readings of some words: nouns in the nominative but for what is known better."""
    known = {
        "на": ("ADP", ""),
        "Волге": ("PROPN", "Case=Loc"),
        "два": ("NUM", "Case=Nom"),
        "стояла": ("VERB", FINITE),
        "1152": ("NUM", ""),
        "2020": ("NUM", ""),
    }
    marks = dict.fromkeys("(—:).", ("PUNCT", ""))
    return [
        (form.lower(), *(known | marks).get(form, ("NOUN", "Case=Nom")), 1.0, "dictionary")
        for form in forms
    ]


def test_a_definition_is_one_clause() -> None:
    text = "Старый порт — памятник архитектуры."
    (clause,) = hyperlex.clauses(text)
    assert clause.span.of(text) == text


def test_what_is_counted_belongs_to_its_number() -> None:
    forms = ["Живут", "280", "тыс", ".", "чел", "."]
    readings: list[Offer] = [
        (form, upos, "", 1.0, "dictionary")
        for form, upos in zip(forms, ("VERB", "NUM", "NOUN", "PUNCT", "NOUN", "PUNCT"), strict=True)
    ]
    heads, breaks = [0, 2, 0, 2, 2, 0], [0.97] * 6
    relations = ["root", "nummod:gov", "nsubj", "punct", "parataxis", "punct"]
    count_units(forms, readings, heads, relations, breaks)
    assert (heads[4], relations[4], breaks[4]) == (2, "nmod", 0)
    (clause,) = hyperlex.clauses("В городе живут 280 тыс. чел.")
    assert clause.span.stop == 28


def test_the_parts_of_a_name_agree() -> None:
    for text, lemma in (
        ("Приехала Ольга Иванова.", "Иванова"),
        ("Приехал Олег Иванов.", "Иванов"),
        ("Встретили Ольгу Иванову.", "Иванова"),
    ):
        assert lemma in [word.lemma for word in hyperlex.words(text)]


def test_a_particle_with_a_capital_is_a_name() -> None:
    (name,) = [word for word in hyperlex.words("Товарищ Ли подписал договор.") if word.text == "Ли"]
    assert name.upos == "PROPN"
    (asks,) = [word for word in hyperlex.words("Придёт ли почтальон?") if word.text == "ли"]
    assert asks.upos != "PROPN"


@pytest.mark.parametrize(
    ("text", "form", "lemma"),
    [
        ("Ты прав.", "прав", "правый"),
        ("Она была права.", "права", "правый"),
        ("Он знал, что прав.", "прав", "правый"),
        ("Это нарушение прав человека.", "прав", "право"),
        ("У сироты было больше прав.", "прав", "право"),
        ("Права человека записаны в законе.", "Права", "право"),
        ("Сколько стоит эта книга?", "стоит", "стоить"),
        ("Билет стоит сто рублей.", "стоит", "стоить"),
        ("Не стоит беспокоиться.", "стоит", "стоить"),
        ("Машина стоит во дворе.", "стоит", "стоять"),
        ("Я стою у окна.", "стою", "стоять"),
        ("Я не стою тебя.", "стою", "стоить"),
        ("Он молчал, стоя у двери.", "стоя", "стоять"),
    ],
)
def test_the_tree_shows_a_lemma(text: str, form: str, lemma: str) -> None:
    (word,) = (word for word in hyperlex.words(text) if word.text == form)
    assert word.lemma == lemma


def test_what_has_a_price_is_the_subject() -> None:
    words = hyperlex.words("Он спросил, сколько стоит билет.")
    (ticket,) = (word for word in words if word.text == "билет")
    assert (ticket.relation, words[ticket.head].text) == ("nsubj", "стоит")
