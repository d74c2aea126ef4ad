"""What a model makes of codes: bits retained (M1) and context utility at equal budget (M4).

    OMP_NUM_THREADS=1 python -m benchmarks.run codes_and_models --model DIR --data ../shared/data

A small language model is gone on with on text and codes of the training corpora until it reads
both, on one core and by a fixed count of FLOPs, so that two runs give the same decoder. Then it is
asked, on held-out text, how much less a text says after its code, and what a shortened context is
worth. Codes see the text that they tell and nothing before or after it.
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

import numpy as np
import torch

import hyperlex
from benchmarks.arms import small_base
from benchmarks.asking import ALL, CONTENT, REST, TEXT, asked
from benchmarks.bits_retained import EXACT, MODEL, UNCODED, Retained, Window, uncoded, windows_of
from benchmarks.context_utility import BASELINES, PARTS, STRANGE, Place, Utility, places_of
from benchmarks.decoder import (
    FULL,
    MIXED,
    NO_CONTEXT,
    OUTLINES,
    SHORTENED,
    Decoder,
    Lengths,
    Sequences,
    Training,
    train,
)
from benchmarks.heldout import domains
from benchmarks.meaning import CONTROL, LADDER, Row
from benchmarks.passages import Coder, Passage, coded_sample
from benchmarks.plot import Point, panels
from benchmarks.rows import record
from hyperlex.codebook.corpus import Document
from hyperlex.codebook.joints import analyzer_version
from hyperlex.codebook.train.train import train_codebook
from hyperlex.files import atomic_write_text
from hyperlex.ladder.encode import VERBATIM
from hyperlex.measure.baselines import RarestFirst
from hyperlex.measure.bootstrap import block_spans
from hyperlex.measure.conditional import plain_score
from hyperlex.measure.language_model import load_model
from hyperlex.tokenizer import HyperTokenizer, extend_tokenizer

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "codes_and_models.jsonl"
DOCUMENT = "docs/benchmarks.md"
RETAINED_FIGURE, UTILITY_FIGURE = "bits-retained.svg", "context-utility.svg"
TRAINED = ROOT.parent / "build" / "tokens_and_models" / "small" / "equal-FLOPs-0"
CACHE = ROOT.parent / "build" / "codes_and_models"
SAMPLES = ROOT.parent / "tests" / "samples"

FLOPS_A_MINUTE = 60 * 50e9
"""About what one core does. A budget of FLOPs gives the same decoder everywhere, one of minutes
does not."""
_BLOCK = 4_000  # characters of a block at least: room for a context and for what follows it
_VALIDATION = 12  # of the passages to learn from one in so many is kept to choose settings by


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, default=TRAINED, help="with its hyperlex tokenizer")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--minutes", type=float, default=8, help=f"of training, of {FLOPS_A_MINUTE:.0e} FLOPs each"
    )
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    parser.add_argument("--characters", type=int, default=3_000_000, help="to learn from")
    parser.add_argument("--blocks", type=int, default=12, help="of each domain, to measure on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--validate",
        action="store_true",
        help="measure on passages of the corpora that are kept from training, to choose settings",
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="coded passages are kept here")
    parser.add_argument("--results", type=Path, default=RESULTS, help="rows are appended to it")
    parser.add_argument(
        "--dry-run", action="store_true", help="all steps with next to nothing; nothing is written"
    )


def run(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.dry_run:
        _dry_run()
        return
    model, tok = _opened(options.model)
    coder = Coder(tok)
    sample = coded_sample(coder, options.data / "corpora", options.characters, options.cache)
    _say(f"{len(sample):,} passages to learn from")
    if options.validate:
        sample, texts = _parted(sample)
    else:
        texts = _heldout(options.data / "heldout", options.blocks)
    training = Training(options.minutes * FLOPS_A_MINUTE, options.rate, seed=options.seed)
    rows = list(measured(model, coder, sample, texts, training, Lengths()))
    for told in verdicts(rows):
        _say(told)
    stamp = {
        "hyperlex": hyperlex.__version__,
        "extractor": analyzer_version(),
        "date": date.today().isoformat(),
        "model": options.model.name,
        "parameters": sum(each.numel() for each in model.parameters()),
        "training_flops": training.flops,
        "seed": options.seed,
    }
    record(options.results, (found | stamp for found in rows))


def _opened(folder: Path) -> tuple[Any, HyperTokenizer]:
    """A model and its tokenizer, scene ids behind its others."""
    if not folder.is_dir():
        sys.exit(
            f"{folder} is no directory: a model with its hyperlex tokenizer was expected. "
            "`python -m benchmarks.run tokens_and_models` makes some; name one with --model."
        )
    tok = hyperlex.load(folder)
    tok = tok if tok.layout.scene_size else tok.with_scenes()
    model = load_model(str(folder))
    rows = model.get_input_embeddings().weight.shape[0]
    if rows < tok.layout.first_scene:
        sys.exit(
            f"{folder} has {rows} rows and its tokenizer {tok.layout.first_scene} ids below the "
            "scene range: a model with a row for each of them was expected."
        )
    return model, tok


def _heldout(folder: Path, count: int) -> dict[str, list[str]]:
    """Blocks at equal distances over the held-out text of each domain."""
    found = {}
    for name, text in domains(folder).items():
        spans = block_spans(text, _BLOCK)
        places = np.unique(np.linspace(0, len(spans) - 1, min(count, len(spans))).astype(int))
        found[name] = [spans[place].of(text).strip() for place in places]
    return found


def _parted(sample: Sequence[Passage]) -> tuple[list[Passage], dict[str, list[str]]]:
    """Passages to learn from, and the text of the others by domain."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for passage in sample[::_VALIDATION]:
        texts[passage.domain].append(passage.text)
    return [passage for k, passage in enumerate(sample) if k % _VALIDATION], dict(texts)


