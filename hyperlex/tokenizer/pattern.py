"""The regular expression of all phrases: a trie that three engines walk quickly.

`tokenizers` (Oniguruma), JavaScript and .NET try the branches of an alternation one after another,
so a plain trie costs as much as it is wide. Here wide nodes ask a look-ahead first,
`(?=[а-л])(?:…)|…`, which halves the branches each time; the halves weigh the same by how often
their phrases occur. The edge guards stand once, outside the trie: inside it each of them would
compile its own copy of the Unicode tables (measured: 60,000 phrases 4.2 s and 2 MB against 0.25 s
and 0.7 MB).
"""

from __future__ import annotations

from collections.abc import Iterable

from hyperlex.codebook.edges import CLOSES, OPENS, first_class

_SYNTAX = frozenset(
    "\\.^$*+?()[]{}|/"
)  # no space and no hyphen: JavaScript's `u` mode refuses to see them escaped
_PLAIN_WIDTH = 8  # narrower alternations are walked one by one (3 to 8 walk alike, 8 is smallest)


def phrase_pattern(phrases: Iterable[tuple[str, int]]) -> str:
    """A pattern that matches the longest of `phrases` whose edges are word edges.

    Args:
        phrases: pairs of a phrase's text and its weight (how often it occurs); any order, no
            duplicates.

    Returns:
        The pattern, without capturing groups; "" for no phrases.
    """
    tries: dict[str, _Node] = {}
    for text, weight in sorted(phrases):
        tries.setdefault(first_class(text), _Node()).add(text, weight + 1)
    if not tries:
        return ""
    # Most phrases begin with a space ("other"): ask for those first.
    heaviest = sorted(tries, key=lambda name: (-tries[name].weight, name))
    roots = "|".join(f"{OPENS[name]}{_render(tries[name])}" for name in heaviest)
    return f"(?:{roots}){CLOSES}"


class _Node:
    __slots__ = ("children", "ends", "weight")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.ends = False
        self.weight = 0

    def add(self, text: str, weight: int) -> None:
        node = self
        node.weight += weight
        for character in text:
            node = node.children.setdefault(character, _Node())
            node.weight += weight
        node.ends = True


def _render(node: _Node) -> str:
    """The pattern of everything below `node`; greedy, so the longest way is tried first."""
    branches = []
    for character, child in sorted(node.children.items()):
        run = _escape(character)
        while len(child.children) == 1 and not child.ends:
            ((next_character, grandchild),) = child.children.items()
            run += _escape(next_character)
            child = grandchild
        branches.append((character, child.weight, run + (_render(child) if child.children else "")))
    body = _alternation(branches)
    if node.ends:
        return f"(?:{body})?"
    return f"(?:{body})" if len(branches) > 1 else body


def _alternation(branches: list[tuple[str, int, str]]) -> str:
    """Branches with different first characters, in order, halved by look-ahead while there are
    many.
    """
    if len(branches) <= _PLAIN_WIDTH:
        return "|".join(text for _, _, text in sorted(branches, key=lambda b: (-b[1], b[0])))
    half, so_far, cut = sum(weight for _, weight, _ in branches) / 2, 0, 0
    while so_far < half and cut < len(branches) - 1:
        so_far += branches[cut][1]
        cut += 1
    left, right = branches[:cut], branches[cut:]
    ahead = _character_class([character for character, _, _ in left])
    return f"(?={ahead})(?:{_alternation(left)})|{_alternation(right)}"


def _character_class(characters: list[str]) -> str:
    """`[а-ге]` for sorted characters."""
    ranges: list[list[str]] = []
    for character in characters:
        if ranges and ord(character) == ord(ranges[-1][1]) + 1:
            ranges[-1][1] = character
        else:
            ranges.append([character, character])
    return (
        "["
        + "".join(
            _escape_in_class(a) + (f"-{_escape_in_class(b)}" if a != b else "") for a, b in ranges
        )
        + "]"
    )


def _escape(character: str) -> str:
    return f"\\{character}" if character in _SYNTAX else character


def _escape_in_class(character: str) -> str:
    return f"\\{character}" if character in _SYNTAX or character == "-" else character
