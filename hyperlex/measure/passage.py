"""What a reader looks at: one passage under each tokenizer, and words beside their morphemes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from hyperlex.measure.bootstrap import block_spans
from hyperlex.measure.cuts import Cuts
from hyperlex.measure.peer import Ids, Peer
from hyperlex.measure.report import AlignmentExample, Passage, PassageCut, Run, WordCut
from hyperlex.measure.sample import Analysed, Morphemes
from hyperlex.measure.words import byte_offsets, word_spans

SHOWN = 500
"""Characters of the passage, about."""
EXAMPLES = 12
_CANDIDATES = 400
_LONG = 8  # letters of an example, at least
_JOINTS = 2


def passage_of(analysed: Sequence[Analysed], peers: Sequence[Peer]) -> Passage | None:
    """The first passage of the sample, cut at a line or sentence end, as each tokenizer cuts it."""
    if not analysed:
        return None
    first = analysed[0]
    lead = len(first.text) - len(first.text.lstrip())
    text = first.text[lead:]
    text = block_spans(text, SHOWN)[0].of(text).rstrip()
    cuts = tuple(PassageCut(peer.name, runs(peer, text)) for peer in peers)
    return Passage(text, first.passage.domain, cuts)


def runs(peer: Peer, text: str) -> tuple[Run, ...]:
    """The tokens of a text as people see them; joined they are the text."""
    (ids,) = peer.encode_batch([text])
    at = byte_offsets(text)
    # A token shows the characters that it completes.
    stops = np.searchsorted(at, peer.stops(text, ids), "right") - 1
    if len(stops):
        stops[-1] = len(text)
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
    words = word_spans(text)
    first = np.searchsorted(words[:, 1], starts, "right")
    touched = np.maximum(0, np.searchsorted(words[:, 0], stops, "left") - first)
    hyper = ids >= peer.size - peer.hyper if peer.hyper else np.zeros(len(ids), bool)
    columns = (starts, stops, hyper, touched, ids)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(Run(text[start:stop], *rest) for start, stop, *rest in rows)


class Examples:
    """Gathers words of the sample, the same ones for every tokenizer: long, of several morphemes,
    the first time that each stands in the sample.
    """

    def __init__(self, peers: Sequence[Peer], known: dict[str, Morphemes], seed: int) -> None:
        self._peers, self._known, self._seed = peers, known, seed
        self._cuts: dict[str, list[WordCut]] = {}

    def add(self, passage: Analysed, cuts: Sequence[Cuts]) -> None:
        """Note how the words of a passage are cut, each tokenizer in order."""
        for number in np.flatnonzero(passage.russian).tolist():
            word = passage.spelled(number)
            fits = len(word) >= _LONG and word.islower() and "-" not in word
            if len(self._cuts) == _CANDIDATES:
                return
            if fits and word not in self._cuts and len(self._known[word].joints) >= _JOINTS:
                self._cuts[word] = [
                    _word_cut(peer.name, passage, number, word, self._known[word], of_peer.edges)
                    for peer, of_peer in zip(self._peers, cuts, strict=True)
                ]

    def best(self) -> tuple[AlignmentExample, ...]:
        """Those on which tokenizers differ most; among equals a draw by the seed decides."""

        def rank(word: str) -> tuple[int, bytes]:
            ways = len({cut.pieces for cut in self._cuts[word]})
            name = f"{self._seed} {word}".encode()
            return -ways, hashlib.blake2b(name, digest_size=8).digest()

        return tuple(
            AlignmentExample(word, self._known[word].parts, tuple(self._cuts[word]))
            for word in sorted(self._cuts, key=rank)[:EXAMPLES]
        )


def _word_cut(
    tokenizer: str, passage: Analysed, number: int, word: str, morphemes: Morphemes, edges: Ids
) -> WordCut:
    start, stop = passage.words[number].tolist()
    first = np.searchsorted(edges, start, "right")
    inside = edges[first : np.searchsorted(edges, stop, "left")] - start
    at = byte_offsets(word)
    # An edge inside a letter is shown before the letter, and is on no joint.
    places = np.searchsorted(at, inside, "right") - 1
    exact = {int(p) for p, edge in zip(places, inside, strict=True) if at[p] == edge}
    found = sorted(set(places.tolist()) - {0, len(word)})
    stops = [*found, len(word)]
    pieces = tuple(word[a:b] for a, b in zip([0, *found], stops, strict=True))
    joints = set(morphemes.joints) & exact
    return WordCut(tokenizer, pieces, tuple(place in joints for place in found))
