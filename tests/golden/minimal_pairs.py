"""Writes `minimal_pairs.tsv`: python tests/golden/minimal_pairs.py

Pairs of sentences that differ in one thing that no code may lose, and pairs that differ in nothing
but word order or voice. Frames and words are written by hand, forms come from pymorphy3; what fills
a frame is decided by its number, so the same file comes out each time. README.md tells the kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pymorphy3

FILE = Path(__file__).parent / "minimal_pairs.tsv"
HEADER = "kind\tverdict\tfirst\tsecond"


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


PEOPLE = _listed(
    "учитель врач студент сосед мальчик охотник инженер капитан солдат старик художник рыбак "
    "лесник музыкант водитель повар моряк пастух тренер писатель девочка соседка учительница "
    "бабушка певица медсестра журналистка студентка хозяйка актриса спортсменка внучка"
)
DEEDS = _listed(
    "обмануть спасти предупредить разбудить защитить успокоить напугать выслушать простить "
    "встретить остановить победить найти задержать наказать ранить пригласить вылечить обидеть "
    "убедить"
)
PLACES = (
    *("у реки", "на вокзале", "в саду", "возле школы", "на мосту", "в старом парке", "за рынком"),
    *("у ворот", "на берегу", "в переулке", "на станции"),
)
ORDERS = (
    "{Agent} {verb} {patient} {place}.",
    "{Place} {agent} {verb} {patient}.",
    "{Agent} {place} {verb} {patient}.",
    "Говорят, {agent} {verb} {patient} {place}.",
    "Когда стемнело, {agent} {verb} {patient}.",
)
OBJECT_FIRST = (
    "{Patient} {verb} {agent} {place}.",
    "{Place} {patient} {verb} {agent}.",
    "{Patient} {place} {verb} {agent}.",
    "Говорят, {patient} {verb} {agent} {place}.",
    "Когда стемнело, {patient} {verb} {agent}.",
)
PASSIVE = (
    "{Subject} {was} {done} {by} {place}.",
    "{Place} {subject} {was} {done} {by}.",
    "{Subject} {place} {was} {done} {by}.",
    "Говорят, {subject} {was} {done} {by} {place}.",
    "Когда стемнело, {subject} {was} {done} {by}.",
)

# What is said, and the same denied.
DENIED = (
    ("В доме есть телефон.", "В доме нет телефона."),
    ("У соседа есть лодка.", "У соседа нет лодки."),
    ("В деревне есть врач.", "В деревне нет врача."),
    ("На станции есть буфет.", "На станции нет буфета."),
    ("Здесь можно купаться.", "Здесь нельзя купаться."),
    ("На мосту можно стоять.", "На мосту нельзя стоять."),
    ("Детям можно входить в зал.", "Детям нельзя входить в зал."),
    ("После ужина можно читать.", "После ужина нельзя читать."),
    ("Она пьёт чай с сахаром.", "Она пьёт чай без сахара."),
    ("Они ушли в горы с проводником.", "Они ушли в горы без проводника."),
    ("Письмо пришло с подписью.", "Письмо пришло без подписи."),
    ("Старик вышел на улицу с палкой.", "Старик вышел на улицу без палки."),
    ("Мы должны ждать до утра.", "Мы не должны ждать до утра."),
    ("Я хочу возвращаться в город.", "Я не хочу возвращаться в город."),
    ("Он умеет плавать.", "Он не умеет плавать."),
    ("Ты можешь открыть окно?", "Ты не можешь открыть окно?"),
    ("Лёд на озере растаял.", "Лёд на озере не растаял."),
    ("Дверь была заперта.", "Дверь не была заперта."),
    ("Закрывай калитку.", "Не закрывай калитку."),
    ("Трогай эти бумаги.", "Не трогай эти бумаги."),
    ("Суд признал договор действительным.", "Суд не признал договор действительным."),
    ("Срок может быть продлён.", "Срок не может быть продлён."),
    ("Препарат действует на сердце.", "Препарат не действует на сердце."),
    ("Программа сохраняет файл при выходе.", "Программа не сохраняет файл при выходе."),
    ("Собака лаяла, увидев чужого.", "Собака не лаяла, увидев чужого."),
    ("Он вошёл, постучав в дверь.", "Он вошёл, не постучав в дверь."),
    ("Она ушла, простившись с хозяйкой.", "Она ушла, не простившись с хозяйкой."),
    ("Поезд пришёл, и мы поехали.", "Поезд не пришёл, и мы поехали."),
    ("Если пойдёт дождь, мы останемся.", "Если не пойдёт дождь, мы останемся."),
    ("Мне холодно.", "Мне не холодно."),
)
COUNTED = (
    ("Отряд прошёл {} километров за день.", (14, 17, 40, 58)),
    ("В зале собралось {} человек.", (36, 68, 120, 250)),
    ("За билет он отдал {} рублей.", (75, 90, 380, 830)),
    ("Собрание начнётся 12 мая в {}.", ("7:30", "9:15", "16:45", "18:20")),
    ("Мост построили в {} году.", (1836, 1863, 1914, 1941)),
    ("Температура упала до {} градусов.", (5, 8, 15, 26)),
    ("В ящике лежало {} яблок.", (6, 9, 20, 35)),
    ("Курс вырос до {} рубля.", ("57,1", "62,3", "63,2", "75,1")),
    ("Поезд стоит на станции {} минут.", (5, 12, 25, 40)),
    ("Договор подписан {} июня 2019 года.", (3, 8, 13, 30)),
    ("Ей исполнилось {} лет.", (16, 19, 60, 90)),
    ("До города оставалось {} вёрст.", ("десять", "двадцать", "тридцать", "пятьдесят")),
    ("На столе стояло {} стаканов.", ("пять", "шесть", "семь", "восемь")),
    ("Он жил на {} этаже.", ("втором", "третьем", "пятом", "шестом")),
)
# Subject, present, past and future: forms that one verb may take without another word.
TIMES = (
    ("Дети {} в саду.", ("играют", "играли", "будут играть")),
    ("Старик {} трубку.", ("курит", "курил", "будет курить")),
    ("Она {} письма брату.", ("пишет", "писала", "напишет")),
    ("Корабль {} в порт.", ("входит", "входил", "войдёт")),
    ("Мы {} у тёплой печки.", ("сидим", "сидели", "будем сидеть")),
    ("Магазин {} в восемь.", ("закрывается", "закрывался", "закроется")),
    ("Суд {} жалобу.", ("рассматривает", "рассмотрел", "рассмотрит")),
    ("Учёные {} новый способ.", ("проверяют", "проверили", "проверят")),
    ("Программа {} файл.", ("сохраняет", "сохранила", "сохранит")),
    ("Снег {} крыши.", ("покрывает", "покрывал", "покроет")),
    ("Река {} поля.", ("заливает", "заливала", "зальёт")),
    ("Хозяйка {} хлеб.", ("печёт", "пекла", "испечёт")),
    ("Вы {} эту дорогу?", ("помните", "помнили", "будете помнить")),
    ("Сосед {} забор.", ("красит", "красил", "покрасит")),
    ("Город {} праздник.", ("встречает", "встречал", "встретит")),
    ("Врач {} больного.", ("осматривает", "осматривал", "осмотрит")),
    ("Компания {} завод.", ("строит", "строила", "построит")),
    ("Музыканты {} вальс.", ("играют", "играли", "сыграют")),
    ("Я {} твой голос.", ("слышу", "слышал", "услышу")),
    ("Бабушка {} внуку сказку.", ("рассказывает", "рассказывала", "расскажет")),
)
# Two names that may be exchanged, each in the forms of its two places.
NAMED = (
    ("Поезд идёт из {} в {}.", (("Твери", "Тверь"), ("Рязани", "Рязань"), ("Казани", "Казань"))),
    (
        "{} старше, чем {}.",
        (("Анна", "Анна"), ("Ольга", "Ольга"), ("Пётр", "Пётр"), ("Сергей", "Сергей")),
    ),
    (
        "{} живёт в деревне, а {} в городе.",
        (("Иван", "Иван"), ("Мария", "Мария"), ("Николай", "Николай")),
    ),
    (
        "Письмо от {} лежало рядом с подарком для {}.",
        (("Веры", "Веры"), ("Андрея", "Андрея"), ("Ирины", "Ирины")),
    ),
    (
        "Дорога ведёт от {} до {}.",
        (("Пскова", "Пскова"), ("Новгорода", "Новгорода"), ("Смоленска", "Смоленска")),
    ),
    (
        "Сначала выступал {}, потом {}.",
        (("Орлов", "Орлов"), ("Белов", "Белов"), ("Громов", "Громов")),
    ),
    (
        "Она родилась в {}, а выросла в {}.",
        (("Самаре", "Самаре"), ("Перми", "Перми"), ("Омске", "Омске")),
    ),
    (
        "{} подарила книгу, а получила от {} цветы.",
        (("Елена", "Елены"), ("Татьяна", "Татьяны"), ("Галина", "Галины")),
    ),
    (
        "После смерти {} мастерскую купил {}.",
        (("Лаптева", "Лаптев"), ("Зимина", "Зимин"), ("Котова", "Котов")),
    ),
    (
        "{} рассказала {} о пожаре.",
        (("Даша", "Даше"), ("Катя", "Кате"), ("Настя", "Насте")),
    ),
)
DENIALS, EXCHANGES, SAME = 100, 110, 65


class Pair(NamedTuple):
    """Two sentences.

    Attributes:
        kind: negation, number, role, tense, name (these differ), order or passive (these match).
        verdict: `differ` or `match`.
    """

    kind: str
    verdict: str
    first: str
    second: str


def pairs() -> Iterator[Pair]:
    """All of them, in the order of the file."""
    for first, second in DENIED:
        yield Pair("negation", "differ", first, second)
    for number in range(DENIALS):
        told, denied = _event(number), _event(number, negation="не ")
        order = _turn(OBJECT_FIRST if number % 4 == 3 else ORDERS, number)
        yield Pair("negation", "differ", order.format(**told), order.format(**denied))
    for frame, values in COUNTED:
        for n, value in enumerate(values):
            for other in values[n + 1 :]:
                yield Pair("number", "differ", frame.format(value), frame.format(other))
    for number in range(EXCHANGES):
        told, exchanged = _event(number), _event(number, exchanged=True)
        first = _turn(ORDERS, number)
        # In every third pair the exchanged roles stand in the same order of nouns: only their
        # cases tell who did it.
        second = _turn(OBJECT_FIRST, number) if number % 3 == 0 else first
        yield Pair("role", "differ", first.format(**told), second.format(**exchanged))
    for frame, forms in TIMES:
        for n, form in enumerate(forms):
            for other in forms[n + 1 :]:
                yield Pair("tense", "differ", frame.format(form), frame.format(other))
    for frame, names in NAMED:
        for n, (one, one_second) in enumerate(names):
            for other, other_second in names[n + 1 :]:
                first, second = (one, other_second), (other, one_second)
                yield Pair("name", "differ", frame.format(*first), frame.format(*second))
    for number in range(SAME):
        told = _event(number)
        first, second = _turn(ORDERS, number), _turn(OBJECT_FIRST, number)
        yield Pair("order", "match", first.format(**told), second.format(**told))
    for number in range(SAME):
        told = _event(number)
        first, second = _turn(ORDERS, number), _turn(PASSIVE, number)
        yield Pair("passive", "match", first.format(**told), second.format(**told))


def _event(number: int, negation: str = "", exchanged: bool = False) -> dict[str, str]:
    """The words of one event, each in the forms that a frame may ask for."""
    agent = _turn(PEOPLE, 7 * number)
    patient = _turn(PEOPLE, 7 * number + 3 + number % 5)
    if exchanged:
        agent, patient = patient, agent
    deed, place = _turn(DEEDS, 3 * number + number // len(DEEDS)), _turn(PLACES, number)
    words = {
        "agent": agent,
        "patient": _form(patient, "accs"),
        "subject": patient,
        "verb": negation + _form(deed, "past", _gender(agent)),
        "place": place,
    }
    passive = {
        "was": {"masc": "был", "femn": "была"}[_gender(patient)],
        "done": _passive(deed, _gender(patient)),
        "by": _form(agent, "ablt"),
    }
    capital = {name.capitalize(): _capital(word) for name, word in words.items()}
    return words | passive | capital


def _turn(values: tuple[str, ...], number: int) -> str:
    return values[number % len(values)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def _morph() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer()


def _parse(lemma: str) -> pymorphy3.analyzer.Parse:
    """The reading as a person or as a verb."""
    wanted = {"NOUN", "anim", "nomn", "sing"} if lemma in PEOPLE else {"INFN"}
    return next(p for p in _morph().parse(lemma) if wanted <= p.tag.grammemes)


def _gender(noun: str) -> str:
    return str(_parse(noun).tag.gender)


def _form(lemma: str, *grammemes: str) -> str:
    wanted = {*grammemes} | ({"sing"} if lemma in PEOPLE else {"indc", "sing"})
    found = _parse(lemma).inflect(wanted)
    assert found is not None, (lemma, grammemes)
    return str(found.word)


def _passive(verb: str, gender: str) -> str:
    found = _parse(verb).inflect({"PRTS", "pssv", "past", gender, "sing"})
    assert found is not None, verb
    return str(found.word)


def read_pairs() -> list[Pair]:
    """The pairs of the file."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert lines[0] == HEADER, f"{FILE.name}: {lines[0]!r}"
    return [Pair(*line.split("\t")) for line in lines[1:]]


def text_of_pairs() -> str:
    """What the file holds."""
    return "\n".join([HEADER, *("\t".join(pair) for pair in pairs()), ""])


if __name__ == "__main__":
    FILE.write_text(text_of_pairs(), encoding="utf-8")
