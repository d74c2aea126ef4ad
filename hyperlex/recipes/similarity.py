"""The weights by which two codes are found to say the same.

    python -m hyperlex.recipes.similarity --data ../shared/data

Reads pairs of sentences that say the same or do not: RuPAWS (pairs with exchanged words against
paraphrases), ParaPhraser (1 against -1), and orders of the same words, which say the same. Of each
pair that says the same copies are spoiled, each in one way, so that the weights see what corpora
hardly have: a negation, another number, another tense, exchanged roles or names. Fits a logistic
regression by Newton's method; pairs of one source are in one fold. The shipped weights see all
folds but the first, which is left to measure with. Deterministic. Writes `similarity.tsv` and its
card to `hyperlex/artifacts/similarity`.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory
from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.contrast import auc_interval, sources
from hyperlex.measure.differences import DIFFERENCES, differences
from hyperlex.measure.similarity import TABLE, Similarity
from hyperlex.measure.sketch import Mark, Sketch, sketches

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SimilarityConfig:
    """What decides the weights.

    Attributes:
        every: of the orders of the same words one line in so many is read.
        others: weight of a pair that is not of RuPAWS; one of RuPAWS counts 1.
        spoiled: weight of a spoiled pair.
        ridge: penalty on the square of each weight, of scaled figures.
        folds: of the cross-validation.
        seed: of folds and of what is spoiled.
    """

    every: int = 20
    others: float = 0.4
    spoiled: float = 0.25
    ridge: float = 3.0
    folds: int = 5
    seed: int = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that say the same, or not.

    Attributes:
        origin: the name of their file.
        source: the same number for pairs of one source.
        fold: which of the folds that source was drawn for; the shipped weights saw none of fold 0.
    """

    origin: str
    first: str
    second: str
    same: bool
    source: int
    fold: int


# File, label of pairs that say the same, label of those that do not.
SOURCES = (
    ("rupaws_wiki_train.tsv", "1", "0"),
    ("rupaws_qqp_train.tsv", "1", "0"),
    ("paraphraser_train.tsv", "1", "-1"),
    ("koziev_permutations.tsv", "1", ""),
)
_THINNED = "koziev_permutations.tsv"
_NEWTON_STEPS = 40
_STEM = 5  # letters


def read_pairs(folder: Path, config: SimilarityConfig) -> list[Pair]:
    """The pairs of the files in `folder`, in order; no source is in two folds.

    Raises:
        ConfigError: a file is absent.
    """
    rows: list[tuple[str, str, str, bool]] = []
    for name, same, other in SOURCES:
        path = folder / name
        if not path.is_file():
            raise ConfigError(
                f"{path} does not exist: a table of text1, text2 and label was expected. Name the "
                "folder that holds `paraphrase` with --data."
            )
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        for line in lines[:: config.every] if name == _THINNED else lines:
            first, second, label, *_ = line.split("\t")
            if label in (same, other):
                rows.append((name, first, second, label == same))
    found = sources([_stems(first) for _, first, _, _ in rows])
    drawn = np.random.default_rng(config.seed).integers(0, config.folds, len(rows))
    return [
        Pair(*row, source, fold)
        for row, source, fold in zip(rows, found.tolist(), drawn[found].tolist(), strict=True)
    ]


def _stems(text: str) -> list[str]:
    """The first letters of the words: near enough to lemmas to know a source again."""
    return [word[:_STEM].lower() for word in re.findall(r"\w+", text)]


def spoiled(text: Sketch, draw: random.Random) -> list[tuple[str, Sketch]]:
    """Sketches that say something else and how each was spoiled: one for each way that fits."""
    return [
        (name, found)
        for name, way in (
            ("negation", _denied),
            ("number", _miscounted),
            ("tense", _moved_in_time),
            ("role", _exchanged_roles),
            ("name", _exchanged_names),
        )
        if (found := way(text, draw)) is not None
    ]


def _denied(text: Sketch, draw: random.Random) -> Sketch | None:
    verbs = [place for place, mark in enumerate(text) if mark.kind == "V"]
    if not verbs:
        return None
    at = draw.choice(verbs)
    moved = [replace(mark, head=mark.head + (mark.head >= at)) for mark in text]
    return (*moved[:at], Mark("не", "-", at + 1, "advmod"), *moved[at:])


