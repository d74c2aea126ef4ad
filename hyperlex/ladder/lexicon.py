"""The vocabulary of the ladder: markers, forms, frames, lexemes and hyperlexemes, each with a code.

Codes are positions in the scene range of a layout (`VocabularyLayout.scene_size`):

    0 … 16              markers: what the ids after it are
    16 …                forms: how a lexeme is inflected (rung 3)
    …                   frames
    …                   lexemes, the most frequent first
    … size              hyperlexemes, the one that saves most ids first: Δ1, Δ2, …

The first N codes, N no less than `first_hyperlexeme`, are a valid smaller vocabulary: hyperlexemes
are made of what stands before them. A code never changes its meaning within one `sha256`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import VocabularyError
from hyperlex.ladder.expected import FormModel
from hyperlex.ladder.outline import Frame, Item, Lexeme, Slot
from hyperlex.ladder.stops import StopModel

MARKERS = ("text", "exact", "capital", "capitals")
"""Names of the markers in use: inflected text (rung 3) follows; exact text (rung 4) follows; what
the code before it says, or the last word of the text before it, begins with a capital or is all in
capitals (rung 3).
"""

TEXT, EXACT, CAPITAL, CAPITALS = range(4)
RESERVED = 16
"""Codes kept for markers."""


@dataclass(frozen=True, slots=True)
class Hyperlexeme:
    """A learned merge of a frame and lexemes, or of lexemes alone.

    Attributes:
        rank: from 1; its code is `Δ` and this number.
        frame: the frame it carries, or None.
        items: its lexemes in their most frequent order in texts, each in its most frequent slot.
    """

    rank: int
    frame: Frame | None
    items: tuple[Item, ...]

    @property
    def code(self) -> str:
        """`Δ14`."""
        return f"Δ{self.rank}"

    @property
    def name(self) -> str:
        """Its members joined: `порог·тишина·сдерживание`, the frame in brackets before them."""
        frame = f"[{self.frame.name}]" if self.frame else ""
        return frame + "·".join(item.lexeme.lemma for item in self.items)


class Lexicon:
    """The learned tables of the ladder, in memory.

    Args:
        forms: what a form token says: grammemes of OpenCorpora joined by commas.
        frames: in order of code.
        lexemes: in order of code.
        slots: what `leaf_slots` are indices of; the first is the empty slot.
        counts: [frames + lexemes] int64, how often each was met in the sample it was learned from.
        pairs: [hyperlexemes, 2] int32, the two symbols that each joins. A symbol numbers frames
            first, then lexemes, then hyperlexemes.
        leaves: [n] int32, the symbols of the members of all hyperlexemes, the frame first, then
            lexemes in their most frequent order.
        leaf_slots: [n] int32, for each of them its most frequent slot; 0 where it has none.
        ends: [hyperlexemes] int64, where in `leaves` the members of each end.
        expected: which form of a lexeme to expect among its neighbours.
        stops: which capitals tell of a new sentence.
        sha256: of the files they were read from.
    """

    def __init__(
        self,
        forms: Sequence[str],
        frames: Sequence[Frame],
        lexemes: Sequence[Lexeme],
        slots: Sequence[Slot],
        counts: NDArray[np.int64],
        pairs: NDArray[np.int32],
        leaves: NDArray[np.int32],
        leaf_slots: NDArray[np.int32],
        ends: NDArray[np.int64],
        expected: FormModel,
        stops: StopModel,
        sha256: str = "",
    ) -> None:
        self.forms = tuple(forms)
        self.frames = tuple(frames)
        self.lexemes = tuple(lexemes)
        self.slots = tuple(slots)
        self.counts = counts
        self.pairs = pairs
        self.leaves = leaves
        self.leaf_slots = leaf_slots
        self.ends = ends
        self.expected = expected
        self.stops = stops
        self.sha256 = sha256
        self.first_form = RESERVED
        self.first_frame = self.first_form + len(self.forms)
        self.first_lexeme = self.first_frame + len(self.frames)
        self.first_hyperlexeme = self.first_lexeme + len(self.lexemes)
        self.size = self.first_hyperlexeme + len(pairs)

    @cached_property
    def frame_codes(self) -> dict[Frame, int]:
        return {frame: self.first_frame + k for k, frame in enumerate(self.frames)}

    @cached_property
    def lexeme_codes(self) -> dict[Lexeme, int]:
        return {lexeme: self.first_lexeme + k for k, lexeme in enumerate(self.lexemes)}

    @cached_property
    def form_codes(self) -> dict[str, int]:
        return {form: self.first_form + k for k, form in enumerate(self.forms)}

    @cached_property
    def merges(self) -> dict[tuple[int, int], int]:
        """The code of the hyperlexeme that joins two codes, the lesser code first."""
        low = (self.pairs + self.first_frame).tolist()
        first = self.first_hyperlexeme
        return {(a, b): first + k for k, (a, b) in enumerate(low)}

    @cached_property
    def bits(self) -> NDArray[np.float32]:
        """[size] Self-information of what each code says, −log2 of its members' frequencies; 0 for
        markers and forms.
        """
        frames = len(self.frames)
        bits = np.zeros(self.size, np.float32)
        for start, stop in ((0, frames), (frames, len(self.counts))):
            counts = np.maximum(self.counts[start:stop], 1)
            bits[self.first_frame + start : self.first_frame + stop] = -np.log2(
                counts / max(1, counts.sum())
            )
        if len(self.pairs):
            of_leaves = bits[self.first_frame + self.leaves]
            sums = np.concatenate([[0.0], np.cumsum(of_leaves, dtype=np.float64)])
            starts = np.concatenate([[0], self.ends[:-1]])
            bits[self.first_hyperlexeme :] = sums[self.ends] - sums[starts]
        return bits

    def is_marker(self, code: int) -> bool:
        return 0 <= code < RESERVED

    def is_form(self, code: int) -> bool:
        return self.first_form <= code < self.first_frame

    def is_ending(self, code: int) -> bool:
        """Whether it says how the word of the code before it is written."""
        return code in (CAPITAL, CAPITALS) or self.is_form(code)

    def is_frame(self, code: int) -> bool:
        return self.first_frame <= code < self.first_lexeme

    def is_lexeme(self, code: int) -> bool:
        return self.first_lexeme <= code < self.first_hyperlexeme

    def carries_frame(self, code: int) -> bool:
        """Whether a scene begins with it: a frame, or a hyperlexeme that has one."""
        return self.is_frame(code) or code in self._with_frame

    @cached_property
    def _with_frame(self) -> frozenset[int]:
        starts = np.concatenate([[0], self.ends[:-1]]).astype(np.int64)
        first = self.leaves[starts] if len(starts) and len(self.leaves) else np.array([], np.int32)
        carrying = np.flatnonzero(first < len(self.frames)) + self.first_hyperlexeme
        return frozenset(carrying.tolist())

    def members(self, code: int) -> tuple[Frame | None, tuple[Item, ...]]:
        """What a frame, a lexeme or a hyperlexeme says.

        Raises:
            VocabularyError: `code` is none of these.
        """
        if self.is_frame(code):
            return self.frames[code - self.first_frame], ()
        if self.is_lexeme(code):
            return None, (Item(self.lexemes[code - self.first_lexeme]),)
        if not self.first_hyperlexeme <= code < self.size:
            raise VocabularyError(
                f"Scene code {code} says nothing of a scene: a frame, a lexeme or a hyperlexeme "
                f"({self.first_frame} to {self.size - 1}) was expected."
            )
        index = code - self.first_hyperlexeme
        start = int(self.ends[index - 1]) if index else 0
        frame = None
        items = []
        for leaf, slot in zip(
            self.leaves[start : int(self.ends[index])].tolist(),
            self.leaf_slots[start : int(self.ends[index])].tolist(),
            strict=True,
        ):
            if leaf < len(self.frames):
                frame = self.frames[leaf]
            else:
                lexeme = self.lexemes[leaf - len(self.frames)]
                items.append(Item(lexeme, self.slots[slot] if slot else None))
        return frame, tuple(items)

    def hyperlexeme(self, code: int) -> Hyperlexeme | None:
        """The hyperlexeme of a code, or None where it is another kind of code."""
        if not self.first_hyperlexeme <= code < self.size:
            return None
        return Hyperlexeme(code - self.first_hyperlexeme + 1, *self.members(code))

    def name(self, code: int) -> str:
        """A readable name, unique among codes: `Δ14 порог·тишина`, `дверь:N`, `[он·past]`."""
        if self.is_marker(code):
            return MARKERS[code] if code < len(MARKERS) else f"reserved {code}"
        if self.is_form(code):
            return f"+{self.forms[code - self.first_form]}"
        found = self.hyperlexeme(code)
        if found is not None:
            return f"{found.code} {found.name}"
        frame, items = self.members(code)
        if frame is not None:
            return f"[{frame.name}]"
        lexeme = items[0].lexeme
        return f"{lexeme.lemma}:{lexeme.kind}"

    def names(self) -> Iterator[str]:
        """The names of all codes, in order."""
        return (self.name(code) for code in range(self.size))
