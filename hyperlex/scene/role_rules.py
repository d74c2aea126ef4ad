"""What a participant or a circumstance is to the event: rules as data, the first that fits decides.

A rule asks for a relation (without subtype), a preposition, a case and a class of the noun; an
empty field asks nothing. The example is the phrase and, after a bar, the lemma of its noun: the
tests build a tree for each.
"""

from __future__ import annotations

from typing import NamedTuple

from hyperlex.scene.lexicon import _set
from hyperlex.scene.operators import DEGREE, STRONG, WEAK


class RoleRule(NamedTuple):
    """One row of the table.

    Attributes:
        relation: `obl`, `obj`, `iobj`, `xcomp`.
        preposition: in lower case; `-` for none; several separated by a comma; "" for any.
        case: of the noun, as in `Case=Ins`; "" for any.
        kind: `time`, `event`, `manner`, `cause`, `animate`, `number`, `date`, `digits` (without a
            case), `verb` (of the word itself), `speech`, `motion`, `passive`, `dative` (of the
            predicate: one that takes an experiencer), or "".
        role: what it is.
        example: a phrase and its noun's lemma.
    """

    relation: str
    preposition: str
    case: str
    kind: str
    role: str
    example: str


ROLE_RULES: tuple[RoleRule, ...] = (
    RoleRule("obj", "", "", "", "patient", "читает книгу|книга"),
    RoleRule("iobj", "-", "Dat", "dative", "experiencer", "ему нужно|он"),
    RoleRule("iobj", "-", "Dat", "", "recipient", "дал брату|брат"),
    RoleRule("iobj", "-", "Ins", "time", "time", "прекрасен весной|весна"),
    RoleRule("iobj", "-", "Ins", "passive", "agent", "построен рабочими|рабочий"),
    RoleRule("iobj", "-", "Ins", "", "instrument", "владеет мечом|меч"),
    RoleRule("iobj", "-", "Gen", "", "patient", "ждал письма|письмо"),
    RoleRule("xcomp", "", "", "verb", "goal", "велел уйти|уйти"),
    RoleRule("xcomp", "", "", "", "attribute", "стал врачом|врач"),
    # Without a preposition; digits show no case, and would fit any.
    RoleRule("obl", "-", "", "date", "time", "заключён 01.02.2023|01.02.2023"),
    RoleRule("obl", "-", "", "digits", "other", "начисляется 3|3"),
    RoleRule("obl", "-", "Ins", "time", "time", "пришёл вечером|вечер"),
    RoleRule("obl", "-", "Ins", "manner", "manner", "говорил шёпотом|шёпот"),
    RoleRule("obl", "-", "Ins", "passive", "agent", "построен рабочими|рабочий"),
    RoleRule("obl", "-", "Ins", "", "instrument", "писал пером|перо"),
    RoleRule("obl", "-", "Acc", "time", "time", "ждал час|час"),
    RoleRule("obl", "-", "Gen", "time", "time", "приехал пятого мая|май"),
    RoleRule("obl", "-", "Nom", "time", "time", "прошёл год назад|год"),
    RoleRule("obl", "-", "Dat", "dative", "experiencer", "мне холодно|я"),
    RoleRule("obl", "-", "Dat", "", "recipient", "помог другу|друг"),
    RoleRule("obl", "-", "Gen", "animate", "patient", "боялся волка|волк"),
    RoleRule("obl", "-", "Gen", "", "patient", "достиг цели|цель"),
    # Prepositions that mean one thing.
    RoleRule("obl", "для,ради,во имя,с целью,в целях,в интересах", "", "", "goal", "для дела|дело"),
    RoleRule(
        "obl",
        "из-за,благодаря,вследствие,ввиду,по причине,в результате,в силу,в связи с",
        "",
        "",
        "cause",
        "из-за дождя|дождь",
    ),
    RoleRule(
        "obl",
        "после,накануне,во время,в течение,в ходе,в продолжение,со времени,по окончании",
        "",
        "",
        "time",
        "после войны|война",
    ),
    RoleRule(
        "obl",
        "у,около,возле,вокруг,близ,вблизи,мимо,вдоль,внутри,вне,посреди,посередине,напротив,"
        "недалеко от,рядом с,позади,впереди,среди,поверх,сквозь,поперёк,неподалёку от,вглубь",
        "",
        "",
        "place",
        "у двери|дверь",
    ),
    RoleRule("obl", "о,об,обо", "Loc", "", "topic", "о доме|дом"),
    RoleRule("obl", "о,об,обо", "Acc", "", "place", "удариться о стол|стол"),
    RoleRule(
        "obl",
        "насчёт,относительно,касательно,по поводу,про",
        "",
        "",
        "topic",
        "насчёт дома|дом",
    ),
    RoleRule(
        "obl", "вместе с,наряду с,в сопровождении", "", "", "companion", "вместе с братом|брат"
    ),
    RoleRule(
        "obl",
        "с помощью,при помощи,посредством,путём,через посредство,по средствам",
        "",
        "",
        "instrument",
        "с помощью ножа|нож",
    ),
    RoleRule("obl", "без", "", "", "manner", "без труда|труд"),
    RoleRule(
        "obl",
        "вместо,кроме,помимо,против,согласно,вопреки,несмотря на,в отличие от,за исключением",
        "",
        "",
        "other",
        "кроме брата|брат",
    ),
    RoleRule("obl", "из,изо,из-под", "", "cause", "cause", "из любопытства|любопытство"),
    RoleRule("obl", "из,изо,из-под", "", "", "source", "из дома|дом"),
    RoleRule("obl", "от,ото", "", "cause", "cause", "от страха|страх"),
    RoleRule("obl", "от,ото", "", "time", "time", "от рассвета|рассвет"),
    RoleRule("obl", "от,ото", "", "", "source", "от дома|дом"),
    RoleRule("obl", "до", "", "time", "time", "до утра|утро"),
    RoleRule("obl", "до", "", "event", "time", "до войны|война"),
    RoleRule("obl", "до", "", "", "goal", "до дома|дом"),
    # «в», «на», «за», «под», «по», «с», «к», «при», «над», «перед», «между», «через».
    RoleRule("obl", "в,во", "Acc", "time", "time", "в понедельник|понедельник"),
    RoleRule("obl", "в,во", "Loc", "time", "time", "в мае|май"),
    RoleRule("obl", "в,во", "Loc", "manner", "manner", "в ужасе|ужас"),
    RoleRule("obl", "в,во", "Loc", "number", "time", "в 1905|1905"),
    RoleRule("obl", "в,во", "Loc", "", "place", "в доме|дом"),
    RoleRule("obl", "в,во", "Acc", "", "goal", "в дом|дом"),
    RoleRule("obl", "на", "Loc", "time", "time", "на рассвете|рассвет"),
    RoleRule("obl", "на", "Acc", "time", "time", "на час|час"),
    RoleRule("obl", "на", "Acc", "measure", "manner", "вырасти на метр|метр"),
    RoleRule("obl", "на", "Loc", "", "place", "на столе|стол"),
    RoleRule("obl", "на", "Acc", "", "goal", "на стол|стол"),
    RoleRule("obl", "за", "Acc", "time", "time", "за час|час"),
    RoleRule("obl", "за", "Ins", "event", "time", "за обедом|обед"),
    RoleRule("obl", "за", "Ins", "", "place", "за дверью|дверь"),
    RoleRule("obl", "за", "Acc", "", "goal", "за дверь|дверь"),
    RoleRule("obl", "под", "Acc", "time", "time", "под вечер|вечер"),
    RoleRule("obl", "под", "Acc", "", "goal", "под стол|стол"),
    RoleRule("obl", "под", "Ins", "", "place", "под столом|стол"),
    RoleRule("obl", "над,перед,передо,между,меж", "Ins", "time", "time", "перед рассветом|рассвет"),
    RoleRule("obl", "перед,передо", "Ins", "event", "time", "перед обедом|обед"),
    RoleRule("obl", "перед,передо", "Ins", "deed", "time", "перед употреблением|употребление"),
    RoleRule("obl", "над,перед,передо,между,меж", "", "", "place", "над столом|стол"),
    RoleRule("obl", "по", "Dat", "time", "time", "по утрам|утро"),
    RoleRule("obl", "по", "Acc", "time", "time", "по май|май"),
    RoleRule("obl", "по", "Dat", "speech", "topic", "судить по делу|дело"),
    RoleRule("obl", "по", "Dat", "motion", "place", "идти по дороге|дорога"),
    RoleRule("obl", "по", "Dat", "cause", "cause", "по болезни|болезнь"),
    RoleRule("obl", "по", "", "", "manner", "по правилам|правило"),
    RoleRule("obl", "с,со", "Gen", "time", "time", "с утра|утро"),
    RoleRule("obl", "с,со", "Gen", "cause", "cause", "с горя|горе"),
    RoleRule("obl", "с,со", "Gen", "", "source", "со стола|стол"),
    RoleRule("obl", "с,со", "Ins", "animate", "companion", "с братом|брат"),
    RoleRule("obl", "с,со", "Ins", "time", "time", "с рассветом|рассвет"),
    RoleRule("obl", "с,со", "Ins", "", "manner", "с трудом|труд"),
    RoleRule("obl", "к,ко", "Dat", "time", "time", "к вечеру|вечер"),
    RoleRule("obl", "к,ко", "", "", "goal", "к дому|дом"),
    RoleRule("obl", "при", "Loc", "animate", "place", "при отце|отец"),
    RoleRule("obl", "при", "", "", "time", "при встрече|встреча"),
    RoleRule("obl", "через,спустя", "Acc", "time", "time", "через час|час"),
    RoleRule("obl", "через", "", "", "place", "через дорогу|дорога"),
    RoleRule("obl", "спустя", "", "", "time", "спустя поколение|поколение"),
    RoleRule("obl", "как,словно,будто,точно", "", "", "manner", "как брат|брат"),
)


