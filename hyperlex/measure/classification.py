"""How often a model names the right class, how sure that is, and what it takes for what."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from hyperlex.errors import ConfigError, FormatError
from hyperlex.measure.bootstrap import LEVEL, Interval

NONE = ""
"""What stands for an answer that is none of the labels."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Right answers among rows that are drawn one by one.

    Attributes:
        share: 0 to 1, with the Wilson interval.
        right, rows: counts.
        majority: the share that the commonest label alone would have got right.
        labels: in the order of the table.
        confusion: [labels][labels + 1] rows by their label and by the answer; the last column
            counts answers that were none of the labels.
    """

    share: Interval
    right: int
    rows: int
    majority: float
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


def accuracy(answers: Sequence[str], expected: Sequence[str], labels: Sequence[str]) -> Accuracy:
    """Hold `answers` against `expected`, row by row; an answer outside `labels` is wrong.

    Raises:
        ConfigError: no rows, or another number of answers.
        FormatError: an expected label that is none of `labels`.
    """
    if not expected or len(answers) != len(expected):
        raise ConfigError(
            f"{len(answers)} answers for {len(expected)} rows: as many of both, and one at least, "
            "were expected."
        )
    check_labels(expected, labels)
    columns = {label: number for number, label in enumerate(labels)}
    table = [[0] * (len(labels) + 1) for _ in labels]
    for answer, wanted in zip(answers, expected, strict=True):
        table[columns[wanted]][columns.get(answer, len(labels))] += 1
    right = sum(table[number][number] for number in range(len(labels)))
    return Accuracy(
        wilson(right, len(expected)),
        right,
        len(expected),
        max(Counter(expected).values()) / len(expected),
        tuple(labels),
        tuple(map(tuple, table)),
    )


def check_labels(
    expected: Sequence[str], labels: Sequence[str], places: Sequence[str] = ()
) -> None:
    """Raise `FormatError` for the first row whose label is none of `labels`. `places` are what the
    error calls the rows: their files and lines.
    """
    known = set(labels)
    for number, label in enumerate(expected):
        if label not in known:
            place = places[number] if places else f"Row {number + 1}"
            raise FormatError(
                f"{place} has the label {label!r}. One of {', '.join(labels)} was expected: "
                "mend the row, or name its label with --labels."
            )


def wilson(right: int, rows: int, level: float = LEVEL) -> Interval:
    """A share with its score interval (E. B. Wilson, 1927): never outside 0 to 1, and no point even
    where all rows are right.

    With z the normal quantile and p = right / rows:

        (p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n)

    NaN for no rows.
    """
    if not rows:
        return Interval(math.nan, math.nan, math.nan)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, square = right / rows, z * z / rows
    middle = share + square / 2
    half = z * math.sqrt(share * (1 - share) / rows + square / rows / 4)
    low, high = ((middle + sign * half) / (1 + square) for sign in (-1, 1))
    # The formula is exact at the ends, its rounding is not.
    return Interval(share, low if right else 0.0, high if right < rows else 1.0)


def label_in(text: str, labels: Sequence[str]) -> str:
    """The label that a generated text begins with, or `NONE`.

    Space before it and the case of letters do not matter; of two labels that fit the longer is
    taken; what follows must not continue a word: "нормальный" is not "норма".
    """
    told = text.lstrip().casefold()
    fitting = [
        label
        for label in labels
        if told.startswith(label.casefold()) and not _continues(told, len(label.casefold()))
    ]
    return max(fitting, key=len, default=NONE)


def _continues(text: str, stop: int) -> bool:
    return text[stop : stop + 1].isalnum()
