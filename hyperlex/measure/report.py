"""A finished measurement: everything that the table, the JSON, the Markdown and the page show.

Only figures and texts are held here, nothing that computes; `Report.as_object` is the JSON. There
is no date, no path and no time taken in it: the same input gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hyperlex.measure.bootstrap import Interval

FORMAT_VERSION = 1
_DIGITS = 8
"""Significant digits of a figure in JSON: below what any summation order could change."""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What a metric is, for people.

    Attributes:
        key: the name of its function in `hyperlex.measure.metrics`.
        title: short, for the head of a column: `characters / token`.
        unit: of the value: `characters per token`; "%" for shares (values are 0 to 1).
        better: `more`, `less`, or "" where neither is better by itself.
        scope: what it is computed on: `all` texts, the analysed `sample`, `parallel` text, or a
            `model`.
        definition: one sentence.
        source: paper or formula.
    """

    key: str
    title: str
    unit: str
    better: str
    scope: str
    definition: str
    source: str


@dataclass(frozen=True, slots=True)
class Score:
    """A metric of one tokenizer on one text.

    Attributes:
        interval: the value; `low` and `high` are NaN where the metric is no ratio of totals (Rényi
            efficiency, Gini, vocabulary use) and so is not resampled.
        difference: this tokenizer minus the reference, paired; None for the reference itself and
            where there is no interval.
    """

    interval: Interval
    difference: Interval | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One tokenizer on one text.

    Attributes:
        tokenizer: `TokenizerInfo.name`.
        scores: by `MetricInfo.key`; a metric that does not apply is absent.
    """

    tokenizer: str
    scores: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class TokenizerInfo:
    """A tokenizer that was measured.

    Attributes:
        name: as the report calls it; unique.
        kind: `hyperlex`, `byte-level BPE`, `BPE`, `Unigram`, `WordPiece`, `tiktoken`,
            `SentencePiece`, …
        size: number of ids, special ones included.
        hyper: how many of them are hypertokens.
        exact: whether `decode` gives back every passage of the sample. A tokenizer that drops line
            ends or spaces needs fewer tokens because it keeps less.
        sha256: of what decides its ids, or of its file; "" where there is no such thing.
    """

    name: str
    kind: str
    size: int
    hyper: int
    exact: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A tokenizer that was asked for and could not be measured, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Size:
    """How much text. What was not counted in it is None (clauses and what follows, outside the
    sample).
    """

    documents: int
    characters: int
    bytes: int
    words: int
    clauses: int | None = None
    scenes: int | None = None
    propositions: int | None = None


@dataclass(frozen=True, slots=True)
class Resampling:
    """What was drawn for the intervals.

    Attributes:
        unit: `document`, or `block` where there are fewer than `FEW` documents.
        clusters: how many of them there are.
    """

    unit: str
    clusters: int


@dataclass(frozen=True, slots=True)
class Domain:
    """A part of the texts, with the metrics of scope `all` and `sample`."""

    name: str
    size: Size
    resampling: Resampling
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Tokens of one tokenizer by class, all of them.

    Attributes:
        tokenizer: `TokenizerInfo.name`.
        tokens: class to number of tokens, in the order in which to show them. Of lengths: the
            characters that begin in the token, "0" to "15" and "16+" ("0": a token inside a
            character). Of kinds: see `Report.kinds`.
    """

    tokenizer: str
    tokens: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """One token of a passage.

    Attributes:
        text: the characters that it completes; "" where it ends inside its only character.
        hyper: whether it is a hypertoken.
        words: how many words it touches.
        id: its number in the vocabulary.
    """

    text: str
    hyper: bool
    words: int
    id: int


@dataclass(frozen=True, slots=True)
class PassageCut:
    """The passage under one tokenizer; the texts of the runs joined are the passage."""

    tokenizer: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """The same text under each tokenizer."""

    text: str
    domain: str
    cuts: tuple[PassageCut, ...]


@dataclass(frozen=True, slots=True)
class WordCut:
    """A word as one tokenizer cuts it.

    Attributes:
        pieces: joined they are the word.
        on_joint: for each cut, whether two morphemes meet there; one fewer than `pieces`.
    """

    tokenizer: str
    pieces: tuple[str, ...]
    on_joint: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class AlignmentExample:
    """A word of the sample, its morphemes with their types, and where each tokenizer cuts it."""

    word: str
    morphemes: tuple[tuple[str, str], ...]
    cuts: tuple[WordCut, ...]


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A language model reading the texts through one tokenizer.

    Attributes:
        model: its name.
        tokenizer: through what it read, `TokenizerInfo.kind`: a model of hypertokens is read
            through its base as well.
        tokens: how many tokens were scored: all of the texts read.
        scores: metrics of scope `model`.
    """

    model: str
    tokenizer: str
    tokens: int
    scores: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class Models:
    """What the models read, and how.

    Attributes:
        context: tokens that a model sees at most.
        stride: tokens that are scored in one window; each but the first window has `context -
            stride` tokens of context before the first that it scores.
    """

    size: Size
    context: int
    stride: int
    rows: tuple[ModelRow, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What, beside the texts, decides the figures."""

    seed: int
    draws: int
    level: float
    limit: int
    renyi_order: float


@dataclass(frozen=True, slots=True)
class Report:
    """A finished measurement.

    Attributes:
        title: what was measured: names of files or corpora.
        hyperlex: version; `libraries`: those of the packages that decide ids or analysis.
        reference: `TokenizerInfo.name` of the one that differences are taken from.
        base: of the one that `normalised_length` divides by.
        metrics: those that any row has, in the order in which to show them.
        rows: the ranking: fewest tokens first.
        resampling, sample_resampling: of the metrics of scope `all` and of scope `sample`.
        parallel: number of sentence pairs that the premium is computed on; 0: none.
        lengths: over all texts.
        kinds: over the sample: `words` (one Russian word or a part of one), `several words`,
            `names`, `digits`, `latin`, `punctuation`, `spaces`, `other`.
        alignments: examples, those first on which tokenizers differ most.
        passage: None where no text was long enough.
        models: None where no model was given.
    """

    title: str
    hyperlex: str
    libraries: Mapping[str, str]
    settings: Settings
    size: Size
    sample: Size
    resampling: Resampling
    sample_resampling: Resampling
    parallel: int
    reference: str
    base: str
    metrics: tuple[MetricInfo, ...]
    tokenizers: tuple[TokenizerInfo, ...]
    skipped: tuple[Skipped, ...]
    rows: tuple[Row, ...]
    domains: tuple[Domain, ...]
    lengths: tuple[Histogram, ...]
    kinds: tuple[Histogram, ...]
    passage: Passage | None
    alignments: tuple[AlignmentExample, ...]
    models: Models | None

    def row(self, tokenizer: str) -> Row:
        """The row of one tokenizer. Raises KeyError for a name that was not measured."""
        for row in self.rows:
            if row.tokenizer == tokenizer:
                return row
        raise KeyError(tokenizer)

    def value(self, tokenizer: str, metric: str) -> float:
        """One figure. Raises KeyError for a name or a metric that is not there."""
        return self.row(tokenizer).scores[metric].interval.value

    def as_object(self) -> dict[str, Any]:
        """Dictionaries, lists, strings and numbers; figures that are undefined are None."""
        return {"format_version": FORMAT_VERSION, **_plain(self)}

    def json(self) -> str:
        """The text of the JSON file."""
        return json.dumps(self.as_object(), ensure_ascii=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
