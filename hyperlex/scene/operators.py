"""Words that say how an event stands to reality: rules as data.

An operator governs the infinitive of the event («может прийти», «начал читать») and the event is
what it governs. `alone` operators say the same of a noun or of nothing («хочу чаю», «нельзя!»).
Short participles stand as they are spelled: «разрешено», not all that is done by «разрешить».
"""

from __future__ import annotations

from typing import NamedTuple

from hyperlex.scene.lexicon import _set


class Operator(NamedTuple):
    """One row.

    Attributes:
        facet: `modality` or `phase`.
        value: what it adds.
        alone: whether it needs no infinitive.
        lemmas: separated by spaces.
        example: a sentence and, after a bar, the event's lemma.
    """

    facet: str
    value: str
    alone: bool
    lemmas: str
    example: str


OPERATORS: tuple[Operator, ...] = (
    Operator(
        "modality",
        "can",
        True,
        "мочь смочь можно нельзя невозможно возможно невозможный возможный",
        "Он не может прийти.|прийти",
    ),
    Operator(
        "modality",
        "can",
        False,
        "уметь суметь способный способен вправе удаться удаваться получиться "
        "некогда негде незачем некуда неоткуда некого нечего некому нечему",
        "Он сумел войти.|войти",
    ),
    Operator(
        "modality",
        "can",
        False,
        "разрешаться дозволяться допускаться запрещаться воспрещаться возбраняться "
        "разрешено дозволено позволено запрещено воспрещено",
        "Здесь запрещено курить.|курить",
    ),
    Operator(
        "modality",
        "must",
        True,
        "нужно надо необходимо необходимый нужный нужен надобно должно",
        "Ему нужно идти.|идти",
    ),
    Operator(
        "modality",
        "must",
        False,
        "должный должен обязанный обязан вынужденный вынужден вынуждена вынуждены следовать "
        "приходиться прийтись "
        "надлежать полагаться предстоять стоить пора довестись доводиться",
        "Он должен был бы уйти.|уйти",
    ),
    Operator(
        "modality",
        "want",
        True,
        "хотеть хотеться захотеть захотеться желать пожелать",
        "Он хочет спать.|спать",
    ),
    Operator(
        "modality",
        "want",
        False,
        "намеренный намереваться намерен намерить собираться собраться мечтать "
        "стремиться планировать рассчитывать надеяться жаждать",
        "Она собирается уехать.|уехать",
    ),
    Operator(
        "modality",
        "dare",
        True,
        "решиться решаться осмелиться осмеливаться сметь посметь "
        "отважиться отваживаться рискнуть рисковать дерзнуть дерзать",
        "Он не решился войти.|войти",
    ),
    Operator(
        "phase",
        "begin",
        False,
        "начать начинать стать становиться приняться приниматься взяться пуститься приступить",
        "Он начал читать.|читать",
    ),
    Operator("phase", "begin", True, "начаться начинаться", "Начался дождь.|начаться"),
    Operator("phase", "continue", False, "продолжать продолжить", "Он продолжал читать.|читать"),
    Operator(
        "phase",
        "continue",
        True,
        "продолжаться продлиться длиться",
        "Дождь продолжался.|продолжаться",
    ),
    Operator(
        "phase",
        "end",
        False,
        "кончить кончать закончить заканчивать перестать переставать "
        "прекратить прекращать бросить завершить",
        "Он перестал читать.|читать",
    ),
    Operator(
        "phase",
        "end",
        True,
        "кончиться кончаться закончиться заканчиваться прекратиться "
        "прекращаться завершиться завершаться",
        "Дождь кончился.|кончиться",
    ),
)

LIGHT: dict[tuple[str, str], Operator] = {
    ("иметь", noun): Operator("modality", "can", True, "иметь", "Он имеет право уйти.|уйти")
    for noun in ("право", "возможность")
}
"""An empty verb and its object that are one operator: «имеет право уйти»."""

INVITING = Operator("modality", "imperative", True, "давать", "Давай поговорим завтра.|поговорить")

BY_LEMMA: dict[str, tuple[Operator, ...]] = {}
for _operator in OPERATORS:
    for _lemma in _set(_operator.lemmas):
        BY_LEMMA[_lemma] = (*BY_LEMMA.get(_lemma, ()), _operator)

MODALITIES = ("can", "must", "want", "dare", "almost", "conditional", "imperative", "question")
"""The canonical order."""

STRONG = _set(
    """
    очень совсем весьма крайне слишком сильно ужасно страшно абсолютно чрезвычайно совершенно вовсе
    безумно невероятно необычайно исключительно полностью гораздо намного жутко дико изо чересчур
    безмерно бесконечно глубоко горячо громко ярко тотчас отчаянно вдребезги донельзя
    """
)
WEAK = _set(
    "едва чуть слегка немного чуть-чуть несколько еле еле-еле едва-едва слабо немножко отчасти "
    "частично слегонца мало"
)
DEGREE = _set("очень совсем слишком особо особенно вполне сильно так столь больно шибко настолько")
"""Adverbs of degree: «не» before one denies the event itself («не совсем понял»)."""

HORTATIVES = _set("пусть пускай")
INVITATIONS = _set("давай давайте")
QUESTION_WORDS = _set("как что где куда откуда когда почему зачем кто кого кому чем чего сколько")
SUBJUNCTIVES = frozenset(["чтобы", "чтоб", "дабы"])
"""With the past tense they mean what is not so: «чтобы он пришёл»."""
