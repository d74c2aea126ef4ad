"""The ladder: what each rung keeps of meaning, beside words left out at as many ids.

M2 (propositions), M3 (identity, contrast) and their controls and ceilings, on blocks of the
held-out texts. The extractor is frozen: its version stands in each row. Baselines get exactly as
many ids under the same tokenizer as the code of the same block. Nothing is written down unless the
codes of these texts pass the gate.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import hyperlex
from benchmarks import heldout
from benchmarks.meaning import (
    COMPARED,
    CONTROL,
    LADDER,
    LEAD,
    Block,
    Curve,
    Judged,
    Row,
    blocks_of,
    ceiling_rows,
    contrast_rows,
    curve_rows,
    identity_row,
    remembered,
    row,
)
from benchmarks.plot import Point, panels
from benchmarks.rows import record
from hyperlex.codebook.corpus import documents, text_files
from hyperlex.codebook.joints import analyzer_version
from hyperlex.errors import ConfigError
from hyperlex.files import atomic_write_text
from hyperlex.measure.baselines import (
    Compressed,
    Compressor,
    MostSurprising,
    Rank,
    RarestFirst,
    lead,
    scene_lead,
    shuffled,
    shuffled_codes,
    thinned,
)
from hyperlex.measure.bootstrap import block_spans, ratio
from hyperlex.measure.contrast import sources
from hyperlex.measure.gold import gold_scenes
from hyperlex.measure.identity import Candidates
from hyperlex.measure.propositions import FIGURES, Said
from hyperlex.measure.sketch import sketches
from hyperlex.measure.trigram import Trigram
from hyperlex.recipes.similarity import SOURCES, SimilarityConfig, read_pairs

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "ladder.jsonl"
FIGURE = "ladder.svg"
PAIRS = ROOT.parent / "tests" / "golden" / "minimal_pairs.tsv"

RUNGS = (1, 2, 3)
RATIOS = (3.0, 2.0, 1.5)
"""How many times fewer ids than the exact lane: scenes at mixed rungs."""

TREES = ("ru_pud-ud-test", "ru_gsd-ud-dev", "ru_taiga-ud-dev")
ALL = "all domains"
_LEARNED_FROM = 500_000  # characters of each domain, for the baselines' counts
_LONGEST = 20_000  # characters of one document of them
_LEAST_MARKS = 2
"""Content words of a scene that is to be found again: «Да.» is in every text."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--blocks", type=int, default=12, help="of each domain")
    parser.add_argument("--scenes", type=int, default=1000, help="to find one among")
    parser.add_argument("--pairs", type=int, default=500, help="of each file to contrast")
    parser.add_argument("--sentences", type=int, default=300, help="for each ceiling")
    parser.add_argument("--ratios", type=float, nargs="*", default=list(RATIOS))
    parser.add_argument("--results", type=Path, default=RESULTS, help="rows are appended to it")


def run(options: argparse.Namespace) -> None:
    tok = hyperlex.load()
    texts = heldout.domains(options.data / "heldout")
    domains = {name: blocks_of(name, text, options.blocks) for name, text in texts.items()}
    everything = [block for blocks in domains.values() for block in blocks]
    gate(everything, tok)
    _say(f"gate passed on {len(everything)} blocks")
    baselines = _baselines(options.data / "corpora", tok)
    _say("baselines counted")
    rates = {f"rung {rung}": at_rung(rung) for rung in RUNGS}
    rates |= {f"{value:g} times fewer": at_ratio(value) for value in options.ratios}
    rows: list[Row] = []
    pooled: defaultdict[str, list[Mapping[Any, float]]] = defaultdict(list)
    for domain, blocks in domains.items():
        for rate, compress in rates.items():
            curve = Curve(blocks, rate, compress, baselines, tok.encode)
            rows += curve_rows(domain, rate, curve.counts)
            pooled[rate] += curve.counts
        _say(f"propositions of {domain}")
    for rate, counts in pooled.items():
        rows += curve_rows(ALL, rate, counts)
    rows += _ceilings(options.data, options.sentences)
    _say("ceilings")
    rows += _identity(everything, baselines, tok.encode, options)
    _say("identity")
    rows += _contrast(options)
    rows += _minimal_pairs()
    _say("contrast")
    _write(options.results, rows)


def at_rung(rung: int) -> Compressor:
    """The ladder at one rung."""

    def compress(text: str) -> Compressed:
        code = hyperlex.compress(text, rung=rung)
        return Compressed(str(code.decode()), tuple(code.ids))

    return compress


def at_ratio(ratio: float) -> Compressor:
    """The ladder at so many times fewer ids than the exact lane, or, where those cannot hold what
    is protected, at rung 1.
    """

    def compress(text: str) -> Compressed:
        try:
            code = hyperlex.compress(text, ratio=ratio)
        except ConfigError:
            code = hyperlex.compress(text, rung=1)
        return Compressed(str(code.decode()), tuple(code.ids))

    return compress


