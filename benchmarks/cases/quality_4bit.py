"""What 4 bits cost a model: the logits of a small trained one against its own full precision.

Trains a byte-level Llama of some million weights for a minute or two, then quantises every linear
layer but the head. `--texts` names a folder of UTF-8 .txt files.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from datetime import date
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

import hyperlex_kernels as kernels
from hyperlex.model.linear import Linear4bit

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "quality_4bit.jsonl"
LENGTH, BATCH, HELD_OUT = 128, 16, 32
# Name, format, group size, whether scales are searched. The second is what bitsandbytes does.
WAYS = (
    ("nf4, group 64", "nf4", 64, True),
    ("nf4, group 64, largest magnitude as scale", "nf4", 64, False),
    ("nf4, group 32", "nf4", 32, True),
    ("int4, group 64", "int4", 64, True),
    ("int4, group 32", "int4", 32, True),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--texts", type=Path, required=True, help="folder with .txt files")
    parser.add_argument("--seconds", type=float, default=90.0, help="of training")
    parser.add_argument("--out", type=Path, default=RESULTS)


def run(options: argparse.Namespace) -> None:
    torch.manual_seed(0)
    files = sorted(options.texts.rglob("*.txt"))
    if not files:
        raise SystemExit(f"{options.texts} holds no .txt file.")
    text = b"".join(file.read_bytes()[: 1 << 20] for file in files[:40])
    data = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    held_out = data[-HELD_OUT * LENGTH :].view(HELD_OUT, LENGTH)
    model, steps = trained(data[: -HELD_OUT * LENGTH], options.seconds)
    reference = _log_probabilities(model, held_out)
    whole = _bits_per_byte(reference, held_out)
    lines = []
    for name, format, group_size, search in WAYS:
        quantised, bits = _quantised(model, format, group_size, search)
        logs = _log_probabilities(quantised, held_out)
        divergence = (reference.exp() * (reference - logs)).sum(-1).mean()
        same = (logs.argmax(-1) == reference.argmax(-1)).float().mean()
        row: dict[str, Any] = {
            "case": "quality_4bit",
            "date": date.today().isoformat(),
            "torch": torch.__version__,
            "weights": sum(parameter.numel() for parameter in model.parameters()),
            "steps": steps,
            "way": name,
            "bits": round(bits, 4),
            "kl_nats": float(divergence),
            "same_top_1": float(same),
            "bits_per_byte": _bits_per_byte(logs, held_out),
            "bits_per_byte_full": whole,
            "gate": math.isfinite(float(divergence)),
        }
        print(json.dumps(row))
        lines.append(json.dumps(row, sort_keys=True) + "\n")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("a", encoding="utf-8") as file:
        file.writelines(lines)


def trained(data: Tensor, seconds: float) -> tuple[LlamaForCausalLM, int]:
    config = LlamaConfig(
        vocab_size=256,
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=LENGTH,
    )
    model = LlamaForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    began, steps = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        starts = torch.randint(len(data) - LENGTH, (BATCH,))
        batch = torch.stack([data[start : start + LENGTH] for start in starts])
        loss = model(batch, labels=batch).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        steps += 1
    return model.eval(), steps


def _quantised(
    model: LlamaForCausalLM, format: str, group_size: int, search: bool
) -> tuple[nn.Module, float]:
    """A copy with 4-bit layers, and the bits stored for each of their weights."""
    changed = copy.deepcopy(model)
    stored = weights = 0.0
    for name, module in list(changed.named_modules()):
        if type(module) is nn.Linear and name != "lm_head":
            packed = kernels.quantize_4bit(module.weight, format, group_size, search=search)
            stored += packed.bits_per_weight * module.weight.numel()
            weights += module.weight.numel()
            changed.set_submodule(name, Linear4bit.from_packed(packed, module.bias))
    return changed, stored / weights


@torch.no_grad()
def _log_probabilities(model: nn.Module, ids: Tensor) -> Tensor:
    logs: Tensor = model(ids).logits.double().log_softmax(-1)
    return logs


def _bits_per_byte(logs: Tensor, ids: Tensor) -> float:
    chosen = logs[:, :-1].gather(-1, ids[:, 1:].unsqueeze(-1))
    return float(-chosen.mean() / math.log(2))


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest row of each way."""
    newest = {row["way"]: row for row in rows}
    last = rows[-1]
    lines = [
        f"A byte-level Llama of {last['weights'] / 1e6:.1f} M weights, trained {last['steps']} "
        f"steps on Russian text ({last['date']}, torch {last['torch']}), which spends "
        f"{last['bits_per_byte_full']:.4f} bits a byte on held-out text in full precision.",
        "",
        "| weights | bits a weight | KL, nats a byte | same first choice | bits a byte |",
        "|---|---:|---:|---:|---:|",
    ]
    for way, row in newest.items():
        lines.append(
            f"| {way} | {row['bits']:.3f} | {row['kl_nats']:.5f} | {row['same_top_1']:.1%} | "
            f"{row['bits_per_byte']:.4f} |"
        )
    return {"docs/kernels.md": "\n".join(lines)}
