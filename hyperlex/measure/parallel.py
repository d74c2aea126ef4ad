"""Parallel sentences, for the premium of one language over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyperlex.errors import ConfigError, FormatError
from hyperlex.measure.bootstrap import DOCUMENT, Bootstrap, Draws
from hyperlex.measure.peer import Peer
from hyperlex.measure.texts import corpora, told_as_ours


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence in two languages; `document` tells which pairs are resampled together."""

    russian: str
    english: str
    document: str


def sentence_pairs(source: Any) -> list[Pair]:
    """Russian and English sentences.

    Args:
        source: what `hyperlex_corpora.load` reads as pairs (the corpus `pud`, or a tab-separated
            file with the columns `sent_id`, `ru` and `en`); or an iterable of pairs of str
            (Russian, English), each a document of its own.

    Raises:
        ConfigError: the file cannot be read, or there is no pair.
        FormatError: it holds no English beside the Russian.
    """
    pairs = _loaded(source) if isinstance(source, str | Path) else _listed(source)
    if not pairs:
        raise ConfigError("The parallel text has no sentence: one pair at least was expected.")
    return pairs


def parallel_bootstrap(pairs: Sequence[Pair], peers: Sequence[Peer], draws: Draws) -> Bootstrap:
    """Tokens of both languages by document, each sentence encoded alone."""
    numbers: dict[str, int] = {}
    where = [numbers.setdefault(pair.document, len(numbers)) for pair in pairs]
    counts: dict[Any, Any] = {}
    for index, peer in enumerate(peers):
        for name, texts in (
            ("tokens", [pair.russian for pair in pairs]),
            ("english_tokens", [pair.english for pair in pairs]),
        ):
            tokens = [len(ids) for ids in peer.encode_batch(texts)]
            counts[index, name] = np.bincount(where, tokens)
    return draws.over(counts, DOCUMENT)


def _listed(source: Any) -> list[Pair]:
    return [Pair(str(ru), str(en), str(number)) for number, (ru, en) in enumerate(source)]


def _loaded(source: str | Path) -> list[Pair]:
    with told_as_ours():
        records = list(corpora().load(source))
    pairs: list[Pair] = []
    for record in records:
        english = getattr(record, "english", None)
        if not isinstance(english, str):
            raise FormatError(
                f"{source} holds no English beside the Russian: a tab-separated file with the "
                "columns sent_id, ru and en, or the corpus pud, was expected."
            )
        pairs.append(Pair(record.text, english, record.document or str(len(pairs))))
    return pairs
