"""What the network sees of one word by itself: its dictionary readings, its edges, its shape.

A word is a weighted bag of hashed features, the sum of whose rows in one table is its vector, so
that its cost does not grow with the vocabulary and unknown words are nothing special.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple
from unicodedata import category
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

ROWS = 16384
"""Rows of the feature table; a power of two."""

_SHORT = 4
"""Words up to this length, in letters, are features of their own: they are the grammar's words."""

# Grammemes of pymorphy3 that tell lexical or stylistic things; the others say something of syntax.
_LEXICAL = frozenset(
    (
        *("Arch", "Litr", "Erro", "Dist", "Ques", "Dmns", "Prnt", "V-be", "V-en", "V-ie", "V-bi"),
        *("V-sh", "V-oy", "V-ey", "Fimp", "Prdx", "Coun", "Coll", "Infr", "Slng", "Fixd", "Inmx"),
        *("Vpre", "Supr", "Qual", "Impe", "Impx", "Impf", "Adjx", "Subx", "Cmp2", "Sgtm", "Pltm"),
        *("Anph", "Init"),
    )
)


def features(form: str, parses: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The rows of a word's features and their weights, both `[F]`.

    Args:
        form: its spelling without unread marks, case kept.
        parses: what pymorphy3 says of it, each with `tag` and `score`.
    """
    rows, weights = bag(form, parses)
    return np.array(rows, dtype=np.int64), np.array(weights, dtype=np.float32)


def bag(form: str, parses: Sequence[Any]) -> tuple[list[int], list[float]]:
    """The same as lists, for a caller that makes one array of many words."""
    lower = form.lower().replace("ё", "е")
    size = len(lower)
    rows = [_BIAS, _of_shape(shape(form))]
    # Half of a surrogate pair is text too.
    rows += [
        crc32(lower[-n:].encode("utf-8", "surrogatepass"), begun) & _LAST_ROW
        for n, begun in _ENDS[:size]
    ]
    for n, begun in _BEGINNINGS:
        if size > n:
            rows.append(crc32(lower[:n].encode("utf-8", "surrogatepass"), begun) & _LAST_ROW)
    weights = [1.0] * len(rows)
    if size <= _SHORT:
        rows.append(crc32(lower.encode("utf-8", "surrogatepass"), _WORD) & _LAST_ROW)
        weights.append(2.0)
    of_tags: dict[int, float] = {}
    kinds = 0
    for parse in parses:
        tag = parse.tag
        known = _TAGS.get(id(tag)) or _of_tag(tag)
        score = float(parse.score)
        for key in known.keys:
            of_tags[key] = of_tags.get(key, 0.0) + score
        kinds |= known.kinds
    rows += [_ROWS[key] for key in of_tags]
    weights += of_tags.values()
    rows += _of_kinds(kinds)
    weights += _ONCE
    return rows, weights


_ONCE = (1.0, 1.0)


class _Tag(NamedTuple):
    """What a tag is in the bag of a word.

    Attributes:
        tag: itself, held so that its identity, by which it is filed, stays its own: tags hash and
            compare grammeme by grammeme.
        keys: places of its keys in `_ROWS`.
        kinds: its part of speech and its case as a set of places in `_KINDS`, a bit for each.
    """

    tag: Any
    keys: tuple[int, ...]
    kinds: int


_TAGS: dict[int, _Tag] = {}
_MOST_TAGS = 8192
_PLACES: dict[str, int] = {}
_ROWS: list[int] = []
"""The row of each key of a tag; keys stand for grammemes and sets of them, some thousands."""
_KINDS: list[str] = []
_filing = Lock()


def _of_tag(tag: Any) -> _Tag:
    grammemes = sorted(str(g) for g in tag.grammemes if str(g) not in _LEXICAL)
    with _filing:
        keys = []
        for key in ("tag:" + " ".join(grammemes), *("gr:" + g for g in grammemes)):
            if key not in _PLACES:
                _ROWS.append(_row(key))
                _PLACES[key] = len(_ROWS) - 1
            keys.append(_PLACES[key])
        kinds = 0
        for kind in ("poses:" + str(tag.POS), "cases:" + str(tag.case) if tag.case else ""):
            if kind and kind not in _KINDS:
                _KINDS.append(kind)
            if kind:
                kinds |= 1 << _KINDS.index(kind)
        if len(_TAGS) >= _MOST_TAGS:
            _TAGS.clear()
        known = _TAGS[id(tag)] = _Tag(tag, tuple(keys), kinds)
    return known


@lru_cache(maxsize=4096)
def _of_kinds(kinds: int) -> tuple[int, int]:
    """The rows of all parts of speech and of all cases that a word may have."""
    names = [name.partition(":") for place, name in enumerate(_KINDS) if kinds >> place & 1]
    poses, cases = (
        sorted(value for name, _, value in names if name == wanted) for wanted in ("poses", "cases")
    )
    return _row("poses:" + " ".join(poses)), _row("cases:" + " ".join(cases))


@lru_cache(maxsize=1024)
def _of_shape(outline: str) -> int:
    return _row("shape:" + outline)


def _row(key: str) -> int:
    return crc32(key.encode("utf-8", "surrogatepass")) & _LAST_ROW


_LAST_ROW = ROWS - 1
_BIAS = _row("bias")
# The checksum of a key is taken up where that of its beginning ends.
_ENDS = [(n, crc32(f"end{n}:".encode())) for n in range(1, 6)]
_BEGINNINGS = [(n, crc32(f"begin{n}:".encode())) for n in (2, 3)]
_WORD = crc32(b"word:")


# With the two other letters whose lower case has a Latin one in it: the Kelvin sign, the dotted İ.
_LATIN = re.compile("[A-Za-z\u212a\u0130]")


def shape(form: str) -> str:
    """The outline of a word: `Aa` «Москва», `AA` «США», `a`, `0` «1812», `.` marks, `z` Latin, …"""
    alphabetic = form.isalpha()
    if not alphabetic and not any(c.isalnum() for c in form):
        if any(category(c) in ("So", "Sk", "Cn") for c in form):
            return "picture"
        if ")" in form[1:] or "(" in form[1:]:
            return "emoticon"
        return form[:2]
    if form.isdigit():
        return "0000" if len(form) == 4 else "0"
    digits = "0" if not alphabetic and any(c.isdigit() for c in form) else ""
    latin = "z" if _LATIN.search(form) else ""
    case = "AA" if len(form) > 1 and form.isupper() else "Aa" if form[0].isupper() else "a"
    return digits + latin + case + ("-" if "-" in form else "")
