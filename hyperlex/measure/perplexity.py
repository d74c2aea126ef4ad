"""Perplexity per token, and beside it what can be compared: bits per character.

Perplexity is e to the mean loss of a token: among how many equally likely tokens the model
hesitates. It is a figure of model and tokenizer together. The same certainty about the same text,
told over tokens of k characters, is

    perplexity = 2 ** (bits per character * k)

so 2.46 over one-letter tokens is log2(2.46) = 1.30 bits per character, and 57 over tokens of four
and a half characters. Short tokens make small perplexities and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.measure.bootstrap import Bootstrap, Draws, Interval, block_spans, divided
from hyperlex.measure.lengths import Edges
from hyperlex.measure.tally import Tally

NOTE = (
    "Perplexity is per token: it compares models of one tokenizer only. Bits per character compare "
    "any two models."
)


@dataclass(frozen=True, slots=True)
class TextBits:
    """What a model needed for one text.

    Attributes:
        text: its characters are counted.
        bits: float64 [T], of each token: `hyperlex.measure.bits`.
        stops: int64 [T], where each token ends in the UTF-8 bytes of the text: `Peer.stops`.
        document: texts of one document are drawn together.
    """

    text: str
    bits: NDArray[np.float64]
    stops: NDArray[np.int64]
    document: int


@dataclass(frozen=True, slots=True)
class Perplexity:
    """How well a model predicts texts, with intervals.

    Attributes:
        per_token: perplexity.
        bits_per_character: of the text in characters, whatever the tokenizer.
        per_character: 2 ** bits_per_character: the perplexity of the same prediction over tokens of
            one letter.
        tokens, characters: that were predicted.
        documents: how many texts.
        clusters, unit: what was drawn for the intervals: documents, or blocks where those are few.
    """

    per_token: Interval
    bits_per_character: Interval
    per_character: Interval
    tokens: int
    characters: int
    documents: int
    clusters: int
    unit: str


def perplexity(read: Sequence[TextBits], draws: Draws | None = None) -> Perplexity:
    """The perplexity over all texts that a model has read: totals divided, never a mean of texts'.

    Raises `ValueError` for no texts.
    """
    if not read:
        raise ValueError("No text was read, so there is no perplexity.")
    table = resampled([read], draws)
    totals = table.totals
    return Perplexity(
        table.interval(lambda c: _power(divided(c[0, "bits"], c[0, "tokens"]))),
        table.interval(lambda c: divided(c[0, "bits"], c["characters"])),
        table.interval(lambda c: _power(divided(c[0, "bits"], c["characters"]))),
        int(totals[0, "tokens"]),
        int(totals["characters"]),
        len({text.document for text in read}),
        table.clusters,
        table.unit,
    )


def difference(
    first: Sequence[TextBits], second: Sequence[TextBits], draws: Draws | None = None
) -> Interval:
    """Bits per character of `first` less those of `second`, on the same draws of the same texts."""
    return resampled([first, second], draws).difference(
        lambda c: divided(c[0, "bits"], c["characters"]),
        lambda c: divided(c[1, "bits"], c["characters"]),
    )


def resampled(readings: Sequence[Sequence[TextBits]], draws: Draws | None) -> Bootstrap:
    """Characters, and bits and tokens by number of the reading, of the same texts."""
    names = [(number, name) for number in range(len(readings)) for name in ("bits", "tokens")]
    tally = Tally(("characters", *names))
    for texts in zip(*readings, strict=True):
        text = texts[0].text
        edges = Edges(text, block_spans(text))
        starts = np.concatenate([np.zeros(1, np.int64), edges.stops])
        counts: dict[Any, Any] = {"characters": np.diff(starts)}
        for number, of_model in enumerate(texts):
            where = edges.of_bytes(of_model.stops)
            counts[number, "bits"] = np.bincount(where, of_model.bits, len(edges))
            counts[number, "tokens"] = np.bincount(where, minlength=len(edges))
        tally.add(texts[0].document, "", counts, len(edges))
    return tally.bootstrap(draws or Draws())


def _power(bits: Any) -> Any:
    return np.exp2(bits)
