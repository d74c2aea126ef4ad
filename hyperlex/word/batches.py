"""Sentences in batches that the network reads at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

Sentence = TypeVar("Sentence", bound=Sized)

BATCH = 512
"""Words that go through the network at once: enough to pay its calls, few enough for the cache."""


def batches(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """Sentences in order, each batch as soon as it holds `BATCH` words, and what is left."""
    batch: list[Sentence] = []
    size = 0
    for sentence in sentences:
        batch.append(sentence)
        size += len(sentence)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
