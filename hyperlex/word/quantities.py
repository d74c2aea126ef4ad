"""A subject or an object in the genitive: «около половины жителей поддержали проект»."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hyperlex.types import features_of
from hyperlex.word.agreement import disagree, is_transitive
from hyperlex.word.readings import Offer

_ABOUT = frozenset(("около", "свыше", "более", "больше", "менее", "меньше", "порядка"))
"""What makes an estimate of the number behind it."""
SHARES = frozenset(("большинство", "меньшинство", "часть", "половина", "треть", "ряд", "множество"))
"""Nouns whose verb agrees with what they are a share of."""
_NUMBERS = SHARES | frozenset(
    ("четверть", "десяток", "дюжина", "сотня", "тысяча", "миллион", "миллиард")
)
_TIMES = frozenset(
    ("секунда", "минута", "час", "сутки", "день", "неделя", "месяц", "год", "век", "раз")
)
_PASSING = frozenset(
    (
        *("пройти", "проходить", "уйти", "уходить", "остаться", "оставаться", "миновать"),
        *("потребоваться", "требоваться", "понадобиться"),
    )
)
"""Verbs whose subject may be a stretch of time."""
_OTHER = frozenset(("obl", "obj", "nmod"))
_COUNTS = ("nummod", "det:numgov")


def name_estimates(
    forms: Sequence[str], chosen: Sequence[Offer], heads: Sequence[int], relations: list[str]
) -> None:
    """Makes subjects and objects of estimated numbers, in place.

    The subject of a verb in the plural or in the neuter that has none: «более тысячи рублей ушло»;
    else the object of a transitive one: «прочли около ста страниц». Time passes in the neuter, and
    lasts otherwise: «прошло около часа», «около часа ждали». What passes needs no estimate: «прошло
    три года».
    """
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation not in _OTHER or "Case=Gen" not in chosen[place][2]:
            continue
        below = [k for k, head in enumerate(heads) if head == place and k < place]
        numbers = [k for k in below if relations[k].startswith(_COUNTS)]
        if not numbers and chosen[place][0] not in _NUMBERS:
            continue
        first = min([place, *numbers])
        about = first and forms[first - 1].lower() in _ABOUT
        about = about or (relation == "obj" and bool(numbers) and not is_transitive(forms[verb]))
        if not about and chosen[verb][0] not in _PASSING:
            continue
        if any(relations[k] == "case" and k < first - 1 for k in below):  # «в течение около часа»
            continue
        own = {k: relations[k] for k, head in enumerate(heads) if head == verb and k != place}
        joined = {head for k, head in enumerate(heads) if relations[k] == "conj"}
        if any(relations[k].startswith("nsubj") for k in joined & own.keys()):
            continue  # «Анна и её муж живут там около 40 лет»
        relations[place] = _role(verb, place, forms, chosen, own) or relation


def _role(
    verb: int, noun: int, forms: Sequence[str], chosen: Sequence[Offer], own: Mapping[int, str]
) -> str | None:
    """What an estimated number of things is to a verb, beside what else hangs on it."""
    of_verb = features_of(chosen[verb][2])
    if of_verb.get("VerbForm") != "Fin":
        return None
    plural = of_verb.get("Number") == "Plur"
    neuter = not plural and (
        of_verb.get("Gender") == "Neut" or of_verb.get("Tense") in ("Pres", "Fut")
    )
    third = of_verb.get("Person", "3") == "3"
    lasts = chosen[noun][0] in _TIMES
    transitive = is_transitive(forms[verb])
    has_object = "obj" in own.values()
    has_subject = any(
        relation.startswith("nsubj") and not disagree(features_of(chosen[k][2]), of_verb)
        for k, relation in own.items()
    )
    may = third and not has_subject and (neuter or (plural and not lasts))
    must = noun < verb or has_object or (neuter and lasts) or not transitive
    if may and must:
        return "nsubj:pass" if "Voice=Pass" in chosen[verb][2] else "nsubj"
    return "obj" if transitive and not has_object and not lasts else None
