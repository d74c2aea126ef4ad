"""What rung 3 leaves out of a text, and the rules that put most of it back.

`thin` drops line breaks, full stops, exclamation marks, colons, dashes and brackets; commas,
question marks, quotation marks and whatever stands inside a word stay. `restore` puts a full stop
where a capital begins a common word. `thin` is lossy: `restore(thin(text))` resembles the text and
is not equal to it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from hyperlex.word.dictionary import dictionary

_STOP = "."
# A mark that ends a sentence, and all marks and spaces around it, before a capital.
_SENTENCE_END = re.compile(r"[\s»\")\]]*[.!…]+[\s.!…»\")\]–—-]*(?=([\"«(]*)([А-ЯЁA-Z][\w-]*))")
_DROPPED = re.compile(r"(?<!\w)[-–—]+(?!\w)|[()\[\]…;*|•]+|[.:!]+(?=[\s«»\"(),.:;!?…–—-]|$)")
# The same marks where without them two words would be one.
_BETWEEN = re.compile(r"(?<=\w)(?:[()\[\]…;*|•]|\.{2,})+(?=\w)")
_SPACES = re.compile(r"\s+")
_CAPITAL = re.compile(r"(?<=[\w»\"%]) (?=[\"«]?([А-ЯЁA-Z][\w-]*))")
_NAMES = frozenset(("Name", "Surn", "Patr", "Geox", "Orgn", "Trad", "Abbr"))


def thin(text: str) -> str:
    """`text` on one line with the marks that rung 3 keeps."""
    thinned = _SENTENCE_END.sub(_kept_stop, text)
    thinned = _DROPPED.sub("", _BETWEEN.sub(" ", thinned))
    return _SPACES.sub(" ", thinned).replace(_KEPT, _STOP).strip()


# Stands for a full stop that `restore` could not find again.
_KEPT = "\x00"


def _kept_stop(match: re.Match[str]) -> str:
    return f" {match[1]}" if begins_sentence(match[2]) else f"{_KEPT} {match[1]}"


def restore(text: str) -> str:
    """Thinned text with full stops before capitals and at its end."""
    restored = _CAPITAL.sub(lambda space: ". " if begins_sentence(space[1]) else " ", text.strip())
    if restored and (restored[-1].isalnum() or restored[-1] in '»"%'):
        restored += _STOP
    return restored


@lru_cache(maxsize=1 << 15)
def begins_sentence(word: str) -> bool:
    """Whether a capitalised word is a common one, so that its capital tells of a sentence."""
    if len(word) > 1 and not word[1:].islower():
        return False
    parse = dictionary().parse(word)[0]
    return bool(parse.is_known) and not parse.tag.grammemes & _NAMES
