"""Which part of a text a token belongs to: content words, names that were there before, the rest.

Bits are counted by the token, and a token may hold a word and a half. Its bits are spread evenly
over its characters, white space aside, so the parts of a text always add up to the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hyperlex.ladder.reading import carries_content
from hyperlex.types import Span, Word

Floats = NDArray[np.float64]


def shares(text: str, stops: ArrayLike, spans: Iterable[Span]) -> Floats:
    """How much of each token lies inside `spans`.

    Args:
        text: what the tokens spell.
        stops: int [T], where in `text` each token ends, in code points, never falling. A token that
            ends where it begins holds a part of the character before, and counts as that character.
        spans: of `text`; where two overlap, what they share counts once.

    Returns:
        float64 [T], 0 to 1: of the characters of each token that are no white space; 0 where all
        are.
    """
    inside, solid = np.zeros(len(text)), np.array([not c.isspace() for c in text], np.float64)
    for span in spans:
        inside[span.start : span.stop] = 1
    ends = np.asarray(stops, np.int64)
    starts = np.minimum(np.concatenate([[0], ends[:-1]])[: len(ends)], np.maximum(ends - 1, 0))
    within = _summed(inside * solid, starts, ends)
    return np.asarray(within / np.maximum(_summed(solid, starts, ends), 1), np.float64)


def _summed(values: Floats, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(sums[ends] - sums[starts], np.float64)


def content_spans(words: Iterable[Word]) -> list[Span]:
    """Where the words stand that carry content, read without context (`ladder.reading`)."""
    return [word.span for word in words if carries_content(word.text.lower())]


def known_names(words: Sequence[Word], cut: int) -> list[Span]:
    """Where proper names stand, at `cut` or after it, whose lemma a name before `cut` has, too.

    Args:
        words: of one text, in order.
        cut: a place in it, in code points.
    """
    names = [(word.lemma.lower(), word.span) for word in words if word.upos == "PROPN"]
    before = {lemma for lemma, span in names if span.stop <= cut}
    return [span for lemma, span in names if span.start >= cut and lemma in before]
