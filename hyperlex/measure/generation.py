"""How close generated texts come to the texts that were expected: BLEU, chrF and ROUGE.

Each is a function of counts that add up over rows, so a row is read once and a figure can be
resampled over documents without reading it again. BLEU and chrF are sacrebleu's (M. Post, WMT 2018)
with its defaults: n-grams to 4, tokenization 13a, exponential smoothing; character n-grams to 6,
beta 2. ROUGE is rouge-score's (C.-Y. Lin, 2004), as the mean F of rows, over words that know every
alphabet: rouge-score's own tokenizer drops all that is not a to z or 0 to 9, and with it every
Russian word.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hyperlex.compat import require
from hyperlex.errors import ConfigError
from hyperlex.measure.bootstrap import Bootstrap, Counts, Draws, Interval, divided
from hyperlex.measure.words import word_spans

WORD_ORDER, CHARACTER_ORDER, BETA = 4, 6, 2
ROUGES = ("rouge1", "rouge2", "rougeL")


def words_of(text: str) -> list[str]:
    """The words that ROUGE compares: letters and digits of any alphabet, in lower case."""
    return [text[start:stop].lower() for start, stop in word_spans(text).tolist()]


@dataclass(frozen=True, slots=True)
class GenerationScores:
    """Scores of generated texts, all from 0 to 100, with intervals.

    Attributes:
        scores: `bleu`, `chrf`, `rouge1`, `rouge2`, `rougeL` and `exact`, the share of rows that are
            the expected text to the letter, spaces around it apart.
        rows: how many texts.
        clusters: how many documents were drawn.
        signature: how sacrebleu counted, to be named beside BLEU and chrF.
    """

    scores: Mapping[str, Interval]
    rows: int
    clusters: int
    signature: str


def generation_scores(
    generated: Sequence[str],
    expected: Sequence[str],
    documents: Sequence[Hashable] | None = None,
    draws: Draws | None = None,
) -> GenerationScores:
    """Score `generated` against `expected`, row by row.

    Args:
        generated, expected: [rows].
        documents: [rows], rows of one document share it and are drawn together; None: each row is
            a document of its own.
        draws: of the intervals.

    Raises:
        ConfigError: another number of texts than expected ones, or none.
        MissingDependencyError: the extra `evaluate` is not installed.
    """
    if not expected or len(generated) != len(expected):
        raise ConfigError(
            f"{len(generated)} generated and {len(expected)} expected texts: as many of both, and "
            "one at least, were expected."
        )
    table = summed(
        [row_counts(given, wanted) for given, wanted in zip(generated, expected, strict=True)],
        documents,
        draws,
    )
    return GenerationScores(
        {name: table.interval(statistic) for name, statistic in STATISTICS.items()},
        len(expected),
        table.clusters,
        _bleu().get_signature().format(short=False),
    )


def summed(
    rows: Sequence[Mapping[str, float]],
    documents: Sequence[Hashable] | None,
    draws: Draws | None,
) -> Bootstrap:
    """Counts of rows added up by document, ready to be drawn."""
    places: dict[Hashable, int] = {}
    named = range(len(rows)) if documents is None else documents
    where = [places.setdefault(name, len(places)) for name in named]
    columns = {
        name: np.bincount(where, [row[name] for row in rows], len(places)) for name in rows[0]
    }
    return (draws or Draws()).over(columns)


def row_counts(generated: str, expected: str) -> dict[str, float]:
    """What one row adds to the counts of all scores."""
    counts: dict[str, float] = {"rows": 1, "exact": generated.strip() == expected.strip()}
    bleu = _bleu().corpus_score([generated], [[expected]])
    counts |= {"bleu_given": bleu.sys_len, "bleu_wanted": bleu.ref_len}
    for n in range(WORD_ORDER):
        counts[f"bleu_matches{n}"] = bleu.counts[n]
        counts[f"bleu_total{n}"] = bleu.totals[n]
    counts |= _chrf_counts(generated, expected)
    rouge = _rouge().score(expected, generated)
    return counts | {name: rouge[name].fmeasure for name in ROUGES}


def _chrf_counts(generated: str, expected: str) -> dict[str, float]:
    from sacrebleu.metrics.helpers import extract_all_char_ngrams

    given = extract_all_char_ngrams(generated, CHARACTER_ORDER)
    wanted = extract_all_char_ngrams(expected, CHARACTER_ORDER)
    counts: dict[str, float] = {}
    for n, (ours, theirs) in enumerate(zip(given, wanted, strict=True)):
        # As sacrebleu has it: where nothing of this length was expected, nothing counts as given.
        counts[f"chrf_given{n}"] = ours.total() if theirs else 0
        counts[f"chrf_wanted{n}"] = theirs.total()
        counts[f"chrf_matches{n}"] = (ours & theirs).total()
    return counts


def _bleu_score(counts: Counts) -> Any:
    """Corpus BLEU of totals, or of arrays of totals."""
    matches = np.stack([np.asarray(counts[f"bleu_matches{n}"], float) for n in range(WORD_ORDER)])
    totals = np.stack([np.asarray(counts[f"bleu_total{n}"], float) for n in range(WORD_ORDER)])
    missed = np.cumsum(matches == 0, axis=0)
    smoothed = np.where(matches == 0, 0.5**missed, matches)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(smoothed) - np.log(totals)
        penalty = np.exp(
            np.minimum(0, 1 - np.true_divide(counts["bleu_wanted"], counts["bleu_given"]))
        )
        found = 100 * penalty * np.exp(logs.mean(0))
    return np.where((totals == 0).any(0) | (matches == 0).all(0), 0.0, found)[()]


def _chrf_score(counts: Counts) -> Any:
    """Corpus chrF of totals, or of arrays of totals."""
    precision: Any = 0.0
    recall: Any = 0.0
    orders: Any = 0
    for n in range(CHARACTER_ORDER):
        given, wanted, matches = (
            np.asarray(counts[f"chrf_{name}{n}"], float) for name in ("given", "wanted", "matches")
        )
        known = (given > 0) & (wanted > 0)
        precision = precision + np.where(known, matches / np.maximum(given, 1), 0)
        recall = recall + np.where(known, matches / np.maximum(wanted, 1), 0)
        orders = orders + known
    below = BETA**2 * precision + recall
    found = 100 * (1 + BETA**2) * precision * recall / np.where(below == 0, 1, below)
    return (found / np.maximum(orders, 1))[()]


def _mean(name: str) -> Callable[[Counts], Any]:
    return lambda counts: 100 * divided(counts[name], counts["rows"])


STATISTICS: Mapping[str, Callable[[Counts], Any]] = {
    "bleu": _bleu_score,
    "chrf": _chrf_score,
    **{name: _mean(name) for name in ROUGES},
    "exact": _mean("exact"),
}
"""Every score as a function of the counts of `row_counts`, summed."""


@lru_cache(maxsize=1)
def _bleu() -> Any:
    require("sacrebleu", extra="evaluate")
    from sacrebleu.metrics.bleu import BLEU

    return BLEU()


@lru_cache(maxsize=1)
def _rouge() -> Any:
    require("rouge_score", extra="evaluate")
    from rouge_score import rouge_scorer  # type: ignore[import-untyped]

    return rouge_scorer.RougeScorer(list(ROUGES), tokenizer=_Words())


class _Words:
    """`words_of`, as rouge-score asks for it."""

    def tokenize(self, text: str) -> list[str]:
        return words_of(text)
