"""The protected channel names what no lossy code may touch."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.scene import protected as module
from hyperlex.scene.assemble import scenes_of
from hyperlex.types import Sentence, Span, Word

_UPOS = {"Иван": "PROPN", "Анна": "PROPN", "пять": "NUM", "пятый": "NUM", "Москва": "PROPN"}


def protected(text: str) -> list[str]:
    """`kind=text` of everything protected, words cut at spaces and marks."""
    words = []
    for n, match in enumerate(re.finditer(r"\w+|[^\w\s]", text)):
        mark = not match[0][0].isalnum()
        upos = "PUNCT" if mark else _UPOS.get(match[0], "NUM" if match[0].isdigit() else "NOUN")
        lemma = {"кг": "кг", "рублей": "рубль", "тысяч": "тысяча"}.get(match[0], match[0].lower())
        relation = "root" if not n else "dep"
        words.append(Word(Span(*match.span()), match[0], lemma, upos, "", n, 0, relation, ""))
    sentence = Sentence(Span(0, len(text)), tuple(words), (1.0, *[0.0] * (len(words) - 1)))
    return [item.gloss for scene in scenes_of(sentence, text) for item in scene.protected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Купи 5 кг муки", ["number=5", "unit=кг"]),
        ("Отдал 1 000 рублей", ["number=1 000", "unit=рублей"]),
        ("Отдал 1\u00a0000 рублей", ["number=1\u00a0000", "unit=рублей"]),
        ("Осталось 10—12 кг", ["number=10—12", "unit=кг"]),
        ("Стоит 5 тысяч рублей", ["number=5", "unit=тысяч", "unit=рублей"]),
        ("В 1904-1905 годах", ["date=1904-1905 годах"]),
        ("кг муки", []),
        ("Это стоит 14,5 %", ["number=14,5", "unit=%"]),
        ("Встреча 9 мая 1945 года в 12:30", ["date=9 мая 1945 года", "date=12:30"]),
        ("Он не пришёл ни разу", ["negation=не", "negation=ни"]),
        ("Анна и Иван", ["name=Анна", "name=Иван"]),
        ("Роман «Идиот» лежал", ["quote=«Идиот»"]),
        ("«Идиот»", []),
        ("Пиши на ann@example.org, или @anna_k", ["address=ann@example.org", "address=@anna_k"]),
        ("См. https://example.org/a?b=1.", ["address=https://example.org/a?b=1"]),
        ("Позвони +7 900 123-45-67", ["address=+7 900 123-45-67"]),
        ("Вызови `run` или run()", ["code=`run`", "code=run()"]),
        ("пять яблок", ["number=пять"]),
    ],
)
def test_protected_text(text: str, expected: list[str]) -> None:
    assert protected(text) == expected


NUMBERS = (
    *("5", "12", "1999", "900", "+7", "8", " ", "-", "−", "+", ",", ".", ":", "мая", "марта"),
    *("года", "г.", "-го", "слово", "(", ")", "²", "٣", "a"),
)


@given(st.lists(st.sampled_from(NUMBERS), max_size=12).map("".join))
def test_numbers_are_found_alone_as_among_all_patterns(text: str) -> None:
    if not module._BEYOND_NUMBERS.search(text):
        found, among = module._NUMBERS.finditer(text), module._ALL.finditer(text)
        assert [(m.span(), m.lastgroup) for m in found] == [(m.span(), m.lastgroup) for m in among]
