"""Spellings that are a verb or something else: «ели стояли», «умеет печь», «крепко целую»."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.types import features_of
from hyperlex.word.agreement import disagree, in_case, is_transitive
from hyperlex.word.readings import Offer
from hyperlex.word.tree import has


def kiss_or_whole(
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> None:
    """Reads an adjective that describes nothing and states nothing as the verb that is spelled so,
    in place: «крепко целую».
    """
    for place, relation in enumerate(relations):
        if chosen[place][1] != "ADJ" or "Case=Acc" not in chosen[place][2]:
            continue
        if relation not in ("conj", "root", "parataxis"):
            continue
        if relation == "conj" and "VerbForm=Fin" not in chosen[heads[place]][2]:
            continue
        deed = (o for o in offers[place] if o[1] == "VERB" and "VerbForm=Fin" in o[2])
        chosen[place] = next(deed, chosen[place])


def bake_or_stove(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: Sequence[int],
    relations: list[str],
) -> None:
    """Reads a noun as the infinitive that is spelled so where one is asked for, in place: «умеет
    печь пироги», «будет печь».
    """
    for place in range(1, len(chosen)):
        eats = forms[place] == "есть" and "VerbForm=Inf" not in chosen[place][2]
        if chosen[place][1] != "NOUN" and not eats:
            continue
        infinitive = next((o for o in offers[place] if "VerbForm=Inf" in o[2]), None)
        if infinitive is None:
            continue
        verb = heads[place]
        asked = relations[place] == "xcomp" and chosen[verb][0] in _ASKING
        future = chosen[place - 1][1] == "AUX" and forms[place - 1].lower().startswith("буд")
        if not asked and not future:
            continue
        chosen[place] = infinitive
        if future and heads[place - 1] == place:
            relations[place - 1] = "aux"
        for k in range(place + 1, len(heads)):
            if heads[k] == place and relations[k] in ("conj", "nmod", "nsubj"):
                thing = in_case("Acc", offers[k], chosen[k])
                if thing is not None:
                    relations[k], chosen[k] = "obj", thing
                    break


_ASKING = frozenset(
    (
        *("уметь", "мочь", "смочь", "хотеть", "любить", "начать", "начинать", "стать", "суметь"),
        *("пора", "надо", "нужно", "можно", "нельзя", "должен", "решить", "учиться", "научиться"),
        *("продолжать", "перестать", "бросить", "прекратить", "помогать", "помочь"),
        *("собираться", "обещать"),
    )
)
"""Words that ask for an infinitive."""


def order_or_tell(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> None:
    """Reads «варите» with which a clause begins as an order, in place: who tells it says «вы».

    Not in a question. Of such words in treebanks 38 are orders and 5 are not.
    """
    for place, (lemma, upos, feats, _, _) in enumerate(chosen):
        if upos != "VERB" or "Mood=Ind" not in feats or "Number=Plur|Person=2" not in feats:
            continue
        before = place - 1
        while before >= 0 and chosen[before][1] == "CCONJ":
            before -= 1
        begins = before < 0 or chosen[before][1] == "PUNCT"
        ordered = relations[place] == "conj" and "Mood=Imp" in chosen[heads[place]][2]
        if not (begins or ordered) or "?" in forms[place:]:
            continue
        near = {k for k, head in enumerate(heads) if head in (place, heads[place])}
        if any(relations[k] in _TOLD and chosen[k][1] != "NOUN" for k in near):
            continue
        order = (o for o in offers[place] if o[0] == lemma and "Mood=Imp" in o[2])
        chosen[place] = next(order, chosen[place])


_TOLD = frozenset(("nsubj", "mark"))


def things_or_deeds(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Reads one of two finite verbs that nothing parts as the noun that is spelled so, in place.

    «Ели стояли в снегу», «врач наложил жгут»: its subject or its object; and «мыла нет».
    """
    for place, (_, upos, feats, _, _) in enumerate(chosen):
        if upos != "VERB" or "VerbForm=Fin" not in feats:
            continue
        near = heads[place] in (place - 1, place - 2) and not _parted(heads[place], place, chosen)
        if near and (cases := _CASES.get(relations[place])) is not None:
            nouns = [o for o in offers[place] if o[1] == "NOUN"]
            alike = (o for case in cases for o in nouns if f"Case={case}" in o[2])
            chosen[place] = next(alike, chosen[place])  # «кусок мыла»
        if chosen[place][1] == "NOUN":
            continue
        verb = _other_verb(place, chosen, heads)
        if verb is None or _parted(min(place, verb), max(place, verb), chosen):
            continue
        if has(heads, relations, place, _OF_VERBS):
            continue
        genitive = (o for o in offers[place] if o[1] == "NOUN" and "Case=Gen" in o[2])
        if verb < place - 1 and chosen[place - 1][1] == "NOUN":
            of_noun = next(genitive, None)  # «исследовали потери стали»
            if of_noun is not None and heads[verb] != place and verb != place - 1:
                chosen[place] = of_noun
                for k, head in enumerate(heads):
                    if head == place and k != place:
                        heads[k] = verb
                heads[place], relations[place] = place - 1, "nmod"
                continue
        found = _as_noun(place, verb, forms, offers, chosen, heads, relations)
        if found is None:
            continue
        if heads[verb] == place:  # the verb takes the place of what was no verb
            heads[verb] = verb if heads[place] == place else heads[place]
            relations[verb] = relations[place]
        for k, head in enumerate(heads):
            if head == place and k != place:
                heads[k] = verb
        heads[place] = verb
        relations[place], chosen[place] = found


