"""What a compressed cache costs attention: outputs against float64 over the cache uncompressed.

On Gaussian queries, keys and values, and on those of a small model that is trained for some minutes
here. `--texts` names a folder of UTF-8 .txt files. The float16 kernel's own rounding is measured on
a GPU, or without one in Triton's interpreter:

    TRITON_INTERPRET=1 python -m benchmarks.run attention_error --texts FOLDER
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, LlamaForCausalLM

from benchmarks.attention import exact
from benchmarks.cases.quality_4bit import HELD_OUT, LENGTH, trained
from benchmarks.machine import facts
from hyperlex_kernels import attention
from hyperlex_kernels.interpreter import INTERPRETED

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "attention_error.jsonl"
GAUSSIAN_TOKENS = 1024
PROMPT = LENGTH // 2
# Bars of the issue: relative error of the float16 kernel, mean cosine of the codes.
BARS = {"dense": 5e-4, "int8": 0.9999, "int4": 0.995}


@dataclass(frozen=True)
class Sample:
    """query [B, HQ, S, D] over key and value [B, H, T, D]; the last query is the last token."""

    name: str
    query: Tensor
    key: Tensor
    value: Tensor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--texts", type=Path, help="folder with .txt files to train on")
    parser.add_argument("--seconds", type=float, default=90.0, help="of training")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--dry-run", action="store_true", help="Gaussian only; write nothing")


def run(options: argparse.Namespace) -> None:
    if options.texts is None and not options.dry_run:
        raise SystemExit("--texts is needed: a folder of .txt files to train the small model on.")
    torch.manual_seed(0)
    machine = facts("attention_error", "cuda" if torch.cuda.is_available() else "cpu")
    if not (torch.cuda.is_available() or INTERPRETED):
        print("float16 kernel: not measured, set TRITON_INTERPRET=1", file=sys.stderr)
    lines = []
    for sample in _samples(options):
        for row in _rows(sample):
            row = {**machine, **row}
            print(
                f"{row['sample']:28} {row['kind']:5} {row['keys']:18} cosine {row['cosine']:.6f} "
                f"(worst hundredth {row['cosine_p01']:.6f}) relative {row['relative']:.2e}"
            )
            lines.append(json.dumps(row, sort_keys=True) + "\n")
    if not options.dry_run:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.writelines(lines)


def _samples(options: argparse.Namespace) -> Iterator[Sample]:
    for head_size in (64, 128, 256):
        query = torch.randn(8, 4, 1, head_size)
        key, value = (torch.randn(8, 1, GAUSSIAN_TOKENS, head_size) for _ in range(2))
        yield Sample(f"Gaussian, head size {head_size}", query, key, value)
    if options.texts is not None:
        yield from _activations(options)


def _activations(options: argparse.Namespace) -> Iterator[Sample]:
    """What the layers of a model trained here attend with, on held-out text."""
    files = sorted(options.texts.rglob("*.txt"))
    text = b"".join(file.read_bytes()[: 1 << 20] for file in files[:40])
    data = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    held_out = data[-HELD_OUT * LENGTH :].view(HELD_OUT, LENGTH)
    model, steps = trained(data[: -HELD_OUT * LENGTH], options.seconds)
    for layer, (query, key, value) in enumerate(_captured(model, held_out)):
        name = f"model, {steps} steps, layer {layer}"
        yield Sample(name, query[:, :, PROMPT:], key, value)


def _captured(model: LlamaForCausalLM, ids: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Query, key and value of each layer, rotated as attention gets them."""
    seen: list[tuple[Tensor, Tensor, Tensor]] = []
    sdpa = AttentionInterface()["sdpa"]  # type: ignore[no-untyped-call]

    def capture(module: Any, query: Tensor, key: Tensor, value: Tensor, *rest: Any, **more: Any):  # type: ignore[no-untyped-def]
        seen.append((query, key, value))
        return sdpa(module, query, key, value, *rest, **more)

    AttentionInterface.register("capture", capture)
    model.set_attn_implementation("capture")
    with torch.no_grad():
        model(ids)
    return seen


