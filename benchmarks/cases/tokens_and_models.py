"""Does a model learn more from hypertokens than from the base ids that they stand for?

    OMP_NUM_THREADS=1 python -m benchmarks.run tokens_and_models --data ../shared/data

Pairs of models of one shape on one corpus, at equal training FLOPs and at equal text, judged in
bits per character on held-out text; with characters generated a second, KV bytes of 1,000
characters and sizes. The models are kept in --out for `codes_and_models`. About an hour on one core
of a CPU. With a GPU, `--scale gpu` trains models of more than 60 million parameters.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import hyperlex
from benchmarks.arms import (
    Shape,
    Texts,
    Trained,
    block_bits,
    copied,
    load_arm,
    read_texts,
    small_tokenizer,
    train_arm,
)
from benchmarks.machine import Row, facts, where
from benchmarks.rows import as_row, record, say, with_interval
from hyperlex.measure.bootstrap import Bootstrap
from hyperlex.recipes.pretrain.tokens import open_tokenizer
from hyperlex.recipes.pretrain.train import Budget
from hyperlex.tokenizer import HyperTokenizer

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "tokens_and_models.jsonl"
DOCUMENT = "docs/tokens-and-models.md"
OUT = ROOT.parent / "build" / "tokens_and_models"

SMALL_BASE = 1_024
"""Learned from Russian alone, such a base has 2.14 characters a token, as cl100k of 100,000 has."""
START_RATE = 1e-3
"""Learning rates are this times powers of 2: tried by each arm with `TUNING` of the budget, on in
the direction that validation text likes, until it likes the last one less."""
TUNING = 1 / 6

BASE, FLOPS, TEXT = "base", "equal FLOPs", "equal text"
HALFWAY, RESTARTED = "extended half-way", "restarted half-way"


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    characters: int
    heldout: int
    flops: float
    small: Shape
    small_hypertokens: int
    default: Shape
    default_hypertokens: int
    seeds: int
    dtype: str
    generated: int
    rounds: int


SCALES = {
    "cpu": Scale(
        characters=25_000_000,
        heldout=25_000,
        flops=1.5e13,
        small=Shape(layers=4, hidden=160, heads=5, context=256, batch=8),
        small_hypertokens=7_168,
        default=Shape(layers=6, hidden=96, heads=3, context=256, batch=8),
        default_hypertokens=8_192,
        seeds=1,
        dtype="bf16",
        generated=128,
        rounds=3,
    ),
    "gpu": Scale(
        characters=150_000_000,
        heldout=100_000,
        flops=3e16,
        small=Shape(layers=12, hidden=640, heads=10, context=512, batch=64),
        small_hypertokens=31_744,
        default=Shape(layers=8, hidden=512, heads=8, context=512, batch=64),
        default_hypertokens=140_000,
        seeds=3,
        dtype="bf16",
        generated=256,
        rounds=3,
    ),
    "dry": Scale(
        characters=400_000,
        heldout=4_000,
        flops=2e9,
        small=Shape(layers=1, hidden=32, heads=2, context=32, batch=2),
        small_hypertokens=512,
        default=Shape(layers=1, hidden=16, heads=1, context=32, batch=2),
        default_hypertokens=512,
        seeds=1,
        dtype="fp32",
        generated=8,
        rounds=1,
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--scale", choices=list(SCALES), default="cpu")
    parser.add_argument("--characters", type=int, help="to learn from, were there 160 million")
    parser.add_argument("--flops", type=float, help="of an arm; default: as the scale says")
    parser.add_argument("--pairs", nargs="+", choices=["small", "default"])
    parser.add_argument("--seeds", type=int, help="default: as the scale says")
    parser.add_argument("--speed", action="store_true", help="time the models in --out again")
    parser.add_argument("--out", type=Path, default=OUT, help="models and tokenizers are kept here")
    parser.add_argument("--results", type=Path, default=RESULTS, help="rows are appended to it")


def run(options: argparse.Namespace) -> None:
    scale = SCALES[options.scale]
    flops = options.flops or scale.flops
    characters = options.characters or scale.characters
    texts = read_texts(options.data, characters, scale.heldout)
    say(f"{sum(len(each.text) for each in texts.training):,} characters to learn from")
    for name in options.pairs or ("small", "default"):
        pair = Pair(name, scale, flops, texts, options.out / name)
        for seed in range(options.seeds or scale.seeds):
            rows = list(pair.rows_of_speed(seed) if options.speed else pair.rows(seed))
            record(options.results, (row | {"scale": options.scale} for row in rows))


class Pair:
    """A base vocabulary, the same with hypertokens, and the arms that are trained with them."""

    def __init__(self, name: str, scale: Scale, flops: float, texts: Texts, out: Path) -> None:
        self.name, self.scale, self.flops, self.texts, self.out = name, scale, flops, texts, out
        self.shape = scale.small if name == "small" else scale.default
        kept = out / "tokenizer"
        if name == "small" and not kept.is_dir():
            small_tokenizer(texts.training, SMALL_BASE, scale.small_hypertokens).save(kept)
            say(f"tokenizer of {SMALL_BASE:,} + {scale.small_hypertokens:,} ids")
        source = str(kept) if name == "small" else None
        wanted = scale.small_hypertokens if name == "small" else scale.default_hypertokens
        self.base = open_tokenizer(source, hypertokens=0)
        self.hyper = open_tokenizer(source, hypertokens=wanted)
        self.blocks = [block for blocks in texts.heldout.values() for block in blocks]
        self.characters = np.array([len(block) for block in self.blocks])

    def rows(self, seed: int) -> Iterator[Row]:
        """All arms of one seed, gates first."""
        self._gate()
        base_rate = self._tune(self.base, seed)
        hyper_rate = self._tune(self.hyper, seed)
        arms = {BASE: self._train(self.base, Budget("flops", self.flops), base_rate, seed)}
        arms[FLOPS] = self._train(self.hyper, Budget("flops", self.flops), hyper_rate, seed)
        same_text = Budget("characters", arms[BASE].progress.characters)
        arms[TEXT] = self._train(self.hyper, same_text, hyper_rate, seed)
        half = Budget("flops", self.flops / 2)
        begun = self._train(self.base, half, base_rate, seed, branch=True)
        rest = Budget("flops", self.flops - begun.progress.flops)
        # Before it is extended: training goes on in place.
        arms[RESTARTED] = self._train(self.base, rest, hyper_rate, seed, begun=copied(begun))
        arms[HALFWAY] = self._train(self.hyper, rest, hyper_rate, seed, begun=begun)
        spent = {BASE: arms[BASE].progress.flops}
        spent |= {arm: arms[arm].progress.flops for arm in (FLOPS, HALFWAY, RESTARTED)}
        one_step = self.shape.batch * self.shape.context * 6 * arms[FLOPS].parameters * 2
        if max(spent.values()) - min(spent.values()) > one_step:
            raise SystemExit(f"{self.name}: FLOPs are not equal: {spent}. Nothing was written.")
        for arm, trained in arms.items():
            trained.model.save_pretrained(self._folder(arm, seed))
            trained.vocabulary.tok.save(self._folder(arm, seed))
        stamp = self._stamp(arms, seed)
        rates = {arm: base_rate if arm == BASE else hyper_rate for arm in arms}
        for row in (*self._judged(arms), *self._generated(arms, seed), *self._sizes(arms)):
            yield stamp | row | {"learning_rate": rates[row["arm"]]}

    def rows_of_speed(self, seed: int) -> Iterator[Row]:
        """Speed alone, of the models that `rows` kept."""
        arms = {arm: load_arm(self._folder(arm, seed)) for arm in (BASE, FLOPS, HALFWAY)}
        stamp = self._stamp(arms, seed)
        yield from (stamp | row for row in self._generated(arms, seed))

    def _folder(self, arm: str, seed: int) -> Path:
        return self.out / f"{arm.replace(' ', '-')}-{seed}"

    def _stamp(self, arms: dict[str, Trained], seed: int) -> Row:
        stamp = facts("tokens_and_models", arms[BASE].model.device.type)
        return stamp | {"hyperlex": hyperlex.__version__, "pair": self.name, "seed": seed}

    def _gate(self) -> None:
        for tok in (self.base, self.hyper):
            for block in self.blocks:
                if tok.decode(tok.encode(block)) != block:
                    raise SystemExit(f"{self.name}: a held-out block does not decode to itself.")

    def _tune(self, tok: HyperTokenizer, seed: int) -> float:
        """The learning rate that validation text likes best, with a worse one on either side."""
        found: dict[float, float] = {}

        def bits_at(rate: float) -> float:
            if rate not in found:
                budget = Budget("flops", self.flops * TUNING)
                trained = self._train(tok, budget, rate, seed)
                bits = block_bits(trained, self.texts.validation, self.shape.context).sum()
                found[rate] = float(bits) / sum(map(len, self.texts.validation))
            return found[rate]

        best = START_RATE
        for factor in (0.5, 2.0):
            while bits_at(best * factor) < bits_at(best):
                best *= factor
        say(f"{self.name}, {len(tok):,} ids: " + _listed(found))
        return best

    def _train(
        self, tok: HyperTokenizer, budget: Budget, rate: float, seed: int, **options: Any
    ) -> Trained:
        trained = train_arm(
            self.shape, tok, self.texts.training, budget, rate, seed=seed,
            dtype=self.scale.dtype, **options,
        )  # fmt: skip
        spent = trained.progress
        say(
            f"{self.name}, {len(tok):,} ids, rate {rate:g}: {spent.characters:,} characters, "
            f"{spent.flops:.2e} FLOPs, {spent.seconds:.0f} s"
        )
        return trained

    def _judged(self, arms: dict[str, Trained]) -> Iterator[Row]:
        """Bits per character on held-out text, and each arm over the base."""
        bits = {
            arm: block_bits(each, self.blocks, self.shape.context) for arm, each in arms.items()
        }
        domains = np.repeat(
            list(self.texts.heldout), [len(blocks) for blocks in self.texts.heldout.values()]
        )
        for domain in ("all", *self.texts.heldout):
            chosen = np.ones(len(domains), bool) if domain == "all" else domains == domain
            counts = {arm: each[chosen] for arm, each in bits.items()}
            table = Bootstrap(counts | {"characters": self.characters[chosen]}, unit="block")
            for arm in arms:
                per_character = table.interval(lambda c, arm=arm: c[arm] / c["characters"])
                over_base = table.interval(lambda c, arm=arm: c[arm] / c[BASE])
                yield {
                    "metric": "bits_per_character",
                    "arm": arm,
                    "domain": domain,
                    **as_row(per_character),
                    "over_base": as_row(over_base),
                }

    def _generated(self, arms: dict[str, Trained], seed: int) -> Iterator[Row]:
        """Characters a second, sampled after the same openings, arms taking turns."""
        prompts = [_opening(blocks[0]) for blocks in self.texts.heldout.values()]
        compared = {arm: arms[arm] for arm in (BASE, FLOPS, HALFWAY)}
        shape = (len(prompts) * self.scale.rounds,)
        counts = {
            (arm, what): np.zeros(shape) for arm in compared for what in ("characters", "seconds")
        }
        for turn in range(self.scale.rounds):
            for index, prompt in enumerate(prompts):
                for arm, trained in compared.items():
                    place = turn * len(prompts) + index
                    text, seconds = _sampled(trained, prompt, self.scale.generated, seed + turn)
                    counts[arm, "characters"][place] = len(text)
                    counts[arm, "seconds"][place] = seconds
        table = Bootstrap(counts, unit="prompt")
        for arm in compared:
            speed = table.interval(lambda c, arm=arm: c[arm, "characters"] / c[arm, "seconds"])
            over = table.interval(
                lambda c, arm=arm: c[arm, "characters"] / c[arm, "seconds"]
                / (c[BASE, "characters"] / c[BASE, "seconds"])
            )  # fmt: skip
            yield {
                "metric": "characters_per_second",
                "arm": arm,
                **as_row(speed),
                "over_base": as_row(over),
            }

    def _sizes(self, arms: dict[str, Trained]) -> Iterator[Row]:
        """What the text and the model take."""
        shape = self.shape
        cache_of_token = 2 * shape.layers * shape.hidden * 2  # keys and values, fp16
        for arm, trained in arms.items():
            tok = trained.vocabulary.tok
            tokens = sum(len(tok.encode(block)) for block in self.blocks)
            per_thousand = 1000 * tokens / int(self.characters.sum())
            spent = trained.progress
            yield {
                "metric": "sizes",
                "arm": arm,
                "ids": len(tok),
                "parameters": trained.parameters,
                "fp16_bytes": 2 * trained.parameters,
                "tokens_per_1000_characters": per_thousand,
                "kv_bytes_per_1000_characters": per_thousand * cache_of_token,
                "training_flops": spent.flops,
                "training_tokens": spent.tokens,
                "training_characters": spent.characters,
                "training_seconds": spent.seconds,
            }


def _opening(text: str) -> str:
    """The beginning of a text up to a word's end: half a word is no text that a model has seen."""
    return text[:150].rsplit(maxsplit=1)[0]


