"""What tells who it is, and not where it happens: «мужчина в пальто», «двое из них»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.readings import Offer

_CLOTHES = frozenset(
    (
        *("пальто", "шуба", "куртка", "плащ", "пиджак", "костюм", "платье", "юбка", "халат"),
        *("рубашка", "рубаха", "свитер", "футболка", "майка", "шляпа", "шапка", "кепка", "платок"),
        *("фуражка", "шинель", "форма", "мундир", "очки", "маска", "перчатка", "сапог", "ботинок"),
        *("туфля", "брюки", "джинсы", "штаны", "шорты", "фартук", "передник", "каска", "шлем"),
        *("шарф", "галстук", "сарафан", "кофта", "жилет", "тулуп", "телогрейка", "берет"),
    )
)


_SOME = frozenset(
    (
        *("двое", "трое", "четверо", "пятеро", "шестеро", "семеро", "один", "одна", "многие"),
        *("каждый", "любой", "некоторые", "некоторый", "никто", "кто-то", "кто", "первый"),
        *("последний", "большинство", "половина", "часть", "многий", "другой", "самый", "лучший"),
    )
)


def describe_by_others(chosen: Sequence[Offer], heads: list[int], relations: list[str]) -> None:
    """Hangs those of whom some are meant on the word for some before them, in place."""
    for place in range(2, len(chosen)):
        if relations[place] != "obl" or "Case=Gen" not in chosen[place][2]:
            continue
        of = place - 1
        while of and heads[of] == place and relations[of] != "case":
            of -= 1
        if not of or chosen[of][0] != "из" or heads[of] != place:
            continue
        some = of - 1
        taken = relations[some].startswith("nsubj") or relations[some] in ("obj", "iobj")
        if chosen[some][0] in _SOME and taken and heads[some] == heads[place]:
            heads[place], relations[place] = some, "nmod"


def describe_by_clothes(chosen: Sequence[Offer], heads: list[int], relations: list[str]) -> None:
    """Hangs what is worn on the person right before it, in place."""
    for place, relation in enumerate(relations):
        lemma, upos, feats, _, _ = chosen[place]
        if relation != "obl" or lemma not in _CLOTHES or upos != "NOUN" or "Case=Loc" not in feats:
            continue
        cases = [k for k in range(place) if heads[k] == place and relations[k] == "case"]
        if len(cases) != 1 or not cases[0] or chosen[cases[0]][0] not in ("в", "во"):
            continue
        person = cases[0] - 1
        known = chosen[person][1] == "NOUN" and "Animacy=Anim" in chosen[person][2]
        takes_part = relations[person] in ("nsubj", "obj", "iobj")
        if known and takes_part and heads[person] == heads[place]:
            heads[place], relations[place] = person, "nmod"
