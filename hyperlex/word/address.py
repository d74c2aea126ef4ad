"""Who is spoken to before a question: «Ребята, кто видел мою сумку?»"""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.word.readings import Offer
from hyperlex.word.tree import root_of

_ASKING = frozenset(
    (
        *("кто", "что", "какой", "чей", "где", "куда", "откуда", "когда", "почему", "зачем"),
        *("как", "сколько", "отчего", "чего", "ли", "разве", "неужели"),
    )
)
_DESCRIBING = frozenset(("acl:relcl", "acl", "parataxis", "ccomp"))


def address(
    forms: Sequence[str], chosen: Sequence[Offer], heads: list[int], relations: list[str]
) -> None:
    """Makes the question the sentence, and of the noun before its comma who is asked, in place."""
    root = root_of(heads)
    if "?" not in forms[-1] or chosen[root][1] not in ("NOUN", "PROPN"):
        return
    if "Case=Nom" not in chosen[root][2] or "," not in forms[root + 1 : root + 2]:
        return
    if any(chosen[k][1] not in ("DET", "ADJ", "INTJ", "PART", "PUNCT") for k in range(root)):
        return
    first = root + 2
    while first < len(forms) - 1 and forms[first] in ("а", "ну", "и", "но"):
        first += 1
    verb = next(
        (
            k
            for k in range(first, len(forms))
            if heads[k] == root and relations[k] in _DESCRIBING and "VerbForm=Fin" in chosen[k][2]
        ),
        None,
    )
    if verb is None or chosen[first][0] not in _ASKING:
        return
    for k, head in enumerate(heads):
        if head == root and k > root:
            heads[k] = verb
    heads[verb], relations[verb] = verb, "root"
    heads[root], relations[root] = verb, "vocative"
