"""Characters a second that models of real shapes write, with base ids and with hypertokens.

    OMP_NUM_THREADS=1 python -m benchmarks.run writing_speed --data ../shared/data

Models with random weights in the shapes of real ones, their own tokenizers, and the same extended
by 32,768 hypertokens. Weights decide what is written, not how fast, so each model writes held-out
text: a step for each of its ids, with a cache, the likeliest id found each time and the next id of
the text fed. A gate before: the tokenizer gives the text back, and a step with the cache gives the
logits of a pass without. Codebooks are those of the case `exact`, which trains them.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import hyperlex
from benchmarks.heldout import domains
from benchmarks.machine import Row, facts, where
from benchmarks.rows import as_row, record, say, with_interval
from hyperlex.codebook import BaseTokenizer
from hyperlex.codebook.codebook import Codebook
from hyperlex.codebook.files import MACHINE_FILE
from hyperlex.measure.bootstrap import Bootstrap
from hyperlex.model import extend_model
from hyperlex.recipes.pretrain.tokens import open_tokenizer
from hyperlex.tokenizer import HyperTokenizer

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "writing_speed.jsonl"
DOCUMENT = "docs/tokens-and-models.md"

PROMPT, WRITTEN = 150, 400
"""Characters of each domain that are read and then written, about: both end with a word."""
BASE, EXTENDED = "base ids", "with hypertokens"


@dataclass(frozen=True)
class Shape:
    """A model as its own config.json has it.

    Attributes:
        base: its tokenizer.
        kind: of model, as transformers calls it.
        config: what differs from the defaults of that kind.
    """

    base: str
    kind: str
    config: dict[str, Any]


SHAPES = {
    "GPT-Neo-125M": Shape(
        "gpt2",
        "gpt_neo",
        {
            "vocab_size": 50_257,
            "hidden_size": 768,
            "num_layers": 12,
            "num_heads": 12,
            "attention_types": [[["global", "local"], 6]],
        },
    ),
    "GPT-Neo-1.3B": Shape("gpt2", "gpt_neo", {"vocab_size": 50_257}),
    "Qwen3-0.6B": Shape(
        "qwen3",
        "qwen3",
        {
            "vocab_size": 151_936,
            "hidden_size": 1024,
            "intermediate_size": 3072,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "tie_word_embeddings": True,
        },
    ),
    "Qwen3-8B": Shape(
        "qwen3",
        "qwen3",
        {
            "vocab_size": 151_936,
            "hidden_size": 4096,
            "intermediate_size": 12_288,
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
        },
    ),
}
USUAL = {"cpu": ["GPT-Neo-125M", "Qwen3-0.6B"], "cuda": ["GPT-Neo-1.3B", "Qwen3-8B"]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), help="default: by the device")
    parser.add_argument("--codebooks", type=Path, default=ROOT / "codebooks")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS, help="rows are appended to it")
    parser.add_argument(
        "--dry-run", action="store_true", help="a tiny model and text of ours; nothing is written"
    )


def run(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if options.dry_run:
        _dry_run(device)
        return
    texts = domains(options.data / "heldout")
    stamp = facts("writing_speed", device) | {"hyperlex": hyperlex.__version__}
    for name in options.shapes or USUAL[device]:
        tok = _extended(options.data / "tokenizers" / SHAPES[name].base, options.codebooks)
        found = measured(SHAPES[name], tok, texts, device, options.rounds)
        record(options.results, (stamp | {"model": name} | row for row in found))


def measured(
    shape: Shape, tok: HyperTokenizer, texts: dict[str, str], device: str, rounds: int
) -> Iterator[Row]:
    """A row for each arm; arms take turns."""
    model = _model(shape, device)
    arms = {
        BASE: (model, tok.base_encode),
        EXTENDED: (extend_model(copy.deepcopy(model), tok), tok.encode),
    }
    passages = [_passage(text) for text in texts.values()]
    for name, (model, encode) in arms.items():
        for prompt, written in passages:
            if tok.decode(encode(prompt)) + tok.decode(encode(written)) != prompt + written:
                raise SystemExit(f"{shape.base}, {name}: a passage does not decode to itself.")
        _check_cache(model, encode(passages[0][0]), device)
    fields = ("characters", "ids", "seconds")
    counts = {(arm, field): np.zeros(rounds * len(passages)) for arm in arms for field in fields}
    turns = list(arms.items())
    for place, (prompt, written) in enumerate(passages * rounds):
        turns.reverse()  # neither is always the first
        for arm, (model, encode) in turns:
            ids = encode(written)
            seconds = _seconds(model, encode(prompt), ids, device)
            for field, value in zip(fields, (len(written), len(ids), seconds), strict=True):
                counts[arm, field][place] = value
        say(f"{shape.base}: {place + 1} of {rounds * len(passages)} passages")
    table = Bootstrap(counts, unit="passage")
    for arm, (model, _) in arms.items():
        speed = table.interval(lambda c, arm=arm: c[arm, "characters"] / c[arm, "seconds"])
        over = table.interval(
            lambda c, arm=arm: c[BASE, "seconds"] / c[arm, "seconds"]
        )  # the characters are the same
        ids, characters = counts[arm, "ids"].sum(), counts[arm, "characters"].sum()
        yield {
            "arm": arm,
            "parameters": sum(each.numel() for each in model.parameters()),
            "rows": model.get_input_embeddings().num_embeddings,
            "characters_per_id": float(characters / ids),
            "ids_per_second": float(ids / counts[arm, "seconds"].sum()),
            "characters_per_second": as_row(speed),
            "over_base": as_row(over),
        }


def _extended(source: Path, codebooks: Path) -> HyperTokenizer:
    place = codebooks / source.name
    if not (place / MACHINE_FILE).is_file():
        raise SystemExit(
            f"{place} holds no codebook: `python -m benchmarks.run exact --bases {source.name}` "
            "trains one."
        )
    return hyperlex.extend_tokenizer(source, Codebook.load(place, BaseTokenizer.load(source)))


def _model(shape: Shape, device: str) -> Any:
    """With random weights, in bfloat16."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(shape.kind, **shape.config)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    return model.to(device).eval()