def _sampled(trained: Trained, prompt: str, tokens: int, seed: int) -> tuple[str, float]:
    """So many tokens after `prompt`, and the seconds that they took."""
    import torch

    tok, model = trained.vocabulary.tok, trained.model
    ids = torch.tensor([[trained.vocabulary.end, *tok.encode(prompt)]], device=model.device)
    torch.manual_seed(seed)
    start = time.perf_counter()
    found = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=True,
        top_k=0,  # the 50 best, which is the default, are another share of each vocabulary
        min_new_tokens=tokens,
        max_new_tokens=tokens,
        pad_token_id=trained.vocabulary.end,
    )
    seconds = time.perf_counter() - start
    return tok.decode(found[0, ids.shape[1] :].tolist()), seconds


def _listed(found: dict[float, float]) -> str:
    return ", ".join(f"rate {rate:g}: {bits:.4f} bits" for rate, bits in found.items())


def tables(rows: list[Row]) -> dict[str, str]:
    """The tables of the document, newest rows, one group for each scale."""
    newest = {
        (r["scale"], r["pair"], r["seed"], r["metric"], r["arm"], r.get("domain")): r for r in rows
    }
    parts = []
    for scale in SCALES:
        chosen = [row for row in newest.values() if row["scale"] == scale]
        if chosen:
            parts += [_machine(chosen[-1]), _bits_table(chosen), _cost_table(chosen)]
            parts.append(_domain_table(chosen))
    return {DOCUMENT: "\n\n".join(parts)}


