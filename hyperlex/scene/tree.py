"""The dependency tree of one sentence, laid out for many small questions.

Places are positions in `sentence.words`, from 0. A head outside the sentence makes a root, and a
ring of heads is cut at its first word, so that climbing always ends.
"""

from __future__ import annotations

from functools import lru_cache

from hyperlex.types import Sentence, Word

NOWHERE = -1
"""The head of a root."""


@lru_cache(maxsize=512)
def base_of(relation: str) -> str:
    """The relation without its subtype: `nsubj` of `nsubj:pass`."""
    return relation.partition(":")[0]


class Tree:
    """Words, heads and children by place.

    Attributes:
        words: the words of the sentence.
        lower: their texts in lower case.
        heads: the place of each word's head, `NOWHERE` for a root.
        children: the places that depend on each word, in order.
        bases: the relation of each word without its subtype.
        content: the places of all words that are no punctuation, in order.
        breaks: the network's probability of a clause beginning or resuming at each word.
    """

    __slots__ = ("bases", "breaks", "children", "content", "heads", "lower", "words")

    def __init__(self, sentence: Sentence) -> None:
        words = sentence.words
        self.words = words
        self.lower = [word.text.lower() for word in words]
        self.bases = [base_of(word.relation) for word in words]
        self.content = [place for place, word in enumerate(words) if word.upos != "PUNCT"]
        self.breaks = sentence.breaks
        count, first = len(words), words[0].index if words else 0
        heads = []
        for place, word in enumerate(words):
            head = word.head - first
            heads.append(head if 0 <= head < count and head != place else NOWHERE)
        self.heads = _without_rings(heads)
        self.children: list[list[int]] = [[] for _ in words]
        for place, head in enumerate(self.heads):
            if head != NOWHERE:
                self.children[head].append(place)

    def child(self, place: int, *bases: str) -> int:
        """The first child whose relation (without subtype) is one of `bases`, or `NOWHERE`."""
        for child in self.children[place]:
            if self.bases[child] in bases:
                return child
        return NOWHERE

    def has(self, place: int, *bases: str) -> bool:
        """Whether such a child is there."""
        return self.child(place, *bases) != NOWHERE

    def is_root(self, place: int) -> bool:
        return self.heads[place] == NOWHERE

    def depth(self, place: int) -> int:
        """How many heads are above a word."""
        steps = 0
        while (place := self.heads[place]) != NOWHERE:
            steps += 1
        return steps

    def preposition(self, place: int) -> str:
        """The preposition of a noun, of several words where it is fixed, or ""."""
        for child in self.children[place]:
            if self.bases[child] == "case":
                more = [c for c in self.children[child] if self.bases[c] == "fixed"]
                if not more:
                    return self.lower[child]
                return " ".join(self.lower[c] for c in sorted([child, *more]))
        return ""

    def word(self, place: int) -> Word:
        return self.words[place]


def _without_rings(heads: list[int]) -> list[int]:
    """Heads in which every climb ends: the first word met of a ring becomes a root."""
    done = [False] * len(heads)
    for start in range(len(heads)):
        if done[start]:
            continue
        path: list[int] = []
        on_path: set[int] = set()
        place = start
        while place != NOWHERE and not done[place]:
            if place in on_path:
                heads[place] = NOWHERE
                break
            on_path.add(place)
            path.append(place)
            place = heads[place]
        for place in path:
            done[place] = True
    return heads
