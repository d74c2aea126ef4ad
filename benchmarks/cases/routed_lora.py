"""Routed LoRA against plain LoRA of as many trainable parameters, on exact and hypertoken text.

    OMP_NUM_THREADS=1 python -m benchmarks.run routed_lora --data ../shared/data --model DIR

adapts one model, whose rows for hypertokens are their mean initialisation and stay so, to text of
all domains, half of the windows in base ids and half in hypertokens; judges it in bits per
character on held-out text, and counts time and memory of a step. DIR holds a model and its extended
tokenizer; without --model a small one is trained first. With a GPU, and with --dry-run, one layer
of a large model is measured as well.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import AutoModelForCausalLM

import hyperlex
from benchmarks.arms import Shape, Texts, read_texts, small_tokenizer, train_arm
from benchmarks.machine import Row, facts
from benchmarks.rows import say
from benchmarks.timing import measure, summary
from hyperlex import HyperTokenizer, VocabularyLayout
from hyperlex.measure.bootstrap import Bootstrap, Interval
from hyperlex.measure.language_model import bits
from hyperlex.model.activations import LiveBytes
from hyperlex.model.extend import extend_model
from hyperlex.model.routed_context import RoutedContext
from hyperlex.model.routed_lora import (
    RoutedLora,
    RoutedLoraConfig,
    add_routed_lora,
    linear_layers,
    lora_parameters,
    routed_parameters,
    trainable_share,
)
from hyperlex.model.routing import mixture, mixture_reference, route
from hyperlex.recipes.pretrain.tokens import open_tokenizer
from hyperlex.recipes.pretrain.train import Budget
from hyperlex_kernels.grouped_matmul import explain_grouped

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "routed_lora.jsonl"
DOCUMENT = "docs/routed-lora.md"

ROUTED: Final = RoutedLoraConfig(r=4, alpha=8.0, experts=4, top_k=2)
PLAIN, OURS = "LoRA", "routed LoRA"
VARIANTS: Final = {
    OURS: ROUTED,
    "routed, kinds hidden": replace(ROUTED, kinds=False),
    "routed, null expert": replace(ROUTED, null_expert=True),
}
ARMS: Final = (PLAIN, *VARIANTS)
# Tried by LoRA and by routed LoRA with half of the steps; the best on validation text trains the
# arm. Variants of routed LoRA take its rate.
RATES: Final = (5e-3, 1.2e-2, 3e-2)
BATCH, WINDOW = 8, 128
WARMUP: Final = 0.1
# What a layer's output may differ by from float64, in norms.
LAYER_GATE: Final = {torch.float32: 1e-5, torch.bfloat16: 1e-2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=ROOT.parent.parent / "shared" / "data")
    parser.add_argument("--model", type=Path, help="a base model with its extended tokenizer")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--characters", type=int, default=2_000, help="held out, of each domain")
    parser.add_argument("--out", type=Path, default=RESULTS, help="rows are appended here")
    parser.add_argument(
        "--dry-run", action="store_true", help="two steps, one small layer; write nothing"
    )


def run(options: argparse.Namespace) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if options.dry_run:
        options.steps, options.seeds, options.characters = 2, 1, 200
    machine = facts("routed_lora", device)
    rows: list[Row] = []
    for row in (*_layers(device, options.dry_run), *_adapted(options, device)):
        row = {**machine, **row}
        print(json.dumps(row, sort_keys=True, ensure_ascii=False), flush=True)
        rows.append(row)
    if options.dry_run:
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row, sort_keys=True, ensure_ascii=False) + "\n" for row in rows)


class Bench:
    """One extended model and what it is adapted to."""

    def __init__(
        self, model: Any, tok: HyperTokenizer, texts: Texts, device: str, steps: int
    ) -> None:
        self.model = extend_model(model, tok).to(device)
        self.tok, self.device, self.steps = tok, device, steps
        self.layers = linear_layers(self.model)
        # At least as many for plain LoRA: nothing here is to be won by parameters.
        wanted = routed_parameters(self.layers, ROUTED)
        self.rank = -(-wanted // lora_parameters(self.layers, 1))
        self.windows = _windows(tok, texts)
        self.validation = texts.validation[:6]
        self.blocks = [block for blocks in texts.heldout.values() for block in blocks]
        self.domains = np.repeat(
            list(texts.heldout), [len(blocks) for blocks in texts.heldout.values()]
        )

    def adapted(self, arm: str, seed: int) -> Any:
        """The model with fresh adapters of `arm`, in training mode."""
        torch.manual_seed(seed)
        model = copy.deepcopy(self.model)
        if arm == PLAIN:
            names = sorted({name.rpartition(".")[2] for name in self.layers})
            config = LoraConfig(r=self.rank, lora_alpha=2 * self.rank, target_modules=names)
            return get_peft_model(model, config).train()
        return add_routed_lora(model, VARIANTS[arm], self.tok.layout).train()

    def trained(self, arm: str, rate: float, seed: int, steps: int) -> Any:
        """Adapted and trained; windows come in the same order for every arm of a seed."""
        model = self.adapted(arm, seed)
        optimiser = _optimiser(model, rate)
        order = random.Random(seed).sample(range(len(self.windows)), BATCH * steps)
        for step in range(steps):
            share = min((step + 1) / (WARMUP * steps), (steps - step) / steps, 1.0)
            optimiser.param_groups[0]["lr"] = rate * share
            batch = self.windows[order[step * BATCH : (step + 1) * BATCH]].to(self.device)
            _step(model, optimiser, batch)
        return model.eval()

    def tuned(self, arm: str, steps: int) -> float:
        """The learning rate that validation text likes best after so many steps."""
        found = {}
        for rate in RATES:
            model = self.trained(arm, rate, seed=1_000, steps=steps)
            found[rate] = float(sum(each.sum() for each in self.bits(model, self.validation)))
        characters = 2 * sum(map(len, self.validation))
        say(f"{arm}: " + ", ".join(f"{r:g} {b / characters:.4f}" for r, b in found.items()))
        return min(found, key=lambda rate: found[rate])

    def bits(self, model: Any, texts: list[str]) -> list[NDArray[np.float64]]:
        """Bits of each text in base ids, and in hypertokens: two arrays [texts]."""
        return [
            np.array([bits(model, encode(text), context=2 * WINDOW).sum() for text in texts])
            for encode in (self.tok.base_encode, self.tok.encode)
        ]


def _adapted(options: argparse.Namespace, device: str) -> Iterator[Row]:
    """Bits per character of each arm, and the time and memory of a step."""
    texts = read_texts(options.data, 200_000 if options.dry_run else 4_000_000, options.characters)
    model, tok, name = _base(options, texts)
    bench = Bench(model, tok, texts, device, options.steps)
    shared = {
        "model": name,
        "model_parameters": sum(each.numel() for each in bench.model.parameters()),
        "steps": options.steps,
        "tokens_a_step": BATCH * WINDOW,
    }
    for block in bench.blocks:
        if tok.decode(tok.encode(block)) != block or tok.decode(tok.base_encode(block)) != block:
            raise SystemExit("A held-out block does not decode to itself.")
    tuning = -(-options.steps // 2)
    rates = {arm: bench.tuned(arm, tuning) for arm in (PLAIN, OURS)}
    found: dict[str, NDArray[np.float64]] = {
        "not adapted": np.stack(bench.bits(bench.model.eval(), bench.blocks))[None]
    }
    for arm in ARMS:
        rate = rates.get(arm, rates[OURS])
        by_seed = []
        for seed in range(options.seeds):
            began = time.perf_counter()
            trained = bench.trained(arm, rate, seed, options.steps)
            by_seed.append(np.stack(bench.bits(trained, bench.blocks)))
            say(f"{arm}, seed {seed}: {time.perf_counter() - began:.0f} s")
        found[arm] = np.stack(by_seed)
    for row in _judged(found, bench):
        yield {**shared, "rate": rates.get(row["arm"], rates[OURS]), **row}
    for row in _steps(bench, options.dry_run):
        yield {**shared, **row}


def _base(options: argparse.Namespace, texts: Texts) -> tuple[Any, HyperTokenizer, str]:
    """The model to adapt: with rows for base ids alone."""
    if options.model is not None:
        tok = hyperlex.load(str(options.model))
        model = AutoModelForCausalLM.from_pretrained(options.model)
        return model, tok, f"{model.config.model_type}, given"
    if options.dry_run:
        ids, shape = (400, 300), Shape(layers=1, hidden=32, heads=2, context=64, batch=2)
        budget = Budget("steps", 2)
    else:
        ids, shape = (1_024, 8_192), Shape(layers=4, hidden=160, heads=5, context=256, batch=8)
        budget = Budget("flops", 3e12)
    tok = small_tokenizer(texts.training, *ids)
    with TemporaryDirectory() as folder:
        tok.save(folder)
        base = open_tokenizer(folder, hypertokens=0)
    trained = train_arm(shape, base, texts.training, budget, 3e-3, seed=0, dtype="fp32")
    return trained.model, tok, "llama, trained here"


def _windows(tok: HyperTokenizer, texts: Texts) -> Tensor:
    """Windows [number, WINDOW] of the training text, one in base ids, one in hypertokens."""
    rows: tuple[list[list[int]], ...] = ([], [])
    for number, document in enumerate(texts.training):
        kind = number % 2
        ids = (tok.encode if kind else tok.base_encode)(document.text)
        rows[kind].extend(
            ids[start : start + WINDOW] for start in range(0, len(ids) - WINDOW + 1, WINDOW)
        )
    for each in rows:
        random.Random(0).shuffle(each)
    pairs = zip(*rows, strict=False)
    return torch.tensor([window for pair in pairs for window in pair])


def _optimiser(model: Any, rate: float) -> torch.optim.Optimizer:
    trainable = [each for each in model.parameters() if each.requires_grad]
    return torch.optim.AdamW(trainable, lr=rate, weight_decay=0.0)


def _step(model: Any, optimiser: torch.optim.Optimizer, batch: Tensor) -> None:
    model(input_ids=batch, labels=batch, use_cache=False).loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    optimiser.zero_grad()


def _judged(found: dict[str, NDArray[np.float64]], bench: Bench) -> Iterator[Row]:
    """Bits per character of each arm, and its difference from plain LoRA on the same blocks.

    `found` has bits [seeds, encodings, blocks] of each arm. Blocks are resampled, all seeds of one
    together; what the seeds alone make of the difference stands beside it.
    """
    characters = np.array([len(block) for block in bench.blocks], np.float64)
    shares = {"exact": (0,), "hypertokens": (1,), "both": (0, 1)}
    for text, kinds in shares.items():
        means = {arm: each[:, kinds, :].mean((0, 1)) for arm, each in found.items()}
        domains = dict.fromkeys(bench.domains.tolist()) if text == "both" else ()
        for domain in ("all", *domains):
            chosen = bench.domains == domain if domain != "all" else np.ones(len(characters), bool)
            counts = {arm: each[chosen] for arm, each in means.items()}
            table = Bootstrap(counts | {"characters": characters[chosen]}, unit="block")
            for arm in found:
                row: Row = {
                    "metric": "bits_per_character",
                    "arm": arm,
                    "text": text,
                    "domain": domain,
                    **_as_row(table.interval(lambda c, arm=arm: c[arm] / c["characters"])),
                }
                if arm in VARIANTS:
                    row["over_lora"] = _as_row(
                        table.interval(lambda c, arm=arm: (c[arm] - c[PLAIN]) / c["characters"])
                    )
                    by_seed = (found[arm] - found[PLAIN])[:, kinds, :].mean(1)[:, chosen].sum(1)
                    row["over_lora_by_seed"] = (by_seed / characters[chosen].sum()).tolist()
                yield row


def _steps(bench: Bench, dry_run: bool) -> Iterator[Row]:
    """Parameters, time and memory of a training step; arms take turns, so that all have the same
    neighbours on a shared machine."""
    batch = bench.windows[:BATCH].to(bench.device)
    calls: dict[str, Callable[[], None]] = {}
    peaks: dict[str, int] = {}
    parameters: dict[str, int] = {}
    for arm in ARMS:
        model = bench.adapted(arm, seed=0)
        parameters[arm] = trainable_share(model).trainable
        optimiser = _optimiser(model, 1e-4)

        def call(model: Any = model, optimiser: Any = optimiser) -> None:
            _step(model, optimiser, batch)

        call()
        peaks[arm] = _peak_bytes(call, bench.device)
        calls[arm] = call
    samples: dict[str, list[float]] = {arm: [] for arm in ARMS}
    for _ in range(1 if dry_run else 15):
        for arm, call in calls.items():
            began = time.perf_counter()
            call()
            if bench.device == "cuda":
                torch.cuda.synchronize()
            samples[arm].append(time.perf_counter() - began)
    for arm in ARMS:
        ratios = [mine / plain for mine, plain in zip(samples[arm], samples[PLAIN], strict=True)]
        yield {
            "metric": "step",
            "arm": arm,
            "rank": bench.rank if arm == PLAIN else VARIANTS[arm].r,
            "trainable": parameters[arm],
            "seconds": statistics.median(samples[arm]),
            "time_over_lora": statistics.median(ratios),
            "bytes": peaks[arm],
            "bytes_over_lora": peaks[arm] / peaks[PLAIN],
        }


def _peak_bytes(call: Callable[[], None], device: str) -> int:
    """The most bytes of what a step makes, beside the model: activations and gradients."""
    if device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        return torch.cuda.max_memory_allocated() - before
    with LiveBytes() as live:
        call()
    return live.peak


# Features in and out, and tokens: an attention and an MLP layer of an 8B model, in training and a
# token at a time.
LAYERS: Final = ((4096, 4096, 4096), (4096, 14336, 4096), (4096, 4096, 1))
LARGE: Final = RoutedLoraConfig(r=8, alpha=16.0, experts=8, top_k=2)


def _layers(device: str, dry_run: bool) -> Iterator[Row]:
    """Forward and backward of one layer's adapter, without its base: ours over plain LoRA."""
    if device == "cpu" and not dry_run:
        return
    for k, n, tokens in ((96, 64, 40),) if device == "cpu" else LAYERS:
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        torch.manual_seed(0)
        context = RoutedContext(VocabularyLayout(1, 0), 0.0)
        layer = RoutedLora(nn.Linear(k, n, bias=False, dtype=dtype), LARGE, context).to(device)
        nn.init.normal_(layer.lora_B, std=0.02)
        x = torch.randn(tokens, k, device=device, dtype=dtype, requires_grad=True)
        routes = route(x.detach().float() @ layer.router, LARGE.top_k, LARGE.experts)
        down, up = layer.lora_A.to(dtype), layer.lora_B.to(dtype)
        out = mixture(x, down, up, routes.experts, routes.weights)
        exact = mixture_reference(
            x.double(), down.double(), up.double(), routes.experts, routes.weights.double()
        )
        error = float((out.double() - exact).norm() / exact.norm())
        rank = LARGE.r * LARGE.experts
        plain = nn.Sequential(nn.Linear(k, rank, bias=False), nn.Linear(rank, n, bias=False))
        plain = plain.to(device, dtype)
        grad = torch.randn(tokens, n, device=device, dtype=dtype)
        gate = error <= LAYER_GATE[dtype]
        row: Row = {
            "metric": "layer",
            "shape": [k, n],
            "tokens": tokens,
            "experts": LARGE.experts,
            "top_k": LARGE.top_k,
            "r": LARGE.r,
            "lora_rank": rank,
            "implementation": explain_grouped(x).implementation,
            "error": error,
            "gate": gate,
        }
        if gate and device == "cuda":
            layer.base_layer = _Nothing(n)

            def both(module: nn.Module, x: Tensor = x, grad: Tensor = grad) -> Callable[[], object]:
                return lambda: module(x).backward(grad)

            # No CUDA graph: a training step is launched kernel by kernel.
            ours, theirs = _eager(both(layer)), _eager(both(plain))
            row |= {"unit": "us", "p50": ours, "lora_p50": theirs, "over_lora": ours / theirs}
        yield row


