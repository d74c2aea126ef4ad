"""The verb behind an embedded clause goes to the noun before that clause, and heads the sentence.

«Человек, который вошёл, молчал»; «с тем, кто лжёт, я не дружу»; «рабочие, уставшие за день, ели».
"""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.types import features_of
from hyperlex.word.agreement import disagree, in_case, is_transitive
from hyperlex.word.readings import Offer
from hyperlex.word.tree import depends_on, has, root_of

_RELATIVES = frozenset(
    ("который", "какой", "каков", "чей", "кто", "что", "где", "куда", "откуда", "когда")
)
_BESIDE = frozenset(("conj", "parataxis", "acl:relcl", "acl", "ccomp", "advcl"))
_EMBEDDED = frozenset(("acl:relcl", "acl", "ccomp", "advcl"))
_ASIDES = frozenset(
    ("казалось", "кажется", "говорят", "думаю", "полагаю", "помню", "бывало", "бывает", "значит")
)
"""Finite verbs that stand between commas and state nothing: «где, казалось, ждали»."""
_OPENERS = frozenset(("cc", "mark"))
"""A verb with one of these before it begins something else."""
SUBJECTS = frozenset(("nsubj", "nsubj:pass", "csubj"))
"""Relations of a subject."""
_NOUNS = frozenset(("NOUN", "PROPN", "PRON", "DET"))


def return_to_host(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Gives the verb after an embedded clause back to the noun that begins the sentence, in place.

    A finite verb after the comma that ends the clause, without a conjunction of its own, is no
    second predicate of that clause and no remark on the noun: it is what the sentence states, and
    the noun is its subject, its object or its circumstance, as its case and preposition say.
    """
    for verb, relation in enumerate(relations):
        if relation not in _BESIDE:
            continue
        first = begins_anew(verb, forms, chosen, heads, relations)
        if first is None:
            continue
        found = _host(first, verb, chosen, heads, relations)
        if found is None:
            continue
        noun, inner = found
        role = _role(noun, verb, first, forms, offers, chosen, heads, relations)
        if role is None:
            continue
        relation, chosen[noun] = role
        _give_back(range(inner + 1, first), inner, verb, offers, chosen, heads, relations)
        for place in range(first, verb):
            if heads[place] == verb and relations[place] in SUBJECTS:  # «сама ходит»
                relations[place] = "acl"
        if heads[inner] in (inner, verb):
            heads[inner], relations[inner] = noun, "acl:relcl"
        heads[verb], relations[verb] = verb, "root"
        heads[noun], relations[noun] = verb, relation
        return


def is_finite(reading: Offer) -> bool:
    """Whether a word states something of a subject: a finite verb, a short form, «вправе»."""
    lemma, _, feats, _, _ = reading
    return "VerbForm=Fin" in feats or "Variant=Short" in feats or lemma == "вправе"


def begins_anew(
    verb: int,
    forms: Sequence[str],
    chosen: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> int | None:
    """The first word of a finite verb's own clause, where that begins after a comma, and neither a
    conjunction nor a relative pronoun leads it; else None.
    """
    if not is_finite(chosen[verb]) or forms[verb] in _ASIDES:
        return None
    first = verb
    while first and forms[first - 1] != "," and depends_on(heads, first - 1, verb):
        first -= 1
    if not first or forms[first - 1] != "," or not forms[first][0].isalnum():
        return None
    led = any(
        relations[k] in _OPENERS or (chosen[k][0] in _RELATIVES and chosen[k][1] != "PART")
        for k in range(first, verb)
    )
    led = led or any(heads[k] == verb and relations[k] in _OPENERS for k in range(first))
    return None if led else first


def _host(
    stop: int,
    verb: int,
    chosen: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> tuple[int, int] | None:
    """The noun at the head of the sentence, and the verb of the clause that describes it, which
    ends before `stop`.
    """
    root = root_of(heads)
    if root >= stop - 1:
        return None
    if chosen[root][1] in _NOUNS and not _states(root, heads, relations):
        # The outermost clause within, hanging on the noun or on one below: «мысль о том, что».
        inner = (
            k
            for k in range(root + 1, stop)
            if relations[k] in _EMBEDDED and heads[k] < k and depends_on(heads, heads[k], root)
        )
        found = next(inner, None)
        return None if found is None else (root, found)
    # The clause took the place of the sentence, and the noun is what its verb or pronoun governs:
    # «договор, о котором шла речь, подписан».
    pronoun = next((k for k in range(1, root) if chosen[k][0] in _RELATIVES), None)
    if pronoun is None or _verb_of(pronoun, chosen, heads) != root:
        return None
    within = (*range(pronoun, stop), verb)
    before = (
        k
        for k in reversed(range(pronoun))
        if heads[k] in within
        and relations[k] in ("nsubj", "vocative", "obj")
        and chosen[k][1] in _NOUNS
    )
    noun = next(before, None)
    return None if noun is None else (noun, root)


def _verb_of(place: int, chosen: Sequence[Offer], heads: Sequence[int]) -> int:
    """The nearest finite verb above a word, or the root."""
    while not is_finite(chosen[place]) and heads[place] != place:
        place = heads[place]
    return place


def _states(root: int, heads: Sequence[int], relations: Sequence[str]) -> bool:
    """Whether a noun is a predicate: «он врач, который …»."""
    return any(
        head == root and (relations[k] in SUBJECTS or relations[k] == "cop")
        for k, head in enumerate(heads)
        if k != root
    )


def _give_back(
    within: range,
    inner: int,
    verb: int,
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Gives words of the embedded clause that hang on the verb behind it to their own, in place:
    «дом, где прошло детство, продали».
    """
    for place in within:
        if heads[place] != verb or chosen[place][1] not in _NOUNS:
            continue
        heads[place] = inner
        subject = in_case("Nom", offers[place], chosen[place])
        if relations[place] != "obj" or subject is None:
            continue
        taken = has(heads, relations, inner, SUBJECTS)
        if not taken and not disagree(features_of(subject[2]), features_of(chosen[inner][2])):
            relations[place], chosen[place] = "nsubj", subject


def _role(
    noun: int,
    verb: int,
    first: int,
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: Sequence[Offer],
    heads: Sequence[int],
    relations: Sequence[str],
) -> tuple[str, Offer] | None:
    """What a noun is to a verb, and the reading that it has as such; None if it can be nothing."""
    below = {relations[k] for k, head in enumerate(heads) if head == noun and k < noun}
    reading = chosen[noun]
    if "case" in below:
        return "obl", reading
    of_verb = features_of(chosen[verb][2])
    taken = {
        relations[k]
        for k, head in enumerate(heads)
        if head == verb and k >= first and chosen[k][0] != "сам"
    }
    alike = (o for o in (reading, *offers[noun]) if o[1] in _NOUNS and "Case=Nom" in o[2])
    subject = next((o for o in alike if not disagree(features_of(o[2]), of_verb)), None)
    if subject and not taken & SUBJECTS:
        passive = "Voice=Pass" in chosen[verb][2]
        return ("nsubj:pass" if passive else "nsubj"), subject
    thing = in_case("Acc", offers[noun], reading)
    if thing and "obj" not in taken and is_transitive(forms[verb]):
        return "obj", thing
    if "Case=Dat" in reading[2]:
        return "iobj", reading
    return None
