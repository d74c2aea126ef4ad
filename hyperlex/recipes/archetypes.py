"""Archetypes: classes of predicates that take the same arguments.

    python -m hyperlex.recipes.archetypes --data ../shared/data

Reads a balanced sample of the corpora with the analyzer itself, counts for each predicate what
stands beside it (relation, preposition, lemma), weighs the counts by positive pointwise mutual
information (Church and Hanks 1990; Levy and Goldberg 2014), keeps the leading directions of that
matrix and clusters the predicates in them by spherical k-means. Deterministic: the same files give
the same bytes. Writes `archetypes.tsv` and its card to `hyperlex/artifacts/analyzer`.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from hyperlex.codebook.corpus import Document, documents, text_files
from hyperlex.codebook.processes import in_processes
from hyperlex.errors import ConfigError
from hyperlex.files import atomic_write_text
from hyperlex.recipes.vectors import Floats, cluster, leading, weigh
from hyperlex.scene.archetype import ARCHETYPES, FORMAT_VERSION
from hyperlex.scene.tree import Tree
from hyperlex.types import Sentence


@dataclass(frozen=True)
class ArchetypeConfig:
    """What decides the classes.

    Attributes:
        characters: code points of the sample, shared out equally among the domains.
        classes: how many.
        min_count: a predicate seen less often is left out.
        min_feature: the same for what stands beside it.
        max_features: the most frequent ones are kept, this many.
        dimensions: directions of the weighted counts that are kept.
        rounds: of k-means at most.
        seed: of the first directions and centres.
    """

    characters: int = 24_000_000
    classes: int = 768
    min_count: int = 10
    min_feature: int = 8
    max_features: int = 20_000
    dimensions: int = 160
    rounds: int = 60
    seed: int = 3


# Documents are handed to the workers in stretches of about this many code points.
_STRETCH = 200_000
_ARGUMENTS = frozenset(["nsubj", "obj", "iobj", "obl", "xcomp", "advmod", "ccomp", "csubj"])
_PREDICATES = frozenset(["VERB", "ADJ", "ADV", "NOUN"])
_LEMMAS = frozenset(["NOUN", "PROPN", "PRON", "VERB", "ADV", "ADJ"])


def observations(sentence: Sentence) -> Iterator[tuple[str, str]]:
    """Pairs of a predicate's lemma and something beside it: `obl:в+Acc` and `obl:в+Acc:дом`.

    A name stands for all names, and its kind is what counts.
    """
    tree = Tree(sentence)
    for place, word in enumerate(sentence.words):
        base, head = tree.bases[place], tree.heads[place]
        if base not in _ARGUMENTS or head < 0:
            continue
        above = sentence.words[head]
        if not _is_predicate(tree, head) or not above.lemma.replace("-", "").isalpha():
            continue
        lemma = above.lemma.lower()
        if base == "advmod" and word.upos != "ADV":
            continue
        relation = "nsubj:pass" if word.relation == "nsubj:pass" else base
        preposition = tree.preposition(place) if tree.children[place] else ""
        case = word.feat("Case")
        frame = f"{relation}:{preposition}+{case}" if preposition or case else relation
        if base in ("ccomp", "csubj", "xcomp"):
            frame = f"{base}:{word.feat('VerbForm') or word.upos}"
        yield lemma, frame
        if word.upos == "PROPN":
            yield lemma, f"{frame}:NAME"
        elif word.upos in _LEMMAS and base not in ("ccomp", "csubj"):
            yield lemma, f"{frame}:{word.lemma.lower()}"


def _is_predicate(tree: Tree, place: int) -> bool:
    word = tree.words[place]
    if word.upos == "VERB":
        return True
    return word.upos in _PREDICATES and tree.has(place, "nsubj", "cop", "csubj")


def count(texts: Iterable[str]) -> Counter[tuple[str, str]]:
    """The observations of some texts, counted."""
    from hyperlex.word import iter_sentences

    counts: Counter[tuple[str, str]] = Counter()
    for text in texts:
        for sentence in iter_sentences(text):
            counts.update(observations(sentence))
    return counts


def sample(corpora: Path, characters: int) -> list[Document]:
    """Stretches from all over the corpora, `characters` code points of them, domains as equal as
    they allow: evenly spaced documents of every file, cut to at most `_STRETCH`.
    """
    by_domain: dict[str, list[str]] = {}
    for file in text_files(corpora):
        for document in documents(file):
            held = by_domain.setdefault(document.domain, [])
            text = document.text
            held.extend(text[at : at + _STRETCH] for at in range(0, len(text), _STRETCH))
    left = characters
    chosen = []
    # The smallest domains first: what they cannot give is shared out among the others.
    sizes = {domain: sum(map(len, texts)) for domain, texts in by_domain.items()}
    for n, domain in enumerate(sorted(sizes, key=lambda name: (sizes[name], name))):
        share = left // (len(sizes) - n)
        taken = 0
        step = max(1.0, sizes[domain] / max(1, share))
        position = 0.0
        texts = by_domain[domain]
        while position < len(texts) and taken < share:
            text = texts[int(position)][: share - taken]
            chosen.append(Document(text, domain))
            taken += len(text)
            position += step
        left -= taken
    return chosen


def count_all(texts: list[str], workers: int, console: Console) -> Counter[tuple[str, str]]:
    """The observations of all texts, read by several processes; the result does not depend on how
    many.
    """
    stretches: list[list[str]] = [[]]
    size = 0
    for text in texts:
        if size > _STRETCH:
            stretches.append([])
            size = 0
        stretches[-1].append(text)
        size += len(text)
    total: Counter[tuple[str, str]] = Counter()
    for n, (_, counts) in enumerate(in_processes(count, stretches, workers), 1):
        total.update(counts)
        if n % 20 == 0 or n == len(stretches):
            console.print(f"  {n} of {len(stretches)} stretches, {len(total):,} pairs")
    return total


def matrix(
    counts: Counter[tuple[str, str]], config: ArchetypeConfig
) -> tuple[list[str], NDArray[np.int64], Floats]:
    """Lemmas `[N]` by falling count, their counts `[N]`, and weights `[N, F]`."""
    of_lemma: Counter[str] = Counter()
    of_feature: Counter[str] = Counter()
    for (lemma, feature), times in counts.items():
        if ":" in feature and feature.count(":") < 2:
            of_lemma[lemma] += times
        of_feature[feature] += times
    lemmas = [item for item in _ranked(of_lemma) if of_lemma[item] >= config.min_count]
    features = [f for f in _ranked(of_feature) if of_feature[f] >= config.min_feature]
    features = features[: config.max_features]
    row = {lemma: n for n, lemma in enumerate(lemmas)}
    column = {feature: n for n, feature in enumerate(features)}
    weights = np.zeros((len(lemmas), len(features)), dtype=np.float32)
    for (lemma, feature), times in counts.items():
        if lemma in row and feature in column:
            weights[row[lemma], column[feature]] = times
    weigh(weights, weights.sum(axis=0))
    return lemmas, np.array([of_lemma[lemma] for lemma in lemmas]), weights


def _ranked(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda item: (-counts[item], item))


def table(
    lemmas: list[str],
    counts: NDArray[np.int64],
    vectors: Floats,
    assigned: NDArray[np.int64],
) -> list[tuple[tuple[str, ...], list[str]]]:
    """Gloss and lemmas of each class, classes by falling count, lemmas by falling count.

    The gloss is the three lemmas nearest to the centre, among those that make up nine tenths of the
    class, so that it is made of words that people know.
    """
    rows = []
    for n in np.unique(assigned):
        members = np.flatnonzero(assigned == n)
        centre = (vectors[members] * np.log1p(counts[members])[:, None]).sum(axis=0)
        order = members[np.lexsort((members, -counts[members]))]
        share = np.cumsum(counts[order]) / counts[order].sum()
        known = order[: max(3, int(np.searchsorted(share, 0.9)) + 1)]
        nearest = known[np.argsort(-(vectors[known] @ centre), kind="stable")][:3]
        gloss = tuple(lemmas[i] for i in nearest)
        rows.append((int(counts[members].sum()), gloss, [lemmas[i] for i in order]))
    rows.sort(key=lambda row: (-row[0], row[1]))
    return [(gloss, listed) for _, gloss, listed in rows]


def to_tsv(rows: list[tuple[tuple[str, ...], list[str]]]) -> str:
    """The artifact: class, gloss, lemmas."""
    lines = [f"# hyperlex archetypes, format_version {FORMAT_VERSION}"]
    lines += [
        f"{n}\t{' '.join(gloss)}\t{' '.join(listed)}" for n, (gloss, listed) in enumerate(rows)
    ]
    return "\n".join(lines) + "\n"


def card(
    corpora: Path,
    config: ArchetypeConfig,
    texts: list[Document],
    rows: list[tuple[tuple[str, ...], list[str]]],
    tsv: str,
) -> str:
    """What the classes were learned from, and how."""
    files = "\n".join(
        f"| {path.parent.name} | {path.name} | `{hashlib.sha256(path.read_bytes()).hexdigest()}` |"
        for path in text_files(corpora)
    )
    sizes: Counter[str] = Counter()
    for document in texts:
        sizes[document.domain] += len(document.text)
    shares = ", ".join(f"{domain} {sizes[domain]:,}" for domain in sorted(sizes))
    options = ", ".join(f"{key} {value}" for key, value in asdict(config).items())
    return f"""# Archetypes of predicates

