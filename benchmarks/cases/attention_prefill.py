"""Attention of a whole prompt against its rivals: the error first, then the time.

Four ways: causal, padded on the left, with a sliding window, and with a soft-cap. On a machine with
a GPU:

    python -m benchmarks.run attention_prefill
    python -m benchmarks.report                              # rows -> docs/kernels.md
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.machine import facts, gpu_tables
from benchmarks.timing import measure, summary
from hyperlex_kernels.attention import attention_gqa_prefill, explain_prefill

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "attention_prefill.jsonl"
HEADS = ((32, 8), (32, 4), (40, 40))
BATCHES = (1, 8)
CONTEXTS = (1024, 4096, 16384)
HEAD_SIZE = 128
DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}
GATE = {torch.float16: 1e-3, torch.bfloat16: 8e-3, torch.float32: 1e-5}
# "auto" is what the dispatcher takes; the rest is asked for by name.
PROVIDERS = ("auto", "triton", "sdpa", "sdpa_expanded")
# Float64 scores of the gate: this many queries of the last ones are looked at.
GATE_QUERIES = 64
LARGEST = 16 << 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument("--contexts", nargs="+", type=int, default=CONTEXTS)
    parser.add_argument("--heads", nargs="+", help="query/key heads, such as 32/8")
    parser.add_argument("--dtype", choices=list(DTYPES), help="default: bfloat16, float32 on a CPU")
    parser.add_argument("--providers", nargs="+", choices=PROVIDERS, default=PROVIDERS)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=RESULTS, help="rows are appended here")
    parser.add_argument(
        "--dry-run", action="store_true", help="a small prompt, the gate only; write nothing"
    )


def run(options: argparse.Namespace) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    machine = facts("attention_prefill", device)
    print(json.dumps(machine))
    for shape in _shapes(options):
        for row in _shape(shape, device, options):
            row = {**machine, **row}
            print(_line(row))
            if not options.dry_run and row["gate"]:
                options.out.parent.mkdir(parents=True, exist_ok=True)
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row, sort_keys=True) + "\n")


def _shapes(options: argparse.Namespace) -> Iterator[tuple[int, int, int, int, int]]:
    """Batch, query heads, key heads, tokens, head size."""
    if options.dry_run:
        yield 2, 8, 2, 96, 64
        return
    wanted = options.heads and [tuple(map(int, each.split("/"))) for each in options.heads]
    for heads_q, heads in wanted or HEADS:
        for batch in options.batches:
            for tokens in options.contexts:
                if 2 * batch * heads_q * tokens * HEAD_SIZE * 4 <= LARGEST:
                    yield batch, heads_q, heads, tokens, HEAD_SIZE


def _ways(batch: int, tokens: int, device: str) -> dict[str, dict[str, Any]]:
    """The options of each way. Padding takes up to a quarter of a row."""
    start = torch.arange(batch, dtype=torch.int32, device=device) * (tokens // 4) // max(1, batch)
    return {
        "causal": {},
        "padded": {"start": start},
        "window": {"window": max(1, tokens // 8)},
        "softcap": {"softcap": 30.0},
    }


def _shape(
    shape: tuple[int, int, int, int, int], device: str, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    batch, heads_q, heads, tokens, head_size = shape
    dtype = DTYPES[options.dtype or ("bfloat16" if device == "cuda" else "float32")]
    query = torch.randn(batch, tokens, heads_q, head_size, device=device, dtype=dtype)
    query = query.transpose(1, 2)
    key, value = (
        torch.randn(batch, heads, tokens, head_size, device=device, dtype=dtype) for _ in range(2)
    )
    for way, seen in _ways(batch, tokens, device).items():
        # The last queries as float64, over all keys: the same positions, so the same masks.
        few = [each[-1:].double() for each in (query[:, :, -GATE_QUERIES:], key, value)]
        last: dict[str, Any] = {k: v[-1:] if isinstance(v, Tensor) else v for k, v in seen.items()}
        expected = attention_gqa_prefill(*few, **last, implementation="reference")
        ready: list[tuple[str, Callable[[], Tensor], float]] = []
        for name in options.providers:
            call = partial(attention_gqa_prefill, query, key, value, **seen, implementation=name)
            try:
                got = call()[-1:, :, -GATE_QUERIES:].double()
            except NotImplementedError as refusal:
                print(f"{name} {way}: not measured, {refusal}", file=sys.stderr)
                continue
            error = float((got - expected).norm() / expected.norm())
            ready.append((name, call, error if math.isfinite(error) else math.inf))
        samples: dict[str, list[float]] = {name: [] for name, *_ in ready}
        for name, timed, error in (*ready, *reversed(ready)):
            if not options.dry_run and error <= GATE[dtype]:
                samples[name] += measure([timed], device, options.rounds)
        for name, _, error in ready:
            choice = explain_prefill(
                query,
                key,
                padded="start" in seen,
                window=seen.get("window"),
                softcap=seen.get("softcap"),
                implementation=name,
            )
            row = {
                "provider": name,
                "implementation": choice.implementation,
                "way": way,
                "batch": batch,
                "heads": f"{heads_q}/{heads}",
                "context": tokens,
                "head_size": head_size,
                "dtype": str(dtype).removeprefix("torch."),
                "error": error,
                "gate": error <= GATE[dtype],
            }
            if taken := samples[name]:
                timing = summary(taken)
                # Causal: half of the products of queries and keys, two of them, two operations.
                work = 2 * batch * heads_q * tokens**2 * head_size
                row |= {
                    "metric": "time",
                    "unit": "us",
                    "p50": round(timing.p50, 2),
                    "p20": round(timing.p20, 2),
                    "p80": round(timing.p80, 2),
                    "causal_tflops": round(work / timing.p50 * 1e-6, 2),
                }
            yield row


def _line(row: dict[str, Any]) -> str:
    time = f"{row['p50']:10.1f} us" if "p50" in row else "  not timed"
    verdict = "ok" if row["gate"] else "GATE FAILED"
    return (
        f"batch {row['batch']:<3} {row['heads']:6} {row['context']:6} {row['way']:8} "
        f"{row['provider']:14} ({row['implementation']}) {time} error {row['error']:.2e} {verdict}"
    )


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest row of each shape and way on each GPU."""
    kinds = ("gpu", "dtype", "way", "heads", "batch", "context", "provider")
    return gpu_tables(rows, "attention_prefill", kinds, _gpu_table)


def _gpu_table(rows: list[dict[str, Any]]) -> str:
    last = rows[-1]
    names = list(dict.fromkeys(row["provider"] for row in rows))
    lines = [
        f"### A prompt on {last['gpu']}",
        "",
        f"Measured {last['date']}, driver {last['driver']}, torch {last['torch']}, triton "
        f"{last['triton']}. Median microseconds.",
        "",
        f"| way | heads | batch | tokens | {' | '.join(names)} |",
        "|---|---|---:|---:|" + "---:|" * len(names),
    ]
    keys = ("way", "heads", "batch", "context")
    for shape in dict.fromkeys(tuple(row[key] for key in keys) for row in rows):
        found = {r["provider"]: r for r in rows if tuple(r[key] for key in keys) == shape}
        cells = [f"{found[name]['p50']:,.0f}" if name in found else "" for name in names]
        lines.append(
            f"| {shape[0]} | {shape[1]} | {shape[2]} | {shape[3]:,} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)
