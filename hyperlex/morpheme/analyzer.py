"""A word cut into its morphemes by ordered units, each of which says that it was the one."""

from __future__ import annotations

from functools import cache, lru_cache

from hyperlex.morpheme.letters import Letters, letters
from hyperlex.morpheme.store import Learned, embedded
from hyperlex.morpheme.units import UNITS, Pieces, Unit
from hyperlex.types import Morpheme, MorphemeType, Span

CACHED_WORDS = 1 << 15
"""Different words whose answers are kept, about 30 MB of them."""

_spans = lru_cache(maxsize=1 << 12)(Span)


class MorphemeAnalyzer:
    """`analyzer(word)` gives the morphemes of any string, in order; their texts join to it.

    >>> from hyperlex.morpheme import notation
    >>> notation(MorphemeAnalyzer()("подоконник"))
    'под:PREF/окон:ROOT/ник:SUFF'
    """

    def __init__(
        self, learned: Learned | None = None, units: tuple[type[Unit], ...] = UNITS
    ) -> None:
        """`learned`: other data than the embedded; `units`: another order, or fewer.

        Raises `FormatError` where the embedded data cannot be read.
        """
        learned = embedded() if learned is None else learned
        self.units: tuple[Unit, ...] = tuple(unit(learned) for unit in units)
        self._cached = lru_cache(maxsize=CACHED_WORDS)(self._morphemes)

    def __call__(self, word: str) -> tuple[Morpheme, ...]:
        return self._cached(word)

    def cuts(self, word: str) -> tuple[int, ...]:
        """The offsets between the morphemes of `word`, ascending; nothing is kept in the cache."""
        if not word:
            return ()
        read = letters(word)
        found = self._ask(read)[0]
        offsets = []
        position = 0
        for length, _ in found[:-1]:
            position += length
            offsets.append(read.offset(position))
        return tuple(offsets)

    def pieces(self, word: Letters) -> Pieces:
        """Lengths and types for a word that is part of another, or its lemma."""
        return self._ask(word)[0]

    def _ask(self, word: Letters) -> tuple[Pieces, str]:
        if word.text:
            for unit in self.units:
                found = unit(word, self)
                if found is not None:
                    return found, unit.name
        return ((len(word.text), MorphemeType.ROOT),), "fallback"

    def _morphemes(self, word: str) -> tuple[Morpheme, ...]:
        if not word:
            return ()
        read = letters(word)
        found, by = self._ask(read)
        morphemes = []
        start = position = 0
        for length, kind in found:
            position += length
            stop = read.offset(position)
            morphemes.append(Morpheme(_spans(start, stop), word[start:stop], kind, by))
            start = stop
        return tuple(morphemes)


@cache
def shared() -> MorphemeAnalyzer:
    """The analyzer that `morphemes` and `cuts` ask, made on the first call."""
    return MorphemeAnalyzer()