def _passage(text: str) -> tuple[str, str]:
    """What is read and what is written, from the beginning of a text."""
    prompt = text[:PROMPT].rsplit(maxsplit=1)[0]
    return prompt, text[len(prompt) : len(prompt) + WRITTEN].rsplit(maxsplit=1)[0]


@torch.inference_mode()
def _check_cache(model: Any, ids: list[int], device: str) -> None:
    """A step with the cache must say what a pass over everything says."""
    everything = torch.tensor([ids], device=device)
    begun = model(everything[:, :-1], use_cache=True)
    stepped = model(everything[:, -1:], past_key_values=begun.past_key_values).logits[0, -1]
    whole = model(everything).logits[0, -1]
    alike = torch.cosine_similarity(stepped.double(), whole.double(), 0)
    if not alike > 0.999:
        raise SystemExit(f"With a cache the logits differ (cosine {alike:.4f}): nothing is timed.")


@torch.inference_mode()
def _seconds(model: Any, prompt: list[int], written: list[int], device: str) -> float:
    """Of writing, one step for each id; reading the prompt is not counted."""
    found = model(torch.tensor([prompt], device=device), use_cache=True)
    steps = [torch.tensor([[index]], device=device) for index in written]
    if device == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    for step in steps:
        found = model(step, past_key_values=found.past_key_values, use_cache=True)
        int(found.logits[0, -1].argmax())  # what would be written: the step must have ended
    return time.perf_counter() - begun


def _dry_run(device: str) -> None:
    tok = open_tokenizer(None, hypertokens=64)
    shape = Shape(
        "embedded", "llama", {"vocab_size": tok.layout.base_size, "hidden_size": 32,
        "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2},
    )  # fmt: skip
    text = "Старый почтальон шёл вдоль реки и считал лодки. До вечера было ещё далеко. " * 8
    rows = [
        facts("writing_speed", device) | {"model": "tiny"} | row
        for row in measured(shape, tok, {"own": text}, device, 1)
    ]
    print(tables(rows)[DOCUMENT])
    print(f"dry run: {len(rows)} rows, none is written")


def tables(rows: list[Row]) -> dict[str, str]:
    """The newest row of each model and arm on each kind of device."""
    newest = {(row["device"], row["model"], row["arm"]): row for row in rows}
    parts = []
    for device in dict.fromkeys(row["device"] for row in newest.values()):
        chosen = [row for row in newest.values() if row["device"] == device]
        last = chosen[-1]
        lines = [
            f"Measured {last['date']} on {where(last)}, torch {last['torch']}, in bfloat16.",
            "",
            "| shape | text in | parameters | rows | characters/id | ids/s | characters/s "
            "| over base |",
            "|---|---|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [
            f"| {row['model']} | {row['arm']} | {row['parameters'] / 1e6:,.0f} M | {row['rows']:,} "
            f"| {row['characters_per_id']:.2f} | {row['ids_per_second']:.1f} "
            f"| {with_interval(row['characters_per_second'], 1)} "
            f"| {with_interval(row['over_base'], 2)} |"
            for row in chosen
        ]
        parts.append("\n".join(lines))
    return {DOCUMENT: "\n\n".join(parts)}
