"""What holds of every realised sentence, whatever the outline."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from hyperlex.ladder.outline import (
    AGENTS,
    KINDS,
    MOODS,
    TENSES,
    Frame,
    Item,
    Lexeme,
    Literal,
    Outline,
    Slot,
)
from hyperlex.ladder.reading import NEGATIONS, carries_content
from hyperlex.ladder.realise import inflect, realise
from hyperlex.word.dictionary import dictionary

LEXEMES = [
    Lexeme(lemma, kind)
    for kind, lemmas in {
        "N": "дом дверь окно человек река время деньги ножницы кофе путь ребенок больной час лес",
        "P": "Москва Анна Пушкин США Нью-Йорк Ростов-на-Дону",
        "V": "стоять идти сказать быть хотеть мочь вернуться есть дать",
        "I": "войти ждать",
        "G": "решаться открыть",
        "T": "спать забыть видеть",
        "A": "старый синий лучший большой волчий",
        "S": "нужный готовый написать должен",
        "C": "быстрый сильный",
        "R": "долго утром",
        "D": "весь этот который свой ничто каждый",
        "M": "два пять сорок второй",
        "O": "ладно",
        "-": "не ни нет нельзя без",
    }.items()
    for lemma in lemmas.split()
]
CASES = ("", "Nom", "Gen", "Dat", "Acc", "Ins", "Loc", "Par", "Voc")

frames = st.builds(
    Frame, st.sampled_from(AGENTS), st.sampled_from(TENSES), st.sampled_from(MOODS), st.booleans()
)
slots = st.none() | st.builds(
    Slot,
    st.sampled_from(("", "в", "на", "с", "о", "к", "у", "без", "во", "между", "из-за", "не")),
    st.sampled_from(CASES),
    st.sampled_from(("", "Sing", "Plur")),
)
known = st.builds(Item, st.sampled_from(LEXEMES), slots)
strange = st.builds(Item, st.builds(Lexeme, st.text(max_size=8), st.sampled_from(KINDS)), slots)
literals = st.builds(
    Literal, st.sampled_from(("5", "21", "1984", "3,5%", "«Вокзал»", "iPhone", "x2:"))
)
outlines = st.builds(Outline, frames, st.lists(known | literals, max_size=8).map(tuple))
any_outlines = st.builds(
    Outline,
    st.builds(Frame, st.text(max_size=5), st.text(max_size=5), st.text(max_size=5)) | frames,
    st.lists(known | strange | st.builds(Literal, st.text(max_size=6)), max_size=8).map(tuple),
)


def words(text: str) -> list[str]:
    return re.findall(r"[а-яё]+(?:-[а-яё]+)*", text.lower())


def lemma(spelling: str) -> str:
    return str(dictionary().parse(spelling)[0].normal_form).replace("ё", "е")


def lemmas(spelling: str) -> set[str]:
    return {parse.normal_form.replace("ё", "е") for parse in dictionary().parse(spelling)}


@given(any_outlines)
def test_no_outline_raises(outline: Outline) -> None:
    (sentence,) = realise([outline])
    assert isinstance(sentence, str)


@given(st.lists(outlines, max_size=4))
def test_a_sentence_depends_on_its_outline_alone(several: list[Outline]) -> None:
    assert realise(several) == [realise([outline])[0] for outline in several]


@given(outlines)
def test_every_item_is_written_once_and_no_other_content_word(outline: Outline) -> None:
    (sentence,) = realise([outline])
    content = [word for word in words(sentence) if carries_content(word)]
    items = [item for item in outline.items if isinstance(item, Item)]
    expected = [item.lexeme.lemma for item in items if item.lexeme.kind != "-"]
    shown = [i.text for i in outline.items if isinstance(i, Literal)]
    room = len(expected) + sum(carries_content(w) for text in shown for w in words(text))
    room += sum(carries_content(i.lexeme.lemma) for i in items if i.lexeme.kind == "-")
    assert len(content) <= room
    assert len(words(sentence)) >= len(expected)


@given(outlines)
def test_negations_keep_their_number(outline: Outline) -> None:
    (sentence,) = realise([outline])
    said = Counter(word for word in words(sentence) if word in NEGATIONS)
    meant = Counter(
        item.lexeme.lemma
        for item in outline.items
        if isinstance(item, Item) and item.lexeme.kind == "-"
    )
    assert said == meant


@given(outlines)
def test_literals_stand_to_the_letter_and_in_order(outline: Outline) -> None:
    (sentence,) = realise([outline])
    at = 0
    for item in outline.items:
        if isinstance(item, Literal):
            found = sentence.find(item.text, at)
            assert found >= 0
            at = found + len(item.text)


@given(outlines)
def test_a_sentence_begins_with_a_capital_and_ends_with_its_mark(outline: Outline) -> None:
    (sentence,) = realise([outline])
    if sentence:
        literal = bool(outline.items) and isinstance(outline.items[0], Literal)
        assert literal or sentence[0] == sentence[0].upper()
        assert sentence[-1] == ("?" if outline.frame.question else ".")


@settings(deadline=None)
@given(st.sampled_from(LEXEMES), frames, slots)
def test_a_word_keeps_its_lemma(lexeme: Lexeme, frame: Frame, slot: Slot | None) -> None:
    (sentence,) = realise([Outline(frame, (Item(lexeme, slot),))])
    found = {one for word in words(sentence) for one in lemmas(word)}
    wanted = lemmas(lexeme.lemma.lower()) | {lexeme.lemma.lower()}
    assert found & wanted


def test_inflect_gives_forms_by_key() -> None:
    assert inflect(Lexeme("дверь", "N"), "GenSing") == "двери"
    assert inflect(Lexeme("идти", "V"), "Fem") == "шла"
    assert inflect(Lexeme("синий", "A"), "InsPlur") == "синими"
    assert inflect(Lexeme("Анна", "P"), "DatSing") == "Анне"
    assert inflect(Lexeme("qwerty", "N"), "GenSing") == "qwerty"


def test_the_same_sentences_in_another_process() -> None:
    program = (
        "from hyperlex.ladder.outline import *\n"
        "from hyperlex.ladder.realise import realise\n"
        "items = [Item(Lexeme(a, b)) for a, b in (('мальчик', 'N'), ('читать', 'V'), ('дом', 'N'),"
        " ('книга', 'N'), ('старый', 'A'), ('друг', 'N'))]\n"
        "print(realise([Outline(Frame('noun', 'past'), tuple(items))])[0])\n"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", program],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert runs.pop().strip()