class _Nothing(nn.Module):
    """A base layer that costs nothing, so that the adapter alone is timed."""

    def __init__(self, out_features: int) -> None:
        super().__init__()
        self.out_features = out_features

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(()).expand(*x.shape[:-1], self.out_features)


def _eager(call: Callable[[], object]) -> float:
    """Microseconds of a call, the median, launched as a training loop launches it."""

    def waited() -> None:
        call()
        torch.cuda.synchronize()

    return summary(measure([waited], "cpu", 50)).p50


def _as_row(interval: Interval) -> dict[str, float | None]:
    ends = {"low": interval.low, "high": interval.high}
    known = {name: end if math.isfinite(end) else None for name, end in ends.items()}
    return {"value": interval.value, **known}


def tables(rows: list[Row]) -> dict[str, str]:
    """What docs/routed-lora.md says of the newest run on each device."""
    parts = []
    for device in ("cpu", "cuda"):
        mine = [row for row in rows if row["device"] == device and row["metric"] != "layer"]
        if mine:
            # Rows of one run share all that is said of it; a later run takes their place.
            run = ("date", "model", "steps")
            last = next(row for row in reversed(mine) if row["metric"] == "step")
            same = [row for row in mine if all(row.get(key) == last[key] for key in run)]
            parts.append(_bits_table(same, last))
            parts.append(_steps_table(same))
    layers = [row for row in rows if row["metric"] == "layer" and "p50" in row]
    if layers:
        parts.append(_layers_table(layers))
    else:
        parts.append(
            "No GPU has been measured yet: `python -m benchmarks.run routed_lora` on a machine "
            "with one, then `python -m benchmarks.report`."
        )
    return {DOCUMENT: "\n\n".join(parts)}


