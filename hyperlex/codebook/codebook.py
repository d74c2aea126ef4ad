"""The codebook: hypertokens, what each stands for, and the one canonical parse.

An entry is a run of base ids, of one of two kinds. A *phrase* is one or more whole units (words,
with a comma between them, say); phrases are parsed by longest match, left to right. A *piece* joins
two adjacent pieces inside one unit; pieces are applied by rank, lowest first, inside units that no
phrase covers, after all base merges. Rank is position in the codebook, so the first N entries are
themselves a valid codebook.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.parse import Parser
from hyperlex.errors import ConfigError, VocabularyError

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CodebookEntry:
    """One hypertoken and where it came from.

    Attributes:
        id: the hypertoken's id.
        kind: "phrase" or "piece".
        ids: the base ids that it stands for.
        text: what they spell; bytes that are no whole character are shown as U+FFFD.
        units: how many units a phrase spans (0 for a piece).
        count: occurrences in the training corpora under the canonical parse, weighted by domain.
        saved: base tokens saved there, weighted by domain.
        whole_scenes: how many of those occurrences were a whole scene-like span.
        morphemes: the text cut into morphemes by `|`, or "" where no analyzer was given.
    """

    id: int
    kind: str
    ids: tuple[int, ...]
    text: str
    units: int
    count: int
    saved: int
    whole_scenes: int
    morphemes: str


@dataclass(frozen=True, eq=False)
class Codebook:
    """Hypertokens over one base tokenizer.

    Args:
        base: the tokenizer that the codebook was trained for.
        ids: int64 [total], the base ids of all entries, one entry after another.
        lengths: int64 [entries], how many base ids each entry has (at least 2).
        unit_sizes: int64 [total units], how many base ids each unit of each phrase has.
        units: int64 [entries], how many units each phrase has; 0 marks a piece.
        parts: int64 [entries, 2], the two ids that a piece joins (base ids, or ids of earlier
            pieces); -1 for phrases.
        counts, saved, whole_scenes: int64 [entries], see `CodebookEntry`.
        cuts: int64 [total cuts], the offsets in each entry's text at which morphemes meet.
        cut_counts: int64 [entries], how many each entry has; empty where no analyzer was given.
    """

    base: BaseTokenizer
    ids: Integers
    lengths: Integers
    unit_sizes: Integers
    units: Integers
    parts: Integers
    counts: Integers
    saved: Integers
    whole_scenes: Integers
    cuts: Integers
    cut_counts: Integers

    @property
    def base_size(self) -> int:
        """The seam: base ids are below it, the id of entry `n` is `base_size + n`."""
        return self.base.size

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[CodebookEntry]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> CodebookEntry:
        """Entry `index` (the hypertoken `base_size + index`)."""
        if not -len(self) <= index < len(self):
            raise IndexError(
                f"Entry {index} of a codebook of {len(self)}: an index from 0 to {len(self) - 1} "
                "was expected."
            )
        index %= len(self)
        text = self.entry_bytes(index).decode(errors="replace")
        return CodebookEntry(
            id=self.base_size + index,
            kind="phrase" if self.units[index] else "piece",
            ids=self.expansions[index],
            text=text,
            units=int(self.units[index]),
            count=int(self.counts[index]),
            saved=int(self.saved[index]),
            whole_scenes=int(self.whole_scenes[index]),
            morphemes=self._marked(index, text),
        )

    @cached_property
    def expansions(self) -> list[tuple[int, ...]]:
        """The base ids of each entry."""
        flat, stops = self.ids.tolist(), np.cumsum(self.lengths).tolist()
        return [tuple(flat[start:stop]) for start, stop in zip([0, *stops], stops, strict=False)]

    @cached_property
    def unit_runs(self) -> list[tuple[tuple[int, ...], ...]]:
        """The base ids of each entry, unit by unit; empty for pieces."""
        sizes, counts, runs, at = self.unit_sizes.tolist(), self.units.tolist(), [], 0
        for expansion, count in zip(self.expansions, counts, strict=True):
            units, start = [], 0
            for size in sizes[at : at + count]:
                units.append(expansion[start : start + size])
                start += size
            runs.append(tuple(units))
            at += count
        return runs

    def entry_bytes(self, index: int) -> bytes:
        """The bytes that entry `index` stands for in running text."""
        return b"".join(map(self.base.token_bytes.__getitem__, self.expansions[index]))

    @cached_property
    def _cut_stops(self) -> Integers:
        return np.concatenate([[0], np.cumsum(self.cut_counts)])

    def _marked(self, index: int, text: str) -> str:
        """`text` with its morphemes marked, or "" where they are not known."""
        if not len(self.cut_counts):
            return ""
        inner = self.cuts[self._cut_stops[index] : self._cut_stops[index + 1]].tolist()
        return "|".join(text[a:b] for a, b in itertools.pairwise([0, *inner, len(text)]))

    @cached_property
    def _parser(self) -> Parser:
        return Parser(self.unit_runs, self.parts.tolist(), self.base_size)

    def expand(self, ids: Sequence[int]) -> list[int]:
        """Base ids of a run of ids: each hypertoken replaced by what it stands for.

        Raises:
            VocabularyError: an id that is neither a base id nor a hypertoken.
        """
        seam, expansions = self.base_size, self.expansions
        end = seam + len(expansions)
        result: list[int] = []
        for index in ids:
            if 0 <= index < seam:
                result.append(index)
            elif seam <= index < end:
                result.extend(expansions[index - seam])
            else:
                raise VocabularyError(
                    f"Id {index} is outside the vocabulary: base ids are 0 to {seam - 1}, "
                    f"hypertokens {seam} to {end - 1}. "
                    "Was the text encoded with another tokenizer?"
                )
        return result

    def collapse(self, base_ids: Sequence[int]) -> list[int]:
        """The canonical parse: runs of base ids replaced by hypertokens. `expand(collapse(ids)) ==
        ids` for any ids.

        Raises:
            VocabularyError: an id that is no base id.
        """
        base_ids = list(base_ids)
        for index in base_ids:
            if not 0 <= index < self.base_size:
                raise VocabularyError(
                    f"Id {index} is no base id: 0 to {self.base_size - 1} was expected. Call "
                    "expand() first if it is a hypertoken."
                )
        return self._parser(base_ids, self.base.units(base_ids))

    def prefix(self, size: int) -> Codebook:
        """The first `size` entries, a valid codebook over the same base (nested budgets).

        Raises:
            ConfigError: a size below 1 or above the number of entries.
        """
        if not 1 <= size <= len(self):
            raise ConfigError(
                f"size={size}: a number from 1 to {len(self)} was expected, the entries that this "
                "codebook has."
            )
        return Codebook(
            base=self.base,
            ids=self.ids[: int(self.lengths[:size].sum())],
            lengths=self.lengths[:size],
            unit_sizes=self.unit_sizes[: int(self.units[:size].sum())],
            units=self.units[:size],
            parts=self.parts[:size],
            counts=self.counts[:size],
            saved=self.saved[:size],
            whole_scenes=self.whole_scenes[:size],
            cuts=self.cuts[: int(self.cut_counts[:size].sum())],
            cut_counts=self.cut_counts[:size],
        )

    def save(self, directory: str | Path) -> None:
        """Write `codebook.safetensors` and its readable twin `codebook.tsv` into `directory`. See
        docs/formats.md.
        """
        from hyperlex.codebook.files import save_codebook

        save_codebook(self, Path(directory))

    @classmethod
    def load(cls, directory: str | Path, base: object) -> Codebook:
        """Read what `save` wrote.

        Args:
            directory: where `codebook.safetensors` is.
            base: the tokenizer that it was trained for, in any form that `BaseTokenizer.load`
                takes.

        Raises:
            FormatError: no codebook there, a damaged one, or one of another format version.
            VocabularyError: it was trained for another base tokenizer.
        """
        from hyperlex.codebook.files import load_codebook

        return load_codebook(Path(directory), BaseTokenizer.load(base))
