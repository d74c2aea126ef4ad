"""Text to sentences and words: razdel's rules, but lines, addresses and unread marks go first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from hyperlex.types import Span
from hyperlex.word.atoms import words_of
from hyperlex.word.clean import Clean, canonical, clean
from hyperlex.word.compounds import parts_of
from hyperlex.word.running import ENTITIES, whole_sentences

# What razdel would cut at every mark: addresses, handles, tags, emoticons, mark-up's entities,
# dates with dots, times and scores («12:30», «3:0»); and runs of stops, for which its time grows
# with the square of their length.
# An eye of 8 needs a nose, for «8)» numbers an item.
_WHOLE = re.compile(
    r"""
    (?:https?://|www\.)[^\s<>«»"]+[^\s<>«»".,;:!?)\]}']
  | (?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+
  | (?<!\w)[@\#]\w[\w.-]*\w
  | (?<!\S)(?:(?:[:;=xX]['’]?-?|8-)[)(DPpОоoO/\\|*]+|[)(]{2,})(?!\w)
  | \){3,}
  | ``|''
  | """
    + ENTITIES
    + r"""
  | (?<!\d)\d{1,2}\.\d{1,2}\.\d{2,4}(?!\d)
  | (?<![\d:])\d{1,2}:\d{1,2}(?::\d\d)?(?![\d:])
  | [.?!…]{4,}
    """,
    re.VERBOSE,
)

# Without one of these nothing of the kind is there; most sentences have none.
_MAYBE_WHOLE = re.compile(
    r"[@#&/`]|www\.|''|\d[.:]\d|[.?!…]{4}|[)(]{2}|(?:[:;=xX]['’]?-?|8-)[)(DPpОоoO\\|*]"
)
_INNER_DASH = re.compile(r"\w[-‑–—−]\w")
# razdel ends a sentence only at such a mark before white space.
_END_INSIDE = re.compile(r"[.?!…;\"„'»”’)(\]}]\s+\S")

_BLANK_LINE = re.compile(r"\n[^\S\n]*(?:\n\s*)+")
# What begins a line of its own: a dash of speech, a bullet, a number with a stop or bracket.
_OPENING = re.compile(r"\s*(?:[-–—•*·▪►]\s|\(?\d{1,3}[.)]\s|[а-яa-z]\)\s)")
_ENDING = re.compile(r"[.!?…:;][»\"”')\]]*\s*$")
_VERSE_LINE = 60
"""Longer lines than this, in code points, are not verse."""
_WINDOW = 20_000
"""A paragraph is analysed in pieces of about this many code points, at its sentences' ends."""
_LONGEST = 160
"""Words of a sentence; what is longer is a list or no language, and trees cost its square."""


class Token(NamedTuple):
    """A word before its analysis.

    Attributes:
        span: where it stands in the original text.
        form: its spelling without unread marks and lookalikes, marks in one spelling.
        spaced: whether white space stands before it.
    """

    span: Span
    form: str
    spaced: bool


def segment(text: str) -> Iterator[list[Token]]:
    """The tokens of each sentence of `text`, in order; every character that is not white space or
    an unread mark belongs to one token.

    Sentences end where razdel says so, at blank lines, and at the ends of lines that do not run on.
    A sentence is never empty.
    """
    cleaned = clean(text)
    for start, stop in _stretches(cleaned.text):
        for begin, sentence in _sentences(cleaned.text[start:stop]):
            tokens = _tokens(cleaned, start + begin, sentence)
            while len(tokens) > _LONGEST:
                cut = _cut(tokens)
                yield tokens[:cut]
                tokens = tokens[cut:]
            if tokens:
                yield tokens


def _cut(tokens: list[Token]) -> int:
    """Where to cut a sentence that is too long: after its last semicolon or comma that fits."""
    for mark in (";", ","):
        for k in range(_LONGEST, _LONGEST // 2, -1):
            if tokens[k - 1].form == mark:
                return k
    return _LONGEST


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Paragraphs, or their lines where a line is a unit of its own, or windows of a huge one."""
    position = 0
    for blank in _BLANK_LINE.finditer(text):
        yield from _lines(text, position, blank.start())
        position = blank.end()
    yield from _lines(text, position, len(text))


def _lines(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    ends = [match.start() for match in re.finditer("\n", text[start:stop])]
    if not ends:
        yield from _windows(text, start, stop)
        return
    edges = [start, *(start + end + 1 for end in ends), stop]
    lines = [text[a:b] for a, b in pairwise(edges)]
    verse = _is_verse(lines)
    begin = start
    for i in range(1, len(lines)):
        if _new_unit(lines[i - 1], lines[i], verse):
            yield from _windows(text, begin, edges[i])
            begin = edges[i]
    yield from _windows(text, begin, stop)


def _windows(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cuts a stretch without line ends that is too long to hold, at a sentence end or a space."""
    while stop - start > 2 * _WINDOW:
        piece = text[start + _WINDOW : start + 2 * _WINDOW]
        end = re.search(r"[.!?…]\s+(?=[«\"—–-]?\s?[A-ZА-ЯЁ])", piece) or re.search(r"\s", piece)
        cut = start + _WINDOW + (end.end() if end else _WINDOW)
        yield start, cut
        start = cut
    if start < stop:
        yield start, stop


def _is_verse(lines: list[str]) -> bool:
    """Whether most lines of a paragraph begin with a capital and end without a stop: in verse a
    line end is no sentence end.
    """
    if len(lines) < 3 or max(map(len, lines)) > _VERSE_LINE:
        return False
    capitals = sum(line.lstrip()[:1].isupper() for line in lines)
    running = sum(not re.search(r"[.!?…]\W*$", line) for line in lines)
    commas = sum(line.rstrip().endswith((",", "—", "–", ";")) for line in lines)
    return capitals > 0.7 * len(lines) and running > 0.3 * len(lines) and commas > 0


def _new_unit(before: str, line: str, verse: bool) -> bool:
    if _OPENING.match(line) or not before.strip() or _ENDING.search(before):
        return True
    if verse or before.rstrip().endswith((",", "-", "—", "–")):
        return False
    return not line.lstrip()[:1].islower()


def _sentences(stretch: str) -> Iterator[tuple[int, str]]:
    """Sentences, each with the place where it begins: razdel's, but for those that run on."""
    if _END_INSIDE.search(stretch) is None:
        sentence = stretch.lstrip()
        yield len(stretch) - len(sentence), sentence.rstrip()
        return
    from razdel import sentenize  # type: ignore[import-untyped]

    yield from whole_sentences(((found.start, found.text) for found in sentenize(stretch)), stretch)


def _tokens(cleaned: Clean, begin: int, sentence: str) -> list[Token]:
    """The tokens of a sentence that begins at `begin`."""
    tokens = []
    before = 0
    for start, stop in pieces_of(sentence):
        form = canonical(sentence[start:stop])
        tokens.append(Token(cleaned.original(begin + start, begin + stop), form, start > before))
        before = stop
    return tokens


def pieces_of(sentence: str) -> list[tuple[int, int]]:
    """Where the words of a sentence begin and end: razdel's between addresses and the like, and of
    compounds the parts.
    """
    pieces: list[tuple[int, int]] = []
    position = 0
    if _MAYBE_WHOLE.search(sentence) is not None:
        for whole in _WHOLE.finditer(sentence):
            pieces += _shifted(sentence, position, whole.start())
            pieces.append(whole.span())
            position = whole.end()
    pieces += _shifted(sentence, position, len(sentence)) if position else words_of(sentence)
    if _INNER_DASH.search(sentence) is not None:
        pieces = [part for piece in pieces for part in _parts(sentence, *piece)]
    return pieces


def _parts(sentence: str, start: int, stop: int) -> list[tuple[int, int]]:
    """The piece itself, or the parts of a compound."""
    parts = parts_of(sentence[start:stop]) if _INNER_DASH.search(sentence, start, stop) else ()
    return [(start + a, start + b) for a, b in parts] or [(start, stop)]


def _shifted(sentence: str, start: int, stop: int) -> list[tuple[int, int]]:
    words = words_of(sentence[start:stop])
    return [(start + a, start + b) for a, b in words] if start else words
