"""How new rows should begin: bits a character before any training, and after 1, 10 and 100 steps.

Trains a small Llama on base ids, extends it, and compares rows made without texts, distilled rows,
and rows trained on the next token alone for as long as the distillation took; and what each takes
from text in base ids. `--texts` is a folder to train on, `--held-out` one to measure on. `--model`
names a model to extend instead, with an extended tokenizer beside weights for base ids.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn

import hyperlex
from benchmarks.machine import Row, facts
from hyperlex.codebook.corpus import documents, text_files
from hyperlex.measure.bootstrap import BLOCK_UNIT, Bootstrap, Counts, block_spans, divided
from hyperlex.model import distil_rows, extend_model
from hyperlex.model.directory import load_causal_model
from hyperlex.model.rows import INITIALISATIONS
from hyperlex.recipes.pretrain import PretrainConfig, pretrain
from hyperlex.recipes.pretrain.mixture import Lane, Source
from hyperlex.tokenizer import HyperTokenizer

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "initialisation.jsonl"

BASE_IDS, HYPERTOKENS = 2_048, 4_096
CHARACTERS = 6_000_000  # of texts: nine tenths to train the base on, the rest for what comes after
SHAPE: dict[str, Any] = {"layers": 3, "hidden": 128, "heads": 4, "context": 256}
MEASURED = 10_000  # characters of each held-out file
PIECE = 400  # characters, at least, that are read at once, after the id that texts begin with
STEPS = (1, 10, 100)
SEQUENCES, LENGTH = 4, 64  # of one step of training
# As a share of the root mean square of the base rows, and plainly; the same for every start.
ROWS_RATE, EVERYTHING_RATE = 0.01, 5e-4
FLOOR = "unextended"
STARTS = (*INITIALISATIONS, "next token", "distilled")
WAYS = ("rows", "everything")
BASE_IDS_READ = "base ids"
"""Stands for a way: the extended model, not trained, on the text as the base tokenizer has it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--texts", type=Path, required=True, help="folder to train on")
    parser.add_argument("--held-out", type=Path, required=True, help="folder to measure on")
    parser.add_argument("--model", type=Path, help="extend this model, train none")
    parser.add_argument("--pretraining", type=int, default=600, help="steps of the base model")
    parser.add_argument("--distillation", type=int, default=100, help="steps of it")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)


def run(options: argparse.Namespace) -> None:
    began = time.process_time()
    texts = _sample(options.texts)
    fresh = texts[: len(texts) // 10]
    with tempfile.TemporaryDirectory() as place:
        directory = options.model or _trained(texts[len(fresh) :], Path(place), options.pretraining)
        tok = hyperlex.load(directory)
        base = load_causal_model(directory).float().eval()
    held_out = _HeldOut(options.held_out, tok, base.config.bos_token_id)
    nats = {(FLOOR, "", 0): [held_out.nats(base, tok.base_encode)]}
    told: dict[str, Any] = {}
    for seed in range(options.seeds):
        for start in STARTS:
            model = copy.deepcopy(base)
            if start in INITIALISATIONS:
                extend_model(model, tok, initialisation=start)  # type: ignore[arg-type]
            else:
                extend_model(model, tok)
                result = distil_rows(
                    model,
                    tok,
                    fresh,
                    steps=options.distillation,
                    seed=seed,
                    hidden_weight=float(start == "distilled"),
                )
                told[start] = {
                    "distillation_steps": result.steps,
                    "distillation_tokens": result.base_tokens,
                    "hidden_error": result.hidden_error[1],
                    "met": result.hypertokens,
                }
            nats.setdefault((start, "", 0), []).append(held_out.nats(model, tok.encode))
            untrained = held_out.nats(model, tok.base_encode)
            nats.setdefault((start, BASE_IDS_READ, 0), []).append(untrained)
            bits = nats[start, "", 0][-1].sum() / held_out.characters.sum() / math.log(2)
            print(f"seed {seed}, {start}: {bits:.4f} bits a character", flush=True)
            for way in WAYS:
                learner = copy.deepcopy(model)
                for steps in _training(learner, tok, fresh, way, seed):
                    found = held_out.nats(learner, tok.encode)
                    nats.setdefault((start, way, steps), []).append(found)
        print(f"{time.process_time() - began:.0f} s of CPU", flush=True)
    common = facts("initialisation", "cpu") | {
        "weights": sum(weight.numel() for weight in base.parameters()),
        "trained_here": options.model is None,
        "pretraining_steps": options.pretraining if options.model is None else None,
        "base_ids": tok.layout.base_size,
        "hypertokens": tok.layout.hyper_size,
        "tied": base.config.tie_word_embeddings,
        "seeds": options.seeds,
        "characters": int(held_out.characters.sum()),
        "blocks": len(held_out.characters),
        "cpu_seconds": round(time.process_time() - began),
    }
    rows = [common | told.get(row["start"], {}) | row for row in _rows(nats, held_out)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row, sort_keys=True) + "\n" for row in rows)
    print(tables(rows)[DOCUMENT])


