"""The embedded tagger and parser.

    python -m hyperlex.recipes.words --data ../shared/data

Reads a sample of the corpora (vectors of lemmas, then what is wrong with corrupted sentences), then
trees (several teachers, which differ in their seeds); the teachers label text of the sample, and
the student, which is smaller and ships, reads that text and the trees. Some two and a half hours on
two cores, of which the corrupted sentences take 80 minutes, the teachers 13, labelling 15 or more
and the student 25; the same data on the same kind of machine give the same bytes. Writes
`hyperlex/artifacts/analyzer/words*`.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from hyperlex.errors import ConfigError
from hyperlex.recipes.words import corpus, steps, treebank
from hyperlex.recipes.words.batches import Spellings
from hyperlex.recipes.words.export import export
from hyperlex.recipes.words.learned import learned_lemmas
from hyperlex.recipes.words.net import Net
from hyperlex.recipes.words.pretrain import pretrain
from hyperlex.recipes.words.silver import Silver
from hyperlex.recipes.words.supervise import distil
from hyperlex.recipes.words.teachers import (
    State,
    label_shards,
    pupil,
    silver_step,
    state_of,
    teacher,
)
from hyperlex.recipes.words.vectors import lemma_vectors
from hyperlex.word.load import embedded

THREADS = 2
"""Of torch. Sums come out differently with another number."""


@dataclass(frozen=True)
class WordsConfig:
    """How long each step trains.

    Attributes:
        pretrain_words: of raw text for hidden words.
        teachers: their number.
        epochs: of each teacher over the trees.
        dropout: of teachers, while they learn from trees.
        silver_shards: of raw text that the teachers label for the student, `silver.SHARD` words
            each.
        student_rounds: of the student over that text.
        student_epochs: of the student over the trees.
    """

    pretrain_words: int = 13_000_000
    teachers: int = 4
    epochs: int = 14
    dropout: float = 0.33
    silver_shards: int = 20
    student_rounds: int = 2
    student_epochs: int = 5


def main() -> None:
    """Runs the recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=embedded())
    parser.add_argument("--work", type=Path, default=Path("build/words"), help="kept steps")
    options = parser.parse_args()
    config = WordsConfig()
    console = Console()
    if not (options.data / "treebank").is_dir():
        raise ConfigError(
            f"{options.data} has no folder treebank; the development data were expected. "
            "Name their folder with --data."
        )

    def say(step: int, steps: int, what: str) -> None:
        console.print(f"  {step}/{steps} {what}", highlight=False)

    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    work = options.work
    console.print("corpora …")
    sample = steps.kept_sample(work, lambda: corpus.sample(options.data / "corpora"))
    found: list[tuple[list[str], NDArray[np.float32]]] = []

    def vectors() -> steps.Arrays:
        found.append(lemma_vectors(sample))
        steps.kept_text(work, "lemmas", lambda: found[0][0])
        return {"meanings": found[0][1]}

    meanings = steps.kept(work, "vectors", vectors)["meanings"].astype(np.float32)
    lemmas = steps.kept_text(work, "lemmas", lambda: found[0][0])
    spellings = Spellings(lemmas)

    def encoder() -> steps.Arrays:
        torch.manual_seed(0)
        net = Net(meanings, dropout=0.1)
        pretrain(net, sample, spellings, config.pretrain_words, say)
        return dict(state_of(net))

    console.print(f"{len(sample.tokens):,} words, {len(lemmas):,} lemmas; hidden words …")
    state = _floats(steps.kept(work, "encoder", encoder))
    files = treebank.training_files(options.data / "treebank")
    sentences = treebank.read(files)
    words = f"{sum(map(len, sentences)):,} words"
    console.print(f"{len(sentences):,} trees, {words}; teachers …")
    taught = _teachers(work, state, lemmas, sentences, config)
    console.print("silver …")
    _label(work, taught, lemmas, sample, config)
    shards = [steps.kept(work, silver_step(k), dict) for k in range(config.silver_shards)]
    torch.set_num_threads(1)  # batches are small: a second thread waits more than it works
    silver = Silver(shards, sample, spellings)
    console.print("student …")
    torch.manual_seed(0)
    student = pupil(taught[0])
    distil(student, sentences, silver, spellings, config.student_epochs, config.student_rounds, say)
    read = [p for d in corpus.LIMITS for p in corpus.files(options.data / "corpora", d)]
    facts = {
        "words of raw text": f"{len(sample.tokens):,}",
        "trees": f"{len(sentences):,} sentences, {words}",
        **{name.replace("_", " "): value for name, value in asdict(config).items()},
    }
    export(student, lemmas, learned_lemmas(sentences), facts, [*read, *files],
           options.data, options.out)  # fmt: skip
    console.print(f"written to {options.out}")


def _teachers(
    work: Path,
    encoder: State,
    lemmas: list[str],
    sentences: list[list[treebank.Target]],
    config: WordsConfig,
) -> list[State]:
    """All teachers, two at a time."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(teacher, seed, encoder, lemmas, sentences, config.epochs, config.dropout)
            for seed in range(config.teachers)
            if not steps.is_kept(work, f"teacher{seed}")
        ]
        waiting = iter(jobs)
        return [
            _floats(steps.kept(work, f"teacher{seed}", lambda: dict(next(waiting).result())))
            for seed in range(config.teachers)
        ]


def _label(
    work: Path,
    taught: list[State],
    lemmas: list[str],
    sample: corpus.Sample,
    config: WordsConfig,
) -> None:
    """All shards that no earlier run has left, by two processes."""
    missing = [k for k in range(config.silver_shards) if not steps.is_kept(work, silver_step(k))]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(label_shards, work, taught, config.dropout, sample, lemmas, shards)
            for shards in (missing[::2], missing[1::2])
            if shards
        ]
        for job in jobs:
            job.result()


def _floats(arrays: steps.Arrays) -> State:
    return {name: np.asarray(value, np.float32) for name, value in arrays.items()}


if __name__ == "__main__":
    main()
