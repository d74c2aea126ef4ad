"""The passages that are analysed: a sample of stated size, the same for the same seed."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hyperlex.measure.bootstrap import BLOCK, block_spans
from hyperlex.measure.lengths import Edges
from hyperlex.measure.texts import Text
from hyperlex.measure.words import Offsets, byte_offsets, is_russian, word_spans
from hyperlex.types import MorphemeType

LIMIT = 200_000
"""Characters that are analysed, unless somebody asks for more or fewer."""

_PASSAGE = BLOCK
"""A text of more than two such passages is sampled by them, not as a whole. A passage is a block of
the bootstrap: blocks of one longer passage resemble each other, and intervals would be too narrow.
"""
_LONGEST = 64  # letters: what is longer is no word
WORDS, SEVERAL, NAMES, DIGITS = "words", "several words", "names", "digits"
LATIN, PUNCTUATION, SPACES, OTHER = "latin", "punctuation", "spaces", "other"
KINDS = (WORDS, SEVERAL, NAMES, DIGITS, LATIN, PUNCTUATION, SPACES, OTHER)
"""What a token may be spent on: one Russian word or a part of one, several words of any kind, a
proper name, a number, a word in other letters, marks alone, white space alone, anything else.
"""


@dataclass(frozen=True, slots=True, order=True)
class Passage:
    """A stretch of a text, or a whole one.

    Attributes:
        number: of the text, in order.
        start: where it begins there.
        document: the number of the document that the text is of.
    """

    number: int
    start: int
    document: int
    text: str
    domain: str


class Sampler:
    """Keeps passages until they have so many characters: those whose hashes are lowest.

    A passage's chance is the same wherever it stands, so long documents and large domains have as
    large a share of the sample as of the texts; of texts that are no longer than the limit, all is
    kept.
    """

    def __init__(self, limit: int, seed: int) -> None:
        self.limit, self._seed = limit, seed
        self._kept: list[tuple[int, Passage]] = []  # a heap, the highest hash first
        self._size = self._texts = 0

    def add(self, document: int, text: Text) -> None:
        """Consider the passages of a text."""
        number, self._texts = self._texts, self._texts + 1
        for span in block_spans(text.text, _PASSAGE):
            passage = Passage(number, span.start, document, span.of(text.text), text.domain)
            if not passage.text.strip():
                continue
            heapq.heappush(self._kept, (-self._hash(passage), passage))
            self._size += len(passage.text)
            while self._size - len(self._kept[0][1].text) >= self.limit:
                self._size -= len(heapq.heappop(self._kept)[1].text)

    def _hash(self, passage: Passage) -> int:
        name = f"{self._seed} {passage.number} {passage.start}"
        return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")

    def passages(self) -> list[Passage]:
        """What was kept, in the order of the texts."""
        return sorted(passage for _, passage in self._kept)


class Analysed:
    """A passage with all that its tokens are held against; places are bytes of its UTF-8 form.

    Attributes:
        edges: its blocks.
        words: int64 [words, 2], where words begin and end.
        russian: bool [words], those whose morphemes are known.
        joints, joint_words: int64 [joints], where two morphemes meet, and in which word.
        endings: int64 [words], where the ending begins, or -1.
        morphemes: the spelling of each Russian word that is no single morpheme → text and type.
        parts: int64 [parts, 2], words and marks as the analyzer cuts them; `kinds` has the index in
            `KINDS` of each.
        scenes, clauses: int64, where each begins, in characters.
        propositions: int64 [scenes].
    """

    def __init__(self, passage: Passage, known: dict[str, Morphemes]) -> None:
        from hyperlex.measure.propositions import propositions
        from hyperlex.scene import iter_scenes

        self.passage, self.text = passage, passage.text
        self.at = byte_offsets(self.text)
        self.edges = Edges(self.text, block_spans(self.text))
        self._characters = word_spans(self.text)
        self.words = self.at[self._characters]
        scenes = list(iter_scenes(self.text))
        self.scenes = np.array([scene.span.start for scene in scenes], np.int64)
        said = [len(propositions((scene,))) for scene in scenes]
        self.propositions = np.array(said, np.int64)
        first: dict[int, int] = {}
        for scene in scenes:
            for piece in scene.clauses:
                first[piece.number] = min(piece.span.start, first.get(piece.number, 1 << 62))
        self.clauses = np.array(sorted(first.values()), np.int64)
        found = sorted(
            (w.span.start, w.span.stop, _kind(w.text, w.upos)) for s in scenes for w in s.words
        )
        table = np.array(found, np.int64).reshape(-1, 3)
        self.parts, self.kinds = self.at[table[:, :2]], table[:, 2]
        self._find_joints(known)

    def _find_joints(self, known: dict[str, Morphemes]) -> None:
        joints, words = [], []
        self.russian = np.zeros(len(self.words), bool)
        self.endings = np.full(len(self.words), -1, np.int64)
        for number, (start, stop) in enumerate(self._characters.tolist()):
            word = self.text[start:stop]
            if len(word) > _LONGEST or not is_russian(word):
                continue
            if word not in known:
                known[word] = Morphemes(word)
            self.russian[number] = True
            joints += [start + joint for joint in known[word].joints]
            words += [number] * len(known[word].joints)
            if known[word].ending:
                self.endings[number] = self.at[start + known[word].ending]
        self.joints = self.at[np.array(joints, np.int64)]
        self.joint_words = np.array(words, np.int64)

    def spelled(self, word: int) -> str:
        """The word of that number."""
        start, stop = self._characters[word].tolist()
        return self.text[start:stop]

    @cached_property
    def word_blocks(self) -> Offsets:
        return self.edges.of_starts(self._characters[:, 0])


class Morphemes:
    """A word's morphemes: where two meet (offsets in the word), and where its ending begins (0: it
    has none, or is nothing else).
    """

    __slots__ = ("ending", "joints", "parts")

    def __init__(self, word: str) -> None:
        from hyperlex.morpheme import morphemes

        found = morphemes(word)
        self.parts = tuple((m.text, str(m.type)) for m in found)
        self.joints = tuple(m.span.start for m in found[1:])
        last = [m.span.start for m in found if m.type == MorphemeType.END]
        self.ending = last[-1] if last else 0


def _kind(text: str, upos: str) -> int:
    if not any(map(str.isalnum, text)):
        return KINDS.index(PUNCTUATION if upos == "PUNCT" else OTHER)
    if upos == "PROPN":
        return KINDS.index(NAMES)
    if any(map(str.isdigit, text)):
        return KINDS.index(DIGITS)
    letters = [c for c in text.lower() if c.isalpha()]
    if all("а" <= c <= "я" or c == "ё" for c in letters):
        return KINDS.index(WORDS)
    return KINDS.index(LATIN if all("a" <= c <= "z" for c in letters) else OTHER)