def measured(
    model: Any,
    coder: Coder,
    sample: Sequence[Passage],
    texts: Mapping[str, Sequence[str]],
    training: Training,
    lengths: Lengths,
) -> Iterator[Row]:
    """All rows: the decoder is trained, then asked.

    Args:
        model: that it begins as; trained in place.
        coder: of its tokenizer with scene ids.
        sample: to learn from.
        texts: blocks of each domain to measure on.
        training, lengths: how, and how long everything is.
    """
    sequences = Sequences(coder, RarestFirst(passage.text for passage in sample), lengths)
    blocks = [(domain, text) for domain, found in texts.items() for text in found]
    windows: list[Window] = []
    places: list[Place] = []
    for number, (domain, text) in enumerate(blocks):
        if coder.tok.decode(coder.tok.encode(text)) != text:
            sys.exit(f"A block of {domain} does not decode to itself. No figure is written.")
        windows += windows_of(number, text, domain, sequences)
        places += places_of(number, text, domain, sequences)
    _say(f"{len(blocks)} blocks: {len(windows)} windows for M1, {len(places)} places for M4")
    alone = asked(plain_score(model), uncoded(windows, sequences))
    decoder = Decoder(model, coder.tok, torch.bfloat16)
    losses = train(decoder, sequences, sample, training)
    part = max(1, len(losses) // 10)
    first, last = np.mean(losses[:part]), np.mean(losses[-part:])
    _say(f"{len(losses):,} steps of training, loss from {first:.3f} to {last:.3f}")
    domains = [domain for domain, _ in blocks]
    yield from Retained(decoder, sequences, windows, alone, domains).rows()
    _say("M1")
    yield from Utility(decoder, sequences, places, domains).rows()
    _say("M4")


def verdicts(rows: Iterable[Row]) -> list[str]:
    """Whether codes of other texts give nothing, as they must: a line for each control."""
    told = []
    for found in rows:
        of_m1 = found["system"] == CONTROL and found["metric"] == f"bits retained, {TEXT}"
        of_m4 = found["system"] == STRANGE and found["metric"] == f"utility, {TEXT}"
        if found["domain"] == ALL and (of_m1 or of_m4):
            low = found["low"] if found["low"] is not None else found["value"]
            holds = low is not None and low <= 0
            told.append(
                f"{found['measure']}, {found['rate']}, codes of other texts: {_cell(found)}, "
                + ("no more than 0" if holds else "MORE THAN 0: the control fails")
            )
    return told


def _dry_run() -> None:
    """A model without knowledge and a few texts of our own."""
    from transformers import LlamaConfig, LlamaForCausalLM

    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))}
    learned_from = [Document(text, name) for name, text in texts.items()]
    base = small_base(learned_from, 512)
    book = train_codebook(base, learned_from, size=64, min_count=2, min_documents=1, workers=1)
    tok = extend_tokenizer(base, book).with_scenes()
    coder = Coder(tok)
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=tok.layout.first_scene,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        tie_word_embeddings=True,
    )
    blocks = {name: [text[:600], text[-600:]] for name, text in texts.items()}
    sample = [coder.passage(text[:800], name) for name, text in texts.items()]
    lengths = Lengths(before=8, scenes=16, context=24, following=24, budgets=(8,))
    training = Training(flops=2e9, places=256)
    model = LlamaForCausalLM(shape)
    rows = list(measured(model, coder, sample, blocks, training, lengths))
    stamp = {"date": "", "hyperlex": "", "extractor": "", "model": "", "training_flops": 1.0}
    newest = _newest([found | stamp | {"parameters": 1, "seed": 0} for found in rows])
    for text in (_text(newest), *_figures(newest).values()):
        assert text
    for told in verdicts(rows):
        print(told)
    print(f"dry run: {len(rows)} rows, none is written")


