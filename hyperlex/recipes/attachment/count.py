"""What nouns and verbs are seen with: prepositional phrases in trees that the parser drew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hyperlex.word.attachment import is_verbal, preposition
from hyperlex.word.batches import batches
from hyperlex.word.decode import decode
from hyperlex.word.entries import Entries, choose, plain
from hyperlex.word.network import Network
from hyperlex.word.readings import Offer

_PHRASES = frozenset(("obl", "nmod"))

Key = tuple[str, bool]
"""A lemma, and whether it is verbal."""


@dataclass
class Counts:
    """Of the words of a text.

    Attributes:
        words: how often each was met.
        phrases: how often it was the head of a phrase with a preposition, which stood behind it or
            not.
    """

    words: Counter[Key] = field(default_factory=Counter)
    phrases: Counter[tuple[str, bool, str, bool]] = field(default_factory=Counter)

    def add(self, other: Counts) -> None:
        """Adds those of another text."""
        self.words.update(other.words)
        self.phrases.update(other.phrases)


def count(sentences: Iterable[Sequence[str]], network: Network, entries: Entries) -> Counts:
    """The counts of sentences, each the spellings of its words; the parser asks no preferences."""
    counts = Counts()
    for batch in batches(sentences):
        own, vectors = entries.of([form for forms in batch for form in forms])
        scores = network.forward(vectors, [len(forms) for forms in batch])
        first = 0
        for score, (heads, relations) in zip(scores, decode(network, scores), strict=True):
            chosen = choose(own[first : first + len(heads)], score.tags)
            first += len(heads)
            _count_tree(chosen, heads, relations, counts)
    return counts


def _count_tree(
    chosen: Sequence[Offer], heads: Sequence[int], relations: Sequence[str], counts: Counts
) -> None:
    keys = [(plain(lemma), is_verbal(upos)) for lemma, upos, *_ in chosen]
    for lemma, verbal in keys:
        if verbal is not None:
            counts.words[lemma, verbal] += 1
    led: dict[int, int] = {}
    for place, relation in enumerate(relations):
        if relation == "case" and heads[place] > place and chosen[place][1] == "ADP":
            led.setdefault(heads[place], place)
    for noun in led:
        lemma, verbal = keys[heads[noun]]
        if relations[noun] in _PHRASES and verbal is not None:
            behind = heads[noun] < noun
            counts.phrases[lemma, verbal, preposition(chosen[led[noun]][0]), behind] += 1
