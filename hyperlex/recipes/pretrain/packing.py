"""Documents as rows of a batch: windows of equal length, every token predicted exactly once.

A row is one endless run of ids: an end of text, a document, an end of text, a document … It is cut
into windows of `context + 1` ids that overlap by one, so that the last id of a window, which was
predicted there, is what the next one begins with. Nothing is padded, dropped or masked.

Each row of the batch has its own run. Documents are dealt to the row that has had the fewest
characters, which every process can tell without tokenising, so a run of n processes reads what a
run of one would, and tokenises only its own rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import ConfigError
from hyperlex.recipes.pretrain.tokens import characters_of, encode_all, end_of_text
from hyperlex.tokenizer import HyperTokenizer

Integers = NDArray[np.int64]

_AHEAD = 1 << 16  # characters that are tokenised together, at least


class Batch(NamedTuple):
    """Windows and how much text their targets are.

    Attributes:
        ids: int64 [rows, context + 1]; all but the last are inputs, all but the first targets.
        characters: of the targets' text; ends of text have none.
    """

    ids: Integers
    characters: int


class Row:
    """One run of ids, waiting to be cut.

    Args:
        start: the id that stands before the first token, which is predicted from it.
    """

    def __init__(self, start: int) -> None:
        self.ids: Integers = np.array([start], np.int64)
        self.characters: Integers = np.zeros(1, np.int64)
        self._held: list[tuple[Integers, Integers]] = []
        self._length = 1

    @classmethod
    def of(cls, ids: Integers, characters: Integers) -> Row:
        """A row that goes on from what waited in another."""
        row = cls(0)
        row.ids, row.characters, row._length = ids, characters, len(ids)
        return row

    def __len__(self) -> int:
        return self._length

    def add(self, ids: Integers, characters: Integers) -> None:
        """Append ids, int64 [T], and the characters of each, int64 [T]."""
        self._held.append((ids, characters))
        self._length += len(ids)

    def merge(self) -> None:
        """Have all that waits in `ids` and `characters`."""
        if self._held:
            ids, characters = zip(*self._held, strict=True)
            self.ids = np.concatenate([self.ids, *ids])
            self.characters = np.concatenate([self.characters, *characters])
            self._held = []

    def cut(self, context: int) -> tuple[Integers, int]:
        """The next window, int64 [context + 1], and the characters of its targets."""
        self.merge()
        window = self.ids[: context + 1]
        characters = int(self.characters[1 : context + 1].sum())
        self.ids, self.characters = self.ids[context:], self.characters[context:]
        self._length -= context
        return window, characters


@dataclass(frozen=True)
class Vocabulary:
    """What packing needs of a tokenizer.

    Attributes:
        tok: the tokenizer.
        end: the id between documents.
        characters: int64 [ids], see `tokens.characters_of`.
    """

    tok: HyperTokenizer
    end: int
    characters: Integers

    @classmethod
    def of(cls, tok: HyperTokenizer) -> Vocabulary:
        return cls(tok, end_of_text(tok), characters_of(tok))

    def documents(self, texts: list[str]) -> Iterator[tuple[Integers, Integers]]:
        """Ids and characters of each text, an end of text behind each.

        The characters of a document add up to its length, whatever the base does to its text: what
        a normaliser adds or takes away is booked on the end of text.
        """
        for text, ids in zip(texts, encode_all(self.tok, texts), strict=True):
            counts = np.append(self.characters[ids], 0)
            counts[-1] = len(text) - int(counts.sum())
            yield np.append(ids, self.end), counts


class PackedRows:
    """Batches without end from documents without end.

    Args:
        texts: the documents; where they end, so do the batches.
        vocabulary: of the tokenizer.
        context: tokens that the model sees at once.
        rows: of the batch of all processes.
        mine: the rows of this process.
    """

    def __init__(
        self,
        texts: Iterable[str],
        vocabulary: Vocabulary,
        *,
        context: int,
        rows: int,
        mine: range | None = None,
    ) -> None:
        if context < 1 or rows < 1:
            raise ConfigError(f"context={context}, rows={rows}: at least 1 of each was expected.")
        self._texts = iter(texts)
        self._vocabulary = vocabulary
        self._context = context
        self._mine = range(rows) if mine is None else mine
        self.rows = {row: Row(vocabulary.end) for row in self._mine}
        self.dealt = np.zeros(rows, np.int64)
        """int64 [rows]: characters that each row of the whole batch was given."""
        self.taken = 0
        """Documents taken so far."""

    def __iter__(self) -> Iterator[Batch]:
        while (batch := self.batch()) is not None:
            yield batch

    def batch(self) -> Batch | None:
        """The next window of each of this process' rows; None where the documents ended first."""
        while any(len(row) <= self._context for row in self.rows.values()):
            if not self._pull():
                return None
        cut = [self.rows[row].cut(self._context) for row in self._mine]
        return Batch(np.stack([ids for ids, _ in cut]), sum(count for _, count in cut))

    def advance(self, taken: int) -> None:
        """Take documents until `taken` were, so that all processes stand at one place."""
        while self.taken < taken and self._pull(taken - self.taken):
            pass

    def _pull(self, most: int | None = None) -> bool:
        """Deal some documents, and tokenise those that are for this process; False at the end."""
        places, texts, size, taken = [], [], 0, self.taken
        for text in self._texts:
            self.taken += 1
            place = int(self.dealt.argmin())
            self.dealt[place] += len(text)
            if place in self.rows:
                places.append(place)
                texts.append(text)
            size += len(text)
            if size >= _AHEAD or self.taken - taken == most:
                break
        for place, document in zip(places, self._vocabulary.documents(texts), strict=True):
            self.rows[place].add(*document)
        return self.taken > taken
