"""What the dictionary says of subjects and objects: case, agreement with the verb, transitivity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from hyperlex.types import features_of
from hyperlex.word.dictionary import dictionary
from hyperlex.word.readings import Offer


def form_of(offer: Offer) -> tuple[str | None, ...]:
    """Case, gender and number, None for what is not stated."""
    feats = features_of(offer[2])
    return feats.get("Case"), feats.get("Gender"), feats.get("Number")


def in_case(case: str, offers: Sequence[Offer], reading: Offer) -> Offer | None:
    """The reading itself if it has this case, else that of the same word and number which has it;
    None where the spelling cannot be that.
    """
    own, _, number = form_of(reading)
    if own == case:
        return reading
    return next(
        (o for o in offers if o[:2] == reading[:2] and form_of(o)[::2] == (case, number)), None
    )


def disagree(noun: Mapping[str, str], verb: Mapping[str, str]) -> bool:
    """Whether a noun in the nominative cannot be the subject of a finite verb, by their features.

    A person may be of either sex: «врач сказала».
    """
    if noun.get("Case") != "Nom" or "Number" not in noun:
        return False
    person = noun.get("Person", "3")
    if verb.get("Person", person) != person or (verb.get("Mood") == "Imp" and person == "3"):
        return True
    if verb.get("Number", noun["Number"]) != noun["Number"]:
        return True
    gender = verb.get("Gender")
    if gender == "Fem" and noun.get("Gender") == "Masc" and noun.get("Animacy") == "Anim":
        return False
    return gender is not None and noun.get("Gender", gender) != gender


@lru_cache(maxsize=4096)
def is_transitive(form: str) -> bool:
    """Whether a spelling may be of a verb with an object in the accusative."""
    return any("tran" in parse.tag for parse in dictionary().parse(form))
