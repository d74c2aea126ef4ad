"""The analyzer's answers in the form in which the trainer asks for them: the two hooks of
`codebook.spans`, filled.

The analyzer is imported at the first question: training without it stays as light as it was.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from hyperlex.codebook.edges import INNER
from hyperlex.codebook.processes import in_processes
from hyperlex.codebook.spans import MorphemeCuts

_LETTER = r"(?:[^\W\d_]|[\u0300-\u036f])"  # with what stands on it
_WORD = re.compile(rf"{_LETTER}+(?:[{INNER}]{_LETTER}+)*")
_LONGEST = 64  # letters: what is longer is no word, and the analyzer is not asked about it
_BATCH = 5_000  # words that a process is asked for at once
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# What may stand between two scenes of one sentence; it goes with the second one.
_SEPARATOR = re.compile(r"\s*+[,:;—–-]\s*+$")


def scene_starts(text: str) -> list[int]:
    """Where a segment of a scene begins: a comma, colon or dash before it goes along with it.

    A scene that another one interrupts has several segments, and each begins a span. The analyzer
    leaves the comma with the scene before; in a phrase it belongs to what follows, for «, что он»
    recurs and «сказал,» does not.
    """
    from hyperlex.scene import iter_scenes

    starts = {segment.start for scene in iter_scenes(text) for segment in scene.segments}
    return sorted({before_separator(text, start) for start in starts} - {0})


def before_separator(text: str, start: int) -> int:
    """`start`, or where the comma or the dashes before it begin."""
    while found := _SEPARATOR.search(text, max(0, start - 8), start):
        start = found.start()
    return start


def morpheme_cuts(word: str) -> Sequence[int]:
    """Where morphemes meet in a word, from the analyzer."""
    from hyperlex.morpheme import cuts

    found: Sequence[int] = cuts(word)
    return found


def analyzer_version() -> str:
    """Another string after each change of the analyzer's code or of what it learned."""
    home = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for room in ("word", "morpheme", "scene", "artifacts/analyzer"):
        for file in sorted((home / room).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def morpheme_edges(text: str, cuts: MorphemeCuts) -> list[int]:
    """Offsets in a unit at which a morpheme begins or ends, its own ends included, ascending.

    A leading space goes with the first morpheme: it is one in most tokens.
    """
    lead = len(text) - len(text.lstrip()) if text.strip() else 0
    ends = {offset for span in word_spans(text) for offset in span}
    return sorted(({0, len(text)} | ends | {*inner_cuts(text, cuts)}) - ({lead} if lead else set()))


def inner_cuts(text: str, cuts: MorphemeCuts) -> tuple[int, ...]:
    """Offsets in `text` at which two morphemes of one of its words meet."""
    result: list[int] = []
    for start, stop in word_spans(text):
        word = text[start:stop]
        if stop - start <= _LONGEST and _CYRILLIC.search(word):
            result += [start + cut for cut in cuts(word)]
    return tuple(result)


def word_spans(text: str) -> list[tuple[int, int]]:
    """The words of a text: letters, with hyphens and apostrophes between them."""
    return [found.span() for found in _WORD.finditer(text)]


class RememberedCuts:
    """`cuts` that asks once for each word, and for many at a time in several processes."""

    def __init__(self, cuts: MorphemeCuts) -> None:
        self.cuts = cuts
        self.known: dict[str, Sequence[int]] = {}

    def __call__(self, word: str) -> Sequence[int]:
        found = self.known.get(word)
        if found is None:
            found = self.known[word] = self.cuts(word)
        return found

    def ask(self, texts: Iterable[str], workers: int) -> None:
        """Learn the cuts of all words of `texts`."""
        words = dict.fromkeys(
            text[start:stop] for text in texts for start, stop in word_spans(text)
        )
        new = [
            word
            for word in words
            if len(word) <= _LONGEST and word not in self.known and _CYRILLIC.search(word)
        ]
        some_at_once = [new[at : at + _BATCH] for at in range(0, len(new), _BATCH)]
        # Few words are not worth a process.
        workers = min(workers, len(some_at_once))
        for some, found in in_processes(self._all, some_at_once, workers):
            self.known.update(zip(some, found, strict=True))

    def _all(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        return [tuple(self.cuts(word)) for word in words]