def _miscounted(text: Sketch, draw: random.Random) -> Sketch | None:
    numbers = [place for place, mark in enumerate(text) if mark.kind == "M"]
    if not numbers:
        return None
    at = draw.choice(numbers)
    return _changed(text, {at: replace(text[at], lemma=text[at].lemma + "7")})


def _moved_in_time(text: Sketch, draw: random.Random) -> Sketch | None:
    verbs = [place for place, mark in enumerate(text) if mark.tense]
    if not verbs:
        return None
    at = draw.choice(verbs)
    tense = "Fut" if text[at].tense == "Past" else "Past"
    return _changed(text, {at: replace(text[at], tense=tense)})


def _exchanged_roles(text: Sketch, draw: random.Random) -> Sketch | None:
    for verb in range(len(text)):
        filled = {
            m.link: place for place, m in enumerate(text) if m.head == verb and m.kind in "NP"
        }
        if {"agent", "patient"} <= filled.keys():
            return _exchanged(text, filled["agent"], filled["patient"])
    return None


def _exchanged_names(text: Sketch, draw: random.Random) -> Sketch | None:
    names = [place for place, mark in enumerate(text) if mark.kind == "P"]
    return _exchanged(text, *draw.sample(names, 2)) if len(names) > 1 else None


def _exchanged(text: Sketch, one: int, other: int) -> Sketch | None:
    a, b = text[one], text[other]
    if a.lemma == b.lemma:
        return None
    changes = {
        one: replace(a, lemma=b.lemma, kind=b.kind, number=b.number),
        other: replace(b, lemma=a.lemma, kind=a.kind, number=a.number),
    }
    return _changed(text, changes)


def _changed(text: Sketch, changes: dict[int, Mark]) -> Sketch:
    return tuple(changes.get(place, mark) for place, mark in enumerate(text))


@dataclass(frozen=True)
class Examples:
    """Pairs as figures, and the spoiled copies of those that say the same.

    Attributes:
        figures: float64 [pairs, differences].
        same: bool [pairs].
        weights: float64 [pairs].
        sources, folds: int64 [pairs], as in `Pair`.
        origins: the file of each, or `spoiled: way`.
    """

    figures: Floats
    same: NDArray[np.bool_]
    weights: Floats
    sources: NDArray[np.int64]
    folds: NDArray[np.int64]
    origins: list[str]

    @classmethod
    def of(cls, pairs: list[Pair], config: SimilarityConfig) -> Examples:
        """Read and compare the pairs."""
        draw = random.Random(config.seed)
        rows: list[tuple[list[float], bool, Pair, str]] = []
        firsts, seconds = sketches([p.first for p in pairs]), sketches([p.second for p in pairs])
        for pair, first, second in zip(pairs, firsts, seconds, strict=True):
            rows.append((differences(first, second), pair.same, pair, pair.origin))
            if pair.same:
                for way, text in spoiled(second, draw):
                    rows.append((differences(first, text), False, pair, f"spoiled: {way}"))
        origins = [origin for *_, origin in rows]
        return cls(
            np.array([figures for figures, *_ in rows]),
            np.array([same for _, same, *_ in rows]),
            np.array([_weight(origin, config) for origin in origins]),
            np.array([pair.source for *_, pair, _ in rows]),
            np.array([pair.fold for *_, pair, _ in rows]),
            origins,
        )


def _weight(origin: str, config: SimilarityConfig) -> float:
    if origin.startswith("rupaws"):
        return 1.0
    return config.spoiled if origin.startswith("spoiled") else config.others


def fit(examples: Examples, chosen: NDArray[np.bool_], ridge: float) -> Similarity:
    """The weights that the chosen examples give."""
    figures = examples.figures[chosen]
    means, scales = figures.mean(0), figures.std(0)
    scales[scales < 1e-9] = 1.0
    design = _design(figures, means, scales)
    found = _logistic(design, examples.same[chosen], examples.weights[chosen], ridge)
    count = len(DIFFERENCES)
    return Similarity(
        tuple(means.tolist()),
        tuple(scales.tolist()),
        tuple(found[:count].tolist()),
        tuple(found[count:-1].tolist()),
        float(found[-1]),
    )


def _design(figures: Floats, means: Floats, scales: Floats) -> Floats:
    """[pairs, 2 × differences + 1]: scaled figures, the same times the share of words in common,
    and 1.
    """
    scaled = (figures - means) / scales
    shared = figures[:, [DIFFERENCES.index("covered in the longer")]]
    return np.hstack([scaled, scaled * shared, np.ones((len(figures), 1))])


