"""The text as the dictionary wants it, with the way back to the original offsets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from hyperlex.types import Span

# Marks that a reader does not read: the soft hyphen and the not-sign that OCR leaves for it, with
# the line end that it bridges; joiners; the stress marks of primers and encyclopaedias. Also the
# marks over «й» and «ё» where they are written apart, which leave those letters behind.
_UNREAD = re.compile(
    r"""
    (?<=[^\W\d_])[\u00ad¬][^\S\n]*\n\s*(?=[^\W\d_])
  | [\u00ad\u200b-\u200d\u2060\ufeff]
  | (?<=[аеёиоуыэюяАЕЁИОУЫЭЮЯ])[\u0300\u0301]
  | (?<=[иИ])\u0306
  | (?<=[еЕ])\u0308
    """,
    re.VERBOSE,
)
_MAYBE_UNREAD = re.compile("[\u00ad¬\u200b-\u200d\u2060\ufeff\u0300\u0301\u0306\u0308]")
_COMPOSED = {"и\u0306": "й", "И\u0306": "Й", "е\u0308": "ё", "Е\u0308": "Ё"}

# Latin letters that look like Russian ones, as keyboards and OCR mix them into Russian words.
_LOOKALIKE = str.maketrans("AaBCcEeHKkMOoPpTXxyËë", "АаВСсЕеНКкМОоРрТХхуЁё")
# A whole word, so that a long Latin one is read but once.
_MIXED = re.compile(
    "(?<![A-Za-zËëА-Яа-яЁё])(?:[А-Яа-яЁё]++[A-Za-zËë]|[A-Za-zËë]++[А-Яа-яЁё])[A-Za-zËëА-Яа-яЁё]*"
)
_LATIN = re.compile("[A-Za-zËë]")


@dataclass(frozen=True, slots=True)
class Clean:
    """A text without unread marks and lookalikes.

    Attributes:
        text: what is left.
        places: offsets in `text` before which something was taken out, in order.
        taken: for each of them, how many code points were taken out up to it.
    """

    text: str
    places: Sequence[int] = ()
    taken: Sequence[int] = ()

    def original(self, start: int, stop: int) -> Span:
        """The original span of `text[start:stop]`, unread marks inside and just after included."""
        if not self.places:
            return Span(start, stop)
        return Span(self._original(start), self._original(stop))

    def _original(self, offset: int) -> int:
        before = bisect_right(self.places, offset)
        return offset + (self.taken[before - 1] if before else 0)


def clean(text: str) -> Clean:
    """Takes unread marks out of `text` and writes lookalike letters in Russian.

    A word counts as Russian where it has a Russian letter and all its Latin ones have a Russian
    twin: «Cтрана» with a Latin C becomes «Страна», «COVIDный» stays.
    """
    if text.isascii():
        return Clean(text)
    pieces: list[str] = []
    places: list[int] = []
    taken: list[int] = []
    position = out = 0
    for match in _UNREAD.finditer(text) if _MAYBE_UNREAD.search(text) else ():
        start, stop = match.span()
        composed = _COMPOSED.get(text[start - 1 : stop]) if start > position else None
        pieces.append(text[position : start - 1] + composed if composed else text[position:start])
        places.append(start - out)
        out += stop - start
        taken.append(out)
        position = stop
    if position:
        text = "".join((*pieces, text[position:]))
    if _LATIN.search(text):
        text = _MIXED.sub(_russian, text)
    return Clean(text, places, taken)


def _russian(match: re.Match[str]) -> str:
    word = match[0]
    russian = word.translate(_LOOKALIKE)
    return word if _LATIN.search(russian) else russian


# Marks that differ by keyboard, typesetter or mark-up, not by meaning.
_MARKS = {
    **dict.fromkeys(("-", "–", "—", "―", "--", "---", "‒", "−"), "—"),
    **dict.fromkeys(("“", "„", "``", ",,", "‹"), "«"),
    **dict.fromkeys(("”", "''", "›"), "»"),
    **dict.fromkeys(("’", "‘", "`", "´"), "'"),
    **dict.fromkeys(("..", "...", "....", "....."), "…"),
}


def canonical(form: str) -> str:
    """One spelling for marks that mean the same, mark-up's `&quot;` and `&#39;&#39;` undone."""
    if form.isalpha():
        return form
    if form[0] == "&":
        form = unescape(form)
    return _MARKS.get(form, form)
