"""Spellings of two words that their neighbours tell apart: «прав», «стоит», «старого»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.agreement import form_of
from hyperlex.word.dictionary import dictionary
from hyperlex.word.readings import Offer
from hyperlex.word.repair import AMOUNTS


def right_or_rights(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> None:
    """Reads «прав» and «права» as «right» where they state it of somebody, in place.

    «Ты прав», «она была права», and not «нарушение прав», «права человека».
    """
    if "прав" not in forms and "права" not in forms:
        return
    for place, form in enumerate(forms):
        if form not in ("прав", "права") or relations[place] not in _STATING:
            continue
        below = [k for k, head in enumerate(heads) if head == place and k != place]
        if any(chosen[k][1] in _OF_NOUNS or chosen[k][0] in AMOUNTS.values() for k in below):
            continue
        if form == "прав" or any(relations[k] in ("nsubj", "cop") for k in below):
            short = (o for o in offers[place] if "Variant=Short" in o[2])
            chosen[place] = next(short, chosen[place])


_OF_NOUNS = frozenset(("ADJ", "ADP", "DET", "NUM"))
_STATING = frozenset(("root", "ccomp", "conj", "advcl", "parataxis"))


def cost_or_stand(
    forms: Sequence[str], chosen: list[Offer], heads: Sequence[int], relations: list[str]
) -> None:
    """Gives «стоит», «стоящий» the lemma «стоить» where a price, an object or an infinitive says
    so, and else «стоять», in place.
    """
    for place, (lemma, upos, feats, prior, _) in enumerate(chosen):
        if lemma not in _BOTH or upos != "VERB" or "Tense=Past|VerbForm=Fin" in feats:
            continue
        if "VerbForm=Inf" in feats or "Mood=Imp" in feats or "Voice=Pass" in feats:
            continue
        below = [k for k, head in enumerate(heads) if head == place and k != place]
        costs = any(
            chosen[k][0] in _PRICES
            or forms[k].lower() in _HOW_MUCH
            or relations[k] == "obj"
            or (relations[k] in ("xcomp", "csubj", "ccomp") and "VerbForm=Inf" in chosen[k][2])
            for k in below
        )
        asked = place > 0 and forms[place - 1].lower() == "сколько"
        costs = costs or asked
        if asked or any(chosen[k][0] in _HOW_MUCH for k in below):
            # «Сколько стоит билет»: the price is asked for, so the other noun is what has it.
            things = [k for k in below if relations[k] == "obj" and chosen[k][1] == "NOUN"]
            if things and not any(relations[k] == "nsubj" for k in below):
                relations[things[0]] = "nsubj"
        wanted = "стоить" if costs else "стоять"
        if lemma != wanted:
            chosen[place] = (wanted, upos, feats, prior, "context")


_BOTH = frozenset(("стоять", "стоить"))
_HOW_MUCH = frozenset(
    ("сколько", "столько", "дорого", "дёшево", "дешевле", "дороже", "недорого", "немало")
)
_PRICES = _HOW_MUCH | frozenset(
    (
        *("рубль", "доллар", "евро", "цент", "копейка", "гривна", "фунт", "деньги", "грош"),
        *("тысяча", "миллион", "миллиард", "тыс", "млн", "млрд", "$", "€", "₽"),
        *("труд", "усилие", "внимание", "жизнь", "ничто"),
    )
)
"""What a thing may be worth, and words that ask for it."""


def old_or_elder(
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Reads a noun before one that agrees with it as the adjective that is spelled so, in place:
    «увидел старого друга», «прошлым летом».
    """
    for place in range(len(chosen) - 1):
        after = place + 1
        if chosen[place][1] != "NOUN" or chosen[after][1] != "NOUN":
            continue
        if heads[after] not in (place, heads[place]) or relations[after] not in _ASIDE:
            continue
        form = form_of(chosen[after])
        alike = (
            o for o in offers[place] if o[1] == "ADJ" and o[3] > 0.1 and _agrees(form_of(o), form)
        )
        adjective = next(alike, None)
        if adjective is None or any(
            head == place and (k > after or relations[k] not in _BEFORE_NOUNS)
            for k, head in enumerate(heads)
            if k not in (place, after)
        ):
            continue
        heads[after] = after if heads[place] == place else heads[place]
        relations[after] = relations[place]
        for k, head in enumerate(heads):
            if head == place and k != place:
                heads[k] = after
        heads[place], relations[place], chosen[place] = after, "amod", adjective


_BEFORE_NOUNS = frozenset(("case", "nummod", "nummod:gov", "det", "amod", "punct", "cc", "advmod"))
_ASIDE = frozenset(("xcomp", "appos", "nmod", "obl", "conj", "obj", "nsubj", "iobj", "flat"))


def _agrees(adjective: tuple[str | None, ...], noun: tuple[str | None, ...]) -> bool:
    case, gender, number = adjective
    return case == noun[0] and number == noun[2] and gender in (None, noun[1])


def home_or_house(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Reads «дома» before what is stated of no house as at home, in place: «дома тихо»."""
    if forms[0].lower() != "дома" or heads[0] != 0 or chosen[0][1] == "ADV":
        return
    adverb = next((o for o in offers[0] if o[1] == "ADV"), None)
    states = (
        k
        for k in range(1, len(forms))
        if heads[k] == 0 and (chosen[k][1] == "ADV" or "Gender=Neut" in chosen[k][2])
    )
    state = next(states, None)
    if adverb is None or state is None or "Case=" in chosen[state][2]:
        return
    for k, head in enumerate(heads):
        if head == 0:
            heads[k] = state
    relations[state] = "root"
    relations[0], chosen[0] = "advmod", adverb


def transitive_twin(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> None:
    """Reads a verb with an object as the transitive one of two, in place: «лечу зубы»."""
    for place, relation in enumerate(relations):
        verb = heads[place]
        lemma, upos, feats, _, _ = chosen[verb]
        if relation != "obj" or upos != "VERB" or "Case=Acc" not in chosen[place][2]:
            continue
        others = [o for o in offers[verb] if o[1:3] == (upos, feats) and o[0] != lemma]
        if not others:
            continue
        takes = {
            parse.normal_form: "tran" in parse.tag for parse in dictionary().parse(forms[verb])
        }
        if takes.get(lemma) is False:
            twin = (o for o in others if takes.get(o[0]))
            chosen[verb] = next(twin, chosen[verb])


def sleep_or_fall(
    forms: Sequence[str], chosen: list[Offer], heads: Sequence[int], relations: Sequence[str]
) -> None:
    """Reads «спал» as sleep unless what did it is no living being, and «часы» that do something as
    a clock, in place: «дети спали», «часы пробили».
    """
    for place, (lemma, upos, feats, prior, _) in enumerate(chosen):
        if lemma == "спасть" and forms[place].lower().startswith("спал"):
            subjects = [k for k, head in enumerate(heads) if head == place and k != place]
            fell = any(relations[k] == "nsubj" and "Animacy=Inan" in chosen[k][2] for k in subjects)
            if not fell:
                feats = feats.replace("Aspect=Perf", "Aspect=Imp")
                chosen[place] = ("спать", upos, feats, prior, "context")
        clock = lemma == "час" and forms[place].lower() == "часы" and relations[place] == "nsubj"
        if clock and chosen[heads[place]][1] == "VERB":
            chosen[place] = ("часы", upos, feats, prior, "context")
