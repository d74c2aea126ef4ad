"""Tokens tile the text, and sentences end where a reader would say so."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.word.segment import Token, segment

UNREAD = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u0300\u0301"
russian = st.lists(
    st.sampled_from(
        [
            *(
                "Он",
                "вышел",
                "из",
                "дома",
                "и",
                "Cтрана",
                "за\u0301мок",
                "де\u00adрево",
                "т.",
                "е.",
            ),
            *(
                ".",
                "!",
                "?",
                "…",
                "...",
                ",",
                ":",
                ";",
                "—",
                "-",
                "«",
                "»",
                '"',
                "(",
                ")",
                "&quot;",
            ),
            *(" ", " ", " ", "\n", "\n\n", "\t", "\u00a0", "\u00ad\n", "¬\n", "\u200b", ":-)"),
            *(
                "ann@mail.ru",
                "https://пример.рф/a?b=1",
                "@anna",
                "#весна",
                "12.05.2020",
                "3,5",
                "№",
            ),
        ]
    ),
    max_size=40,
).map("".join)


def tokens_of(text: str) -> list[Token]:
    return [token for sentence in segment(text) for token in sentence]


def forms(text: str) -> list[str]:
    return [token.form for token in tokens_of(text)]


def sentences(text: str) -> list[str]:
    return [text[tokens[0].span.start : tokens[-1].span.stop] for tokens in segment(text)]


@given(st.one_of(st.text(st.characters()), russian))
def test_every_character_that_is_read_lies_in_one_token(text: str) -> None:
    tokens = tokens_of(text)
    inside = [False] * len(text)
    for token in tokens:
        assert 0 <= token.span.start < token.span.stop <= len(text)
        inside[token.span.start : token.span.stop] = [True] * len(token.span)
    for before, after in pairwise(tokens):
        assert before.span.stop <= after.span.start
    outside = {text[k] for k, held in enumerate(inside) if not held}
    assert {c for c in outside if not c.isspace() and c not in UNREAD} == set()


@given(st.one_of(st.text(), russian))
def test_no_sentence_and_no_form_is_empty(text: str) -> None:
    for tokens in segment(text):
        assert tokens
        assert all(token.form.strip() for token in tokens)


@given(russian)
def test_white_space_stands_before_the_tokens_that_say_so(text: str) -> None:
    for tokens in segment(text):
        for before, token in pairwise(tokens):
            gap = text[before.span.stop : token.span.start]
            assert token.spaced == any(c.isspace() for c in gap)


WHITE = [character for character in map(chr, range(0x3001)) if character.isspace()]


@given(st.text(st.sampled_from(WHITE)))
def test_white_space_has_no_tokens(text: str) -> None:
    assert list(segment(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Пишите на anna.k@mail.example.ru!", ["Пишите", "на", "anna.k@mail.example.ru", "!"]),
        ("См. https://site.ru/a,b?q=1.", ["См", ".", "https://site.ru/a,b?q=1", "."]),
        ("(www.site.ru)", ["(", "www.site.ru", ")"]),
        ("@anna_k, привет", ["@anna_k", ",", "привет"]),
        ("Люблю #весну и #лето!", ["Люблю", "#весну", "и", "#лето", "!"]),
        ("Ура :-) и =)) тоже", ["Ура", ":-)", "и", "=))", "тоже"]),
        ("С 12.05.2020 по 1.6.21", ["С", "12.05.2020", "по", "1.6.21"]),
        ("&quot;Да&quot;", ['"', "Да", '"']),
        ("Кто-то съел 3,5 кг", ["Кто-то", "съел", "3,5", "кг"]),
        ("Cтрана и де\u00adрево", ["Страна", "и", "дерево"]),
        ("Во\u0301т сло\u200bво", ["Вот", "слово"]),
        ("Что?! Да.....", ["Что", "?!", "Да", "…"]),
        ("„Да“ – сказал он", ["«", "Да", "«", "—", "сказал", "он"]),
        ("8) восьмое", ["8", ")", "восьмое"]),
        ("В 12:30 счёт 3:0", ["В", "12:30", "счёт", "3:0"]),
        ("Да))) вызов run()", ["Да", ")))", "вызов", "run", "(", ")"]),
        ("Это год— беды: 74, 80", ["Это", "год", "—", "беды", ":", "74", ",", "80"]),
        ("Сил💪 всем", ["Сил", "💪", "всем"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert forms(text) == expected


def test_a_word_cut_by_a_line_end_is_one_token() -> None:
    text = "За\u00ad\nбор упал."
    first = tokens_of(text)[0]
    assert (first.form, first.span.of(text)) == ("Забор", "За\u00ad\nбор")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Он ушёл. Она осталась!", ["Он ушёл.", "Она осталась!"]),
        ("Это было в 1961 г. в Москве.", ["Это было в 1961 г. в Москве."]),
        ("А. П. Орлов болен. Ждём.", ["А. П. Орлов болен.", "Ждём."]),
        ("Афиша &quot;Лодки&quot; (Псков).", ["Афиша &quot;Лодки&quot; (Псков)."]),
        ("Он крикнул &quot;Стой!&quot; И упал.", ["Он крикнул &quot;Стой!&quot;", "И упал."]),
        ("Да!! 😍😍 Еду.", ["Да!!", "😍😍 Еду."]),
        ("Дождались!! 😍", ["Дождались!! 😍"]),
        ("Живут 13 чел. (2019).", ["Живут 13 чел. (2019)."]),
        ("Он ушёл. (Ненадолго.)", ["Он ушёл.", "(Ненадолго.)"]),
        ("Живут 13 чел. / км2.", ["Живут 13 чел. / км2."]),
        ("Был дождь. / Взошла луна.", ["Был дождь.", "/ Взошла луна."]),
        ("Илья (род. 3 мая) болел.", ["Илья (род. 3 мая) болел."]),
        ("Сдан к 1 янв. 1914 г. в срок.", ["Сдан к 1 янв. 1914 г. в срок."]),
        ("Сдан в янв. Потом забыт.", ["Сдан в янв.", "Потом забыт."]),
        ("Фильм (реж. Орлова) вышел.", ["Фильм (реж. Орлова) вышел."]),
        ("Вымер весь их род. Дом пуст.", ["Вымер весь их род.", "Дом пуст."]),
        ("В 1970-х гг. Порт опустел.", ["В 1970-х гг. Порт опустел."]),
        ("Порт опустел в 1970-х гг. Потом ожил.", ["Порт опустел в 1970-х гг.", "Потом ожил."]),
        ("К III в. до н. э. Город пал.", ["К III в. до н. э. Город пал."]),
        ("Глава первая\n\nУтро было ясным.", ["Глава первая", "Утро было ясным."]),
        ("Список\n- хлеб\n- соль", ["Список", "- хлеб", "- соль"]),
        ("1) Снять крышку\n2) Слить масло", ["1) Снять крышку", "2) Слить масло"]),
        ("— Ты спишь?\n— Нет.", ["— Ты спишь?", "— Нет."]),
        ("Мы долго шли вдоль\nреки и устали.", ["Мы долго шли вдоль\nреки и устали."]),
        (
            "Над рекой туман ложится,\nСпит усталая земля,\nТолько старой мельнице\nНе уснуть.",
            ["Над рекой туман ложится,\nСпит усталая земля,\nТолько старой мельнице\nНе уснуть."],
        ),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_sentence_without_end_is_cut_at_its_marks() -> None:
    text = "и потом, как водится, снова шёл дождь, " * 60
    pieces = list(segment(text))
    assert max(map(len, pieces)) <= 160
    assert all(tokens[-1].form == "," for tokens in pieces)


LONG = {
    "no stop": "снег идёт ",
    "dots": ".",
    "Russian letters": "а",
    "Latin letters": "x",
    "brackets": ")",
    "numbers": "1.",
    "addresses": "a@",
    "line ends": "\n",
    "hyphens and line ends": "а¬\n\n",
    "lines": "слово,\n",
}


def seconds_to_segment(text: str) -> float:
    start = time.process_time()
    for tokens in segment(text):
        assert len(tokens) <= 160
    return time.process_time() - start


@pytest.mark.parametrize("kind", LONG)
def test_time_grows_with_the_length_alone(kind: str) -> None:
    # A second or two; were it the square, it would be minutes.
    assert seconds_to_segment(LONG[kind] * (100_000 // len(LONG[kind]))) < 30


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "size"), [("no stop", 5_000_000), ("dots", 1_000_000)])
def test_millions_of_characters_in_one_line_take_bounded_time(kind: str, size: int) -> None:
    assert seconds_to_segment(LONG[kind] * (size // len(LONG[kind]))) < 120


def test_the_first_sentence_does_not_wait_for_the_last() -> None:
    text = "Дождь кончился. " * 200_000
    start = time.process_time()
    assert len(next(segment(text))) == 3
    assert time.process_time() - start < 5
