"""Where the tokens of a passage cut it: words, joints of morphemes, and what is spent on what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.measure.peer import Ids, Peer
from hyperlex.measure.sample import KINDS, PUNCTUATION, SEVERAL, SPACES, Analysed

CUT_TEXT_COUNTS = (
    "characters",
    "bytes",
    "words",
    "joints",
    "scenes",
    "clauses",
    "propositions",
)
CUT_COUNTS = (
    "tokens",
    "whole_words",
    "base_whole_words",
    "edges",
    "outer_edges",
    "cuts",
    "joint_cuts",
    "ending_words",
    "ending_cuts",
)


def analysed_counts(passage: Analysed) -> dict[Any, Any]:
    """What is counted of a passage, block by block, whatever the tokenizer."""
    edges, blocks = passage.edges, len(passage.edges)
    spans = np.concatenate([np.zeros(1, np.int64), edges.stops])
    scenes = edges.of_starts(passage.scenes)
    return {
        "characters": np.diff(spans),
        "bytes": np.diff(edges.at[spans]),
        "words": np.bincount(passage.word_blocks, minlength=blocks),
        "joints": np.bincount(passage.word_blocks[passage.joint_words], minlength=blocks),
        "scenes": np.bincount(scenes, minlength=blocks),
        "clauses": np.bincount(edges.of_starts(passage.clauses), minlength=blocks),
        "propositions": np.bincount(scenes, passage.propositions, blocks),
    }


class Cuts:
    """One tokenizer's tokens of one passage.

    Attributes:
        stops: int64 [tokens], where each ends, in bytes.
        edges: int64, where one token ends and another begins, ascending and each once.
        inner: int64 [words], how many edges fall inside each word.
    """

    def __init__(self, peer: Peer, passage: Analysed, ids: Ids) -> None:
        self.passage, self.ids = passage, ids
        self.stops = peer.stops(passage.text, ids)
        self.edges = np.unique(self.stops[:-1])
        starts, stops = passage.words.T
        first = np.searchsorted(self.edges, starts, "right")
        self.inner = np.searchsorted(self.edges, stops, "left") - first

    def whole_words(self) -> Any:
        """Words that no edge falls inside, in each block of the passage."""
        passage = self.passage
        return np.bincount(passage.word_blocks, self.inner == 0, len(passage.edges))

    def counts(self, expanded: Cuts | None = None) -> Mapping[str, Any]:
        """`CUT_COUNTS` of each block of the passage.

        Args:
            expanded: the base tokens that these stand for, where these are hypertokens.
        """
        passage, blocks = self.passage, len(self.passage.edges)
        of_words = passage.word_blocks
        cut = self.inner > 0
        russian = passage.russian

        def by_word(values: Any) -> Any:
            return np.bincount(of_words, values, blocks)

        edges = np.bincount(passage.edges.of_bytes(self.edges), minlength=blocks)
        inner = by_word(self.inner)
        on_joint = self.has(passage.joints)
        with_ending = russian & cut & (passage.endings >= 0)
        return {
            "tokens": np.bincount(passage.edges.of_bytes(self.stops), minlength=blocks),
            "whole_words": self.whole_words(),
            "base_whole_words": (expanded or self).whole_words(),
            "edges": edges,
            # An edge belongs to the block of its word, so that no block has more inside words than
            # in all; a word across two blocks is the only case where it matters.
            "outer_edges": edges - inner,
            "cuts": by_word(self.inner * russian),
            "joint_cuts": np.bincount(of_words[passage.joint_words], on_joint, blocks),
            "ending_words": by_word(with_ending),
            "ending_cuts": by_word(with_ending & self.has(passage.endings)),
        }

    def has(self, places: Ids) -> NDArray[np.bool_]:
        """Whether there is an edge at each place."""
        if not len(self.edges):
            return np.zeros(len(places), bool)
        at = np.minimum(np.searchsorted(self.edges, places), len(self.edges) - 1)
        found: NDArray[np.bool_] = self.edges[at] == places
        return found

    def kinds(self) -> Ids:
        """How many tokens are of each of `KINDS`: int64 [kinds]."""
        passage = self.passage
        starts = np.concatenate([np.zeros(1, np.int64), self.stops[:-1]])
        marks = KINDS.index(PUNCTUATION), KINDS.index("other")
        content = ~np.isin(passage.kinds, marks)
        result = np.full(len(self.stops), KINDS.index(SPACES))
        for of_content in (False, True):  # what is said of a word goes before what is said of marks
            places, kinds = passage.parts, passage.kinds
            if of_content:
                places, kinds = places[content], kinds[content]
            if not len(places):
                continue
            first = np.searchsorted(places[:, 1], starts, "right")
            touched = np.searchsorted(places[:, 0], self.stops, "left") - first
            found = touched > 0
            result[found] = kinds[first[found]]
            if of_content:
                result[touched > 1] = KINDS.index(SEVERAL)
        counts: Ids = np.bincount(result, minlength=len(KINDS))
        return counts
