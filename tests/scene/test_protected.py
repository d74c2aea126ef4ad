"""The protected channel names what no lossy code may touch."""

from __future__ import annotations

import re

import pytest

from hyperlex.scene.assemble import scenes_of
from hyperlex.types import Sentence, Span, Word

_UPOS = {"Иван": "PROPN", "Анна": "PROPN", "пять": "NUM", "пятый": "NUM", "Москва": "PROPN"}


def protected(text: str) -> list[str]:
    """`kind=text` of everything protected, words cut at spaces and marks."""
    words = []
    for n, match in enumerate(re.finditer(r"\w+|[^\w\s]", text)):
        mark = not match[0][0].isalnum()
        upos = "PUNCT" if mark else _UPOS.get(match[0], "NUM" if match[0].isdigit() else "NOUN")
        lemma = {"кг": "кг", "рублей": "рубль"}.get(match[0], match[0].lower())
        relation = "root" if not n else "dep"
        words.append(Word(Span(*match.span()), match[0], lemma, upos, "", n, 0, relation, ""))
    sentence = Sentence(Span(0, len(text)), tuple(words), (1.0, *[0.0] * (len(words) - 1)))
    return [item.gloss for scene in scenes_of(sentence, text) for item in scene.protected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Купи 5 кг муки", ["number=5", "unit=кг"]),
        ("Отдал 1 000 рублей", ["number=1 000", "unit=рублей"]),
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
