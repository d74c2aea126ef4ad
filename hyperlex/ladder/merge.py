"""Which hyperlexemes a scene is coded with: order-free pair merging, the lowest rank first."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

_LONGEST = 96
"""A longer scene (a list, text without marks) is joined stretch by stretch: pairs are quadratic."""


class Group(NamedTuple):
    """A code and the places of the items that it stands for, in order."""

    code: int
    places: tuple[int, ...]


def merge(
    codes: Sequence[int],
    merges: Mapping[tuple[int, int], int],
    stop: int,
    banned: Container[int] = (),
) -> list[Group]:
    """Join the codes of a scene as byte pair encoding joins bytes, but in any order.

    Of all pairs of distinct codes that have a hyperlexeme, the one of the lowest rank is joined,
    again and again. A code that stands there twice is joined once.

    Args:
        codes: of the items of one scene.
        merges: the code of the hyperlexeme of a pair of codes, the lesser first
            (`Lexicon.merges`).
        stop: only hyperlexemes of lesser codes are used: the size of a smaller vocabulary.
        banned: hyperlexemes that are not used.

    Returns:
        Groups that share out all places, in the order of their first places.
    """
    if len(codes) > _LONGEST:
        return [
            Group(group.code, tuple(start + place for place in group.places))
            for start in range(0, len(codes), _LONGEST)
            for group in merge(codes[start : start + _LONGEST], merges, stop, banned)
        ]
    places: dict[int, tuple[int, ...]] = {}
    rest: list[Group] = []
    for place, code in enumerate(codes):
        if code in places:
            rest.append(Group(code, (place,)))
        else:
            places[code] = (place,)
    found = {}
    for pair in combinations(sorted(places), 2):
        made = merges.get(pair)
        if made is not None and made < stop and made not in banned:
            found[made] = pair
    while found:
        made = min(found)
        gone = found[made]
        places[made] = tuple(sorted(places.pop(gone[0]) + places.pop(gone[1])))
        found = {
            code: pair
            for code, pair in found.items()
            if pair[0] not in gone and pair[1] not in gone
        }
        for other in places:
            pair = (other, made) if other < made else (made, other)
            greater = merges.get(pair)
            if greater is not None and greater < stop and greater not in banned:
                found[greater] = pair
    groups = [Group(code, where) for code, where in places.items()]
    return sorted(groups + rest, key=lambda group: group.places)


def attach(
    codes: Sequence[int | None],
    attaching: Container[int],
    merges: Mapping[tuple[int, int], int],
    stop: int,
    banned: Container[int] = (),
) -> tuple[list[Group], list[Group]]:
    """Join what negates with the word after it, and with no other, so that it keeps its scope.

    Args:
        codes: of the items of one scene in order; None for a literal.
        attaching: codes of the words that negate what follows.
        merges, stop, banned: as in `merge`.

    Returns:
        The groups that may be merged in any order, and those that stay as they are: a negation
        without a hyperlexeme, and the word that it negates.
    """
    free: list[Group] = []
    fixed: list[Group] = []
    place = 0
    while place < len(codes):
        code = codes[place]
        following = codes[place + 1] if place + 1 < len(codes) else None
        if code is None:
            pass
        elif code not in attaching:
            free.append(Group(code, (place,)))
        elif following is None or following in attaching:
            fixed.append(Group(code, (place,)))
        else:
            made = merges.get((code, following) if code < following else (following, code))
            if made is not None and made < stop and made not in banned:
                free.append(Group(made, (place, place + 1)))
            else:
                fixed += [Group(code, (place,)), Group(following, (place + 1,))]
            place += 1
        place += 1
    return free, fixed
