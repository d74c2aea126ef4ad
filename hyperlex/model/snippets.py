"""Snippets of text that show every hypertoken often enough, from texts of any length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.corpus import Document, documents, text_files
from hyperlex.tokenizer.hyper import HyperTokenizer

Texts = str | Path | Iterable[str | Document | Path]
"""What `hyperlex.train_codebook` reads: a file, a folder, or texts, documents and paths."""

_OPEN_FILES = 32
"""Files read in turn. Folders hold a domain each, so a beginning of one file after the other would
show the first domain alone."""
_SECTION = 8_000
"""Characters that are read of one file before the next has its turn."""


@dataclass(frozen=True, eq=False)
class Snippets:
    """Runs of ids, each with a hypertoken in it.

    Args:
        ids: int32 [total], base ids and hypertokens, one snippet after another.
        stops: int64 [snippets], where each ends in `ids`.
        shown: int64 [hypertokens], how many snippets show each.
    """

    ids: NDArray[np.int32]
    stops: NDArray[np.int64]
    shown: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.stops)

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        start = int(self.stops[index - 1]) if index else 0
        return self.ids[start : int(self.stops[index])]


def select_snippets(
    tok: HyperTokenizer,
    texts: Texts,
    *,
    per_token: int,
    window: int,
    most: int | None = None,
    seed: int = 0,
    told: Callable[[str, int, int | None], None] | None = None,
) -> Snippets:
    """Read `texts` once and keep what shows a hypertoken that was not shown `per_token` times yet.

    A snippet is a run of whole ids that stands for at most `window` base ids; the next begins where
    it ends. Reading stops when every hypertoken was shown often enough, or `most` snippets are
    kept. Texts stream; what is kept is at most `per_token` × hypertokens snippets, in practice some
    ten times less, for each shows many.

    Args:
        seed: of the order in which files are read in turn. Texts of an iterable keep their order.
        told: progress: stage, snippets so far, None.

    Raises:
        ConfigError, FormatError: as `hyperlex.codebook.corpus.documents`.
    """
    first = tok.layout.base_size
    lengths = np.ones(tok.layout.first_scene, np.int64)
    lengths[first:] = tok.codebook.lengths
    shown = np.zeros(tok.layout.hyper_size, np.int64)
    kept: list[NDArray[np.int32]] = []
    for text in _in_turn(texts, seed):
        ids = np.array(tok.encode(text), np.int32)
        for snippet in _cut(ids, lengths, window):
            codes = np.unique(snippet[snippet >= first]) - first
            if len(codes) and (shown[codes] < per_token).any():
                shown[codes] += 1
                kept.append(snippet)
                if told is not None and len(kept) % 1_000 == 0:
                    told("reading texts", len(kept), most)
            if len(kept) == most:
                break
        if len(kept) == most or (shown >= per_token).all():
            break
    ids = np.concatenate(kept) if kept else np.zeros(0, np.int32)
    return Snippets(ids, np.cumsum([len(snippet) for snippet in kept], dtype=np.int64), shown)


def _cut(
    ids: NDArray[np.int32], lengths: NDArray[np.int64], window: int
) -> Iterator[NDArray[np.int32]]:
    """Runs of at least two ids and at most `window` base ids. A hypertoken longer than a window is
    left out."""
    ends = np.cumsum(lengths[ids])
    start = 0
    while start < len(ids):
        before = int(ends[start - 1]) if start else 0
        stop = int(np.searchsorted(ends, before + window, side="right"))
        if stop - start >= 2:
            yield ids[start:stop]
        start = max(stop, start + 1)


def _in_turn(texts: Texts, seed: int) -> Iterator[str]:
    """The texts: those of files from several at once, drawn at random."""
    items: Iterable[Any] = [Path(texts)] if isinstance(texts, str | Path) else texts
    files: list[Path] = []
    for item in items:
        if isinstance(item, Path):
            files += text_files(item)
        else:
            yield from (document.text for document in documents([item]))
    random = np.random.default_rng(seed)
    waiting = [files[index] for index in random.permutation(len(files))]
    opened: list[Iterator[str]] = []
    while waiting or opened:
        while waiting and len(opened) < _OPEN_FILES:
            opened.append(_sections(documents(waiting.pop())))
        index = int(random.integers(len(opened)))
        section = next(opened[index], None)
        if section is None:
            del opened[index]
        else:
            yield section


def _sections(source: Iterable[Document]) -> Iterator[str]:
    """Documents in stretches of whole lines."""
    for document in source:
        held: list[str] = []
        size = 0
        for line in document.text.splitlines(keepends=True):
            held.append(line)
            size += len(line)
            if size >= _SECTION:
                yield "".join(held)
                held, size = [], 0
        if held:
            yield "".join(held)
