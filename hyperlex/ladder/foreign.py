"""Code and other languages inside running text of rung 3.

A stretch of them takes two markers where it stands as exact text. It needs none where the text
around it can be told with that stretch coming back to the letter.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from hyperlex.types import Span

_WORD = re.compile(r"[^\W_]+")


def to_the_letter(text: str, told: str, spans: Sequence[Span]) -> list[bool]:
    """Of each stretch of a text whether it stands in what was told of the text, between the same
    words; white space around it aside. False for a stretch without words, which has no place.
    """
    words, found = list(_WORD.finditer(text)), list(_WORD.finditer(told))
    if len(words) != len(found):
        return [False] * len(spans)
    starts = [word.start() for word in words]
    kept = []
    for span in spans:
        first, last = bisect_left(starts, span.start), bisect_left(starts, span.stop) - 1
        if first > last:
            kept.append(False)
            continue
        before = len(text[span.start : words[first].start()].lstrip())
        after = len(text[words[last].end() : span.stop].rstrip())
        there = told[max(0, found[first].start() - before) : found[last].end() + after]
        kept.append(there == span.of(text).strip())
    return kept


_FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


def fenced(text: str) -> list[Span]:
    """Blocks of code between fences, as in Markdown; one that is not closed goes to the end."""
    if "```" not in text and "~~~" not in text:
        return []
    return [Span(*found.span()) for found in _FENCED.finditer(text)]


def touches(spans: Sequence[Span], span: Span) -> bool:
    """Whether a span shares a character with one of some spans in order."""
    place = bisect_left(spans, span.start, key=lambda one: one.stop)
    return place < len(spans) and spans[place].start < span.stop and spans[place].stop > span.start
