"""Counting tokens of any amount of text: ids in batches, nothing of a text kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from hyperlex.measure.bootstrap import FEW, block_spans
from hyperlex.measure.peer import Ids, Peer
from hyperlex.measure.tally import Tally
from hyperlex.measure.texts import Text
from hyperlex.measure.words import byte_offsets, count_words, word_spans
from hyperlex.types import Span

TEXT_COUNTS = ("characters", "bytes", "words")
TOKEN_COUNTS = ("tokens", "hyper_tokens", "hyper_characters", "expanded", "unknown")

_BATCH = 1 << 20  # characters that are encoded together
_STRETCH = 1 << 19
"""A longer document is encoded in stretches of this many characters, cut at line ends: a token more
or less at each cut, if any.
"""


class Lengths:
    """Counts of scope `all`.

    Attributes:
        tally: by cluster; counts of texts by name, counts of tokenizers by (its number, name).
        frequencies: for each tokenizer, how often each of its ids occurs: int64 [ids].
    """

    def __init__(self, peers: Sequence[Peer]) -> None:
        self.peers = peers
        numbered = [(n, name) for n in range(len(peers)) for name in TOKEN_COUNTS]
        self.tally = Tally((*TEXT_COUNTS, *numbered))
        self.frequencies = [np.zeros(peer.size, np.int64) for peer in peers]
        self._numbers: dict[str, int] = {}
        self._documents = 0
        self._of_domain: defaultdict[str, set[int]] = defaultdict(set)

    def add_all(
        self, texts: Iterable[Text], told: Callable[[int], None] = lambda characters: None
    ) -> Iterator[tuple[int, Text]]:
        """Count every text, and pass each on with its number when its batch is counted.

        A text without anything but white space is no document: a bootstrap that draws it would
        draw nothing.

        Args:
            told: is told how many characters are counted so far.
        """
        batch: list[tuple[int, Text]] = []
        size = done = 0
        for text in texts:
            if not text.text.strip():
                continue
            batch.append((self._number(text), text))
            size += len(text.text)
            if size >= _BATCH:
                self._add(batch)
                yield from batch
                done, batch, size = done + size, [], 0
                told(done)
        self._add(batch)
        yield from batch
        told(done + size)

    def _number(self, text: Text) -> int:
        """The number of the document that a text is, or is a part of."""
        number = self._numbers.get(text.document) if text.document else None
        if number is None:
            number, self._documents = self._documents, self._documents + 1
            if text.document:
                self._numbers[text.document] = number
        return number

    def _add(self, batch: Sequence[tuple[int, Text]]) -> None:
        stretches = [block_spans(text.text, _STRETCH) for _, text in batch]
        parts = [
            span.of(text.text)
            for (_, text), spans in zip(batch, stretches, strict=True)
            for span in spans
        ]
        runs = [iter(peer.encode_batch(parts)) for peer in self.peers]
        for (number, text), spans in zip(batch, stretches, strict=True):
            own = [[next(run) for _ in spans] for run in runs]
            self._add_document(number, text, spans, own)

    def _add_document(
        self, number: int, text: Text, spans: Sequence[Span], runs: Sequence[Sequence[Ids]]
    ) -> None:
        # Blocks are told apart while it is open whether the domain has documents enough.
        known = self._of_domain[text.domain]
        if len(known) < FEW:
            known.add(number)
        few = len(known) < FEW
        blocks = block_spans(text.text) if few else [Span(0, len(text.text))]
        edges = Edges(text.text, blocks) if len(blocks) > 1 else None
        counts = text_counts(text.text, edges)
        for index, (peer, of_stretches) in enumerate(zip(self.peers, runs, strict=True)):
            where = None
            if edges is not None:
                where = np.concatenate(
                    [
                        edges.of_bytes(peer.stops(span.of(text.text), ids) + edges.at[span.start])
                        for span, ids in zip(spans, of_stretches, strict=True)
                    ]
                )
            ids = np.concatenate(of_stretches)
            self.frequencies[index] += np.bincount(ids, minlength=peer.size)
            for name, values in token_counts(peer, ids).items():
                counts[index, name] = summed(values, where, len(blocks))
        self.tally.add(number, text.domain, counts, len(blocks))


class Edges:
    """Blocks of a text, and which of them a place is in."""

    def __init__(self, text: str, blocks: Sequence[Span]) -> None:
        self.at = byte_offsets(text)
        self.stops = np.array([block.stop for block in blocks], np.int64)

    def __len__(self) -> int:
        return len(self.stops)

    def of_bytes(self, stops: Ids) -> Ids:
        """The blocks in which tokens end that end at these bytes."""
        found = np.searchsorted(self.at[self.stops], stops, "left")
        return np.minimum(found, len(self) - 1)

    def of_starts(self, starts: Ids) -> Ids:
        """The blocks in which these characters stand."""
        found = np.searchsorted(self.stops, starts, "right")
        return np.minimum(found, len(self) - 1)


def text_counts(text: str, edges: Edges | None) -> dict[Any, Any]:
    """What is counted of a text, block by block, whatever the tokenizer."""
    if edges is None:
        return {
            "characters": len(text),
            "bytes": len(text.encode()),
            "words": count_words(text),
        }
    stops = np.concatenate([np.zeros(1, np.int64), edges.stops])
    where = edges.of_starts(word_spans(text)[:, 0])
    return {
        "characters": np.diff(stops),
        "bytes": np.diff(edges.at[stops]),
        "words": np.bincount(where, minlength=len(edges)),
    }


def token_counts(peer: Peer, ids: Ids) -> dict[str, Ids | np.bool_]:
    """For each count of a tokenizer, what each token adds to it."""
    ones = np.ones(len(ids), np.int64)
    hyper = (ids >= peer.size - peer.hyper) if peer.hyper else np.zeros(len(ids), bool)
    return {
        "tokens": ones,
        "hyper_tokens": hyper.astype(np.int64),
        "hyper_characters": peer.characters[ids] * hyper,
        "expanded": peer.expansion[ids] * hyper,
        "unknown": (ids == peer.unknown).astype(np.int64),
    }


def summed(values: Any, where: Ids | None, blocks: int) -> Any:
    """Sums of what tokens add: one, or one for each block."""
    if where is None:
        return np.sum(values)
    return np.bincount(where, values, blocks)
