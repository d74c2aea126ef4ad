"""Words as they are counted: one fast rule, the same for every tokenizer and every corpus.

Runs of letters and digits, with hyphens, apostrophes and joiners between two of them inside the
word: «кто-то» is one, «Су-27» is one, «3,5» is two. `hyperlex.words` cuts finer and much slower;
punctuation is no word here.
"""

from __future__ import annotations

import re
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.edges import INNER

_IN_WORD = r"(?:[^\W_]|[\u0300-\u036f])"
_WORD = re.compile(rf"{_IN_WORD}+(?:[{INNER}]{_IN_WORD}+)*")
_RUSSIAN = re.compile(r"[а-яё]+(?:-[а-яё]+)*", re.IGNORECASE)

Offsets = NDArray[np.int64]


def count_words(text: str) -> int:
    """How many words `text` has."""
    return len(_WORD.findall(text))


def word_spans(text: str) -> Offsets:
    """Where each word begins and ends, in code points: int64 [words, 2]."""
    spans = chain.from_iterable(found.span() for found in _WORD.finditer(text))
    return np.fromiter(spans, np.int64).reshape(-1, 2)


def is_russian(word: str) -> bool:
    """Whether `word` is spelled in Russian letters alone, hyphens between them allowed."""
    return _RUSSIAN.fullmatch(word) is not None


def byte_offsets(text: str) -> Offsets:
    """Where each character of `text` begins in its UTF-8 form: int64 [characters + 1].

    Raises UnicodeEncodeError for a lone surrogate.
    """
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    sizes = 1 + (codes > 0x7F).astype(np.int64) + (codes > 0x7FF) + (codes > 0xFFFF)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
