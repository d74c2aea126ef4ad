"""A clause that a conjunction subordinates hangs on the one behind it, and not the other way."""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.types import features_of
from hyperlex.word.hosts import SUBJECTS, begins_anew, is_finite
from hyperlex.word.readings import Offer
from hyperlex.word.tree import has, root_of

_BESIDE = frozenset(("conj", "parataxis"))
_THAT = frozenset(("тот", "то"))
_RELATIVE_ADVERBS = frozenset(("когда", "пока", "где", "куда", "откуда", "едва"))
"""They lead questions, too."""


def subordinate(
    forms: Sequence[str], chosen: list[Offer], heads: list[int], relations: list[str]
) -> None:
    """Makes the clause after a subordinate one, with which the sentence begins, its main clause, in
    place.

    «Так как дорогу размыло, автобус не пришёл»: a verb that a conjunction subordinates is no root
    where another stands beside it. «Благодаря тому что снег растаял, …»: it describes «тому».
    """
    root = root_of(heads)
    if not is_finite(chosen[root]):
        return
    _mark_reason(root, forms, chosen, heads, relations)
    asks = forms[-1] == "?"
    mark = next(
        (
            k
            for k in range(root)
            if heads[k] == root
            and (relations[k] == "mark" or (chosen[k][0] in _RELATIVE_ADVERBS and not asks))
        ),
        None,
    )
    if mark is None:
        return
    for verb in range(root + 2, len(heads)):
        if relations[verb] not in _BESIDE or heads[verb] != root:
            continue
        if begins_anew(verb, forms, chosen, heads, relations) is None:
            continue
        that = next((k for k in range(mark) if heads[k] == root and chosen[k][0] in _THAT), None)
        if that is None:
            heads[root], relations[root] = verb, "advcl"
        else:
            heads[that], relations[that] = verb, "obl"
            heads[root], relations[root] = that, "acl"
        heads[verb], relations[verb] = verb, "root"
        for place in range(verb + 1, len(heads)):
            if heads[place] == root:
                heads[place] = verb
        return


def join_finite(chosen: Sequence[Offer], heads: list[int], relations: Sequence[str]) -> None:
    """Coordinates a finite verb with a finite one, in place: «хотел крикнуть, но не смог».

    Neither with an infinitive nor with a gerund: «бежал, оглядываясь, и ждал». One with «будет» is
    finite.
    """
    if "conj" not in relations:
        return
    future = {head for head, relation in zip(heads, relations, strict=True) if relation == "aux"}
    for place, relation in enumerate(relations):
        if relation != "conj" or "VerbForm=Fin" not in chosen[place][2]:
            continue
        above = heads[place]
        while not is_finite(chosen[above]) and heads[above] != above:
            infinite = any(form in chosen[above][2] for form in ("=Inf", "=Conv", "=Part"))
            if not infinite or above in future:
                break
            above = heads[above]
        if is_finite(chosen[above]):
            heads[place] = above


def resume(
    forms: Sequence[str], chosen: Sequence[Offer], heads: list[int], relations: Sequence[str]
) -> None:
    """Coordinates a verb with the one before a clause that a comma ends, in place: «она сказала,
    что устала, и ушла».

    Two predicates of one clause have no comma before «и».
    """
    for verb, relation in enumerate(relations):
        if relation != "conj" or not is_finite(chosen[verb]):
            continue
        joint = next((k for k in range(verb) if heads[k] == verb and relations[k] == "cc"), 0)
        if joint < 2 or forms[joint] not in _PLAIN_JOINTS or forms[joint - 1] != ",":
            continue
        inner = heads[verb]
        while relations[inner] == "conj":
            inner = heads[inner]
        outer = heads[inner]
        if relations[inner] not in _CLAUSES or not outer < inner < joint:
            continue
        while not is_finite(chosen[outer]) and heads[outer] != outer:
            outer = heads[outer]
        if outer > inner or forms[joint] in forms[outer:joint] or "," not in forms[outer:inner]:
            continue
        if _are_alike(chosen[outer], chosen[verb]) and not has(heads, relations, verb, SUBJECTS):
            heads[verb] = outer


_PLAIN_JOINTS = frozenset(("и", "да", "или", "либо"))
_CLAUSES = frozenset(("ccomp", "acl", "acl:relcl", "advcl"))
_SHARED = ("Number", "Gender", "Person", "Mood")


def _are_alike(one: Offer, other: Offer) -> bool:
    """Whether two finite verbs may have the same subject."""
    feats = features_of(one[2]), features_of(other[2])
    return all(
        feats[0].get(name, value) == value for name, value in feats[1].items() if name in _SHARED
    )


def _mark_reason(
    root: int,
    forms: Sequence[str],
    chosen: list[Offer],
    heads: Sequence[int],
    relations: list[str],
) -> None:
    """Reads «раз ты пришёл, …» as «if», in place: nothing is counted before a subject."""
    reason = forms[0].lower() == "раз" and heads[0] == root and root > 1
    if reason and heads[1] == root and relations[1] == "nsubj":
        chosen[0] = ("раз", "SCONJ", "", chosen[0][3], "context")
        relations[0] = "mark"
