"""Does a model that copies in its base ids copy in hypertokens after `adapt-vocabulary`?

    OMP_NUM_THREADS=1 python -m benchmarks.run adaptation --data ../shared/data

A small base that copies, and knows no language (`benchmarks.induction`), is extended by hypertokens
and adapted by the recipe; the copy test is taken at each stage, on sentences of held-out text. The
models are kept in --out, and what stands there is not made again. Ten minutes for each way in
which rows begin, on one core of a CPU.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

import hyperlex
from benchmarks.arms import Texts, read_texts, small_tokenizer
from benchmarks.induction import copying_llama
from benchmarks.machine import Row, facts
from benchmarks.rows import record, say
from hyperlex.codebook.corpus import Document
from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.copying import copy_tasks
from hyperlex.model import extend_model
from hyperlex.model.directory import load_causal_model
from hyperlex.model.rows import Initialisation
from hyperlex.recipes.adaptation import MODEL_FOLDER, AdaptationConfig, adapt
from hyperlex.recipes.builtin import find_recipe
from hyperlex.recipes.config import read_recipe
from hyperlex.recipes.evaluate import Settings
from hyperlex.recipes.evaluate.opening import open_model
from hyperlex.recipes.evaluate.run import Reader
from hyperlex.recipes.pretrain.tokens import end_of_text, open_tokenizer
from hyperlex.tokenizer import HyperTokenizer

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "adaptation.jsonl"
DOCUMENT = "docs/recipes/adapt-vocabulary.md"
OUT = ROOT.parent / "build" / "adaptation"
SAMPLES = ROOT.parent / "corpora" / "samples"

CONTEXT = 256
STRETCH = 400
"""Characters of a text that sentences are drawn from."""
STARTS: tuple[Initialisation, ...] = ("mean", "distinct")
BASE, EXTENDED, ROWS, ADAPTED = "base", "extended", "rows", "adapted"


@dataclass(frozen=True)
class Scale:
    """How much of everything.

    Attributes:
        characters, heldout: to learn from and to measure on, as `arms.read_texts` has them.
        base_ids, hypertokens: of the vocabulary.
        texts: stretches of text to draw sentences from.
        copy_test: sentences.
        recipe: what differs from `adapt-vocabulary.toml`.
    """

    characters: int
    heldout: int
    base_ids: int
    hypertokens: int
    texts: int
    copy_test: int
    recipe: dict[str, Any]


CPU = Scale(
    characters=8_000_000,
    heldout=60_000,
    base_ids=2_048,
    hypertokens=4_096,
    texts=4_000,
    copy_test=500,
    recipe={
        "texts": 0,  # a base without language only loses by them
        "copies": 3_000,
        "spelled_copies": 9_000,
        "lora_r": 16,
        "lora_alpha": 32.0,
        "batch": 16,
        "rows_steps": 300,
        "rows_learning_rate": 1e-3,
        "steps": 150,
        "learning_rate": 2e-4,
    },
)
DRY = Scale(
    characters=0,
    heldout=1_500,
    base_ids=512,
    hypertokens=64,
    texts=8,
    copy_test=4,
    recipe={"copies": 4, "spelled_copies": 4, "batch": 2, "rows_steps": 1, "steps": 1},
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--starts", nargs="+", choices=STARTS, default=list(STARTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT, help="models are kept here")
    parser.add_argument("--results", type=Path, default=RESULTS, help="rows are appended to it")
    parser.add_argument(
        "--dry-run", action="store_true", help="all steps with next to nothing; nothing is written"
    )


def run(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.dry_run:
        _dry_run()
        return
    texts = read_texts(options.data, CPU.characters, CPU.heldout)
    say(f"{sum(len(each.text) for each in texts.training):,} characters to learn from")
    rows = list(measured(CPU, texts, options.out, options.starts, options.seed))
    record(options.results, rows)


def measured(
    scale: Scale, texts: Texts, out: Path, starts: Sequence[Initialisation], seed: int
) -> Iterator[Row]:
    """The copy test of every stage. What stands in `out` is taken as it is."""
    heldout = _heldout(texts, out)
    tok = _tokenizer(scale, texts, out / "tokenizer", heldout)
    stamp = facts("adaptation", "cpu") | {"hyperlex": hyperlex.__version__, "seed": seed}
    stamp |= {"base_ids": tok.layout.base_size, "hypertokens": tok.layout.hyper_size}
    stamp |= {"settings": asdict(scale)}
    base = out / f"base-{seed}"
    if not base.is_dir():
        bare = open_tokenizer(str(out / "tokenizer"), hypertokens=0)
        copying_llama(len(bare), end_of_text(bare), CONTEXT, seed).save_pretrained(base)
        bare.save(base)
    yield stamp | {"stage": BASE, "start": ""} | _tested(scale, base, heldout, seed)
    for start in starts:
        extended, adapted = out / f"{start}-{seed}", out / f"adapted-{start}-{seed}"
        if not extended.is_dir():
            model = load_causal_model(base).float().eval()
            extend_model(model, tok, initialisation=start).save_pretrained(extended)
            tok.save(extended)
        config = _recipe(scale, texts, extended, adapted, seed)
        begun = time.perf_counter()
        figures = adapt(config, told=say).figures
        seconds = {"seconds": round(time.perf_counter() - begun, 1)}
        _check_unseen(adapted / "mixture.jsonl", heldout)
        spent = {"trainable": figures["trainable"], "loss": figures["last_loss"]} | seconds
        for stage, folder, more in (
            (EXTENDED, extended, {}),
            (ROWS, adapted / MODEL_FOLDER, {}),
            (ADAPTED, adapted, spent),
        ):
            found = _tested(scale, folder, heldout, seed)
            yield stamp | {"stage": stage, "start": start} | more | found


def _tokenizer(scale: Scale, texts: Texts, kept: Path, heldout: Path) -> HyperTokenizer:
    if not kept.is_dir():
        small_tokenizer(texts.training, scale.base_ids, scale.hypertokens).save(kept)
    tok = open_tokenizer(str(kept))
    for line in heldout.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["text"]
        if tok.decode(tok.encode(text)) != text:
            raise SystemExit("A held-out text does not decode to itself: nothing is measured.")
    return tok


def _heldout(texts: Texts, out: Path) -> Path:
    """Held-out text as a file that `evaluate` reads."""
    blocks = [block for blocks in texts.heldout.values() for block in blocks]
    return _written(out / "heldout.jsonl", blocks)


def _recipe(scale: Scale, texts: Texts, model: Path, output: Path, seed: int) -> AdaptationConfig:
    stretches = [
        each.text[start : start + STRETCH]
        for each in texts.training
        for start in range(0, len(each.text), STRETCH)
    ]
    random.Random(seed).shuffle(stretches)
    data = _written(model.parent / f"texts-{seed}.jsonl", stretches[: scale.texts])
    changes = {
        "model": str(model),
        "data": str(data),
        "output": str(output),
        "context": CONTEXT,
        "weights": "fp32",
        "accumulation": 1,
        "gradient_checkpointing": False,
        "copy_test": 0,  # taken here, of every stage alike
        "seed": seed,
        "resume": output.is_dir(),
    }
    return read_recipe(AdaptationConfig, find_recipe("adapt-vocabulary"), changes | scale.recipe)


def _check_unseen(mixture: Path, heldout: Path) -> None:
    """Stop where a sentence of the test was copied in training."""
    blocks = [json.loads(line)["text"] for line in heldout.read_text("utf-8").splitlines()]
    asked = {task.text for task in copy_tasks(blocks, 1_000_000, part="test")}
    rows = map(json.loads, mixture.read_text(encoding="utf-8").splitlines())
    if learned := asked & {row["text"].rstrip("\n") for row in rows if row["prompt"]}:
        raise SystemExit(f"{len(learned)} sentences of the test were learned: {min(learned)!r}")


def _tested(scale: Scale, model: Path, heldout: Path, seed: int) -> Row:
    settings = Settings(copies=scale.copy_test, context=CONTEXT, batch=32, seed=seed)
    blocks = [json.loads(line)["text"] for line in heldout.read_text("utf-8").splitlines()]
    begun = time.perf_counter()
    opened = open_model(str(model))
    found = Reader(opened, settings, lambda stage, done, total: None).copy(blocks)
    say(f"{model}: {found.exact.value:.1%} of {found.rows} copies exact")
    shares = ("exact", "canonical", "emission", "recall")
    return {
        "copies": found.rows,
        **{name: _as_row(getattr(found, name)) for name in shares},
        "hyper_canonical": found.hyper_canonical,
        "parameters": sum(each.numel() for each in opened.model.parameters()),
        "test_seconds": round(time.perf_counter() - begun, 1),
    }


def _written(path: Path, texts: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _as_row(interval: Interval) -> dict[str, float | None]:
    """JSON has no number for what 0 hypertokens are a share of."""
    found = {"value": interval.value, "low": interval.low, "high": interval.high}
    return {name: value if value == value else None for name, value in found.items()}


def _dry_run() -> None:
    """Texts of our own, in a place that is gone afterwards."""
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))}
    training = [Document(text, name) for name, text in files.items()] * 3
    texts = Texts(training, [], {name: [text[: DRY.heldout]] for name, text in files.items()})
    with tempfile.TemporaryDirectory() as place:
        rows = list(measured(DRY, texts, Path(place), STARTS, 0))
    for text in tables(rows).values():
        print(text)
    print(f"dry run: {len(rows)} rows, none is written")


NAMES = {
    BASE: "the base, in base ids",
    EXTENDED: "extended",
    ROWS: "rows alone",
    ADAPTED: "adapted",
}


def tables(rows: list[Row]) -> dict[str, str]:
    """The newest row of each stage, of all that were made as the last."""
    last = rows[-1]
    alike = [row for row in rows if row["settings"] == last["settings"]]
    newest = {(row["seed"], row["start"], row["stage"]): row for row in alike}
    recipe = last["settings"]["recipe"]
    lines = [
        f"Measured {last['date']} on a CPU ({last['cpu']}), {last['threads']} thread, torch "
        f"{last['torch']}: {last['base_ids']:,} base ids and {last['hypertokens']:,} hypertokens; "
        + ", ".join(f"`{key} = {value}`" for key, value in recipe.items())
        + ".",
        "",
        "| model | rows begin as | seed | parameters | exact | emission | recall | minutes |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for (seed, start, stage), row in newest.items():
        minutes = f"{row['seconds'] / 60:.0f}" if "seconds" in row else ""
        lines.append(
            f"| {NAMES[stage]} | {start} | {seed} | {row['parameters'] / 1e6:.2f} M "
            f"| {_interval(row['exact'])} of {row['copies']} | {_interval(row['emission'], 2)} "
            f"| {_interval(row['recall'], 2)} | {minutes} |"
        )
    return {DOCUMENT: "\n".join(lines)}


def _interval(found: dict[str, float | None], digits: int = 3) -> str:
    if found["value"] is None:
        return "–"
    value, low, high = (f"{found[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