def _bits_table(rows: list[Row], last: Row) -> str:
    found = {
        (row["arm"], row["text"], row["domain"]): row
        for row in rows
        if row["metric"] == "bits_per_character"
    }
    place = last.get("gpu") or f"CPU, {last['threads']} threads"
    rates = {row["arm"]: row["rate"] for row in found.values()}
    lines = [
        f"Measured {last['date']}, torch {last['torch']}, {place}: a model of "
        f"{last['model_parameters'] / 1e6:.1f} M parameters, {last['steps']} steps of "
        f"{last['tokens_a_step']:,} tokens. Bits per character on held-out text of all domains, "
        "95 % intervals over blocks of text; differences from LoRA on the same blocks, and the "
        "least and the largest that one seed gives.",
        "",
        "| | learning rate | in base ids | in hypertokens | both | both, over LoRA | by seed |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for arm in dict.fromkeys(key[0] for key in found):
        cells = [f"{found[arm, text, 'all']['value']:.4f}" for text in ("exact", "hypertokens")]
        both = found[arm, "both", "all"]
        cells.append(f"{both['value']:.4f} ({both['low']:.3f} to {both['high']:.3f})")
        over, by_seed = both.get("over_lora"), both.get("over_lora_by_seed")
        cells.append(
            f"{over['value']:+.4f} ({over['low']:+.4f} to {over['high']:+.4f})" if over else ""
        )
        cells.append(f"{min(by_seed):+.4f} to {max(by_seed):+.4f}" if by_seed else "")
        rate = "" if arm == "not adapted" else f"{rates[arm]:g}"
        lines.append(f"| {arm} | {rate} | {' | '.join(cells)} |")
    domains = [key[2] for key in found if key[:2] == (OURS, "both") and key[2] != "all"]
    lines += [
        "",
        "The difference from LoRA by domain, both ways of writing together:",
        "",
        f"| | {' | '.join(domains)} |",
        "|---|" + "---:|" * len(domains),
    ]
    for arm in dict.fromkeys(key[0] for key in found if key[0] in VARIANTS):
        cells = [f"{found[arm, 'both', each]['over_lora']['value']:+.4f}" for each in domains]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _steps_table(rows: list[Row]) -> str:
    steps = {row["arm"]: row for row in rows if row["metric"] == "step"}
    lines = [
        "A training step, forward, backward and optimiser; memory is what the step makes beside "
        "the model at its peak.",
        "",
        "| | rank | trainable parameters | time, LoRA's = 1 | memory, LoRA's = 1 |",
        "|---|---:|---:|---:|---:|",
    ]
    for arm, row in steps.items():
        lines.append(
            f"| {arm} | {row['rank']} | {row['trainable']:,} | {row['time_over_lora']:.2f} | "
            f"{row['bytes_over_lora']:.2f} |"
        )
    return "\n".join(lines)


def _layers_table(rows: list[Row]) -> str:
    newest = {(row["gpu"], *row["shape"], row["tokens"]): row for row in rows}
    first = rows[-1]
    lines = [
        f"One layer's adapter forward and backward, without its base, bfloat16: {first['experts']} "
        f"experts of rank {first['r']}, {first['top_k']} a token, over LoRA of rank "
        f"{first['lora_rank']}.",
        "",
        "| GPU | layer | tokens | ours, µs | LoRA, µs | ratio | error |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for (gpu, k, n, tokens), row in newest.items():
        lines.append(
            f"| {gpu} | {k} to {n} | {tokens:,} | {row['p50']:.0f} | {row['lora_p50']:.0f} | "
            f"{row['over_lora']:.2f} | {row['error']:.1e} |"
        )
    return "\n".join(lines)
