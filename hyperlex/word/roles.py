"""Subjects and objects that their case or their verb contradicts, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.types import features_of
from hyperlex.word.agreement import disagree, form_of, in_case, is_transitive
from hyperlex.word.quantities import SHARES
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on


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
        joined = any(heads[k] == place and r == "conj" for k, r in enumerate(relations))
        if not joined and any(heads[k] == verb and r == "obj" for k, r in enumerate(relations)):
            relations[place], chosen[place] = "xcomp", name


_CALLING = frozenset(("звать", "прозвать", "величать"))


def unaddress(
    forms: Sequence[str], heads: Sequence[int], relations: list[str], chosen: Sequence[Offer]
) -> None:
    """Makes the subject of a noun that no mark parts from its verb and that was taken for who is
    spoken to, in place: «Петя и Маша пошли в школу».
    """
    for place, relation in enumerate(relations):
        verb = heads[place]
        if relation != "vocative" or verb < place or "VerbForm=Fin" not in chosen[verb][2]:
            continue
        between = range(place + 1, verb)
        if any(chosen[k][1] == "PUNCT" for k in between) or "Case=Nom" not in chosen[place][2]:
            continue
        of_verb = features_of(chosen[verb][2])
        joined = any(heads[k] == place and r == "conj" for k, r in enumerate(relations))
        if joined and of_verb.get("Number") != "Plur":
            continue
        if not joined and disagree(features_of(chosen[place][2]), of_verb):
            continue
        if of_verb.get("Person", "3") != "3" or of_verb.get("Mood") == "Imp":
            continue
        if not any(heads[k] == verb and r in _DOING for k, r in enumerate(relations)):
            relations[place] = "nsubj"


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
        case = form_of(chosen[place])[0] or ""
        if relation == "obj" and case in _OBLIQUE:
            when = case == "Loc" or chosen[place][0] in _WHEN
            relations[place] = "obl" if when else "iobj"


_WHEN = frozenset(("утро", "день", "вечер", "ночь", "весна", "лето", "осень", "зима"))


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
        if any(heads[k] == verb and r == "obj" for k, r in enumerate(relations)):
            dative = (o for o in offers[place] if "Case=Dat" in o[2] and o[1] == chosen[place][1])
            chosen[place] = next(dative, chosen[place])


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
            found = in_case("Nom", offers[noun], chosen[noun])
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
        passive = "Voice=Pass" in feats and lemma not in _MAKING
        if passive and chosen[place][1] in ("NOUN", "PROPN", "PRON"):
            relations[place] = "obl:agent"


_MAKING = frozenset(
    (
        *("назвать", "признать", "избрать", "назначить", "объявить", "считать", "сделать"),
        *("прозвать", "именовать", "выбрать", "провозгласить", "оставить", "наречь", "представить"),
    )
)
