"""The verb behind a relative clause goes to the noun before it."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.types import features_of
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on

_RELATIVES = frozenset(("который", "чей", "где", "куда", "откуда"))
_BESIDE = frozenset(("conj", "parataxis", "acl:relcl"))
_OWN = frozenset(("cc", "mark", "nsubj", "nsubj:pass", "csubj"))
"""A verb with one of these before it begins something else."""


def return_to_host(
    forms: Sequence[str], readings: Sequence[Offer], heads: list[int], relations: list[str]
) -> None:
    """Gives the verb after a relative clause back to the noun that begins the sentence, in place.

    «Человек, который вошёл, молчал.»: a finite verb after a comma, without a conjunction and a
    subject of its own, is no second predicate of «вошёл» and no remark on «человек».
    """
    for verb, relation in enumerate(relations):
        if relation not in _BESIDE or not _finite(readings[verb]):
            continue
        first = _first(verb, forms, heads)
        if not first or forms[first - 1] != ",":
            continue
        inner = _inner(verb, heads, relations)
        noun = _antecedent(first, inner, readings, heads, relations)
        if noun is None or not _agree(readings[noun][2], readings[verb][2]):
            continue
        if any(
            head == verb and (relations[k] in _OWN or readings[k][0] in _RELATIVES)
            for k, head in enumerate(heads)
        ):
            continue
        heads[verb], relations[verb] = verb, "root"
        heads[noun], relations[noun] = verb, "nsubj"
        heads[inner], relations[inner] = noun, "acl:relcl"
        return


def _finite(reading: Offer) -> bool:
    return "VerbForm=Fin" in reading[2] or "Variant=Short" in reading[2]


def _first(verb: int, forms: Sequence[str], heads: Sequence[int]) -> int:
    """The first of the words that depend on a verb and stand before it without a comma."""
    first = verb
    while first and forms[first - 1] != "," and depends_on(heads, first - 1, verb):
        first -= 1
    return first


def _inner(verb: int, heads: Sequence[int], relations: Sequence[str]) -> int:
    """The verb of the relative clause: the head of the verb behind it, or a child of that head."""
    head = heads[verb]
    if relations[head] != "root":
        return head
    told = (k for k in range(head + 1, verb) if heads[k] == head and relations[k] == "acl:relcl")
    return next(told, head)


def _antecedent(
    stop: int,
    inner: int,
    readings: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> int | None:
    """The noun at the head of the sentence that the relative clause of `inner`, which ends before
    `stop`, describes.
    """
    pronouns = [k for k in range(1, inner) if readings[k][0] in _RELATIVES]
    if not pronouns or not inner < stop:
        return None
    if relations[inner] == "acl:relcl":
        noun = heads[inner]
        fits = relations[noun] == "root" or heads[noun] == inner
    elif relations[inner] == "root":
        # Its subject, or even that of its pronoun: «договор, о котором шла речь, подписан».
        within = range(pronouns[0], stop)
        called = (
            k
            for k in reversed(range(pronouns[0]))
            if heads[k] in within and relations[k] in ("nsubj", "vocative")
        )
        noun = next(called, inner)
        fits = noun != inner
    else:
        return None
    return noun if fits and noun < pronouns[0] and "Case=Nom" in readings[noun][2] else None


def _agree(noun: str, verb: str) -> bool:
    """Whether a noun in the nominative may be the subject of a finite verb, by their features."""
    of_noun, of_verb = features_of(noun), features_of(verb)
    if of_verb.get("Person", "3") != "3" or of_verb.get("Mood") == "Imp":
        return False
    plural = [feats.get("Number") == "Plur" for feats in (of_noun, of_verb)]
    return plural[0] == plural[1]
