"""What nouns and verbs like to take: the preferences of `hyperlex.word.attachment`.

    python -m hyperlex.recipes.attachment --data ../shared/data

Parses the sample of the corpora that `hyperlex.recipes.words` reads, with the embedded parser,
which asks no preferences while it is counted what they shall be. Some fifteen minutes on two cores;
the same files give the same bytes. Writes `attachment.safetensors` and its card to
`hyperlex/artifacts/analyzer`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from hyperlex.codebook.processes import in_processes
from hyperlex.errors import ConfigError
from hyperlex.files import atomic_write_bytes, atomic_write_text
from hyperlex.recipes.attachment.count import Counts, count
from hyperlex.recipes.attachment.preferences import LEAST, Preferences, preferences
from hyperlex.recipes.sources import table
from hyperlex.recipes.words import corpus
from hyperlex.word.attachment import FILE, FORMAT_VERSION
from hyperlex.word.load import embedded, load
from hyperlex.word.threads import one_thread

CARD = "attachment.md"
_STRETCH = 2_000
"""Sentences that a process reads at once."""


def main() -> None:
    """Runs the recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=embedded())
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    console = Console()
    corpora = options.data / "corpora"
    if not corpora.is_dir():
        raise ConfigError(
            f"{options.data} has no folder corpora; the development data were expected. "
            "Name their folder with --data."
        )
    console.print("corpora …")
    sample = corpus.sample(corpora, options.workers)
    counts = count_sample(sample, options.workers, console)
    found = preferences(counts)
    facts = {
        "words of raw text": f"{len(sample.tokens):,}",
        "phrases with a preposition": f"{counts.phrases.total():,}",
        f"lemmas that are met {LEAST} times": f"{len(found.lemmas):,}",
        "prepositions": len(found.prepositions),
        "pairs": f"{len(found.places):,}",
    }
    read = [path for domain in corpus.LIMITS for path in corpus.files(corpora, domain)]
    write(found, facts, read, options.data, options.out)
    console.print(f"written to {options.out}")


def count_sample(sample: corpus.Sample, workers: int, console: Console) -> Counts:
    """The counts of all sentences of a sample."""
    network, entries = load()
    starts = np.concatenate(([0], np.cumsum(sample.lengths)))

    def sentences(stretch: range) -> Iterator[Sequence[str]]:
        for k in stretch:
            yield [sample.types[t] for t in sample.tokens[starts[k] : starts[k + 1]]]

    def counted(stretch: range) -> Counts:
        with one_thread():
            return count(sentences(stretch), network, entries)

    stop = len(sample.lengths)
    stretches = [range(k, min(k + _STRETCH, stop)) for k in range(0, stop, _STRETCH)]
    counts = Counts()
    for n, (_, own) in enumerate(in_processes(counted, stretches, workers), 1):
        counts.add(own)
        if n % 20 == 0 or n == len(stretches):
            console.print(
                f"  {n} of {len(stretches)} stretches, {counts.phrases.total():,} phrases"
            )
    return counts


def write(
    found: Preferences,
    facts: dict[str, object],
    sources: Sequence[Path],
    root: Path,
    directory: Path,
) -> None:
    """Writes the preferences and their card.

    Args:
        sources: every file that was read; `root` is taken off their names.
    """
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {
        "format_version": np.array([FORMAT_VERSION], np.int32),
        "lemmas": np.frombuffer("\n".join(found.lemmas).encode(), np.uint8),
        "prepositions": np.frombuffer("\n".join(found.prepositions).encode(), np.uint8),
        "others": found.others,
        "places": found.places,
        "values": found.values,
    }
    directory.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(directory / FILE, save(tensors))
    lines = [
        "# Attachment: what nouns and verbs like to take",
        "",
        "Made by `python -m hyperlex.recipes.attachment`: how much more often than the average",
        "noun or verb a word is the head of a phrase with a preposition, in trees that the",
        "embedded parser drew of raw text. It ships lemmas and numbers; no sentence of its sources",
        "is in it.",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        "",
        "## Sources",
        "",
        *table(sources, root),
    ]
    atomic_write_text(directory / CARD, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
