"""The sample under every tokenizer: counts, kinds of tokens, examples, texts given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hyperlex.measure.cuts import CUT_COUNTS, CUT_TEXT_COUNTS, Cuts, analysed_counts
from hyperlex.measure.passage import Examples
from hyperlex.measure.peer import Peer
from hyperlex.measure.report import Histogram
from hyperlex.measure.sample import KINDS, Analysed, Morphemes, Passage
from hyperlex.measure.tally import Tally


class Analysis:
    """Counts of scope `sample`, and what else the sample shows.

    Attributes:
        passages: the sample, analysed.
        tally: by cluster; counts of texts by name, counts of tokenizers by (its number, name).
        exact: for each tokenizer, whether it gives back every passage.
        examples: words beside their morphemes.
    """

    def __init__(self, peers: Sequence[Peer], seed: int) -> None:
        self._peers = peers
        self._known: dict[str, Morphemes] = {}
        self._kinds = np.zeros((len(peers), len(KINDS)), np.int64)
        numbered = [(n, name) for n in range(len(peers)) for name in CUT_COUNTS]
        self.tally = Tally((*CUT_TEXT_COUNTS, *numbered))
        self.passages: list[Analysed] = []
        self.exact = [True] * len(peers)
        self.examples = Examples(peers, self._known, seed)

    def add_all(self, passages: Sequence[Passage], told: Callable[[int], None]) -> None:
        """Analyse passages and count their tokens; `told` hears how many characters are done."""
        done = 0
        for passage in passages:
            told(done)
            self._add(Analysed(passage, self._known))
            done += len(passage.text)
        told(done)

    def _add(self, passage: Analysed) -> None:
        counts = analysed_counts(passage)
        cuts = []
        for index, peer in enumerate(self._peers):
            (ids,) = peer.encode_batch([passage.text])
            cut = Cuts(peer, passage, ids)
            cuts.append(cut)
            self._kinds[index] += cut.kinds()
            expanded = None
            if peer.base is not None:
                (base_ids,) = peer.base.encode_batch([passage.text])
                expanded = Cuts(peer.base, passage, base_ids)
            for name, values in cut.counts(expanded).items():
                counts[index, name] = values
            self.exact[index] &= peer.decode(ids.tolist()) == passage.text
        place = passage.passage
        self.tally.add(place.document, place.domain, counts, len(passage.edges))
        self.examples.add(passage, cuts)
        self.passages.append(passage)

    def kinds(self) -> tuple[Histogram, ...]:
        """What the tokens of each tokenizer are spent on."""
        return tuple(
            Histogram(peer.name, dict(zip(KINDS, counts.tolist(), strict=True)))
            for peer, counts in zip(self._peers, self._kinds, strict=True)
        )
