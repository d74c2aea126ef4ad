"""Rows for scene ids in an embedding matrix, from the base ids that spell what they say."""

from __future__ import annotations

import numpy as np
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
    lexicon, layout = tok.lexicon, tok.layout
    spelled: dict[str, list[int]] = {}
    ids: list[int] = []
    lengths = []
    for code in range(lexicon.first_frame, layout.scene_size):
        frame, items = lexicon.members(code)
        before = len(ids)
        for word in _words(frame, items):
            if word not in spelled:
                spelled[word] = tok.base_encode(f" {word}")
            ids += spelled[word]
        lengths.append(len(ids) - before)
    first = layout.first_scene + lexicon.first_frame
    fill_rows(table, np.array(ids, np.int64), np.array(lengths), first, "mean", "input")


def _words(frame: Frame | None, items: tuple[Item, ...]) -> list[str]:
    """The words whose rows are averaged."""
    agent = frame.agent.strip("()") if frame else ""
    pronoun = [] if agent.isascii() else [agent]  # the other classes are named in English
    return [*pronoun, *(item.lexeme.lemma for item in items)]