def _sample(folder: Path) -> list[str]:
    """Beginnings of all files, as much of each, in an order without domains."""
    files = text_files(folder)
    share = CHARACTERS // len(files)
    texts = []
    for file in files:
        size = 0
        for document in documents(file):
            pieces = [document.text[at : at + 4_000] for at in range(0, len(document.text), 4_000)]
            for piece in pieces:
                if size < share:
                    texts.append(piece)
                    size += len(piece)
            if size >= share:
                break
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[index] for index in order]


def _trained(texts: list[str], place: Path, steps: int) -> Path:
    """A directory with a small model of base ids, and the extended tokenizer beside it."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=BASE_IDS - 1, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(texts[: len(texts) // 2], trainer)
    bpe.add_special_tokens(["<|endoftext|>"])
    bpe.save(str(place / "base.json"))
    codebook = hyperlex.train_codebook(
        place / "base.json", texts[: len(texts) // 2], size=HYPERTOKENS, workers=1
    )
    tok = hyperlex.extend_tokenizer(place / "base.json", codebook)
    tok.save(place / "tokenizer")
    config = PretrainConfig(
        data=("texts",),
        output=str(place / "model"),
        tokenizer=str(place / "tokenizer"),
        hypertokens=0,
        steps=steps,
        batch=8,
        learning_rate=3e-3,
        **SHAPE,
    )
    size = float(sum(map(len, texts)))
    pretrain(config, sources=[Source("texts", lambda _: [Lane(lambda: texts, size)])])
    for file in ("config.json", "generation_config.json", "model.safetensors"):
        (place / "model" / file).rename(place / "tokenizer" / file)
    return place / "tokenizer"


class _HeldOut:
    """Text to measure on: pieces of some hundred characters, each read by itself after the id that
    texts begin with, so that every character is predicted and both tokenizers see the same text.

    Attributes:
        characters: int64 [blocks], what is drawn in the bootstrap.
    """

    def __init__(self, folder: Path, tok: HyperTokenizer, start: int) -> None:
        self._start = start
        self._pieces: list[tuple[int, str]] = []
        blocks = 0
        for file in text_files(folder):
            text = "".join(document.text for document in documents(file))[:MEASURED]
            for block in block_spans(text):
                part = text[block.start : block.stop]
                for span in block_spans(part, PIECE):
                    self._pieces.append((blocks, part[span.start : span.stop]))
                blocks += 1
        self.characters = np.zeros(blocks, np.int64)
        for block_of, piece in self._pieces:
            self.characters[block_of] += len(piece)
            if tok.decode(tok.encode(piece)) != piece:
                raise SystemExit("The tokenizer does not give back the text: nothing is measured.")

    @torch.no_grad()
    def nats(self, model: Any, encode: Callable[[str], list[int]]) -> np.ndarray[Any, Any]:
        """float64 [blocks]: what `model` spends on each."""
        model.eval()
        rows = [(block, [self._start, *encode(piece)]) for block, piece in self._pieces]
        rows.sort(key=lambda row: len(row[1]))
        spent = np.zeros(len(self.characters))
        for at in range(0, len(rows), 16):
            part = rows[at : at + 16]
            ids = nn.utils.rnn.pad_sequence(
                [torch.tensor(row) for _, row in part], batch_first=True, padding_value=-1
            )
            logits = model(input_ids=ids.clamp_min(0), use_cache=False).logits[:, :-1].float()
            loss = F.cross_entropy(
                logits.transpose(1, 2), ids[:, 1:], ignore_index=-1, reduction="none"
            )
            np.add.at(spent, [block for block, _ in part], loss.sum(1).double().numpy())
        return spent


def _training(
    model: Any, tok: HyperTokenizer, texts: Sequence[str], way: str, seed: int
) -> Iterator[int]:
    """Train `model` on the next token, and yield after each number of `STEPS`."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    size = tok.layout.base_size
    rate = EVERYTHING_RATE
    if way == "rows":
        model.requires_grad_(False)
        rate = ROWS_RATE * float(embedding.weight[:size].square().mean().sqrt())
        for weight in {embedding.weight, head.weight}:
            weight.requires_grad_(True).register_hook(lambda grad: _without_base(grad, size))
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=rate, betas=(0.9, 0.95))
    for step, ids in enumerate(_batches(tok, texts, model.config.bos_token_id, seed), 1):
        model.train()
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        F.cross_entropy(logits.transpose(1, 2), ids[:, 1:]).backward()
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step in STEPS:
            yield step
        if step == STEPS[-1]:
            return