def _rows(sample: Sample) -> Iterator[dict[str, Any]]:
    if torch.cuda.is_available() or INTERPRETED:
        yield _row(sample, "dense", "as they are", _kernel_errors(sample))
    for kind in ("int8", "int4"):
        yield _row(sample, kind, "as they are", _errors(sample, kind, channels=False))
        if sample.key.shape[2] == LENGTH:
            yield _row(sample, kind, "by channel", _errors(sample, kind, channels=True))


def _row(sample: Sample, kind: str, keys: str, errors: tuple[Tensor, float]) -> dict[str, Any]:
    cosines, relative = errors
    mean = float(cosines.mean())
    return {
        "sample": sample.name,
        "kind": kind,
        "keys": keys,
        "cosine": mean,
        "cosine_p01": float(cosines.flatten().quantile(0.01)),
        "relative": relative,
        "bar": BARS[kind],
        "reached": relative <= BARS[kind] if kind == "dense" else mean >= BARS[kind],
        "gate": bool(cosines.isfinite().all()),
    }


def _errors(sample: Sample, kind: str, channels: bool) -> tuple[Tensor, float]:
    """Cosine of each output, and relative error of all, by the codes alone: float64 arithmetic."""
    batch, heads, tokens, head_size = sample.key.shape
    kv = attention.allocate_kv(kind, batch, heads, tokens, head_size, dtype=torch.float32)
    if channels:
        # As a cache does it: from the prompt, for all that follows.
        factor, centre = attention.fit_key_channels(sample.key[:, :, :PROMPT])
        kv = replace(kv, key_factor=factor, key_centre=centre)
    start = torch.zeros(batch, dtype=torch.int32)
    attention.kv_append_quantized(sample.key, sample.value, kv, start)
    query = sample.query.double()
    got = attention.attention_gqa_decode(query, kv, start + tokens, implementation="reference")
    return _compared(got, sample, sample.key, sample.value)


def _kernel_errors(sample: Sample) -> tuple[Tensor, float]:
    """The same of the float16 kernel over a dense cache, on a few queries: it is interpreted."""
    few = replace(sample, query=sample.query[:2, :, -4:].half())
    key, value = sample.key[:2].half(), sample.value[:2].half()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    kv = attention.KVBuffers("dense", key.contiguous().to(device), value.contiguous().to(device))
    stop = torch.full((2,), key.shape[2], dtype=torch.int32, device=device)
    got = attention.attention_gqa_decode(
        few.query.to(device), kv, stop, implementation="triton"
    ).cpu()
    return _compared(got.double(), few, key, value)


def _compared(got: Tensor, sample: Sample, key: Tensor, value: Tensor) -> tuple[Tensor, float]:
    expected = exact(sample.query, key.double(), value.double(), causal=True)
    cosines = torch.cosine_similarity(got, expected, dim=-1)
    return cosines, float((got - expected).norm() / expected.norm())


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The rows of the newest run."""
    last = rows[-1]
    newest = [row for row in rows if row["date"] == last["date"]]
    latest = {(row["sample"], row["kind"], row["keys"]): row for row in newest}
    lines = [
        f"Measured {last['date']}, torch {last['torch']}; `dense` is the float16 kernel in "
        "Triton's interpreter, codes are float64 arithmetic over what is stored.",
        "",
        "| queries, keys and values | cache | keys stored | cosine | worst hundredth | "
        "relative error | bar |",
        "|---|---|---|---:|---:|---:|---|",
    ]
    for row in latest.values():
        bar = f"{'≤' if row['kind'] == 'dense' else '≥'} {row['bar']:g}"
        lines.append(
            f"| {row['sample']} | {row['kind']} | {row['keys']} | {row['cosine']:.6f} | "
            f"{row['cosine_p01']:.6f} | {row['relative']:.2e} | "
            f"{bar}: {'reached' if row['reached'] else 'missed'} |"
        )
    return {"docs/kernels.md": "\n".join(lines)}
