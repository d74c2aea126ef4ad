"""The small frozen types that every stage of the analysis shares.

Offsets are Unicode code points of the original text, half-open, so that `text[start:stop]` is
always the thing itself; tags are those of Universal Dependencies (universaldependencies.org).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open run of code points, `text[start:stop]`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def of(self, text: str) -> str:
        """The characters of `text` that the span covers."""
        return text[self.start : self.stop]


@lru_cache(maxsize=8192)
def features_of(feats: str) -> Mapping[str, str]:
    """`Case=Nom|Number=Sing` by the names."""
    return dict(pair.split("=", 1) for pair in feats.split("|")) if feats else {}


@dataclass(frozen=True, slots=True)
class Word:
    """One token of the text as a node of its sentence's dependency tree.

    Attributes:
        span: where it stands in the text.
        text: exactly `span.of(text)`.
        lemma: the dictionary form, lower case but for proper names, `ё` kept where it is written.
        upos: the part of speech of Universal Dependencies (`NOUN`, `VERB`, …; `PUNCT` for marks).
        feats: the features in CoNLL-U notation, sorted by name (`Case=Nom|Number=Sing`), or "".
        index: its place among the words of the text, from 0.
        head: the `index` of its governor; its own `index` for the root of a sentence.
        relation: the dependency relation to the head (`nsubj`, `obj`, `obl`, …, `root`).
        by: who gave lemma and tag: `dictionary`, `context`, `suffix`, `shape`, …
    """

    span: Span
    text: str
    lemma: str
    upos: str
    feats: str
    index: int
    head: int
    relation: str
    by: str

    def feat(self, name: str) -> str:
        """The value of one feature (`word.feat("Case") == "Nom"`), or "" where it has none."""
        return features_of(self.feats).get(name, "")


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of one sentence.

    Attributes:
        span: from its first to its last word.
        words: in order; `words[i].index == words[0].index + i`.
        breaks: for each word, the network's probability (0 to 1) that a clause begins, or resumes,
            at it. The first is 1.
    """

    span: Span
    words: tuple[Word, ...]
    breaks: tuple[float, ...]


class MorphemeType(StrEnum):
    """The label set of Tikhonov's dictionary as later work codes it (Sorokin, Bolshakova)."""

    PREF = "PREF"
    ROOT = "ROOT"
    LINK = "LINK"
    SUFF = "SUFF"
    END = "END"
    POSTFIX = "POSTFIX"
    HYPH = "HYPH"


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A smallest meaningful part of a word.

    Attributes:
        span: where it stands in the word (not in the text).
        text: exactly `span.of(word)`.
        type: prefix, root, linking vowel, suffix, ending, postfix or hyphen.
        by: the unit that gave the whole answer: `lexicon`, `inflection`, `network`, …
    """

    span: Span
    text: str
    type: MorphemeType
    by: str
