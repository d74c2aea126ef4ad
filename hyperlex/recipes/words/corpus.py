"""A balanced sample of the corpora as numbered spellings: what the unsupervised steps read."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.corpus import documents
from hyperlex.word.segment import segment

LIMITS = {
    "fiction": 22e6,
    "news": 22e6,
    "legal": 8e6,
    "dialogue": 12e6,
    "social": 9e6,
    "tech": 5e6,
    "science": 4e6,
    "encyclopedic": 3e6,
}
"""Characters of each domain: law repeats itself, and talk is what taggers meet least."""

EXCLUDED = ("ud_taiga",)
"""Corpora whose sentences may stand in a treebank that figures are measured on."""

_LONGEST_DOCUMENT = 200_000
_LONGEST_SENTENCE = 70


@dataclass(frozen=True)
class Sample:
    """Sentences of corpora.

    Attributes:
        types: the different spellings.
        tokens: `[N]`, the words of all sentences in order, as indices into `types`.
        lengths: `[S]`, words of each sentence.
    """

    types: list[str]
    tokens: NDArray[np.int32]
    lengths: NDArray[np.int64]


def files(corpora: Path, domain: str) -> list[Path]:
    """The files of a domain that may be read, by name."""
    found = sorted((corpora / domain).glob("*.jsonl*"))
    return [path for path in found if not any(name in path.name for name in EXCLUDED)]


def sample(corpora: Path, workers: int = 2) -> Sample:
    """The sample; the same corpora give the same one, whatever the number of workers."""
    jobs = [(path, 1.3 * limit / len(files(corpora, domain)))
            for domain, limit in LIMITS.items() for path in files(corpora, domain)]  # fmt: skip
    ids: dict[str, int] = {}
    tokens: list[NDArray[np.int32]] = []
    lengths: list[NDArray[np.int64]] = []
    with ProcessPoolExecutor(workers) as pool:
        for types, own, counts in pool.map(_read, *zip(*jobs, strict=True)):
            place = np.array([ids.setdefault(form, len(ids)) for form in types], np.int32)
            tokens.append(place[own])
            lengths.append(counts)
    return Sample(list(ids), np.concatenate(tokens), np.concatenate(lengths))


def _read(path: Path, limit: float) -> tuple[list[str], NDArray[np.int32], NDArray[np.int64]]:
    texts = []
    size = 0
    for document in documents(path):
        texts.append(document.text[:_LONGEST_DOCUMENT])
        size += len(texts[-1])
        if size > 4 * limit:
            break
    Random(0).shuffle(texts)
    ids: dict[str, int] = {}
    sentences = []
    size = 0
    for text in texts:
        for tokens in segment(text):
            if len(tokens) <= _LONGEST_SENTENCE:
                sentences.append([ids.setdefault(token.form, len(ids)) for token in tokens])
        size += len(text)
        if size > limit:
            break
    flat = np.fromiter(chain.from_iterable(sentences), np.int32)
    return list(ids), flat, np.array([len(s) for s in sentences], np.int64)
