"""Objects that their case or their verb contradicts, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence, Set

from hyperlex.types import features_of
from hyperlex.word.agreement import disagree, form_of, in_case, is_transitive
from hyperlex.word.quantities import SHARES
from hyperlex.word.readings import Offer
from hyperlex.word.tree import has


def name_objects(
    forms: Sequence[str],
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Makes the object of a transitive verb of what cannot be its subject, in place.

    «Сугробы засыпало», «разговор вели»: the noun does not agree with the verb, and its accusative
    looks as its nominative does. «Дорогу размыло»: nobody did, and to whom if not to the road?
    """
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation == "obl" and _is_impersonal(verb, place, forms, heads, relations, chosen):
            relations[place] = "obj"
        if relation != "nsubj" or chosen[verb][1] != "VERB":
            continue
        if chosen[place][1] != "NOUN" and chosen[place][0] != "что":
            continue
        if forms[verb].lower() == "есть" or chosen[place][0] in SHARES:  # «есть» eats, too
            continue
        if "=Anim" in chosen[place][2] or (place and forms[place][0].isupper()):
            continue
        if not disagree(features_of(chosen[place][2]), features_of(chosen[verb][2])):
            continue
        found = in_case("Acc", offers[place], chosen[place])
        if found is None or not is_transitive(forms[verb]):
            continue
        if any(
            (heads[k] == verb and relations[k] == "obj")
            or (heads[k] == place and relations[k].startswith(("conj", "nummod", "appos")))
            for k in range(len(heads))
        ):
            continue
        relations[place], chosen[place] = "obj", found


def _is_impersonal(
    verb: int,
    noun: int,
    forms: Sequence[str],
    heads: Sequence[int],
    relations: Sequence[str],
    chosen: Sequence[Offer],
) -> bool:
    """Whether a transitive verb in the neuter has no subject and no object but this accusative."""
    if "Gender=Neut" not in chosen[verb][2] or "VerbForm=Fin" not in chosen[verb][2]:
        return False
    if chosen[noun][1] != "NOUN" or "Case=Acc" not in chosen[noun][2]:
        return False
    if any(head == noun and relations[k] == "case" for k, head in enumerate(heads)):
        return False
    taken = {relations[k] for k, head in enumerate(heads) if head == verb}
    return not taken & {"nsubj", "csubj", "obj", "xcomp"} and is_transitive(forms[verb])