class AdverbRule(NamedTuple):
    """Adverbs (relation `advmod`) that are circumstances: a role and its lemmas."""

    role: str
    lemmas: str
    example: str


ADVERB_RULES: tuple[AdverbRule, ...] = (
    AdverbRule(
        "time",
        "сегодня завтра послезавтра вчера позавчера сейчас теперь тогда потом затем скоро вскоре "
        "давно недавно рано поздно утром вечером днём ночью летом зимой весной осенью всегда часто "
        "редко иногда однажды сразу ныне никогда накануне наутро долго недолго поныне отныне "
        "когда-то когда-нибудь впоследствии тотчас немедленно ежедневно ежегодно раньше позже",
        "Приду завтра.",
    ),
    AdverbRule(
        "place",
        "здесь там тут везде всюду повсюду дома нигде где-то где-нибудь вдалеке вдали далеко "
        "близко "
        "рядом вверху внизу внутри снаружи впереди сзади позади вокруг слева справа наверху "
        "поблизости",
        "Он стоял там.",
    ),
    AdverbRule(
        "goal",
        "сюда туда домой вперёд назад вверх вниз вправо влево куда-то куда-нибудь никуда внутрь "
        "наружу "
        "прочь вдаль обратно вон наверх",
        "Иди сюда!",
    ),
    AdverbRule(
        "source",
        "отсюда оттуда издалека издали сверху снизу сзади отовсюду откуда-то ниоткуда изнутри",
        "Он ушёл оттуда.",
    ),
    AdverbRule("cause", "поэтому оттого потому почему-то сгоряча сдуру", "Он поэтому ушёл."),
)
_ADVERBS = {lemma: rule.role for rule in reversed(ADVERB_RULES) for lemma in _set(rule.lemmas)}
_NO_MANNER = (
    STRONG
    | WEAK
    | DEGREE
    | _set(
        "только уже ещё всё просто даже почти именно вообще вдруг снова опять также тоже так как "
        "что "
        "столько сколько много мало более менее лишь едва якобы вероятно возможно конечно обычно "
        "видимо наверно действительно довольно достаточно можно нужно надо нельзя примерно только "
        "буквально особенно прежде прямо точно однако зато словно будто ровно"
    )
)


def adverb_role(lemma: str) -> str:
    """The role of an adverb beside a predicate, or "" where it is none: a degree, a particle.

    One made from an adjective («быстро», «по-русски») says how.
    """
    if role := _ADVERBS.get(lemma):
        return role
    if lemma in _NO_MANNER or len(lemma) < 4:
        return ""
    return "manner" if lemma.endswith(("о", "е", "ски")) or lemma.startswith("по-") else ""
