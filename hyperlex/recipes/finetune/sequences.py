"""Rows as sequences of ids with what is learned of each, in memory as flat arrays.

The pieces of a row are encoded one by one. So no hypertoken reaches from a prompt into its
completion, and a prompt has the ids at training that it has alone, when the model is asked.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import ConfigError, FormatError
from hyperlex.recipes.finetune.pieces import Cut, Pieces
from hyperlex.recipes.finetune.rows import Row
from hyperlex.tokenizer import HyperTokenizer

Told = Callable[[str], None]


class Sequence_(NamedTuple):
    """One sequence.

    Attributes:
        ids: int32 [T].
        learned: bool [T]; the first id is never learned: nothing predicts it.
    """

    ids: NDArray[np.int32]
    learned: NDArray[np.bool_]


@dataclass
class Sequences:
    """Sequences one behind the other."""

    ids: array[int] = field(default_factory=lambda: array("i"))
    learned: bytearray = field(default_factory=bytearray)
    stops: array[int] = field(default_factory=lambda: array("q"))

    def add(self, ids: Sequence[int], learned: Sequence[bool]) -> None:
        self.ids.extend(ids)
        self.learned.extend(learned)
        self.stops.append(len(self.ids))

    def __len__(self) -> int:
        return len(self.stops)

    def __getitem__(self, index: int) -> Sequence_:
        if not 0 <= index < len(self):
            raise IndexError(index)
        start = self.stops[index - 1] if index else 0
        stop = self.stops[index]
        ids = np.array(self.ids[start:stop], np.int32)
        learned = np.frombuffer(bytes(self.learned[start:stop]), np.uint8).astype(bool)
        learned[0] = False
        return Sequence_(ids, learned)

    def parted(self, share: float, seed: int) -> tuple[Sequences, Sequences]:
        """All but a share of them, and that share, drawn by `seed`; order is kept."""
        held = max(1, round(len(self) * share))
        if held >= len(self):
            raise ConfigError(
                f"validation = {share} of {len(self)} sequences leaves none to learn from. Add "
                "data, or name data for validation."
            )
        chosen = set(np.random.default_rng(seed).permutation(len(self))[:held].tolist())
        parts = Sequences(), Sequences()
        for index in range(len(self)):
            ids, learned = self[index]
            parts[index in chosen].add(ids.tolist(), learned.tolist())
        return parts

    @property
    def sha256(self) -> str:
        """Of all ids and what is learned of them: what a run that goes on must find again."""
        digest = hashlib.sha256(self.ids.tobytes())
        digest.update(bytes(self.learned))
        digest.update(self.stops.tobytes())
        return digest.hexdigest()


class Encoder:
    """Pieces to ids.

    Args:
        tok: the tokenizer.
        end: the id behind a text.
    """

    def __init__(self, tok: HyperTokenizer, end: int) -> None:
        self._tok = tok
        self._end = end
        self._prefix = tok.base.prefix

    def __call__(self, found: Pieces) -> tuple[list[int], list[bool]]:
        """The ids of all pieces, and of each whether it is learned."""
        ids = list(self._prefix) if found.begins else []
        learned = [False] * len(ids)
        for piece in found.pieces:
            part = self._tok.encode(piece.text)
            ids += part
            learned += [piece.learned] * len(part)
        if found.ends:
            ids.append(self._end)
            learned.append(True)
        return ids, learned


def make_sequences(
    rows: Iterable[Row],
    cut: Cut,
    encode: Encoder,
    *,
    name: str,
    context: int,
    packing: bool,
    skip_long: bool,
    told: Told,
) -> Sequences:
    """The sequences of all rows.

    Args:
        name: of the rows' source, for errors.
        context: ids of a sequence, at most.
        packing: texts are joined, each with its end-of-text token, and cut every `context` ids,
            whatever stands there; the last sequence is shorter. Attention goes across.
        skip_long: an answer that does not fit into `context` with what it answers is left out, not
            refused. A text alone is cut off.
        told: is told what was left out or cut, and how much.

    Raises:
        FormatError: no row, none with a text, or rows longer than `context`: how many and the
            first of them. Otherwise as `cut`.
    """
    made = Sequences()
    stream_ids: list[int] = []
    stream_learned: list[bool] = []
    read = empty = cut_off = lost = 0
    long: list[tuple[str, int]] = []
    for row in rows:
        read += 1
        pieces = cut(row)
        if pieces is None:
            empty += 1
            continue
        ids, learned = encode(pieces)
        if packing:
            stream_ids += ids
            stream_learned += learned
            while len(stream_ids) >= context:
                made.add(stream_ids[:context], stream_learned[:context])
                del stream_ids[:context], stream_learned[:context]
            continue
        if len(ids) > context:
            if pieces.answers:
                long.append((row.place, len(ids)))
                continue
            cut_off += 1
            lost += len(ids) - context
        made.add(ids[:context], learned[:context])
    if len(stream_ids) > 1:
        made.add(stream_ids, stream_learned)
    if empty:
        told(f"{empty:,} of {read:,} rows have no text to learn and were left out.")
    if long and not skip_long:
        place, size = long[0]
        most = max(size for _, size in long)
        raise FormatError(
            f"{len(long):,} of {read:,} rows are longer than context = {context}: the first is "
            f"{place}, with {size} tokens; the longest has {most}. A completion that is cut off "
            f'teaches no end. Write context = {most}, shorten them, or too_long = "skip".'
        )
    whole = len(made.ids) + lost
    shortened = (
        f"cut after {context} tokens, which leaves out {lost:,} of all {whole:,} (packing = true, "
        "where all rows are texts, learns from all)"
    )
    for count, done in ((len(long), "left out"), (cut_off, shortened)):
        if count:
            told(f"{count:,} of {read:,} rows are longer than the context and were {done}.")
    if not len(made):
        raise FormatError(
            f"Nothing to learn from in {name}: {read:,} rows were read, and none of them has a text"
            f"{' that fits into the context' if long else ''}. Check the data and its columns."
        )
    return made
