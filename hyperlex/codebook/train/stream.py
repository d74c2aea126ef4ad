"""Step 1 of training: texts to one long array of unit ids, in parallel, with span starts and
domains.

Memory is 4 bytes a unit (about 5 characters of Russian) and one string for each distinct unit. A
corpus above the budget is thinned by whole documents: those whose hash is smallest stay, so neither
order nor chance decides.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.corpus import Document
from hyperlex.codebook.processes import in_processes
from hyperlex.codebook.spans import SceneStarts
from hyperlex.codebook.spelling import refusing_panics

Unit = str | tuple[int, ...]
"""A unit as the reader names it: its text where the base splits by a pattern, else its base ids."""

_BATCH_CHARACTERS = 2_000_000


@dataclass(frozen=True)
class UnitStream:
    """A corpus as units.

    Attributes:
        names: the distinct units, by id.
        ids: int32 [units], document after document.
        starts_span: bool [units], does a scene-like span begin here?
        starts_document: bool [units].
        domain: uint32 [units], index into `domains`.
        domains: names, in order.
        characters: how many characters each domain has.
        dropped: documents that the budget had no room for.
    """

    names: list[Unit]
    ids: NDArray[np.int32]
    starts_span: NDArray[np.bool_]
    starts_document: NDArray[np.bool_]
    domain: NDArray[np.uint32]
    domains: list[str]
    characters: list[int]
    dropped: int


class UnitReader:
    """Texts to units with span starts. Made once in each worker process."""

    def __init__(self, base: BaseTokenizer, scene_starts: SceneStarts) -> None:
        self.base, self.scene_starts = base, scene_starts
        self.splits = base.split_pattern is not None
        self.normalizer = base.tokenizer.normalizer

    def __call__(self, text: str) -> tuple[list[Unit], list[bool]]:
        """The units of a text, and for each whether a span begins with it (or inside it)."""
        # A lone surrogate in a corpus is no reason to stop.
        text = text.encode("utf-8", "ignore").decode()
        if self.splits and self.normalizer is not None:
            text = self.normalizer.normalize_str(text)
        boundaries = iter([*self.scene_starts(text), sys.maxsize])
        boundary = next(boundaries)
        units: list[Unit] = []
        starts: list[bool] = []
        for unit, stop in self._split(text):
            # A boundary between a word and the space of the next one belongs to the next one.
            begins = not units
            while boundary < stop:
                begins, boundary = True, next(boundaries)
            units.append(unit)
            starts.append(begins)
        return units, starts

    def _split(self, text: str) -> Iterator[tuple[Unit, int]]:
        """Units with the offset at which each ends."""
        if self.splits:
            with refusing_panics(text):
                pieces = self.base.splitter.pre_tokenize_str(text)
            for unit, (_, stop) in pieces:
                yield unit, stop
            return
        with refusing_panics(text):
            encoding = self.base.tokenizer.encode(text, add_special_tokens=False)
        ids, offsets = encoding.ids, encoding.offsets
        edges = self.base.units(ids).edges
        for start, stop in pairwise(edges):
            yield tuple(ids[start:stop]), offsets[stop - 1][1]


_Batch = tuple[list[Unit], NDArray[np.int32], NDArray[np.bool_], list[int], list[int]]


def _read_batch(reader: UnitReader, job: list[Document]) -> _Batch:
    """In a worker: distinct units, local ids, span starts, lengths and hashes of the documents."""
    numbers: dict[Unit, int] = {}
    ids, starts, lengths, hashes = [], [], [], []
    for document in job:
        units, begins = reader(document.text)
        ids.extend([numbers.setdefault(unit, len(numbers)) for unit in units])
        starts.extend(begins)
        lengths.append(len(units))
        hashes.append(text_hash(document.text))
    return list(numbers), np.array(ids, np.int32), np.array(starts, np.bool_), lengths, hashes


def text_hash(text: str) -> int:
    """64 bits that a text has in every process and on every machine."""
    data = text.encode("utf-8", "ignore")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def read_units(
    base: BaseTokenizer,
    documents: Iterable[Document],
    *,
    scene_starts: SceneStarts,
    max_characters: int,
    workers: int,
    progress: Callable[[str, int, int | None], None],
) -> UnitStream:
    """Read a corpus once, streaming; see the head of this file."""
    reader = UnitReader(base, scene_starts)
    collected = _Collector(max_characters)
    for job, batch in in_processes(partial(_read_batch, reader), batches(documents), workers):
        collected.add(job, batch)
        progress("reading", collected.read, None)
    return collected.stream()


def batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents in lists of about two million characters: what a worker takes at once."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.text)
        if size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Collector:
    """Gathers batches under one numbering of units, thinning whole documents when the budget is
    exceeded.
    """

    def __init__(self, max_characters: int) -> None:
        self.budget = max_characters
        self.limit = 1 << 64  # documents with a hash below it stay
        self.numbers: dict[Unit, int] = {}
        self.domains: dict[str, int] = {}
        self.kept: list[tuple[int, int, int, NDArray[np.int32], NDArray[np.bool_]]] = []
        self.size = self.read = self.dropped = 0

    def add(self, job: list[Document], batch: _Batch) -> None:
        names, ids, starts, lengths, hashes = batch
        translate = np.array(
            [self.numbers.setdefault(unit, len(self.numbers)) for unit in names], np.int32
        )
        ids = translate[ids] if len(names) else ids
        at = 0
        for document, length, digest in zip(job, lengths, hashes, strict=True):
            here = slice(at, at + length)
            at += length
            self.read += len(document.text)
            if digest >= self.limit:
                self.dropped += 1
            elif length:
                domain = self.domains.setdefault(document.domain, len(self.domains))
                # Copies: a view would keep its whole batch.
                item = (digest, domain, len(document.text), ids[here].copy(), starts[here].copy())
                self.kept.append(item)
                self.size += len(document.text)
                self._thin()

    def _thin(self) -> None:
        """Lower the limit until what is kept fits; one document stays in any case."""
        while self.size > self.budget and len(self.kept) > 1:
            self.limit = max(self.limit // 2, min(item[0] for item in self.kept) + 1)
            before = len(self.kept)
            self.kept = [item for item in self.kept if item[0] < self.limit]
            self.dropped += before - len(self.kept)
            self.size = sum(item[2] for item in self.kept)

    def stream(self) -> UnitStream:
        lengths = [len(item[3]) for item in self.kept]
        starts_document = np.zeros(sum(lengths), np.bool_)
        starts_document[np.cumsum([0, *lengths[:-1]], dtype=np.int64)[: len(lengths)]] = True
        characters = [0] * len(self.domains)
        for _, domain, size, _, _ in self.kept:
            characters[domain] += size
        empty: NDArray[Any] = np.zeros(0)
        return UnitStream(
            names=list(self.numbers),
            ids=np.concatenate([item[3] for item in self.kept] or [empty.astype(np.int32)]),
            starts_span=np.concatenate([item[4] for item in self.kept] or [empty.astype(np.bool_)])
            | starts_document,
            starts_document=starts_document,
            domain=np.repeat(np.array([item[1] for item in self.kept], np.uint32), lengths),
            domains=list(self.domains),
            characters=characters,
            dropped=self.dropped,
        )
