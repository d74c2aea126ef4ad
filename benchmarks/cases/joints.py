"""Do tokens cut Russian at its joints? Codebooks trained with and without the analyzer's two hooks.

For each base four codebooks are learned from one sample of DATA/corpora, which has as many
characters of each domain: blind, inside real scenes, along real morphemes, and with both. Each is
asked on held-out text how long it is, where it cuts words, and how its phrases stand to scenes.
"""

from __future__ import annotations

import argparse
import sys
import time
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hyperlex
from benchmarks.rows import record
from hyperlex import Codebook, HyperTokenizer
from hyperlex.codebook import BaseTokenizer, Document
from hyperlex.codebook.corpus import documents
from hyperlex.codebook.files import MACHINE_FILE
from hyperlex.codebook.joints import (
    RememberedCuts,
    analyzer_version,
    inner_cuts,
    morpheme_cuts,
    scene_starts,
    word_spans,
)
from hyperlex.codebook.remembered import RememberedStarts, remember_starts
from hyperlex.codebook.train.stream import text_hash

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "joints.jsonl"
DEFAULT = "default"
BASES = (DEFAULT, "qwen3")
VARIANTS = {  # hooks: scenes, morphemes
    "blind": (False, False),
    "scenes": (True, False),
    "morphemes": (False, True),
    "both": (True, True),
}
SIZE = 16_384
CHARACTERS = 2_000_000  # of each domain
RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"