def _without_base(gradient: Tensor, size: int) -> Tensor:
    return torch.cat([torch.zeros_like(gradient[:size]), gradient[size:]])


def _batches(tok: HyperTokenizer, texts: Sequence[str], start: int, seed: int) -> Iterator[Tensor]:
    """int64 [SEQUENCES, LENGTH], texts one after the other."""
    random = np.random.default_rng(1_000 + seed)
    held: list[int] = []
    while True:
        for index in random.permutation(len(texts)):
            held += [start, *tok.encode(texts[index])]
            while len(held) >= SEQUENCES * LENGTH:
                yield torch.tensor(held[: SEQUENCES * LENGTH]).view(SEQUENCES, LENGTH)
                held = held[SEQUENCES * LENGTH :]


def _rows(nats: dict[tuple[str, str, int], list[Any]], held_out: _HeldOut) -> list[Row]:
    """Bits a character of every measurement, and how much of the gap it closes.

    The gap lies between mean rows, where they read the same ids, and the unextended model. Blocks
    are drawn, with the mean over seeds of each; all intervals see the same draws.
    """
    counts: dict[Any, Any] = {key: np.mean(found, 0) for key, found in nats.items()}
    drawn = Bootstrap(counts | {"characters": held_out.characters}, unit=BLOCK_UNIT)

    def bits(key: Any) -> Callable[[Counts], Any]:
        return lambda c: divided(c[key], c["characters"]) / math.log(2)

    floor = bits((FLOOR, "", 0))
    rows = []
    for key, found in nats.items():
        start, way, steps = key
        here = bits(key)
        value = drawn.interval(here)
        mean = bits(("mean", BASE_IDS_READ if way == BASE_IDS_READ else "", 0))
        closed = drawn.interval(_closed(here, mean, floor))
        seeds = [float(each.sum() / held_out.characters.sum() / math.log(2)) for each in found]
        rows.append(
            {
                "start": start,
                "way": way,
                "steps": steps,
                "bits_per_character": value.value,
                "low": value.low,
                "high": value.high,
                "closed": closed.value,
                "closed_low": closed.low,
                "closed_high": closed.high,
                "seed_deviation": statistics.stdev(seeds) if len(seeds) > 1 else 0.0,
            }
        )
    return rows


def _closed(
    here: Callable[[Counts], Any], mean: Callable[[Counts], Any], floor: Callable[[Counts], Any]
) -> Callable[[Counts], Any]:
    return lambda c: divided(mean(c) - here(c), mean(c) - floor(c))


DOCUMENT = "docs/decisions/rows-of-a-model.md"


def tables(rows: list[Row]) -> dict[str, str]:
    """The newest run."""
    last = rows[-1]
    run_of = [row for row in rows if row["date"] == last["date"]]
    found = {(row["start"], row["way"], row["steps"]): row for row in run_of}
    floor, mean = found[FLOOR, "", 0], found["mean", "", 0]
    distilled = found["distilled", "", 0]
    lines = [
        f"A {'tied' if last['tied'] else 'untied'} Llama of {last['weights'] / 1e6:.1f} M weights "
        f"on {last['base_ids']:,} base ids, extended by {last['hypertokens']:,} hypertokens; "
        f"{last['characters']:,} characters of held-out text in {last['blocks']} blocks, 95 % "
        f"intervals over blocks, seeds: {last['seeds']} ({last['date']}, torch "
        f"{last['torch']}, {last['cpu_seconds']} s of CPU). The unextended model spends "
        f"{floor['bits_per_character']:.3f} bits a character, mean rows "
        f"{mean['bits_per_character'] - floor['bits_per_character']:.3f} more. Distillation read "
        f"{distilled['distillation_tokens']:,} base tokens in {distilled['distillation_steps']} "
        "steps; *next token* is the same rows, texts and steps without hidden states. *Base ids*: "
        "the same text as the base tokenizer has it, in the extended model before training.",
        "",
        "| rows begin as | bits a character | of the gap closed | base ids | "
        + " | ".join(f"{way}, {steps}" for way in WAYS for steps in STEPS)
        + " |",
        "|---|---:|---:|---:|" + "---:|" * len(WAYS) * len(STEPS),
    ]
    for start in STARTS:
        row, base = found[start, "", 0], found[start, BASE_IDS_READ, 0]
        after = (
            f"{found[start, way, steps]['bits_per_character']:.3f}"
            for way in WAYS
            for steps in STEPS
        )
        lines.append(
            f"| {start} | {row['bits_per_character']:.3f} ({row['low']:.3f}–{row['high']:.3f}) | "
            f"{row['closed']:.0%} ({row['closed_low']:.0%} – {row['closed_high']:.0%}) | "
            f"{base['bits_per_character']:.3f} | " + " | ".join(after) + " |"
        )
    return {DOCUMENT: "\n".join(lines)}
