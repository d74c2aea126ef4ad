"""Subjects that their case or their verb contradicts, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.types import features_of
from hyperlex.word.agreement import disagree, form_of, in_case, is_transitive
from hyperlex.word.quantities import SHARES
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on, has


def name_subjects(
    heads: Sequence[int],
    relations: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Gives the subject of a verb in the plural the nominative, in place.

    «Стороны не возражают»: denied existence has its noun in the genitive, but its verb in the
    singular, and so have numbers of things, whose word for the number is a child of the noun.
    """
    for place, relation in enumerate(relations):
        if relation != "nsubj" or "Case=Gen" not in chosen[place][2]:
            continue
        of_verb = chosen[heads[place]][2]
        if "VerbForm=Fin" not in of_verb or "Number=Plur" not in of_verb:
            continue
        if any(heads[k] == place and relations[k].startswith(_COUNTING) for k in range(len(heads))):
            continue
        lemma_and_upos = chosen[place][:2]
        plural = (
            o for o in offers[place]
            if o[:2] == lemma_and_upos and form_of(o)[::2] == ("Nom", "Plur")
        )  # fmt: skip
        chosen[place] = next(plural, chosen[place])


def name_actors(
    forms: Sequence[str],
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Makes the subject of an intransitive verb without one of what was its object, in place:
    «зазвонил телефон».
    """
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation != "obj" or chosen[place][1] not in ("NOUN", "PROPN"):
            continue
        if chosen[verb][1] != "VERB" or "VerbForm=Fin" not in chosen[verb][2]:
            continue
        if chosen[verb][0] in _MEASURED or is_transitive(forms[verb]):
            continue
        subject = in_case("Nom", offers[place], chosen[place])
        of_verb = features_of(chosen[verb][2])
        if subject is None or disagree(features_of(subject[2]), of_verb):
            continue
        if of_verb.get("Person", "3") != "3" or any(
            (heads[k] == verb and relations[k] in _DOING) or (heads[k] == place and r == "case")
            for k, r in enumerate(relations)
        ):
            continue
        relations[place], chosen[place] = "nsubj", subject


_MEASURED = frozenset(("стоить", "весить", "длиться", "продлиться", "продолжаться"))
"""Intransitive verbs with an amount in the accusative."""
_DOING = frozenset(("nsubj", "nsubj:pass", "csubj", "xcomp"))


def unaddress(
    forms: Sequence[str],
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Makes a part of the clause of a noun that no mark parts from its verb and that was taken for
    who is spoken to, in place: «Петя и Маша пошли в школу», «масло растопите».
    """
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation != "vocative" or verb < place or "VerbForm=Fin" not in chosen[verb][2]:
            continue
        between = range(place + 1, verb)
        if any(chosen[k][1] == "PUNCT" for k in between) or "Case=Nom" not in chosen[place][2]:
            continue
        of_verb = features_of(chosen[verb][2])
        joined = has(heads, relations, place, ("conj",))
        if joined and of_verb.get("Number") != "Plur":
            continue
        imperative = of_verb.get("Mood") == "Imp" or of_verb.get("Person") == "2"
        if not (joined or imperative) and disagree(features_of(chosen[place][2]), of_verb):
            continue
        if imperative:
            thing = in_case("Acc", offers[place], chosen[place])
            inanimate = "Animacy=Inan" in chosen[place][2] and is_transitive(forms[verb])
            if inanimate and thing and not joined and not has(heads, relations, verb, ("obj",)):
                relations[place], chosen[place] = "obj", thing  # «масло растопите»
            continue
        if of_verb.get("Person", "3") != "3":
            continue
        if not has(heads, relations, verb, _DOING):
            relations[place] = "nsubj"


_COUNTING = ("nummod", "det", "advmod")
"""Relations of what may count a noun."""


def swap_roles(
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Makes the subject of what was the object, and the other way round, where only that can be, in
    place.

    «Мышь съела кошка»: no accusative is spelled so. «Письмо, которое ждала мать»: the pronoun does
    not agree with the verb.
    """
    for thing, relation in enumerate(relations):
        if relation != "obj":
            continue
        verb = heads[thing]
        actors = (k for k, r in enumerate(relations) if r == "nsubj" and heads[k] == verb)
        actor = next(actors, None)
        if actor is None or chosen[actor][0] in SHARES or chosen[actor][4] == "suffix":
            continue
        of_verb = features_of(chosen[verb][2])
        subject = in_case("Nom", offers[thing], chosen[thing])
        object_ = in_case("Acc", offers[actor], chosen[actor])
        if subject is None or object_ is None or disagree(features_of(subject[2]), of_verb):
            continue
        was_subject = in_case("Nom", offers[actor], chosen[actor])
        unfit = was_subject is not None and disagree(features_of(was_subject[2]), of_verb)
        if not unfit and any(case in o[2] for o in offers[thing] for case in _CASES_OF_OBJECTS):
            continue
        relations[thing], chosen[thing] = "nsubj", subject
        relations[actor], chosen[actor] = "obj", object_


_CASES_OF_OBJECTS = ("Case=Acc", "Case=Gen", "Case=Par", "Case=Ins", "Case=Dat")


def demote_subjects(
    relations: list[str], offers: Sequence[Sequence[Offer]], chosen: Sequence[Offer]
) -> None:
    """Makes no subject of what is spelled as no subject is, in place: «ножом», «мне»."""
    for place, relation in enumerate(relations):
        if relation != "nsubj":
            continue
        demoted = _OBLIQUE.get(form_of(chosen[place])[0] or "")
        if demoted is None or in_case("Gen", offers[place], chosen[place]):
            continue
        if not any("Case=Nom" in o[2] for o in offers[place]):
            relations[place] = demoted


_OBLIQUE = {"Ins": "obl", "Loc": "obl", "Dat": "iobj"}


def name_ones(
    heads: Sequence[int],
    relations: list[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
) -> None:
    """Makes the subject of «один», «другой», «все» in the nominative beside a verb that has none,
    in place: «одни спорили», «пришли не все».
    """
    for place, relation in enumerate(relations):
        verb = heads[place]
        lemma = chosen[place][0]
        if relation not in _ATTRIBUTES or verb == place or lemma not in _ONES:
            continue
        if verb < place and (lemma not in _ALL or relation == "obl"):
            continue
        own, of_verb = chosen[place], features_of(chosen[verb][2])
        if lemma in _ALL and "Number=Plur" in chosen[verb][2]:
            all_of_them = (o for o in offers[place] if "Case=Nom|Number=Plur" in o[2])
            own = next(all_of_them, own)
        feats = features_of(own[2])
        if feats.get("Case") != "Nom" or of_verb.get("VerbForm") != "Fin":
            continue
        if disagree(feats, of_verb):
            continue
        if not any(heads[k] == verb and r.startswith("nsubj") for k, r in enumerate(relations)):
            relations[place], chosen[place] = "nsubj", own


_ATTRIBUTES = frozenset(("acl", "amod", "det", "nummod", "obl", "advmod"))
_ALL = frozenset(("весь", "все", "всё"))
_ONES = _ALL | {"один", "другой", "иной", "многий", "некоторый", "каждый"}


def entitle(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Finds who is «вправе», in place: the nearest noun in the nominative before it."""
    if "вправе" not in forms:
        return
    for place, form in enumerate(forms):
        if form != "вправе" or any(
            heads[k] == place and r == "nsubj" for k, r in enumerate(relations)
        ):
            continue
        for noun in range(place - 1, -1, -1):
            lemma_and_upos = chosen[noun][:2]
            alike = (o for o in offers[noun] if o[:2] == lemma_and_upos and "Case=Nom" in o[2])
            found = in_case("Nom", offers[noun], chosen[noun]) or next(alike, None)
            if forms[noun] == "," or found is not None:
                break
        else:
            continue
        if found is not None and not depends_on(heads, place, noun):
            heads[noun], relations[noun], chosen[noun] = place, "nsubj", found


def name_doers(heads: Sequence[int], relations: list[str], chosen: Sequence[Offer]) -> None:
    """Makes a noun in the instrumental beside a passive the doer, in place: «подписан истцом».

    Not where it says what somebody was made or called: «назван героем».
    """
    if "xcomp" not in relations:
        return
    for place, relation in enumerate(relations):
        lemma, upos, feats, _, _ = chosen[heads[place]]
        if relation != "xcomp" or upos != "VERB" or "Case=Ins" not in chosen[place][2]:
            continue
        reflexive = lemma.endswith("ся") and "Animacy=Anim" in chosen[place][2]
        passive = ("Voice=Pass" in feats or reflexive) and lemma not in _MAKING
        if passive and chosen[place][1] in ("NOUN", "PROPN", "PRON"):
            relations[place] = "obl:agent"


_MAKING = frozenset(
    (
        *("являться", "становиться", "оказаться", "оказываться", "казаться", "показаться"),
        *("считаться", "называться", "остаться", "оставаться", "притвориться", "родиться"),
        *("притворяться", "явиться", "трудиться", "назваться", "представляться"),
        *("назвать", "признать", "избрать", "назначить", "объявить", "считать", "сделать"),
        *("прозвать", "именовать", "выбрать", "провозгласить", "оставить", "наречь", "представить"),
    )
)