_CASES = {"obj": ("Gen", "Acc"), "nmod": ("Gen",), "nsubj": ("Nom",), "nsubj:pass": ("Nom",)}
"""Of what a noun is to others."""
_OF_VERBS = frozenset(("nsubj", "obj", "iobj", "cc", "mark", "aux", "advmod", "conj"))
"""What a noun in its place would not have."""
_PARTING = frozenset(("PUNCT", "CCONJ", "SCONJ"))


def _other_verb(place: int, chosen: Sequence[Offer], heads: Sequence[int]) -> int | None:
    """The one finite verb that a verb hangs on or that hangs on it; or «нет» above it."""
    near = {k for k, head in enumerate(heads) if head == place} | {heads[place]}
    found = [
        k
        for k in near - {place}
        if (chosen[k][1] == "VERB" and "VerbForm=Fin" in chosen[k][2]) or chosen[k][0] == "нет"
    ]
    return found[0] if len(found) == 1 else None


def _parted(first: int, last: int, chosen: Sequence[Offer]) -> bool:
    return any(chosen[k][1] in _PARTING for k in range(first + 1, last))


def _as_noun(
    place: int,
    verb: int,
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> tuple[str, Offer] | None:
    """What a noun of the same spelling is to the other verb, and its reading."""
    nouns = [offer for offer in offers[place] if offer[1] == "NOUN"]
    taken = {relations[k] for k, head in enumerate(heads) if head == verb and k != place}
    if chosen[verb][0] == "нет":
        genitive = next((o for o in nouns if "Case=Gen" in o[2]), None)
        return None if genitive is None or "nsubj" in taken else ("nsubj", genitive)
    of_verb = features_of(chosen[verb][2])
    alike = (o for o in nouns if "Case=Nom" in o[2])
    subject = next((o for o in alike if not disagree(features_of(o[2]), of_verb)), None)
    if subject and "nsubj" not in taken and of_verb.get("Person", "3") == "3":
        return "nsubj", subject
    thing = next((o for o in nouns if "Case=Acc" in o[2]), None)
    if thing and "obj" not in taken and place > verb and is_transitive(forms[verb]):
        return "obj", thing
    return None