{sum(len(listed) for _, listed in rows):,} predicate lemmas in {len(rows)} classes, learned from the
arguments that they take: `archetypes.tsv`, one class a line (number, gloss, lemmas by falling
count), sha256 `{hashlib.sha256(tsv.encode()).hexdigest()}`.

Made by `python -m hyperlex.recipes.archetypes --data DATA` with {options}. The counts come from the
analyzer, so another version of its weights gives other classes.

Code points read: {shares}. It holds lemmas and their classes: no sentence of the
sources. Apache-2.0.

| domain | file | sha256 |
|---|---|---|
{files}
"""


def build(
    corpora: Path, config: ArchetypeConfig, workers: int, console: Console
) -> tuple[str, str]:
    """The artifact and its card, from the files below `corpora`."""
    console.print(f"sampling {corpora}")
    texts = sample(corpora, config.characters)
    console.print(f"reading {sum(len(d.text) for d in texts):,} code points with the analyzer")
    counts = count_all([document.text for document in texts], workers, console)
    lemmas, times, weights = matrix(counts, config)
    del counts
    console.print(f"{len(lemmas):,} predicates, {weights.shape[1]:,} features")
    vectors = leading(weights, config.dimensions, config.seed).vectors
    del weights
    rows = table(lemmas, times, vectors, cluster(vectors, times, config))
    tsv = to_tsv(rows)
    return tsv, card(corpora, config, texts, rows, tsv)


def main() -> None:
    default = ArchetypeConfig()
    parser = argparse.ArgumentParser(description="Learn the classes of predicates.")
    parser.add_argument("--data", type=Path, required=True, help="folder with corpora/ in it")
    parser.add_argument("--out", type=Path, default=ARCHETYPES.parent, help="where to write")
    parser.add_argument("--characters", type=int, default=default.characters)
    parser.add_argument("--classes", type=int, default=default.classes)
    parser.add_argument("--workers", type=int, default=2, help="processes that read")
    options = parser.parse_args()
    corpora = options.data / "corpora"
    console = Console(stderr=True)
    try:
        if not corpora.is_dir():
            raise ConfigError(
                f"{corpora} does not exist: a folder of texts by domain was expected. Name its "
                "parent with --data."
            )
        config = ArchetypeConfig(characters=options.characters, classes=options.classes)
        tsv, about = build(corpora, config, options.workers, console)
        atomic_write_text(options.out / ARCHETYPES.name, tsv)
        atomic_write_text(options.out / "archetypes.card.md", about)
    except ConfigError as error:
        console.print(str(error), style="red")
        raise SystemExit(2) from error
    console.print(f"wrote {options.out / ARCHETYPES.name}")


if __name__ == "__main__":
    main()
