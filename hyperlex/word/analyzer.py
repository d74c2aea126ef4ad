"""Text to sentences of words: the street on which all the parts of this room stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache

from hyperlex.errors import require_text
from hyperlex.types import Sentence, Span, Word
from hyperlex.word.abbreviations import spell_out
from hyperlex.word.attachment import Attachment, load_attachment
from hyperlex.word.decode import decode
from hyperlex.word.edges import mend_edges
from hyperlex.word.entries import Entries, choose
from hyperlex.word.hosts import return_to_host
from hyperlex.word.load import embedded, load
from hyperlex.word.network import Network
from hyperlex.word.phrases import bind_phrases
from hyperlex.word.repair import (
    agree_names,
    by_neighbours,
    capitalised,
    count_units,
    decline_names,
    name_objects,
    name_subjects,
    state_by_dash,
    tie_compounds,
    with_preposition,
)
from hyperlex.word.segment import Token, segment
from hyperlex.word.threads import one_thread

_BATCH = 512
"""Words that go through the network at once: enough to pay its calls, few enough for the cache."""


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
        for batch in _batches(segment(text)):
            yield from self._analyse(batch, text, first)
            first += sum(map(len, batch))

    def _analyse(self, batch: list[list[Token]], text: str, first: int) -> list[Sentence]:
        with one_thread():
            entries, vectors = self._entries.of([word.form for tokens in batch for word in tokens])
            scores = self._network.forward(vectors, [len(tokens) for tokens in batch])
            read = []
            position = 0
            for tokens, score in zip(batch, scores, strict=True):
                own = entries[position : position + len(tokens)]
                position += len(tokens)
                read.append(choose(own, score.tags, named=capitalised([t.form for t in tokens])))
                self._attachment.add(score.arcs, read[-1], score.breaks)
            trees = decode(self._network, scores)
        sentences = []
        position = 0
        for tokens, score, chosen, (governors, names) in zip(
            batch, scores, read, trees, strict=True
        ):
            words = []
            start = first + position
            cased = with_preposition(governors, names)
            own = entries[position : position + len(tokens)]
            forms = [token.form for token in tokens]
            if any("Case=" not in chosen[place][2] for place in cased):
                chosen = choose(own, score.tags, cased, capitalised(forms))
            offers = [entry.offers for entry in own]
            decline_names(cased, offers, chosen)
            if "flat:name" in names:
                agree_names(governors, names, offers, chosen)
            name_subjects(governors, names, offers, chosen)
            name_objects(forms, governors, names, offers, chosen)
            by_neighbours(forms, chosen)
            spell_out(forms, chosen)
            breaks = score.breaks.tolist()
            breaks[0] = 1.0
            within, between = _dashes(tokens)
            tie_compounds(within, chosen, governors, names)
            count_units(forms, chosen, governors, names, breaks)
            state_by_dash(between, forms, chosen, governors, names, breaks)
            return_to_host(forms, chosen, governors, names)
            bind_phrases(forms, chosen, governors, names)
            mend_edges(forms, chosen, governors, names, breaks, between)
            for k, (head, (lemma, upos, feats, _, by)) in enumerate(
                zip(governors, chosen, strict=True)
            ):
                span = tokens[k].span
                words.append(
                    Word(
                        span,
                        text[span.start : span.stop],
                        lemma,
                        upos,
                        feats,
                        start + k,
                        start + head,
                        names[k],
                        by,
                    )
                )
            position += len(tokens)
            span = Span(tokens[0].span.start, tokens[-1].span.stop)
            sentences.append(Sentence(span, tuple(words), tuple(breaks)))
        return sentences


def _dashes(tokens: Sequence[Token]) -> tuple[list[int], list[int]]:
    """Places of dashes without white space on either side, and of those with it on both."""
    within, between = [], []
    for place in range(1, len(tokens) - 1):
        if tokens[place].form == "—":
            spaced = (tokens[place].spaced, tokens[place + 1].spaced)
            if spaced == (True, True):
                between.append(place)
            elif spaced == (False, False):
                within.append(place)
    return within, between


def _batches(sentences: Iterable[list[Token]]) -> Iterator[list[list[Token]]]:
    batch: list[list[Token]] = []
    size = 0
    for tokens in sentences:
        batch.append(tokens)
        size += len(tokens)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


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