PAIRS = {"small": "base of 1,024", "default": "embedded default"}


def _machine(row: Row) -> str:
    return f"Measured {row['date']} on {where(row)}, torch {row['torch']}."


def _bits_table(rows: list[Row]) -> str:
    sizes = {_run(row): row for row in rows if row["metric"] == "sizes"}
    lines = [
        "| vocabulary | arm | seed | rate | FLOPs | characters read | bits/character | over base |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["metric"] == "bits_per_character" and row["domain"] == "all":
            size = sizes[_run(row)]
            lines.append(
                f"| {PAIRS[row['pair']]}: {size['ids']:,} ids | {row['arm']} | {row['seed']} "
                f"| {row['learning_rate']:g} | {size['training_flops']:.2e} "
                f"| {size['training_characters']:,} | {with_interval(row, 3)} "
                f"| {with_interval(row['over_base'], 3)} |"
            )
    return "\n".join(lines)


def _cost_table(rows: list[Row]) -> str:
    speeds = {_run(row): row for row in rows if row["metric"] == "characters_per_second"}
    lines = [
        "| vocabulary | arm | parameters | fp16 MB | tokens/1,000 characters "
        "| KV bytes/1,000 characters | characters/s | over base |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["metric"] == "sizes" and (speed := speeds.get(_run(row))):
            lines.append(
                f"| {PAIRS[row['pair']]}: {row['ids']:,} ids | {row['arm']} "
                f"| {row['parameters'] / 1e6:.2f} M | {row['fp16_bytes'] / 1e6:.1f} "
                f"| {row['tokens_per_1000_characters']:.0f} "
                f"| {row['kv_bytes_per_1000_characters']:,.0f} | {with_interval(speed, 0)} "
                f"| {with_interval(speed['over_base'], 2)} |"
            )
    return "\n".join(lines)


def _domain_table(rows: list[Row]) -> str:
    """Bits per character at equal FLOPs over the base's, by domain."""
    found = [
        row
        for row in rows
        if row["metric"] == "bits_per_character"
        and row["arm"] == FLOPS
        and row["domain"] != "all"
        and row["seed"] == 0
    ]
    domains = list(dict.fromkeys(row["domain"] for row in found))
    pairs = list(dict.fromkeys(row["pair"] for row in found))
    over = {(row["pair"], row["domain"]): row["over_base"] for row in found}
    head = " | ".join(f"{PAIRS[pair]}, {FLOPS}" for pair in pairs)
    lines = [f"| domain | {head} |", "|---" * (1 + len(pairs)) + "|"]
    for domain in domains:
        cells = " | ".join(with_interval(over[pair, domain], 3) for pair in pairs)
        lines.append(f"| {domain} | {cells} |")
    return "\n".join(lines)


def _run(row: Row) -> tuple[Any, ...]:
    return row["pair"], row["seed"], row["arm"]