def name_called(
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Makes a name of what was the subject of «зовут», in place: «меня зовут Олег»."""
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation != "nsubj" or chosen[verb][0] not in _CALLING:
            continue
        name = in_case("Nom", offers[place], chosen[place])
        if name is None or not disagree(features_of(name[2]), features_of(chosen[verb][2])):
            continue
        joined = has(heads, relations, place, ("conj",))
        if not joined and has(heads, relations, verb, ("obj",)):
            relations[place], chosen[place] = "xcomp", name


_CALLING = frozenset(("звать", "прозвать", "величать"))


def decline_objects(
    relations: Sequence[str], offers: Sequence[Sequence[Offer]], chosen: list[Offer]
) -> None:
    """Gives an object in the nominative the accusative that is spelled so, in place: «дочь любит
    мать».
    """
    for place, relation in enumerate(relations):
        if relation == "obj" and "Case=Nom" in chosen[place][2]:
            chosen[place] = in_case("Acc", offers[place], chosen[place]) or chosen[place]


def demote_objects(relations: list[str], chosen: Sequence[Offer]) -> None:
    """Makes no object of what stands in a case that no object has, in place: «что делаешь
    вечером».
    """
    for place, relation in enumerate(relations):
        if relation == "obj" and (case := form_of(chosen[place])[0]) in _OTHER_CASES:
            when = case == "Loc" or chosen[place][0] in _WHEN
            relations[place] = "obl" if when else "iobj"


_OTHER_CASES = ("Ins", "Dat", "Loc")
_WHEN = frozenset(("утро", "день", "вечер", "ночь", "весна", "лето", "осень", "зима"))


def decline_recipients(
    heads: Sequence[int],
    relations: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Gives who gets an object the dative, in place: «которой подарили куклу»."""
    for place, relation in enumerate(relations):
        if relation != "iobj" or "Case=Gen" not in chosen[place][2]:
            continue
        verb = heads[place]
        if has(heads, relations, verb, ("obj",)):
            dative = (o for o in offers[place] if "Case=Dat" in o[2] and o[1] == chosen[place][1])
            chosen[place] = next(dative, chosen[place])


_PORTIONS = frozenset(
    (
        *("чай", "сахар", "суп", "мёд", "сыр", "коньяк", "табак", "песок", "шоколад", "квас"),
        *("сок", "бульон", "лук", "чеснок", "перец", "рис", "воск", "бензин", "кипяток", "творог"),
    )
)


def name_partitives(
    forms: Sequence[str],
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Makes an object of some of what is asked for, in place: «выпил чаю»."""
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation != "iobj" or chosen[place][0] not in _PORTIONS:
            continue
        if not forms[place].lower().endswith(("у", "ю")) or not is_transitive(forms[verb]):
            continue
        some = next((o for o in offers[place] if "Case=Gen" in o[2] or "Case=Par" in o[2]), None)
        taken = {relations[k] for k, head in enumerate(heads) if head == verb}
        if some is not None and some[1] == "NOUN" and "obj" not in taken:
            relations[place], chosen[place] = "obj", some


_TIMES = frozenset(
    (
        *("секунда", "минута", "час", "сутки", "день", "ночь", "утро", "вечер", "неделя"),
        *("месяц", "год", "лето", "зима", "осень", "весна", "век", "дорога", "жизнь"),
    )
)
_SPENDING = frozenset(
    (
        *("провести", "проводить", "потратить", "тратить", "занять", "занимать", "помнить"),
        *("составлять", "составить", "иметь", "любить", "просить", "дать", "взять", "терять"),
    )
)


def last_long(
    forms: Sequence[str], heads: Sequence[int], relations: list[str], chosen: Sequence[Offer]
) -> None:
    """Makes a stretch of time how long something lasts, and no object, in place: «не спали всю
    ночь», «тушат вторые сутки».
    """
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation not in ("obj", "nsubj") or chosen[place][0] not in _TIMES:
            continue
        if chosen[verb][1] != "VERB" or chosen[verb][0] in _SPENDING:
            continue
        whole = any(
            heads[k] == place and (chosen[k][0] in ("весь", "целый") or _is_ordinal(chosen[k]))
            for k in range(place)
        )
        if chosen[place][0] in ("дорога", "жизнь") and has(heads, relations, place, _DESCRIBING):
            continue  # «изменил всю духовную жизнь общества»
        others = [relations[k] for k, head in enumerate(heads) if head == verb and k != place]
        if relation == "nsubj":
            lasts = place > verb and "obj" in others and whole
        else:
            free = whole or "obj" in others or not is_transitive(forms[verb])
            lasts = free and "Case=Acc" in chosen[place][2]
        if lasts:
            relations[place] = "obl"


_DESCRIBING = frozenset(("amod", "nmod", "acl"))


def _is_ordinal(offer: Offer) -> bool:
    return offer[1] == "ADJ" and offer[0] in _ORDINALS


_ORDINALS = frozenset(("первый", "второй", "третий", "четвёртый", "пятый", "шестой", "седьмой"))


def name_pronouns(
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Reads «что» as a pronoun where it takes part in its clause, in place: «всё, что он сказал»,
    «скажи, что тебе нужно».
    """
    for place, relation in enumerate(relations):
        if chosen[place][0] != "что":
            continue
        pronouns = [o for o in offers[place] if o[1] == "PRON"]
        if chosen[place][1] == "SCONJ" and relation in _CASE_OF and pronouns:
            case = f"Case={_CASE_OF[relation]}"
            chosen[place] = next((o for o in pronouns if case in o[2]), pronouns[0])
        elif chosen[place][1] == "PRON" and relation == "mark":
            verb = heads[place]
            leads = place == 0 or chosen[place - 1][1] == "PUNCT"  # and not «только что»
            stated = chosen[verb][1] == "VERB" or chosen[verb][0] == "нужный"
            free = "Case=Nom" in chosen[place][2] and not has(heads, relations, verb, ("nsubj",))
            if leads and stated and free:
                relations[place] = "nsubj"


_CASE_OF = {"nsubj": "Nom", "obj": "Acc"}


def release_pronouns(
    heads: list[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Gives «его» behind a noun to a verb that denies it, in place: «весной его не стало»."""
    for place, relation in enumerate(relations):
        noun = heads[place]
        if relation != "det" or noun >= place or chosen[place][0] not in _POSSESSIVE:
            continue
        verb = heads[noun]
        pronoun = next((o for o in offers[place] if o[1] == "PRON" and "Case=Gen" in o[2]), None)
        if pronoun is None or chosen[verb][0] not in ("стать", "быть") or verb < place:
            continue
        if not has(heads, relations, verb, ("obj",)):
            heads[place], relations[place], chosen[place] = verb, "obj", pronoun


_POSSESSIVE = frozenset(("его", "её", "ее", "их", "он", "она", "они", "оно"))


def await_objects(
    forms: Sequence[str],
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Makes objects of what would be done by things, in place.

    «Документы проверят завтра»: a transitive perfective must have an object, and nobody is named
    who will do it. «Эти слова помнят все»: all do. «Рабочего ударило током»: nobody did.
    """
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation != "nsubj" or chosen[place][1] not in ("NOUN", "ADJ", "PROPN"):
            continue
        if chosen[verb][1] != "VERB" or not is_transitive(forms[verb]):
            continue
        of_verb = features_of(chosen[verb][2])
        thing = in_case("Acc", offers[place], chosen[place])
        if of_verb.get("VerbForm") != "Fin" or thing is None:
            continue
        below = {k: relations[k] for k, head in enumerate(heads) if head == verb and k != place}
        if "Animacy=Anim" in chosen[place][2] or chosen[place][1] != "NOUN":
            oblique = "Case=Nom" not in chosen[place][2] and "Number=Sing" in chosen[place][2]
            struck = oblique and of_verb.get("Gender") == "Neut"
            if struck and "obj" not in below.values() and not _is_denied(verb, forms, heads):
                relations[place], chosen[place] = "obj", thing
            continue
        everyone = next((k for k, r in below.items() if r == "obj" and chosen[k][0] in _ALL), None)
        plural = of_verb.get("Number") == "Plur" and of_verb.get("Person") == "3"
        if everyone is not None and plural and everyone > verb:
            nominative = in_case("Nom", offers[everyone], chosen[everyone])
            if nominative is not None:
                relations[everyone], chosen[everyone] = "nsubj", nominative
                relations[place], chosen[place] = "obj", thing
        elif plural and _lacks_object(chosen[verb], set(below.values())):
            relations[place], chosen[place] = "obj", thing


def _lacks_object(verb: Offer, below: Set[str]) -> bool:
    """Whether a transitive verb must have an object and has none; but «переговоры пройдут»."""
    return "Aspect=Perf" in verb[2] and not verb[0].endswith(_MOVING) and not _OBJECTS & below


_MOVING = ("йти", "ехать", "бежать", "плыть", "лететь")
_ALL = frozenset(("весь", "все", "всё"))
_OBJECTS = frozenset(("obj", "ccomp", "xcomp", "csubj"))


def _is_denied(verb: int, forms: Sequence[str], heads: Sequence[int]) -> bool:
    return any(head == verb and forms[k].lower() == "не" for k, head in enumerate(heads))


def release_means(
    forms: Sequence[str], heads: list[int], relations: list[str], chosen: Sequence[Offer]
) -> None:
    """Gives what something is done with back to the verb, in place: «открыл дверь ключом».

    A noun takes an instrumental if it tells of an action («торговля лесом»), and things do not.
    """
    for place, relation in enumerate(relations):
        thing = heads[place]
        if relation != "nmod" or "Case=Ins" not in chosen[place][2] or place < thing:
            continue
        if has(heads, relations, place, ("case", "mark")):
            continue
        if chosen[place][0] in _MEASURES or "Animacy=Anim" in chosen[place][2]:
            continue
        while relations[thing] == "nmod" and not chosen[thing][0].endswith(_DEEDS):
            thing = heads[thing]
        verb = heads[thing]
        if relations[thing] != "obj" or chosen[thing][0].endswith(_DEEDS):
            continue
        taken = any(heads[k] == verb and "Case=Ins" in chosen[k][2] for k in range(len(heads)))
        if chosen[verb][1] == "VERB" and not taken:
            heads[place], relations[place] = verb, "obl"


_MEASURES = frozenset(
    (
        *("длина", "ширина", "высота", "толщина", "глубина", "вес", "масса", "размер", "объём"),
        *("площадь", "диаметр", "мощность", "ёмкость", "стоимость", "цена", "возраст", "имя"),
        *("численность", "население", "фамилия", "название", "тираж", "скорость", "сумма"),
    )
)
"""Nouns whose instrumental describes: «труба длиной два метра»."""
_DEEDS = (
    "ние", "тие", "ство", "ция", "ля", "мен", "вка", "зка", "отка", "рка", "та", "за", "сть", "ор",
    "тель", "ер", "ход", "бор", "рост", "бой", "игра", "спор", "труд", "путь", "век", "шла", "ой",
)  # fmt: skip
"""Endings of nouns that may take an instrumental: «обмен опытом», «командир полком»."""
