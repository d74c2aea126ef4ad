"""Trees that contradict their words, and what is made of them: a rule each, with an example."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.readings import Reading

_RELATIVE = "который"


def with_preposition(heads: Sequence[int], relations: Sequence[str]) -> set[int]:
    """Places that a preposition depends on, where nothing but a case form can stand: «из стали»."""
    return {head for head, relation in zip(heads, relations, strict=True) if relation == "case"}


def return_to_host(
    forms: Sequence[str], readings: Sequence[Reading], heads: list[int], relations: list[str]
) -> None:
    """Gives the verb after a relative clause back to the noun before it, in place.

    «Человек, который вошёл, молчал.»: a finite verb after a comma, without a conjunction and a
    subject of its own, is no second predicate of «вошёл».
    """
    for place, relation in enumerate(relations):
        if relation != "conj" or forms[place - 1] != "," or not _finite(readings[place]):
            continue
        inner = heads[place]
        noun = _antecedent(place, inner, readings, heads, relations)
        if noun is None or not _agree(readings[noun], readings[place]):
            continue
        if any(heads[k] == place and relations[k] in ("cc", "nsubj") for k in range(len(heads))):
            continue
        heads[place], relations[place] = place, "root"
        heads[noun], relations[noun] = place, "nsubj"
        heads[inner], relations[inner] = noun, "acl:relcl"
        return


def _antecedent(
    verb: int,
    inner: int,
    readings: Sequence[Reading],
    heads: Sequence[int],
    relations: Sequence[str],
) -> int | None:
    """The noun at the head of the sentence that the relative clause of `inner` describes."""
    pronouns = [k for k in range(1, inner) if readings[k].lemma == _RELATIVE]
    if not pronouns or not inner < verb:
        return None
    noun = heads[inner] if relations[inner] == "acl:relcl" else None
    if noun is None and relations[inner] == "root":
        subjects = [k for k in range(pronouns[0]) if heads[k] == inner and relations[k] == "nsubj"]
        noun = subjects[-1] if subjects else None
    if noun is None or not noun < pronouns[0] or "Case=Nom" not in readings[noun].feats:
        return None
    return noun if relations[noun] == "root" or heads[noun] == inner else None


def _finite(reading: Reading) -> bool:
    return "VerbForm=Fin" in reading.feats or "Variant=Short" in reading.feats


def _agree(noun: Reading, verb: Reading) -> bool:
    return ("Number=Plur" in noun.feats) == ("Number=Plur" in verb.feats)
