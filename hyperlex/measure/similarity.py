"""Do two codes say the same? A similarity of what they are decoded to, for any rung.

    from hyperlex.measure.similarity import similarity

    similarity(first.decode(), second.decode())

A logistic regression over the figures of `hyperlex.measure.differences`, each with a second weight
that grows with the share of words that the texts have in common: that words changed places says
little of two texts about different things, and much of two that share every word. The table of
weights ships with the package; `hyperlex.recipes.similarity` makes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hyperlex.errors import FormatError
from hyperlex.measure.differences import DIFFERENCES, differences
from hyperlex.measure.sketch import Sketch, sketch

TABLE = Path(__file__).parent.parent / "artifacts" / "similarity" / "similarity.tsv"
FORMAT_VERSION = 1
_HEADER = f"# hyperlex similarity, format_version {FORMAT_VERSION}"
_COLUMNS = "difference\tmean\tscale\tweight\tweight times covered"
_COVERED = DIFFERENCES.index("covered in the longer")
_BIAS = "bias"
_STEEPEST = 30.0  # beyond it the probability is 0 or 1 to any reader


@dataclass(frozen=True, slots=True)
class Similarity:
    """Weights of `DIFFERENCES`, and how each figure is scaled before.

    Attributes:
        means, scales: a figure less its mean, over its scale, is what is weighed.
        weights: of that.
        covered: of that times the share of words in common (0 to 1, of the longer text).
        bias: of the sum.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    covered: tuple[float, ...]
    bias: float

    def __call__(self, first: Sketch, second: Sketch) -> float:
        """The probability that two sketches say the same, 0 to 1; the same in either direction."""
        figures = differences(first, second)
        shared = figures[_COVERED]
        score = self.bias + sum(
            (figure - mean) / scale * (weight + covered * shared)
            for figure, mean, scale, weight, covered in zip(
                figures, self.means, self.scales, self.weights, self.covered, strict=True
            )
        )
        return 1 / (1 + math.exp(-min(max(score, -_STEEPEST), _STEEPEST)))

    def table(self) -> str:
        """The weights as the file holds them."""
        rows = zip(DIFFERENCES, self.means, self.scales, self.weights, self.covered, strict=True)
        lines = ["\t".join([name, *(f"{n:.5g}" for n in row)]) for name, *row in rows]
        return "\n".join([_HEADER, _COLUMNS, f"{_BIAS}\t{self.bias:.5g}", *lines, ""])

    @classmethod
    def read(cls, path: Path) -> Similarity:
        """The weights of a file that `table` was written to.

        Raises:
            FormatError: no such file, another format, or other figures than this version's.
        """
        remedy = "Reinstall hyperlex, or make it anew with `python -m hyperlex.recipes.similarity`."
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FormatError(f"The weights in {path} cannot be read: {error}. {remedy}") from error
        rows = [line.split("\t") for line in lines[2:]]
        names = [row[0] for row in rows]
        if lines[:2] != [_HEADER, _COLUMNS] or names != [_BIAS, *DIFFERENCES]:
            raise FormatError(
                f"{path} does not hold what this version weighs: {_HEADER!r} and the figures of "
                f"hyperlex.measure.differences, in their order, were expected. {remedy}"
            )
        try:
            bias = float(rows[0][1])
            columns = zip(*(map(float, row[1:]) for row in rows[1:]), strict=True)
            means, scales, weights, covered = columns
        except ValueError as error:
            raise FormatError(f"{path} has a damaged line: {error}. {remedy}") from error
        return cls(means, scales, weights, covered, bias)


@cache
def embedded() -> Similarity:
    """The weights that ship with the package."""
    return Similarity.read(TABLE)


def similarity(first: str, second: str) -> float:
    """The probability that two texts, or what two codes are decoded to, say the same: 0 to 1.

    It was learned from pairs of sentences; of long texts it says little. Equal texts are not sure
    to get 1: the weights know that two texts are alike, never that they are one.
    """
    return embedded()(sketch(first), sketch(second))
