"""What somebody wears tells who it is, and not where it happens: «мужчина в пальто курил»."""

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
        if known and heads[person] == heads[place]:
            heads[place], relations[place] = person, "nmod"
