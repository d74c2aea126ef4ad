"""A finished evaluation: what was measured of each model, and on how much."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.classification import Accuracy
from hyperlex.measure.copying import CopyScores
from hyperlex.measure.generation import GenerationScores
from hyperlex.measure.perplexity import Perplexity


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt and what each model made of it.

    Attributes:
        expected: the answer that was expected; None where none is known.
        answers: by the name of the model.
    """

    prompt: str
    expected: str | None
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Classified:
    """Accuracy of one model, by two ways of asking.

    Attributes:
        by_likelihood: the label that the model finds likeliest after the prompt.
        by_generation: the label that the model's own answer begins with.
    """

    by_likelihood: Accuracy
    by_generation: Accuracy


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What was measured of one model; None where the data has nothing for it.

    Attributes:
        perplexity: on plain texts.
        difference: its bits per character less those of the first model, paired; None for the
            first.
        generation: on rows with an expected text.
        classification: on rows with a label.
        copying: of the copy test.
        shortened: prompts that lost their beginning, to fit.
    """

    name: str
    tokenizer: str
    perplexity: Perplexity | None = None
    difference: Interval | None = None
    generation: GenerationScores | None = None
    classification: Classified | None = None
    copying: CopyScores | None = None
    shortened: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Models beside each other on the same data.

    Attributes:
        found, used: texts and rows that there were, and that were evaluated.
        copies: texts to copy that were asked for; `CopyScores.rows` are those that were found.
        seed: of sample, draws, and copies.
    """

    models: tuple[ModelReport, ...]
    examples: tuple[Example, ...]
    found: int
    used: int
    copies: int
    seed: int

    def json(self) -> str:
        """All figures as JSON; what is undefined is null."""
        return json.dumps(plain(asdict(self)), ensure_ascii=False, indent=2) + "\n"


def plain(value: Any) -> Any:
    """`value` as JSON has it: mappings, lists, and null for what is undefined."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