def _say(text: str) -> None:
    print(f"{time.process_time():6.0f} s of CPU time  {text}", file=sys.stderr, flush=True)


Newest = Mapping[tuple[str, ...], Row]
KEYS = ("measure", "domain", "system", "rate", "metric")


def tables(rows: list[Row]) -> dict[str, str]:
    """The newest figures as Markdown; writes the figures beside the page."""
    newest = _newest(rows)
    for name, text in _figures(newest).items():
        atomic_write_text(ROOT.parent / "docs" / name, text)
    return {DOCUMENT: _text(newest)}


def _newest(rows: Sequence[Row]) -> Newest:
    """The rows of the last run, by what they say."""
    run = [rows[-1][key] for key in ("date", "model", "seed", "training_flops")]
    same = [r for r in rows if [r[k] for k in ("date", "model", "seed", "training_flops")] == run]
    return {tuple(found[key] for key in KEYS): found for found in same}


def _text(newest: Newest) -> str:
    last = next(iter(newest.values()))
    stamp = (
        f"Measured {last['date']} with hyperlex {last['hyperlex']}, the extractor "
        f"{last['extractor']}, and the model `{last['model']}` of {last['parameters'] / 1e6:.1f} "
        f"million parameters, gone on with for {last['training_flops']:.1e} FLOPs (seed "
        f"{last['seed']}); 95 % intervals of 2,000 draws of blocks."
    )
    controls = "\n".join(f"- {told}" for told in verdicts(newest.values()))
    parts = [
        f"![Bits retained by ids per scene, each domain]({RETAINED_FIGURE})",
        _retained_table(newest),
        _domains_table(newest),
        f"![Context utility by ids of context]({UTILITY_FIGURE})",
        _worth_table(newest),
        *(_utility_table(newest, part) for part in PARTS),
        _lead_table(newest),
        f"Controls:\n\n{controls}",
        stamp,
    ]
    return "\n\n".join(parts)


