"""The dials of codebook training. One of them is meant to be turned: the size."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from hyperlex.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a codebook is learned; saved beside it.

    Attributes:
        size: entries (ids) to learn.
        max_units: units in a phrase, at most (a word with its space is one unit, and so is a
            comma).
        min_count: occurrences of a phrase in the corpus, at least.
        min_documents: documents that it occurs in, at least: no text gets entries of its own.
        balance: 0 counts every character alike, 1 every domain alike; between them small domains
            are raised by degrees.
        max_characters: budget of text held at once (about 8 bytes of memory a character); a larger
            corpus is thinned by whole documents, the same ones on each run.
        crossing: what a merge inside a word counts that crosses a morpheme's edge, where morphemes
            are known: 1 is blind to them, near 0 all others come first.
        workers: processes that read the corpus.
    """

    size: int
    max_units: int = 8
    min_count: int = 6
    min_documents: int = 3
    balance: float = 0.5
    max_characters: int = 400_000_000
    crossing: float = 0.5
    workers: int = field(default_factory=lambda: min(8, os.cpu_count() or 1))

    def __post_init__(self) -> None:
        for name, least in (
            ("size", 1),
            ("max_units", 1),
            ("min_count", 2),
            ("min_documents", 1),
            ("max_characters", 1),
            ("workers", 1),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ConfigError(
                    f"{name}={value!r}: a whole number of at least {least} was expected."
                )
        if not 0 <= self.balance <= 1:
            raise ConfigError(
                f"balance={self.balance}: a number from 0 (by characters) to 1 (all domains "
                "alike) was expected."
            )
        if not 0 < self.crossing <= 1:
            raise ConfigError(
                f"crossing={self.crossing}: a number above 0 (merges follow morphemes as long as "
                "they can) and at most 1 (they do not ask) was expected."
            )
        if self.max_units > 32:
            raise ConfigError(
                f"max_units={self.max_units}: at most 32 was expected; longer phrases do not recur."
            )