def gate(blocks: Sequence[Block], tok: Any) -> None:
    """End the run unless codes are exact at rung 4, the same twice, and decode at every length."""
    for block in blocks:
        exact = hyperlex.compress(block.text, rung=4)
        failed = ""
        if str(exact.decode()) != block.text:
            failed = "rung 4 does not give the text back"
        elif len(exact.ids) > len(tok.encode(block.text)):
            failed = "rung 4 takes more ids than the exact lane"
        for rung in RUNGS:
            code = hyperlex.compress(block.text, rung=rung)
            if tuple(code.ids) != tuple(hyperlex.compress(block.text, rung=rung).ids):
                failed = f"two codes of rung {rung} differ"
            for length in (0, 1, len(code.ids) // 2, len(code.ids)):
                code.prefix(length).decode()
        if failed:
            sys.exit(f"{block.domain}: {failed}. No figure is written.\n{block.text[:300]!r}")


def _baselines(corpora: Path, tok: Any) -> dict[str, Rank]:
    """Counted on the corpora, never on held-out text."""
    blocks = [span.of(text) for text in _learned_from(corpora) for span in block_spans(text, 1000)]

    def encode(text: str) -> tuple[Sequence[int], Sequence[int]]:
        found = tok.backend.encode(text, add_special_tokens=False)
        return found.ids, [stop for _, stop in found.offsets]

    model = Trigram((tok.encode(block) for block in blocks), len(tok))
    return {
        "lead of the text": lead,
        "lead of each scene": remembered(scene_lead),
        "top-IDF words": remembered(RarestFirst(blocks)),
        "self-information": remembered(MostSurprising(model, encode)),
        "random words": shuffled(0),
    }


def _learned_from(corpora: Path) -> Iterator[str]:
    """The first documents of every file, as many characters of each domain."""
    for folder in sorted(path for path in corpora.iterdir() if path.is_dir()):
        files = text_files(folder)
        for file in files:
            taken = 0
            for document in documents(file):
                yield document.text[:_LONGEST]
                taken += len(document.text[:_LONGEST])
                if taken >= _LEARNED_FROM / len(files):
                    break


def _ceilings(data: Path, sentences: int) -> Iterator[Row]:
    for name in TREES:
        found = list(gold_scenes(data / "treebank" / f"{name}.conllu"))
        chosen = found[:: max(1, len(found) // sentences)][:sentences]
        yield from ceiling_rows(
            f"extractor against gold trees, {name}",
            ((Said.of(text, scenes), text) for text, scenes in chosen),
        )
    pairs = _paraphrases(data)[:sentences]
    yield from ceiling_rows("a person's paraphrase", ((Said.of(a), b) for a, b in pairs))


def _paraphrases(data: Path) -> list[tuple[str, str]]:
    """Pairs of ParaPhraser that say the same, but not in the same words."""
    lines = (data / "paraphrase" / "paraphraser_train.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t")[:3] for line in lines[1:]]
    return [(first, second) for first, second, label in rows if label == "1" and first != second]


def _identity(
    blocks: Sequence[Block], baselines: Mapping[str, Rank], encode: Any, options: argparse.Namespace
) -> Iterator[Row]:
    chosen = _scenes_to_find(blocks, options.scenes)
    scenes = [scene for _, scene in chosen]
    clusters = [number for number, _ in chosen]
    candidates = Candidates(sketches(scenes))
    title = f"one of {len(scenes):,} scenes"
    for rung in RUNGS:
        rate = f"rung {rung}"
        codes = [at_rung(rung)(scene) for scene in scenes]
        systems = {LADDER: [code.text for code in codes]}
        systems[CONTROL] = shuffled_codes(systems[LADDER])
        for name, rank in baselines.items():
            if name != "lead of each scene":  # the text is one scene
                systems[name] = [
                    thinned(scene, len(code.ids), rank, encode).text
                    for scene, code in zip(scenes, codes, strict=True)
                ]
        for system, queries in systems.items():
            yield identity_row(title, system, rate, queries, candidates, clusters)
    pairs = _one_of_each_source(_paraphrases(options.data), options.scenes)
    title = f"one of {len(pairs):,} paraphrases"
    for rung in RUNGS:
        asked, answers = (
            [at_rung(rung)(text).text for text in side] for side in zip(*pairs, strict=True)
        )
        candidates = Candidates(sketches(answers))
        numbers = range(len(pairs))
        yield identity_row(title, LADDER, f"rung {rung}", asked, candidates, numbers)
    exact = Candidates(sketches([second for _, second in pairs]))
    yield identity_row(title, "exact text", "", [first for first, _ in pairs], exact, numbers)


def _scenes_to_find(blocks: Sequence[Block], count: int) -> list[tuple[int, str]]:
    """Scenes of two content words or more, with the number of their block: whole runs of a text, so
    that most of what a scene is mistaken for is of its own document.
    """
    domains: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, block in enumerate(blocks):
        marks = sketches(list(block.scenes))
        for scene, found in zip(block.scenes, marks, strict=True):
            if len(found) >= _LEAST_MARKS:
                domains[block.domain].append((number, scene))
    each = -(-count // len(domains))
    chosen = [scene for found in domains.values() for scene in found[:each]]
    # A short domain leaves room that the others fill.
    more = [scene for found in domains.values() for scene in found[each:]]
    return [*chosen, *more][:count]


def _one_of_each_source(pairs: Sequence[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """Pairs that do not tell the same news as one before: only one candidate may be right."""
    numbers = sources([(first + " " + second).lower().split() for first, second in pairs]).tolist()
    unique = dict(zip(numbers, pairs, strict=True))
    return list(unique.values())[:count]


def _contrast(options: argparse.Namespace) -> Iterator[Row]:
    """Pairs of fold 0, of which the weights of the similarity saw none."""
    pairs = [p for p in read_pairs(options.data / "paraphrase", SimilarityConfig()) if not p.fold]
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for pair in pairs:
        if any(name == pair.origin and other for name, _, other in SOURCES):
            title = "RuPAWS" if pair.origin.startswith("rupaws") else "ParaPhraser"
            groups[title].append(Judged(pair.first, pair.second, pair.same, pair.source))
    for title, found in groups.items():
        chosen = found[:: max(1, len(found) // options.pairs)]
        texts = {text for pair in chosen for text in (pair.first, pair.second)}
        exact = {text: Compressed(text, ()) for text in texts}
        yield from contrast_rows(title, "exact text", chosen, exact)
        for rung in RUNGS:
            codes = {text: at_rung(rung)(text) for text in sorted(texts)}
            yield from contrast_rows(title, f"rung {rung}", chosen, codes)


def _minimal_pairs() -> Iterator[Row]:
    lines = PAIRS.read_text(encoding="utf-8").splitlines()[1:]
    pairs = [line.split("\t") for line in lines]
    kinds = dict.fromkeys(kind for kind, *_ in pairs)
    for rung in RUNGS:
        rate = f"rung {rung}"
        codes = {text: at_rung(rung)(text) for *_, a, b in pairs for text in (a, b)}
        differ = [verdict == "differ" for _, verdict, *_ in pairs]
        apart = [codes[a].ids != codes[b].ids for *_, a, b in pairs]
        for kind in kinds:
            places = [k for k, (name, *_) in enumerate(pairs) if name == kind and differ[k]]
            if places:
                found = ratio([apart[k] for k in places], [1] * len(places))
                yield row("M3", f"minimal pairs: {kind}", LADDER, rate, "codes differ", found)
        places = [k for k, must in enumerate(differ) if must]
        found = ratio([apart[k] for k in places], [1] * len(places))
        yield row("M3", "minimal pairs: all", LADDER, rate, "codes differ", found)
        judged = [Judged(a, b, verdict == "match", k) for k, (_, verdict, a, b) in enumerate(pairs)]
        yield from contrast_rows("minimal pairs: all", rate, judged, codes)


def _write(path: Path, rows: Iterable[Row]) -> None:
    stamp = {
        "hyperlex": hyperlex.__version__,
        "extractor": analyzer_version(),
        "date": date.today().isoformat(),
    }
    record(path, (found | stamp for found in rows))


def _say(text: str) -> None:
    print(f"{time.process_time():6.0f} s of CPU time  {text}", file=sys.stderr)


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest figures as Markdown; writes the figure beside the page."""
    keys = ("measure", "domain", "system", "rate", "metric")
    newest = {tuple(r[key] for key in keys): r for r in rows}
    last = rows[-1]
    # Rates that the newest run did not measure are left out.
    newest = {key: r for key, r in newest.items() if r["date"] == last["date"]}
    atomic_write_text(ROOT.parent / "docs" / FIGURE, _figure(newest))
    stamp = (
        f"Measured {last['date']} with hyperlex {last['hyperlex']} and the extractor "
        f"{last['extractor']}; 95 % intervals of 2,000 draws of blocks (sentences and sources for "
        "ceilings and contrast)."
    )
    parts = [
        f"![{COMPARED[0]} by ids per scene, each domain]({FIGURE})",
        *(_curve_table(newest, metric) for metric in COMPARED),
        _lead_table(newest),
        _kept_table(newest),
        _ceiling_table(newest),
        _meaning_table(newest),
        stamp,
    ]
    return {"docs/benchmarks.md": "\n\n".join(parts)}


Newest = Mapping[tuple[str, ...], dict[str, Any]]


def _names(newest: Newest, place: int, **wanted: str) -> list[str]:
    keys = ("measure", "domain", "system", "rate", "metric")
    return list(
        dict.fromkeys(
            key[place]
            for key in newest
            if all(key[keys.index(name)] == value for name, value in wanted.items())
        )
    )


def _figure(newest: Newest) -> str:
    charts: dict[str, dict[str, list[Point]]] = {}
    for (measure, domain, system, rate, metric), found in newest.items():
        if measure == "M2" and metric == COMPARED[0] and rate and system != CONTROL:
            cost = newest[measure, domain, system, rate, "ids per scene"]["value"]
            point = Point(cost, found["value"] or 0.0, found["low"] or 0.0, found["high"] or 0.0)
            charts.setdefault(domain, {}).setdefault(system, []).append(point)
    ordered = {name: charts[name] for name in sorted(charts, key=lambda n: (n != ALL, n))}
    return panels(ordered, "ids per scene", COMPARED[0])


def _curve_table(newest: Newest, metric: str) -> str:
    systems = _names(newest, 2, measure="M2", domain=ALL)
    lines = [
        f"{metric}, all domains together; in parentheses the interval.",
        "",
        "| rate | ids per scene | " + " | ".join(systems) + " |",
        "|---|---:|" + "---:|" * len(systems),
    ]
    rates = _names(newest, 3, measure="M2", domain=ALL)
    rates.sort(key=lambda rate: newest["M2", ALL, LADDER, rate, "ids per scene"]["value"])
    for rate in rates:
        cost = newest["M2", ALL, LADDER, rate, "ids per scene"]["value"]
        cells = [_cell(newest.get(("M2", ALL, system, rate, metric))) for system in systems]
        lines.append(f"| {rate} | {cost:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _lead_table(newest: Newest) -> str:
    """Where the ladder is ahead, even, behind: counts over domains."""
    lines = [
        "The ladder against each baseline at as many ids: in how many domains the interval of the",
        "paired difference lies above 0 / holds 0 / lies below 0.",
        "",
        "| rate | baseline | " + " | ".join(COMPARED) + " |",
        "|---|---|" + "---:|" * len(COMPARED),
    ]
    for rate in _names(newest, 3, measure="M2", domain=ALL):
        for system in _names(newest, 2, measure="M2", domain=ALL, rate=rate):
            if system not in (LADDER, CONTROL):
                cells = [_verdicts(newest, system, rate, LEAD + metric) for metric in COMPARED]
                lines.append(f"| {rate} | {system} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _verdicts(newest: Newest, system: str, rate: str, metric: str) -> str:
    found = [
        row
        for (_, domain, *rest), row in newest.items()
        if domain not in (ALL, "ceiling") and rest == [system, rate, metric]
    ]
    ahead = sum((row["low"] or 0) > 0 for row in found)
    behind = sum((row["high"] or 0) < 0 for row in found)
    return f"{ahead} / {len(found) - ahead - behind} / {behind}"


def _kept_table(newest: Newest) -> str:
    metrics = ["ids per scene", *FIGURES]
    domains = _names(newest, 1, measure="M2", system=LADDER)
    lines = [
        "The ladder by domain.",
        "",
        "| domain | rate | " + " | ".join(metrics) + " |",
        "|---|---|" + "---:|" * len(metrics),
    ]
    for domain in sorted(domains, key=lambda name: (name != ALL, name)):
        for rate in (f"rung {rung}" for rung in RUNGS):
            cells = [_cell(newest.get(("M2", domain, LADDER, rate, m)), False) for m in metrics]
            lines.append(f"| {domain} | {rate} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _ceiling_table(newest: Newest) -> str:
    lines = [
        "Ceilings of the same measure.",
        "",
        "| text | " + " | ".join(FIGURES) + " |",
        "|---|" + "---:|" * len(FIGURES),
    ]
    for system in _names(newest, 2, domain="ceiling"):
        cells = [_cell(newest.get(("M2", "ceiling", system, "", m)), False) for m in FIGURES]
        lines.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _meaning_table(newest: Newest) -> str:
    lines = ["| what | system | rate | measure | value |", "|---|---|---|---|---:|"]
    for (measure, domain, system, rate, metric), found in newest.items():
        if measure == "M3":
            lines.append(f"| {domain} | {system} | {rate} | {metric} | {_cell(found)} |")
    return "\n".join(lines)


def _cell(found: Mapping[str, Any] | None, interval: bool = True) -> str:
    if found is None or found["value"] is None:
        return "–"
    value = f"{found['value']:.3f}"
    if not interval or found["low"] is None:
        return value
    return f"{value} ({found['low']:.3f}–{found['high']:.3f})"
