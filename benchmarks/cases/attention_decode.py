"""One step of attention over a long cache, against its rivals: the error first, then the time.

A provider whose output is further from float64 attention over its own cache than its dtype allows
gets no time. On a machine with a GPU:

    python -m benchmarks.run attention_decode                # batch 1, 8, 32; 1k to 128k tokens
    python -m benchmarks.report                              # rows -> docs/kernels.md
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.attention import Decoder, Stored, decoders, exact
from benchmarks.machine import facts, gpu_tables
from benchmarks.timing import copies_needed, copy_bandwidth, measure, summary

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "attention_decode.jsonl"
HEADS = ((32, 8), (32, 4), (40, 40))
BATCHES = (1, 8, 32)
CONTEXTS = (1024, 4096, 16384, 32768, 65536, 131072)
HEAD_SIZE = 128
DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}
# Relative error against float64 over the same cache that no output of this dtype may exceed.
GATE = {torch.float16: 1e-3, torch.bfloat16: 8e-3, torch.float32: 1e-5}
# Bytes of float16 keys and values that a GPU's shape may have: a provider holds two copies.
LARGEST = 16 << 30
BASELINE = "sdpa enable_gqa"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument("--contexts", nargs="+", type=int, default=CONTEXTS)
    parser.add_argument("--heads", nargs="+", help="query/key heads, such as 32/8")
    parser.add_argument("--dtype", choices=list(DTYPES), help="default: bfloat16, float32 on a CPU")
    parser.add_argument("--providers", nargs="+", help="names, or how they begin")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=RESULTS, help="rows are appended here")
    parser.add_argument(
        "--dry-run", action="store_true", help="a small cache, the gate only; write nothing"
    )


def run(options: argparse.Namespace) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    machine = facts("attention_decode", device)
    ceiling = 0.0
    if not options.dry_run:
        ceiling = copy_bandwidth(device)
        machine["copy_gb_per_s"] = round(ceiling / 1e9, 1)
    print(json.dumps(machine))
    for shape in _shapes(options):
        for row in _shape(list(decoders(options.providers)), shape, device, ceiling, options):
            row = {**machine, **row}
            print(_line(row))
            if not options.dry_run and row["gate"]:
                options.out.parent.mkdir(parents=True, exist_ok=True)
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row, sort_keys=True) + "\n")


def _shapes(options: argparse.Namespace) -> Iterator[tuple[int, int, int, int, int]]:
    """Batch, query heads, key heads, context, head size."""
    if options.dry_run:
        yield 2, 8, 2, 96, 64
        return
    wanted = options.heads and [tuple(map(int, each.split("/"))) for each in options.heads]
    for heads_q, heads in wanted or HEADS:
        for batch in options.batches:
            for context in options.contexts:
                if 4 * batch * heads * context * HEAD_SIZE <= LARGEST:
                    yield batch, heads_q, heads, context, HEAD_SIZE


def _shape(
    providers: list[Decoder],
    shape: tuple[int, int, int, int, int],
    device: str,
    ceiling: float,
    options: argparse.Namespace,
) -> Iterator[dict[str, Any]]:
    """Rows for every provider on one cache."""
    batch, heads_q, heads, context, head_size = shape
    dtype = DTYPES[options.dtype or ("bfloat16" if device == "cuda" else "float32")]
    size = (batch, heads, context, head_size)
    key, value = (torch.randn(size, device=device, dtype=dtype) for _ in range(2))
    query = torch.randn(batch, heads_q, 1, head_size, device=device, dtype=dtype)
    ready: list[tuple[Decoder, list[Stored], float, float]] = []
    for provider in providers:
        if reason := provider.refuse(key):
            print(f"{provider.name}: not measured, {reason}", file=sys.stderr)
            continue
        first = provider.store(query, key, value)
        error, cosine = _errors(first, query, key, value)
        count = 1 if options.dry_run else copies_needed(first.stored_bytes, device)
        ready.append((provider, [first, *(first.copy() for _ in range(count - 1))], error, cosine))
    samples: dict[str, list[float]] = {provider.name: [] for provider, *_ in ready}
    # There and back again, so that a clock that drifts favours nobody.
    for provider, copies, error, _ in (*ready, *reversed(ready)):
        if not options.dry_run and error <= GATE[dtype]:
            calls = [lambda each=each: each.run(query) for each in copies]
            samples[provider.name] += measure(calls, device, options.rounds)
    for provider, copies, error, cosine in ready:
        row = {
            "provider": provider.name,
            "implementation": copies[0].implementation,
            "batch": batch,
            "heads": f"{heads_q}/{heads}",
            "context": context,
            "head_size": head_size,
            "dtype": str(dtype).removeprefix("torch."),
            "stored_bytes": copies[0].stored_bytes,
            "error": error,
            "cosine": cosine,
            "gate": error <= GATE[dtype],
        }
        if taken := samples[provider.name]:
            timing = summary(taken)
            moved = copies[0].stored_bytes + 2 * query.numel() * query.element_size()
            row |= {
                "metric": "time",
                "unit": "us",
                "p50": round(timing.p50, 2),
                "p20": round(timing.p20, 2),
                "p80": round(timing.p80, 2),
                "fraction_of_copy": round(moved / (timing.p50 * 1e-6) / ceiling, 4),
            }
        yield row


def _errors(stored: Stored, query: Tensor, key: Tensor, value: Tensor) -> tuple[float, float]:
    """Relative error against float64 over what is stored; cosine to float64 over what was given.

    Of the first and the last row of the batch: float64 of them all would not fit.
    """
    rows = [0, key.shape[0] - 1]
    got = stored.run(query)[rows].double()
    same = exact(query[rows], *stored.stands_for(rows))
    given = exact(query[rows], key[rows].double(), value[rows].double())
    error = float((got - same).norm() / same.norm())
    cosine = float(torch.cosine_similarity(got, given, dim=-1).mean())
    return (error, cosine) if math.isfinite(error) else (math.inf, cosine)


def _line(row: dict[str, Any]) -> str:
    time = f"{row['p50']:10.1f} us" if "p50" in row else "  not timed"
    verdict = "ok" if row["gate"] else "GATE FAILED"
    return (
        f"batch {row['batch']:<3} {row['heads']:6} {row['context']:6} {row['provider']:24} {time} "
        f"error {row['error']:.2e} cosine {row['cosine']:.5f} {verdict}"
    )


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest row of each shape on each GPU."""
    kinds = ("gpu", "dtype", "heads", "batch", "context", "provider")
    return gpu_tables(rows, "attention_decode", kinds, _gpu_table)


def _gpu_table(rows: list[dict[str, Any]]) -> str:
    last = rows[-1]
    names = list(dict.fromkeys(row["provider"] for row in rows))
    lines = [
        f"### One step on {last['gpu']}",
        "",
        f"Measured {last['date']}, driver {last['driver']}, torch {last['torch']}, triton "
        f"{last['triton']}; a copy moves {last['copy_gb_per_s']:,} GB/s. Median microseconds of "
        "CUDA graph replays with cold caches, and in brackets the share of copy bandwidth.",
        "",
        f"| heads | batch | tokens | {' | '.join(names)} |",
        "|---|---:|---:|" + "---:|" * len(names),
    ]
    for key in dict.fromkeys((row["heads"], row["batch"], row["context"]) for row in rows):
        found = {
            row["provider"]: row
            for row in rows
            if (row["heads"], row["batch"], row["context"]) == key
        }
        cells = [
            f"{found[name]['p50']:,.1f} ({found[name]['fraction_of_copy']:.0%})"
            if name in found
            else ""
            for name in names
        ]
        lines.append(f"| {key[0]} | {key[1]} | {key[2]:,} | {' | '.join(cells)} |")
    return "\n".join(lines)
