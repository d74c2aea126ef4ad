"""The one seam between id ranges: base ids, then hypertokens, then scenes."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass

from hyperlex.errors import VocabularyError


@dataclass(frozen=True, slots=True)
class VocabularyLayout:
    """Where each kind of id lives. Stored with the tokenizer, never recomputed from its length.

        0 … base_size                            base ids and special ids, exactly as in the base
        base_size … base_size + hyper_size       hypertokens, in order of rank
        … total                                  scene ids (the ladder)

    Args:
        base_size: one past the highest base id.
        hyper_size: number of hypertokens.
        scene_size: number of scene ids.
    """

    base_size: int
    hyper_size: int
    scene_size: int = 0

    @property
    def total(self) -> int:
        """One past the highest id; a model needs at least as many rows."""
        return self.first_scene + self.scene_size

    @property
    def first_scene(self) -> int:
        """The first scene id; one past the last hypertoken."""
        return self.base_size + self.hyper_size

    def is_base(self, index: int) -> bool:
        return 0 <= index < self.base_size

    def is_hyper(self, index: int) -> bool:
        return self.base_size <= index < self.first_scene

    def is_scene(self, index: int) -> bool:
        return self.first_scene <= index < self.total

    def to_code(self, index: int) -> int:
        """The codebook entry of a hypertoken id; the inverse of `to_id`."""
        if not self.is_hyper(index):
            raise VocabularyError(
                f"Id {index} is no hypertoken: {self.base_size} to "
                f"{self.first_scene - 1} was expected."
            )
        return index - self.base_size

    def to_id(self, code: int) -> int:
        """The id of codebook entry `code`; the inverse of `to_code`."""
        if not 0 <= code < self.hyper_size:
            raise VocabularyError(
                f"Entry {code} is not in the codebook: 0 to {self.hyper_size - 1} was expected."
            )
        return self.base_size + code

    def check(self, ids: Iterable[int]) -> None:
        """Raise VocabularyError for the first id outside the layout."""
        for index in ids:
            if not 0 <= index < self.total:
                raise VocabularyError(
                    f"Id {index} is outside the vocabulary of {self.total} ids (0 to "
                    f"{self.total - 1}). "
                    "Was the text encoded with another tokenizer?"
                )


def whole_ids(ids: object) -> list[int]:
    """`ids` as whole numbers, whatever kind of sequence or array holds them. Raises `TypeError` for
    what is none.
    """
    try:
        return list(map(operator.index, ids))  # type: ignore[call-overload]
    except TypeError as error:
        raise TypeError(
            f"Ids were expected, a sequence of whole numbers; got {_kind(ids)}. Pass code.ids, or "
            "one row of a batch at a time."
        ) from error


def _kind(ids: object) -> str:
    """What was given in place of ids: `NoneType`, or `list with 1.5 in it`."""
    kind = type(ids).__name__
    items = ids if isinstance(ids, list | tuple) else ()
    for item in items:
        if not hasattr(item, "__index__"):
            shown = repr(item)[:40] if isinstance(item, str | float) else f"a {type(item).__name__}"
            return f"{kind} with {shown} in it"
    return kind
