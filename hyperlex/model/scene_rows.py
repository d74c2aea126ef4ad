"""Rows for scene ids in an embedding matrix, from the base ids that spell what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from hyperlex.ladder.outline import Frame, Item
from hyperlex.model.rows import fill_rows
from hyperlex.tokenizer import HyperTokenizer


def fill_scene_rows(table: Tensor, tok: HyperTokenizer) -> None:
    """Overwrite the rows of the scene ids that say something; markers and forms keep theirs.

    A lexeme is the mean of the rows that spell its lemma, a frame of those that spell its pronoun,
    a hyperlexeme of those of its members.

    Args:
        table: [rows, width], any floating type and device; row `n` belongs to id `n`.
    """
    ids, lengths = scene_spellings(tok, tok.base_encode)
    first = tok.layout.first_scene + tok.lexicon.first_frame
    fill_rows(table, ids, lengths, first, "mean", "input")


def scene_spellings(
    tok: HyperTokenizer, spell: Callable[[str], Sequence[int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The ids that spell what each scene id says, from the first frame on.

    Args:
        spell: ids of a word with a space before it.

    Returns:
        int64 [n], the ids of all, those of one scene id after those of another; int64 [scene ids
        that say something], how many each has. 0 for a frame that has no pronoun.
    """
    lexicon = tok.lexicon
    spelled: dict[str, list[int]] = {}
    ids: list[int] = []
    lengths = []
    for code in range(lexicon.first_frame, tok.layout.scene_size):
        frame, items = lexicon.members(code)
        before = len(ids)
        for word in _words(frame, items):
            if word not in spelled:
                spelled[word] = list(spell(f" {word}"))
            ids += spelled[word]
        lengths.append(len(ids) - before)
    return np.array(ids, np.int64), np.array(lengths, np.int64)


def _words(frame: Frame | None, items: tuple[Item, ...]) -> list[str]:
    """The words whose rows are averaged."""
    agent = frame.agent.strip("()") if frame else ""
    pronoun = [] if agent.isascii() else [agent]  # the other classes are named in English
    return [*pronoun, *(item.lexeme.lemma for item in items)]
