"""From tables of counts to scores: every metric of a scope, of every tokenizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hyperlex.measure.bootstrap import Bootstrap, Interval, Statistic
from hyperlex.measure.metrics import METRICS, Metric
from hyperlex.measure.peer import Peer
from hyperlex.measure.report import Score

BASE_TOKENS = "base_tokens"
"""The one total that is another tokenizer's: of the base that lengths are held against."""

_OF_HYPERTOKENS = {
    "base_whole_words",
    "expanded",
    "expansion_frequencies",
    "hyper_characters",
    "hyper_tokens",
}
_NAN = float("nan")

Scores = dict[str, Score]


class Scorer:
    """Computes scores.

    Args:
        reference, base: indices in `peers` of the tokenizers that differences are taken from and
            that `normalised_length` divides by.
    """

    def __init__(self, peers: Sequence[Peer], reference: int, base: int) -> None:
        self._peers, self._reference, self._base = peers, reference, base

    def resampled(self, counts: Bootstrap, scope: str) -> list[Scores]:
        """The metrics of `scope` that are ratios of the totals of `counts`, for each tokenizer.

        Args:
            counts: of texts by name, of tokenizers by (index, name).
        """
        return [self._of_peer(counts, scope, index) for index in range(len(self._peers))]

    def whole(self, totals: Sequence[Mapping[str, Any]], scope: str) -> list[Scores]:
        """The metrics of `scope` that are computed once, of totals that cannot be resampled."""
        return [
            {
                metric.info.key: Score(Interval(float(metric(own)), _NAN, _NAN))
                for metric in METRICS.values()
                if metric.whole and metric.info.scope == scope and _applies(metric, peer)
            }
            for peer, own in zip(self._peers, totals, strict=True)
        ]

    def _of_peer(self, counts: Bootstrap, scope: str, index: int) -> Scores:
        scores = {}
        for metric in METRICS.values():
            if metric.whole or metric.info.scope != scope:
                continue
            if not _applies(metric, self._peers[index]):
                continue
            own = self._statistic(metric, index)
            difference = None
            if index != self._reference and _applies(metric, self._peers[self._reference]):
                difference = counts.difference(own, self._statistic(metric, self._reference))
            scores[metric.info.key] = Score(counts.interval(own), difference)
        return scores

    def _statistic(self, metric: Metric, index: int) -> Statistic:
        def total(counts: Mapping[Any, Any], name: str) -> Any:
            if name == BASE_TOKENS:
                return counts[self._base, "tokens"]
            return counts[index, name] if (index, name) in counts else counts[name]

        return lambda counts: metric.function(*(total(counts, name) for name in metric.totals))


def _applies(metric: Metric, peer: Peer) -> bool:
    if "unknown" in metric.totals:
        return peer.unknown >= 0
    return bool(peer.hyper) or not _OF_HYPERTOKENS & set(metric.totals)