Rows = Iterator[dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with corpora, heldout, …")
    parser.add_argument(
        "--bases",
        nargs="*",
        default=list(BASES),
        help=f"{DEFAULT!r} and folders of DATA/tokenizers",
    )
    parser.add_argument("--variants", nargs="*", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--size", type=int, default=SIZE, help="entries of each codebook")
    parser.add_argument(
        "--characters", type=int, default=CHARACTERS, help="of each domain, to learn from"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--codebooks",
        type=Path,
        default=ROOT / "codebooks" / "joints",
        help="where codebooks and the scenes of the sample are kept; what is there is not made "
        "again",
    )
    parser.add_argument(
        "--shipped", action="store_true", help="measure the default as it is shipped, too"
    )


def run(options: argparse.Namespace) -> None:
    heldout = [
        Analysed(unicodedata.normalize("NFC", path.read_text(encoding="utf-8")))
        for path in sorted((options.data / "heldout").glob("*.txt"))
    ]
    gold = gold_words(options.data / "morphemes" / "tikhonov_dev.tsv")
    if options.shipped:
        _record(measured(hyperlex.load(), heldout, gold), "default as shipped", "")
    texts = sample(options.data / "corpora", options.characters)
    starts = remember_starts(
        options.codebooks / "scenes.safetensors",
        texts,
        scene_starts,
        version=f"{analyzer_version()} {options.characters}",
        workers=options.workers,
        progress=lambda stage, done, total: print(f"{stage}: {done:,}", file=sys.stderr),
    )
    cuts = RememberedCuts(morpheme_cuts)
    for name in options.bases:
        source = hyperlex.load().base if name == DEFAULT else options.data / "tokenizers" / name
        base = BaseTokenizer.load(source)
        for variant in options.variants:
            codebook, rows = _codebook(base, name, variant, texts, starts, cuts, options)
            tok = hyperlex.extend_tokenizer(base, codebook)
            rows += list(measured(tok, heldout, gold))
            _record(rows, f"{name} + {options.size:,}", variant)


def sample(corpora: Path, characters: int) -> list[Document]:
    """Documents of each domain until they have that many characters, in the order of their hashes:
    the same ones on every machine.
    """
    domains: dict[str, list[tuple[int, Document]]] = {}
    for document in documents(corpora):
        domains.setdefault(document.domain, []).append((text_hash(document.text), document))
    result: list[Document] = []
    for name in sorted(domains):
        taken = 0
        for _, document in sorted(domains[name]):
            if taken >= characters:
                break
            text = unicodedata.normalize("NFC", document.text)
            result.append(Document(text[: characters - taken], name))
            taken += len(text)
    return result


def _codebook(
    base: BaseTokenizer,
    name: str,
    variant: str,
    texts: list[Document],
    starts: RememberedStarts,
    cuts: RememberedCuts,
    options: argparse.Namespace,
) -> tuple[Codebook, list[dict[str, Any]]]:
    """A codebook, trained or found, and what training it took."""
    place = options.codebooks / f"{name}-{options.size}-{options.characters}-{variant}"
    if (place / MACHINE_FILE).is_file():
        return Codebook.load(place, base), []
    scenes, morphemes = VARIANTS[variant]
    hooks: dict[str, Any] = {"scene_starts": starts} if scenes else {}
    hooks |= {"morpheme_cuts": cuts} if morphemes else {}
    print(f"{name}: {variant}", file=sys.stderr)
    begin = time.perf_counter()
    codebook = hyperlex.train_codebook(
        base, texts, size=options.size, workers=options.workers, **hooks
    )
    seconds = time.perf_counter() - begin
    codebook.save(place)
    return codebook, [{"metric": "training time", "value": round(seconds), "unit": "s"}]


class Analysed:
    """A held-out text with its words, where their morphemes meet, and its scenes.

    Attributes:
        words: int64 [words, 2], first and last-but-one code point of each.
        joints: for each word the offsets in the text at which its morphemes meet; None where it is
            no Russian word.
        segment: int64 [words], the number of the scene's segment that each word stands in.
    """

    def __init__(self, text: str) -> None:
        from hyperlex.scene import iter_scenes

        self.text = text
        cuts = RememberedCuts(morpheme_cuts)
        spans = word_spans(text)
        self.words = np.array(spans, np.int64).reshape(-1, 2)
        self.joints = [
            {start + cut for cut in inner_cuts(text[start:stop], cuts)}
            if is_russian(text[start:stop])
            else None
            for start, stop in spans
        ]
        starts = sorted({span.start for scene in iter_scenes(text) for span in scene.segments})
        self.segment = np.searchsorted(np.array(starts, np.int64), self.words[:, 0], "right")


def is_russian(word: str) -> bool:
    return all(c in RUSSIAN or not c.isalpha() for c in word.lower())


def gold_words(file: Path) -> list[tuple[str, set[int]]]:
    """Words of the dictionary and the offsets at which their morphemes meet."""
    result = []
    for line in file.read_text(encoding="utf-8").splitlines():
        word, morphemes = line.split("\t")[:2]
        sizes = [len(part.rpartition(":")[0]) for part in morphemes.split("/")]
        assert sum(sizes) == len(word), line
        result.append((word, set(accumulate(sizes[:-1]))))
    return result


def measured(
    tok: HyperTokenizer, heldout: Sequence[Analysed], gold: Sequence[tuple[str, set[int]]]
) -> Rows:
    """All figures of one tokenizer."""
    tokens = 0
    in_text, phrases = WordCuts(), PhraseCuts()
    for analysed in heldout:
        ids = tok.encode(analysed.text)
        assert tok.expand(ids) == tok.base_encode(analysed.text)
        tokens += len(ids)
        edges = token_edges(tok, ids, analysed.text)
        for (start, stop), joints in zip(analysed.words.tolist(), analysed.joints, strict=True):
            if joints is not None:
                in_text.add(start, stop, joints, edges)
        phrases.add(analysed, edges, np.array(ids) >= tok.layout.base_size)
    characters = sum(len(analysed.text) for analysed in heldout)
    yield {"metric": "nine domains", "value": round(characters / tokens, 3), "unit": PER_TOKEN}
    yield from in_text.rows("in text")
    alone = WordCuts()
    for word, joints in gold:
        text = f" {word}"  # as after another word
        edges = token_edges(tok, tok.encode(text), text)
        alone.add(1, len(text), {1 + joint for joint in joints}, edges)
    yield from alone.rows("in dictionary words")
    yield from phrases.rows()
    book = tok.codebook
    several = book.units > 1
    whole = several & (2 * book.whole_scenes >= book.counts) & (book.counts > 0)
    yield _share("entries that mostly are a whole span of training", whole.sum(), len(book))
    yield _share("entries that are pieces", (book.units == 0).sum(), len(book))


PER_TOKEN = "characters/token"


def _share(metric: str, part: float, whole: float) -> dict[str, Any]:
    return {
        "metric": metric,
        "value": round(100 * float(part) / max(1.0, float(whole)), 2),
        "unit": "%",
    }


class WordCuts:
    """Token edges inside words, and how many of them stand where morphemes meet."""

    def __init__(self) -> None:
        self.words = self.cut_words = self.cuts = self.on_joints = 0
        self.by_chance = 0.0

    def add(self, start: int, stop: int, joints: set[int], edges: NDArray[np.float64]) -> None:
        """Count a word; `edges` are all edges of tokens in its text."""
        first, last = np.searchsorted(edges, (start, stop), ("right"))
        inner = [edge for edge in edges[first:last].tolist() if start < edge < stop]
        self.words += 1
        self.cut_words += bool(inner)
        self.cuts += len(inner)
        self.on_joints += sum(edge in joints for edge in inner)
        self.by_chance += len(inner) * len(joints) / max(1, stop - start - 1)

    def rows(self, where: str) -> Rows:
        yield _share(f"words cut {where}", self.cut_words, self.words)
        yield _share(f"cuts between morphemes {where}", self.on_joints, self.cuts)
        yield _share(f"cuts between morphemes {where}, by chance", self.by_chance, self.cuts)


class PhraseCuts:
    """Hypertokens of two words or more in running text, and the scenes that they stand in."""

    def __init__(self) -> None:
        self.phrases = self.crossing = self.whole = self.tokens = 0

    def add(self, text: Analysed, edges: NDArray[np.float64], is_hyper: NDArray[np.bool_]) -> None:
        """Count the tokens of a text.

        Args:
            edges: where each token ends, and a first 0 before them (`token_edges`).
            is_hyper: which tokens are hypertokens.
        """
        starts, stops = edges[:-1][is_hyper], edges[1:][is_hyper]
        self.tokens += len(is_hyper)
        if not len(text.words):
            return
        first = np.searchsorted(text.words[:, 0], starts, "left")
        last = np.searchsorted(text.words[:, 1], stops, "right") - 1
        several = last > first
        first, last = first[several], last[several]
        crossing = text.segment[first] != text.segment[last]
        opens = np.append(True, text.segment[1:] != text.segment[:-1])
        closes = np.append(opens[1:], True)
        self.phrases += len(first)
        self.crossing += int(crossing.sum())
        self.whole += int((~crossing & opens[first] & closes[last]).sum())

    def rows(self) -> Rows:
        yield _share("tokens that are phrases of several words", self.phrases, self.tokens)
        yield _share("phrases inside one scene", self.phrases - self.crossing, self.phrases)
        yield _share("phrases across scenes", self.crossing, self.phrases)
        yield _share("phrases that are a whole scene", self.whole, self.phrases)


def token_edges(tok: HyperTokenizer, ids: Sequence[int], text: str) -> NDArray[np.float64]:
    """Where tokens begin and end in `text`, in code points, ascending; an edge inside a character
    is half a code point before that character's end.
    """
    sizes = _token_sizes(tok)
    edges = np.cumsum([0, *(sizes[index] for index in ids)])
    characters = np.cumsum([0, *(len(c.encode()) for c in text)])
    assert edges[-1] == characters[-1], "the tokens spell another text"
    at = np.searchsorted(characters, edges)
    return np.where(characters[at] == edges, at, at - 0.5)


@cache
def _token_sizes(tok: HyperTokenizer) -> list[int]:
    """Bytes of each id."""
    base = list(map(len, tok.base.token_bytes))
    return base + [sum(base[i] for i in expansion) for expansion in tok.codebook.expansions]


def _record(rows: Any, tokenizer: str, variant: str) -> None:
    stamp = {
        "date": date.today().isoformat(),
        "hyperlex": hyperlex.__version__,
        "python": sys.version.split()[0],
    }
    lines = [{"tokenizer": tokenizer, "variant": variant, **row, **stamp} for row in rows]
    record(RESULTS, lines)
    for row in lines:
        print(f"{tokenizer:18} {variant:10} {row['metric']:56} {row['value']:>8} {row['unit']}")


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest row of each metric as Markdown, one table a base."""
    newest = {(row["tokenizer"], row["variant"], row["metric"]): row for row in rows}
    columns = list(dict.fromkeys((name, variant) for name, variant, _ in newest))
    metrics = list(dict.fromkeys(metric for _, _, metric in newest))
    titles = [f"{name}, {variant}" if variant else name for name, variant in columns]
    lines = [f"| what | unit | {' | '.join(titles)} |", "|---|---|" + "---:|" * len(titles)]
    for metric in metrics:
        found = [newest.get((*column, metric)) for column in columns]
        unit = next(row["unit"] for row in found if row)
        cells = " | ".join("" if row is None else f"{row['value']:,}" for row in found)
        lines.append(f"| {metric} | {unit} | {cells} |")
    last = rows[-1]
    stamp = (
        f"Measured {last['date']} with hyperlex {last['hyperlex']}, Python {last['python']}, on "
        "two shared CPU cores."
    )
    return {"docs/benchmarks.md": "\n".join([*lines, "", stamp])}
