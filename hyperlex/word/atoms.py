"""razdel's rules for words (Kukushkin 2019) without an object for every place between two atoms.

An atom is a run of Russian letters, of Latin ones, of digits, or any one other character; a word is
one atom or several that no rule parts. `razdel.tokenize` is five times slower, and gives the same
words but for three things: a mark ties words only where it touches both (of «год— а» and «74, 80»
razdel takes «год—» and «74,» for words), a picture is no letter («сил💪»), and one or two digits
that end a word of letters belong to it («км2», «СО2»).
"""

from __future__ import annotations

import re
from unicodedata import category

_DASHES = frozenset("‑–—−-")
_ENDINGS = frozenset(".?!…")
_SLASHES = frozenset("/\\")
_POINTS = frozenset(".,")
_PAIRS = _DASHES | _POINTS | _SLASHES | {"_"}
"""Marks that may tie what stands on both sides: «кто-то», «3,5», «1/2»."""

_MARKS = "\\/!#$%&*+,.:;<=>?@^_`|~№…" + "‑–—−-" + "«“‘»”’\"„'" + "([}" + ")]}"
_ATOM = re.compile(rf"([а-яё]+)|([a-z]+)|(\d+)|([{re.escape(_MARKS)}])|(\S)", re.IGNORECASE)
_RUSSIAN, _LATIN, _DIGITS, _MARK, _OTHER = 1, 2, 3, 4, 5
"""Groups of the pattern."""
_SMILE = re.compile(r"[=:;]-?[)(]{1,3}$")


def words_of(text: str) -> list[tuple[int, int]]:
    """Where the words of `text` begin and end, in order."""
    atoms = [(*match.span(), match.lastindex or _OTHER) for match in _ATOM.finditer(text)]
    words = []
    begin = end = kind = 0
    for place, (start, stop, next_kind) in enumerate(atoms):
        touching = place and start == end
        if touching and (
            _tied(text, atoms, place, begin)
            if kind >= _MARK or next_kind >= _MARK
            else next_kind == _DIGITS and stop - start < 3 and not text[stop : stop + 1].isalnum()
        ):
            end = stop
        else:
            if place:
                words.append((begin, end))
            begin, end = start, stop
        kind = next_kind
    if atoms:
        words.append((begin, end))
    return words


def _tied(text: str, atoms: list[tuple[int, int, int]], place: int, begin: int) -> bool:
    """Whether an atom belongs to the word before it, which begins at `begin`."""
    (start, stop, kind), (next_start, next_stop, next_kind) = atoms[place - 1 : place + 1]
    left, right = text[start:stop], text[next_start:next_stop]
    if left in _PAIRS or right in _PAIRS:
        # A word, the mark, a word: whichever side of the mark is asked about.
        for rule_marks, numbers in _TIES:
            if left in rule_marks:
                before, after = _kind(atoms, place - 2, stop=start), next_kind
            elif right in rule_marks:
                before, after = kind, _kind(atoms, place + 1, start=next_stop)
            else:
                continue
            if before == after == _DIGITS or (
                not numbers and before not in (0, _MARK) and after not in (0, _MARK)
            ):
                return True
    if kind == next_kind == _MARK:
        if (left in _ENDINGS and right in _ENDINGS) or left + right in ("--", "**"):
            return True
        return right in ")(" and _SMILE.match(text, begin, next_stop) is not None
    if _OTHER in (kind, next_kind):
        if kind == next_kind:
            return True
        sign, beside = (left, next_kind) if kind == _OTHER else (right, kind)
        letters = beside in (_RUSSIAN, _LATIN)
        return letters and (sign in _OF_UNITS or category(sign)[0] in "LMN")
    return right == "!" and kind == _LATIN and left.lower() == "yahoo"


def _kind(atoms: list[tuple[int, int, int]], place: int, start: int = -1, stop: int = -1) -> int:
    """The kind of an atom if it is there and begins, or ends, at that offset; else 0."""
    if not 0 <= place < len(atoms):
        return 0
    begin, end, kind = atoms[place]
    return kind if start in (begin, -1) and stop in (end, -1) else 0


_OF_UNITS = frozenset("°℃℉")
_TIES = ((_DASHES, False), (frozenset("_"), False), (_POINTS, True), (_SLASHES, True))
"""Marks that tie words, and whether only numbers."""
