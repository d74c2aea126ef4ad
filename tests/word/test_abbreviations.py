"""Abbreviations are told by the words beside them."""

from __future__ import annotations

import pytest

from hyperlex.word.abbreviations import spell_out
from hyperlex.word.readings import Offer


@pytest.mark.parametrize(
    ("text", "lemmas"),
    [
        ("в 1812 *г .", "год"),
        ("в 1914 — 1918 *гг .", "год"),
        ("50 *г муки", "грамм"),
        ("500 *г муки", "грамм"),
        ("в 988 *г .", "год"),
        ("в *г . Туле", "город"),
        ("буква *г .", ""),
        ("в XIX *в .", "век"),
        ("в XIX—XX *вв .", "век"),
        ("дверь *в дом", ""),
        ("до *н . *э .", "наш эра"),
        ("Н . Э . Петров", ""),
        ("*Т . *е . завтра", "то быть"),
        ("и *т *д", "так далее"),
        ("и *т . *п .", "то подобный"),
        ("*5 *тыс . *руб .", "тысяча рубль"),
        ("12 *см в длину", "сантиметр"),
        ("*см . ниже", "смотреть"),
        ("см", ""),
        ("Берн ( *нем . Bern )", "немецкий"),
        ("Он был нем .", ""),
        ("Дом , и в нем тепло .", ""),
        ("*п . 3 *ст . 450", "пункт статья"),
        ("3 *ст . л .", "столовый"),
        ("740 *мм *рт . *ст .", "миллиметр ртутный столб"),
        ("на *ст . Удельная", "станция"),
        ("*Тел . 555-35-35", "телефон"),
        ("*ок . 5 лет", "около"),
        ("завод *им . Кирова", "имя"),
        ("отдай им .", ""),
        ("*рис . 3", "рисунок"),
        ("варить рис .", ""),
        ("весил 12 *т .", "тонна"),
        ("корпус т .", ""),
    ],
)
def test_neighbours_spell_an_abbreviation_out(text: str, lemmas: str) -> None:
    forms = text.replace("*", "").split()
    chosen: list[Offer] = [(form.lower(), "X", "", 1.0, "dictionary") for form in forms]
    spell_out(forms, chosen)
    told = [offer for offer in chosen if offer[4] == "context"]
    assert " ".join(offer[0] for offer in told) == lemmas
    marked = [form[1:] for form in text.split() if form[0] == "*" and not form[1].isdigit()]
    assert not told or [forms[chosen.index(offer)] for offer in told] == marked


def test_a_noun_spelled_out_is_one() -> None:
    chosen: list[Offer] = [("э", "INTJ", "Mood=Imp", 1.0, "dictionary")] * 4
    spell_out(["н", ".", "э", "."], chosen)
    assert chosen[2] == ("эра", "NOUN", "", 1.0, "context")
