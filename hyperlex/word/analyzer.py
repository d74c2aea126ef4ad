"""Text to sentences of words: the street on which all the parts of this room stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from hyperlex.errors import require_text
from hyperlex.types import Sentence, Span, Word
from hyperlex.word.attachment import Attachment, load_attachment
from hyperlex.word.batches import batches
from hyperlex.word.decode import decode
from hyperlex.word.entries import Entries, choose
from hyperlex.word.load import embedded, load
from hyperlex.word.mend import Read, mend
from hyperlex.word.network import Network
from hyperlex.word.repair import capitalised
from hyperlex.word.segment import Token, segment
from hyperlex.word.threads import one_thread


class WordAnalyzer:
    """Segments, tags, lemmatises and parses; one object serves any number of texts.

    Args:
        network: the tagger and parser.
        entries: what spellings are, apart from context.
        attachment: what words were seen with.
    """

    def __init__(self, network: Network, entries: Entries, attachment: Attachment) -> None:
        self._network = network
        self._entries = entries
        self._attachment = attachment

    def __call__(self, text: str) -> Iterator[Sentence]:
        """The sentences of `text`, one by one; memory is that of a paragraph, not of the text."""
        first = 0
        for batch in batches(segment(text)):
            yield from self._analyse(batch, text, first)
            first += sum(map(len, batch))

    def _analyse(self, batch: list[list[Token]], text: str, first: int) -> list[Sentence]:
        sentences = []
        for tokens, read in zip(batch, self._read(batch), strict=True):
            breaks = mend(tokens, read)
            sentences.append(_sentence(text, first, tokens, read, breaks))
            first += len(tokens)
        return sentences

    def _read(self, batch: list[list[Token]]) -> list[Read]:
        """What the network says of each sentence, and the tree that it, words and grammar give."""
        with one_thread():
            forms = [[token.form for token in tokens] for tokens in batch]
            entries, vectors = self._entries.of([form for own in forms for form in own])
            scores = self._network.forward(vectors, [len(own) for own in forms])
            offered = []
            chosen = []
            first = 0
            for own, score in zip(forms, scores, strict=True):
                offered.append(entries[first : first + len(own)])
                first += len(own)
                chosen.append(choose(offered[-1], score.tags, named=capitalised(own)))
                self._attachment.add(score.arcs, chosen[-1], score.breaks)
            trees = decode(self._network, scores)
        return [Read(*one) for one in zip(forms, offered, scores, chosen, trees, strict=True)]


def _sentence(
    text: str, first: int, tokens: Sequence[Token], read: Read, breaks: Sequence[float]
) -> Sentence:
    """A sentence whose first word has the number `first`."""
    heads, relations = read.tree
    words = []
    for k, (lemma, upos, feats, _, by) in enumerate(read.chosen):
        span = tokens[k].span
        words.append(
            Word(
                span,
                text[span.start : span.stop],
                lemma,
                upos,
                feats,
                first + k,
                first + heads[k],
                relations[k],
                by,
            )
        )
    return Sentence(Span(tokens[0].span.start, tokens[-1].span.stop), tuple(words), tuple(breaks))


@cache
def analyzer() -> WordAnalyzer:
    """The embedded analyzer, loaded once for the process."""
    return WordAnalyzer(*load(), load_attachment(embedded()))


def iter_sentences(text: str) -> Iterator[Sentence]:
    """The sentences of `text` in order, each as soon as its paragraph is analysed.

    Any string is analysed. Offsets are code points of `text`; every character but white space and
    unread marks (soft hyphens, stress marks, joiners) lies in a word. Raises TypeError for what is
    no str, as all functions of the analyzer.
    """
    require_text(text)
    return analyzer()(text)


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of `text` (see `iter_sentences`).

    The last few short texts are remembered, so that asking for words, then clauses, then scenes of
    a text analyses it once.
    """
    require_text(text)
    return _remembered(text) if len(text) <= _SHORT_TEXT else tuple(iter_sentences(text))


_SHORT_TEXT = 20_000
"""Code points; a longer text is not remembered."""


@lru_cache(maxsize=4)
def _remembered(text: str) -> tuple[Sentence, ...]:
    return tuple(iter_sentences(text))


def words(text: str) -> tuple[Word, ...]:
    """The words of `text` with their spans, lemmas, tags and tree, in order."""
    return tuple(word for sentence in sentences(text) for word in sentence.words)
