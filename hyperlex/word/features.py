"""What the network sees of one word by itself: its dictionary readings, its edges, its shape.

A word is a weighted bag of hashed features, the sum of whose rows in one table is its vector, so
that its cost does not grow with the vocabulary and unknown words are nothing special.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
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
    lower = form.lower().replace("ё", "е")
    bag: dict[str, float] = {"bias": 1.0, "shape:" + shape(form): 1.0}
    for n in range(1, min(5, len(lower)) + 1):
        bag[f"end{n}:{lower[-n:]}"] = 1.0
    for n in (2, 3):
        if len(lower) > n:
            bag[f"begin{n}:{lower[:n]}"] = 1.0
    if len(lower) <= _SHORT:
        bag["word:" + lower] = 2.0
    rows = [_row(key) for key in bag]
    poses: set[str] = set()
    cases: set[str] = set()
    for parse in parses:
        keys, pos, case = _of_tag(parse.tag)
        score = float(parse.score)
        for key, row in keys:
            if key in bag:
                bag[key] += score
            else:
                bag[key] = score
                rows.append(row)
        poses.add(pos)
        if case:
            cases.add(case)
    rows += _of_categories(frozenset(poses), frozenset(cases))
    weights = np.array([*bag.values(), 1.0, 1.0], dtype=np.float32)
    return np.array(rows, dtype=np.int64), weights


@lru_cache(maxsize=4096)
def _of_tag(tag: Any) -> tuple[tuple[tuple[str, int], ...], str, str]:
    """The keys of a tag in the bag with their rows, its part of speech, its case or else ""."""
    grammemes = sorted(str(g) for g in tag.grammemes if str(g) not in _LEXICAL)
    keys = ("tag:" + " ".join(grammemes), *("gr:" + g for g in grammemes))
    return tuple((key, _row(key)) for key in keys), str(tag.POS), str(tag.case) if tag.case else ""


@lru_cache(maxsize=1024)
def _of_categories(poses: frozenset[str], cases: frozenset[str]) -> tuple[int, int]:
    """The rows of all parts of speech and of all cases that a word may have."""
    return _row("poses:" + " ".join(sorted(poses))), _row("cases:" + " ".join(sorted(cases)))


def _row(key: str) -> int:
    # Half of a surrogate pair is text too.
    return crc32(key.encode(errors="surrogatepass")) & (ROWS - 1)


# With the two other letters whose lower case has a Latin one in it: the Kelvin sign, the dotted İ.
_LATIN = re.compile("[A-Za-z\u212a\u0130]")


def shape(form: str) -> str:
    """The outline of a word: `Aa` «Москва», `AA` «США», `a`, `0` «1812», `.` marks, `z` Latin, …"""
    if not form.isalpha() and not any(c.isalnum() for c in form):
        if any(category(c) in ("So", "Sk", "Cn") for c in form):
            return "picture"
        if ")" in form[1:] or "(" in form[1:]:
            return "emoticon"
        return form[:2]
    if form.isdigit():
        return "0000" if len(form) == 4 else "0"
    digits = "0" if not form.isalpha() and any(c.isdigit() for c in form) else ""
    latin = "z" if _LATIN.search(form) else ""
    case = "AA" if len(form) > 1 and form.isupper() else "Aa" if form[0].isupper() else "a"
    return digits + latin + case + ("-" if "-" in form else "")