def _logistic(design: Floats, same: NDArray[np.bool_], weights: Floats, ridge: float) -> Floats:
    """Weights of least penalised loss, by Newton's method; the last one, the bias, goes free."""
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 1e-6
    found = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weights * (chance - same)) + penalty * found
        bend = (design.T * (weights * chance * (1 - chance))) @ design + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        found -= step
        if np.abs(step).max() < 1e-8:
            break
    return found


def cross_validated(examples: Examples, config: SimilarityConfig) -> Floats:
    """The score of each pair by weights that saw no pair of its fold: float64 [pairs]."""
    scores = np.zeros(len(examples.folds))
    for number in range(config.folds):
        held = examples.folds == number
        model = fit(examples, ~held, config.ridge)
        design = _design(examples.figures[held], np.array(model.means), np.array(model.scales))
        scores[held] = design @ np.array([*model.weights, *model.covered, model.bias])
    return scores


def judged(examples: Examples, scores: Floats) -> dict[str, Interval]:
    """Areas under the curve: of each file with pairs of both kinds, of RuPAWS as a whole, of all
    pairs that say the same against each way of spoiling.
    """
    origins = np.array(examples.origins)
    groups = {name: origins == name for name, _, other in SOURCES if other}
    groups["RuPAWS, both files"] = np.char.startswith(origins, "rupaws")
    spoilt = sorted({o for o in examples.origins if o.startswith("spoiled")})
    groups |= {f"all that say the same / {o}": examples.same | (origins == o) for o in spoilt}
    return {
        name: auc_interval(examples.same[g], scores[g], examples.sources[g])
        for name, g in groups.items()
    }


def card(config: SimilarityConfig, data: Path, found: dict[str, Interval], pairs: int) -> str:
    """What the table is, for whoever finds it."""
    hashes = [
        f"| {name} | {hashlib.sha256((data / name).read_bytes()).hexdigest()} |"
        for name, *_ in SOURCES
    ]
    areas = [f"| {name} | {i.value:.3f} | {i.low:.3f}–{i.high:.3f} |" for name, i in found.items()]
    settings = ", ".join(f"{name}={value}" for name, value in asdict(config).items())
    return "\n".join(
        [
            "# Weights of the similarity of codes",
            "",
            "`similarity.tsv` holds one line for each figure of `hyperlex.measure.differences`:",
            "its mean and scale in training, its weight, and its weight times the share of words",
            "in common. The bias stands first. Made by `python -m hyperlex.recipes.similarity`",
            f"with {settings}, from {pairs:,} pairs less those of fold 0, a fifth of the sources.",
            "It holds no text of any of them.",
            "",
            "Area under the ROC curve, cross-validated: the weights saw no pair of the same",
            "source. Intervals: 95 %, 2,000 draws of sources. The sentences are read whole, not",
            "from codes: `python -m benchmarks.run ladder` has the codes, on fold 0.",
            "",
            "| pairs | AUC | interval |",
            "|---|---:|---|",
            *areas,
            "",
            "Limits: learned from pairs of sentences, most of them translated from English; of",
            "long texts it says little. Exchanged agent and patient are seen where the parser",
            "tells who is who. A synonym is a word that the other text lacks, for nothing here",
            "knows synonyms.",
            "",
            "| source | sha256 |",
            "|---|---|",
            *hashes,
            "",
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with `paraphrase`")
    parser.add_argument("--output", type=Path, default=TABLE.parent)
    options = parser.parse_args(arguments)
    config = SimilarityConfig()
    console = Console()
    folder = options.data / "paraphrase"
    pairs = read_pairs(folder, config)
    console.print(f"{len(pairs):,} pairs read")
    examples = Examples.of(pairs, config)
    found = judged(examples, cross_validated(examples, config))
    for name, interval in found.items():
        console.print(f"{name}: {interval.value:.3f} ({interval.low:.3f}–{interval.high:.3f})")
    model = fit(examples, examples.folds != 0, config.ridge)
    with atomic_directory(options.output) as staged:
        (staged / TABLE.name).write_text(model.table(), encoding="utf-8")
        described = card(config, folder, found, len(pairs))
        (staged / "similarity.md").write_text(described, encoding="utf-8")


if __name__ == "__main__":
    main()