def _retained_table(newest: Newest) -> str:
    metrics = [f"bits retained, {part}" for part in (TEXT, CONTENT, REST)]
    lines = [
        "Bits retained, all domains together; in parentheses the interval.",
        "",
        "| code | ids per scene | all | content words | the rest | bits removed per id "
        "| all, codes of other texts |",
        "|---|" + "---:|" * 6,
    ]
    for rung in (*OUTLINES.values(), VERBATIM):
        rate = f"rung {rung}"
        system = EXACT if rung == VERBATIM else LADDER
        cost = newest["M1", ALL, system, rate, "ids per scene"]["value"]
        cells = [_cell(newest["M1", ALL, system, rate, metric]) for metric in metrics]
        cells.append(_cell(newest["M1", ALL, system, rate, "bits removed per id"]))
        cells.append(_cell(newest["M1", ALL, CONTROL, rate, metrics[0]]))
        name = EXACT if rung == VERBATIM else rate
        lines.append(f"| {name} | {cost:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _domains_table(newest: Newest) -> str:
    domains = [key[1] for key in newest if key[2] == UNCODED]
    lines = [
        "By domain: what the text says without codes, and what the rungs keep of it.",
        "",
        "| domain | ids per scene, exact lane | bits per character, model that it began as "
        "| decoder without codes | rung 1 | rung 2 | rung 3 |",
        "|---|" + "---:|" * 6,
    ]
    for domain in dict.fromkeys(domains):
        exact = newest["M1", domain, "exact lane", "", "ids per scene"]["value"]
        cells = [
            _cell(newest["M1", domain, system, "", "bits per character"], False)
            for system in (MODEL, UNCODED)
        ]
        for rung in OUTLINES:
            cells.append(_cell(newest["M1", domain, LADDER, rung, f"bits retained, {TEXT}"]))
        lines.append(f"| {domain} | {exact:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _worth_table(newest: Newest) -> str:
    lines = [
        "Bits per token of what follows, the denominator of utility.",
        "",
        "| context | " + " | ".join(PARTS) + " |",
        "|---|" + "---:|" * len(PARTS),
    ]
    for system in (NO_CONTEXT, FULL):
        cells = [_cell(newest["M4", ALL, system, "", f"bits per token, {p}"]) for p in PARTS]
        lines.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _utility_table(newest: Newest, part: str) -> str:
    rates = _rates(newest)
    lines = [
        f"Context utility, {part}, all domains together.",
        "",
        "| shortened context | " + " | ".join(rates) + " |",
        "|---|" + "---:|" * len(rates),
    ]
    for system in (*SHORTENED, STRANGE):
        cells = [_cell(newest["M4", ALL, system, rate, f"utility, {part}"]) for rate in rates]
        lines.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _lead_table(newest: Newest) -> str:
    rates = _rates(newest)
    lines = [
        "The ladder's lead in utility, all parts together, over each baseline of as many ids: the",
        "paired difference.",
        "",
        "| ladder | baseline | " + " | ".join(rates) + " |",
        "|---|---|" + "---:|" * len(rates),
    ]
    for system in (*OUTLINES, *MIXED):
        for other in BASELINES:
            metric = f"lead over {other}, {TEXT}"
            cells = [_cell(newest["M4", ALL, system, rate, metric]) for rate in rates]
            lines.append(f"| {system} | {other} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _figures(newest: Newest) -> dict[str, str]:
    """SVG by name; the axis ends at 0, so a figure below it is drawn there."""
    kept: dict[str, dict[str, list[Point]]] = {}
    worth: dict[str, dict[str, list[Point]]] = {}
    for (_, domain, system, rate, metric), found in newest.items():
        name, _, part = metric.partition(", ")
        if name == "bits retained" and system == LADDER:
            cost = newest["M1", domain, system, rate, "ids per scene"]["value"]
            kept.setdefault(domain, {}).setdefault(part, []).append(_point(cost, found))
        if name == "utility" and domain == ALL and system != STRANGE:
            title = "everything" if part == TEXT else part
            place = float(rate.partition(" ")[0])
            worth.setdefault(title, {}).setdefault(system, []).append(_point(place, found))
    return {
        RETAINED_FIGURE: panels(kept, "ids per scene", "bits retained"),
        UTILITY_FIGURE: panels(worth, "ids of context", "context utility"),
    }


def _point(x: float, found: Row) -> Point:
    ends = (
        0.0 if found[k] is None else min(1.0, max(0.0, found[k])) for k in ("value", "low", "high")
    )
    return Point(x, *ends)


def _rates(newest: Newest) -> list[str]:
    return list(dict.fromkeys(key[3] for key in newest if key[0] == "M4" and key[3]))


def _cell(found: Mapping[str, Any], interval: bool = True) -> str:
    if found["value"] is None:
        return "–"
    value = f"{found['value']:.3f}"
    if not interval or found["low"] is None:
        return value
    return f"{value} ({found['low']:.3f} to {found['high']:.3f})"
