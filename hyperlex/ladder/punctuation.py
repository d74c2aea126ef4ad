"""Which marks rung 3 may leave out of a text, and the rules that put some of them back.

Line breaks, full stops, exclamation marks, colons, semicolons, dashes and brackets may be left out;
commas, question marks, quotation marks and whatever stands inside a word stay. `restore` puts a
full stop where a capital tells of a new sentence, and a capital behind a full stop. Rung 3 is
lossy: what is restored resembles the text and is not equal to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hyperlex.ladder.neighbours import SEEN, tokens_of
from hyperlex.ladder.stops import WIDTH, StopModel

_STOP = "."
_SENTENCES = re.compile(r"(?:(?<=[.!?…»])|(?<=[.!?…][»\")\]]))\s+(?=[\"«(–—-]*[А-ЯЁA-Z])|\s*\n\s*")
_BRACKET = r"[()\[\]…;*|•]"
_BESIDE = r"[\s«»\"(),.:;!?…–—-]"
# First the marks without which two words would be one: code point by code point, each in one way,
# lest a long row of dots be tried in all. A colon before a capital stays, lest a sentence seem to
# begin there.
_MARKS = re.compile(
    rf"(?<=\w)(?P<between>(?:{_BRACKET}|[.:!](?={_BESIDE})|(?<=\.)\.(?!{_BESIDE})"
    rf"|(?<!\w)[-–—](?!\w))+)(?=\w)"
    rf"|(?<!\w)[-–—]+(?!\w)|{_BRACKET}+|(?!: [\"«]?[А-ЯЁA-Z])[.:!]+(?={_BESIDE}|$)"
)
_QUOTES = '«"'
_SPACES = re.compile(r"\s+")
_CAPITAL = re.compile(r"(?<=[\w»\"%)]) (?=[\"«]?([А-ЯЁA-Z]))")
_SMALL = re.compile(r"([.] [\"«]?)([a-zа-яё])")


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that may be left out.

    Attributes:
        start, stop: where it stands.
        put: what is put there instead: nothing, or a space between two words.
    """

    start: int
    stop: int
    put: str


def sentences_of(text: str) -> Iterator[tuple[str, str]]:
    """The sentences and lines of a text, each on one line, and what parts them from the one before:
    a space, a line break or an empty line.
    """
    text = text.strip()
    done, parted = 0, ""
    for pause in _SENTENCES.finditer(text):
        yield parted, _SPACES.sub(" ", text[done : pause.start()])
        done, parted = pause.end(), "\n" * min(pause[0].count("\n"), 2) or " "
    yield parted, _SPACES.sub(" ", text[done:])


def sentence_starts(text: str) -> list[int]:
    """Where sentences and lines begin after the first, in order."""
    return [pause.end() for pause in _SENTENCES.finditer(text)]


def marks_of(line: str) -> list[Mark]:
    """The marks of a line that may be left out, in order."""
    return [
        Mark(m.start(), m.end(), " " if m.lastgroup == "between" else "")
        for m in _MARKS.finditer(line)
    ]


def without(line: str, marks: Iterable[Mark]) -> str:
    """A line without some of its marks, which come in order."""
    pieces = []
    done = 0
    for mark in marks:
        pieces += [line[done : mark.start], mark.put]
        done = mark.stop
    return _SPACES.sub(" ", "".join([*pieces, line[done:]])).strip()


def thin(line: str) -> str:
    """A line with none of the marks that may be left out."""
    return without(line, marks_of(line))


def is_unambiguous(text: str) -> bool:
    """Whether no full stop of a text stands before a small letter, where `restore` would put a
    capital.
    """
    return _SMALL.search(text) is None


def tells_of_sentence(text: str, place: int, stops: StopModel) -> bool:
    """Whether a capital stands after the space at `place` and tells of a new sentence."""
    if not _CAPITAL.match(text, place):
        return False
    left = tokens_of(text[max(0, place - SEEN) : place])
    right = [token for token in tokens_of(text[place : place + SEEN]) if token not in _QUOTES]
    return stops.tells(left[-WIDTH:], right[:WIDTH])


def restore(text: str, stops: StopModel) -> str:
    """Thinned text with full stops before capitals and at its end, and capitals after them."""
    text = text.strip()
    restored = _CAPITAL.sub(
        lambda space: ". " if tells_of_sentence(text, space.start(), stops) else " ", text
    )
    restored = _SMALL.sub(lambda match: match[1] + match[2].upper(), restored)
    return restored + _STOP if ends_plainly(restored) else restored


def ends_plainly(text: str) -> bool:
    """Whether a text ends with a word, after which a full stop may follow."""
    return text[-1:].isalnum() or text.endswith(("»", '"', "%", ")"))
