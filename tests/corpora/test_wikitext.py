"""The clean-up of wiki markup: what it keeps, what it drops, and that nothing breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex_corpora.wikitext import plain_text

ARTICLE = """\
{{Озеро
 |Название = Тёплое
 |Площадь  = {{число|12}} км²
 |Карта    = [[Файл:Озеро.jpg|thumb|Вид с [[Гора|горы]]]]
}}
[[Файл:Вид.jpg|thumb|200px|Вид на [[озеро]] {{nobr|с юга}}]]
'''Озеро Тёплое''' ({{lang-en|Warm Lake}}) лежит в [[кратер]]е [[Вулкан (гора)|вулкана]].\
<ref name="a">Атлас, с. 5.</ref> Стока у&nbsp;него нет<ref name="a" />, вода&#160;солёная.
<!-- Проверить
глубину -->
== Природа ==
Вода ''не замерзает''<br />даже зимой.
* Щука
* [[Окунь]]

{| class="wikitable"
! Год !! Уровень
|-
| 1990 || {{число|3}}
|}
По [https://example.org/a данным] 1990 г. [https://example.org] уровень падал.

=== Примечания ===
{{примечания}}
Сноски, которые никто не читает.
== Хозяйство ==
Рыбу ловят {{ударение}}все{{--}}и дети. __БЕЗОГЛ__
== Ссылки ==
* [https://example.org Сайт]
[[Категория:Озёра]]
[[en:Warm Lake]]
"""

TEXT = """\
Озеро Тёплое (Warm Lake) лежит в кратере вулкана. Стока у\xa0него нет, вода\xa0солёная.

Природа

Вода не замерзает
даже зимой.
Щука
Окунь

По данным 1990 г. уровень падал.

Хозяйство

Рыбу ловят \u0301все —и дети."""


def test_an_article_becomes_text() -> None:
    assert plain_text(ARTICLE) == TEXT


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("[[Москва]], [[Река|реки]] и [[Снег]]а", "Москва, реки и Снега"),
        ("[[:Категория:Снег|снег]]", "снег"),
        ("Он ({{lang-la|}}, род. {{год|5}}) жил", "Он (, род. ) жил"),
        ("Он ({{lang-la2}}) жил", "Он жил"),
        ("{{кавычки|Да}} {{цитата|автор=Дед|Нет}}", "«Да» Нет"),
        ("{{abbr|ТТХ|описание|0}} и {{comment|явь|сон}}", "ТТХ и явь"),
        ("<nowiki>[[не ссылка]] и {{не шаблон}}</nowiki>", "[[не ссылка]] и {{не шаблон}}"),
        ("<math>x^2</math>где <gallery>\nФайл:А.jpg\n</gallery>x", "где x"),
        ("<poem>\nСнег идёт,\nснег идёт.\n</poem>", "Снег идёт,\nснег идёт."),
        ("{{poemx|Снег|Снег идёт,\nснег идёт.|1916}}", "Снег идёт,\nснег идёт."),
        ("{{poemx1||Снег идёт|}}{{indent|Снег}}", "Снег идёт"),
        ("{{F1|Снег|subtitle=о зиме|\n<poem>\nСнег {{razr|идёт}}\n</poem>}}", "Снег идёт"),
        ("{| | <div>Эпиграф.</div> |}", "|\nЭпиграф.\n|}"),
        ("{{poem|1=Снег|2=Идёт = идёт}}", "Идёт = идёт"),
        ("{|\n| {{a|}} || [[б|в]]\n|}\nпосле", "после"),
        ("{{a|{{b|{{c}}}}|[[д|е]]}}текст", "текст"),
        ("незакрытый {{шаблон и [[ссылка", "незакрытый шаблон и ссылка"),
        ("лишние }} скобки ]] и |}", "лишние скобки и |}"),
        ("<ref>без конца", "без конца"),
        ("5 < 6 и 7 > 6", "5 < 6 и 7 > 6"),
        ("__TOC__\n", ""),
        ("#перечень\n:отступ\n;срок", "перечень\nотступ\nсрок"),
        ("== См. также ==\n* А\n=== Глубже ===\nб\n== Дальше ==\nв", "Дальше\n\nв"),
        ("", ""),
    ],
)
def test_marks_go_and_words_stay(markup: str, text: str) -> None:
    assert plain_text(markup) == text


PIECES = st.sampled_from(
    ["{{", "}}", "[[", "]]", "{|", "|}", "|", "\n", "==", "<ref>", "</ref>", "<ref/>", "<!--",
     "-->", "'''", "*", "слово", " ", "[http://a ", "]", "Файл:", "<nowiki>", "</nowiki>", "&lt;"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join))
def test_broken_markup_is_no_error(markup: str) -> None:
    text = plain_text(markup)
    assert text == text.strip()
    assert text.count("слово") <= markup.count("слово")


@given(
    st.text(st.characters(categories=["L", "Nd", "Po"], exclude_characters="#&*:;'\\"), min_size=1)
)
def test_text_without_marks_is_itself(text: str) -> None:
    assert plain_text(f"а{text}я") == f"а{text}я"


@pytest.mark.parametrize("piece", ["{{a|", "[[a|", "{|\n", "<ref>", "<!--", "[[a]] {{b}} "])
def test_long_and_deep_markup_ends(piece: str) -> None:
    # Linear: a quadratic pass over this would take minutes.
    plain_text(piece * 50_000)
