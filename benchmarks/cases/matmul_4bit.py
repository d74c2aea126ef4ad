"""4-bit products against their rivals: the error first, then the time with a cold cache.

A provider whose product is further from float64 than its dtype allows gets no time. Without a GPU
the same command measures the CPU paths. On a machine with one:

    python -m benchmarks.run matmul_4bit                     # all models, M 1 to 512
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

from benchmarks.machine import facts
from benchmarks.providers import Missing, Prepared, Provider, available
from benchmarks.shapes import CPU_LARGEST, CPU_MODELS, MODELS
from benchmarks.timing import copies_needed, copy_bandwidth, measure, summary

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "matmul_4bit.jsonl"
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 512)
CPU_BATCHES = (1, 4, 16)
DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}
# Relative error that no product of this dtype may exceed: twice that of the worst one known.
GATE = {torch.float16: 1e-3, torch.bfloat16: 8e-3, torch.float32: 1e-5}
BASELINE = "bitsandbytes nf4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", choices=list(MODELS), help="default: all that fit")
    parser.add_argument("--layers", nargs="+", help="of each model: qkv o up down head")
    parser.add_argument("--batches", nargs="+", type=int, help="rows of x")
    parser.add_argument("--dtype", choices=list(DTYPES), default="bfloat16")
    parser.add_argument("--providers", nargs="+", help="names, or how they begin")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=RESULTS, help="rows are appended here")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no shape after this")
    parser.add_argument(
        "--dry-run", action="store_true", help="small weights, the gate only; write nothing"
    )


def run(options: argparse.Namespace) -> None:
    import time

    began = time.monotonic()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    providers: list[Provider] = []
    for provider in available(options.providers):
        if isinstance(provider, Missing):
            print(f"{provider.name}: not measured, {provider.reason}", file=sys.stderr)
        else:
            providers.append(provider)
    machine = facts("matmul_4bit", device)
    ceiling = 0.0
    if not options.dry_run:
        ceiling = copy_bandwidth(device)
        machine["copy_gb_per_s"] = round(ceiling / 1e9, 1)
    print(json.dumps(machine))
    batches = options.batches or (BATCHES if device == "cuda" else CPU_BATCHES)
    for model, layer, rows, columns in _shapes(options, device):
        if time.monotonic() - began > options.seconds:
            print(f"{model} {layer}: not begun, {options.seconds} s are over", file=sys.stderr)
            continue
        measured = _shape(providers, rows, columns, batches, device, ceiling, options)
        for row in measured:
            row = {**machine, "model": model, "layer": layer, "n": rows, "k": columns, **row}
            print(_line(row))
            if not options.dry_run and row["gate"]:
                options.out.parent.mkdir(parents=True, exist_ok=True)
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row, sort_keys=True) + "\n")


def _shapes(options: argparse.Namespace, device: str) -> Iterator[tuple[str, str, int, int]]:
    if options.dry_run:
        yield "dry run", "small", 192, 512
        return
    models = options.models or (MODELS if device == "cuda" else CPU_MODELS)
    for model in models:
        for layer, (rows, columns) in MODELS[model].items():
            wanted = not options.layers or layer in options.layers
            fits = device == "cuda" or options.models or rows * columns <= CPU_LARGEST
            if wanted and fits:
                yield model, layer, rows, columns


def _shape(
    providers: list[Provider],
    rows: int,
    columns: int,
    batches: tuple[int, ...],
    device: str,
    ceiling: float,
    options: argparse.Namespace,
) -> Iterator[dict[str, Any]]:
    """Rows for every provider and batch of one weight shape."""
    dtype = DTYPES[options.dtype]
    weight = torch.randn(rows, columns, device=device, dtype=dtype) / math.sqrt(columns)
    inputs = {batch: torch.randn(batch, columns, device=device, dtype=dtype) for batch in batches}
    ready: list[tuple[Provider, list[Prepared]]] = []
    for provider in providers:
        if reason := provider.refuse(weight, 1):
            print(f"{provider.name} {rows}x{columns}: {reason}", file=sys.stderr)
            continue
        first = provider.prepare(weight)
        count = 1 if options.dry_run else copies_needed(first.stored_bytes, device)
        ready.append((provider, [first, *(first.copy() for _ in range(count - 1))]))
    errors = {
        (provider.name, batch): error
        for provider, copies in ready
        for batch, error in _errors(copies[0], inputs).items()
    }
    for batch in batches:
        samples: dict[str, list[float]] = {provider.name: [] for provider, _ in ready}
        # There and back again, so that a clock that drifts favours nobody.
        for provider, copies in (*ready, *reversed(ready)):
            if options.dry_run or errors[provider.name, batch] > GATE[dtype]:
                continue
            x = inputs[batch]
            calls = [lambda each=each, x=x: each.run(x) for each in copies]
            samples[provider.name] += measure(calls, device, options.rounds)
        for provider, copies in ready:
            error = errors[provider.name, batch]
            row = {
                "provider": provider.name,
                "provider_version": provider.version,
                "implementation": copies[0].implementation(inputs[batch]),
                "m": batch,
                "dtype": options.dtype,
                "error": error,
                "gate": error <= GATE[dtype],
            }
            if taken := samples[provider.name]:
                timing = summary(taken)
                moved = copies[0].stored_bytes + 2 * batch * (rows + columns)
                row |= {
                    "metric": "time",
                    "unit": "us",
                    "p50": round(timing.p50, 2),
                    "p20": round(timing.p20, 2),
                    "p80": round(timing.p80, 2),
                    "fraction_of_copy": round(moved / (timing.p50 * 1e-6) / ceiling, 4),
                }
            yield row


def _errors(prepared: Prepared, inputs: dict[int, Tensor]) -> dict[int, float]:
    """Relative error against float64 for each batch; infinite where the product holds NaN."""
    dense = prepared.dense().double()
    errors = {}
    for batch, x in inputs.items():
        expected = x.double() @ dense.T
        error = float((prepared.run(x).double() - expected).norm() / expected.norm())
        errors[batch] = error if math.isfinite(error) else math.inf
    return errors


def _line(row: dict[str, Any]) -> str:
    time = f"{row['p50']:10.1f} us" if "p50" in row else "  not timed"
    verdict = "ok" if row["gate"] else "GATE FAILED"
    return (
        f"{row['model']:16} {row['layer']:6} M{row['m']:<4} {row['provider']:24} {time} "
        f"error {row['error']:.2e} {verdict}"
    )


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """What docs/kernels.md says of the newest row of each product, GPU and CPU apart."""
    kinds = ("device", "gpu", "dtype", "model", "layer", "m", "provider")
    newest = {tuple(row.get(kind) for kind in kinds): row for row in rows if "p50" in row}
    parts = []
    gpus = sorted({row["gpu"] for row in newest.values() if row["device"] == "cuda"})
    for gpu in gpus:
        parts.append(_gpu_tables([row for row in newest.values() if row.get("gpu") == gpu]))
    if not gpus:
        parts.append(
            "No GPU has been measured yet. On a machine with one, `python -m benchmarks.run "
            "matmul_4bit` appends its rows, and `python -m benchmarks.report` puts them here."
        )
    if cpu := [row for row in newest.values() if row["device"] == "cpu"]:
        parts.append(_cpu_table(cpu))
    return {"docs/kernels.md": "\n\n".join(parts)}


def _gpu_tables(rows: list[dict[str, Any]]) -> str:
    last = rows[-1]
    lines = [
        f"### {last['gpu']}",
        "",
        f"Measured {last['date']}, driver {last['driver']}, torch {last['torch']}, triton "
        f"{last['triton']}; a copy moves {last['copy_gb_per_s']:,} GB/s. Times are medians of CUDA "
        "graph replays with cold caches. Speed is against bitsandbytes' own choice of kernel, the "
        "geometric mean over shapes, with the worst shape in brackets.",
        "",
        "| M | " + " | ".join(_names(rows)) + " |",
        "|---|" + "---:|" * len(_names(rows)),
    ]
    for batch in sorted({row["m"] for row in rows}):
        cells = []
        for name in _names(rows):
            ratios = _ratios([row for row in rows if row["m"] == batch], name)
            cells.append(f"{_geometric(ratios):.2f} ({min(ratios):.2f})" if ratios else "")
        lines.append(f"| {batch} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cpu_table(rows: list[dict[str, Any]]) -> str:
    last = rows[-1]
    names = _names(rows)
    lines = [
        f"### CPU, {last['cpu']}, {last['threads']} threads",
        "",
        f"Measured {last['date']}, torch {last['torch']}, on a shared machine; a copy moves "
        f"{last['copy_gb_per_s']:,} GB/s. Microseconds, the median with the 20th percentile in "
        "brackets, weights out of the cache, all in one run.",
        "",
        f"| weight | M | dtype | {' | '.join(names)} |",
        "|---|---|---|" + "---:|" * len(names),
    ]
    keys = dict.fromkeys((row["model"], row["layer"], row["m"], row["dtype"]) for row in rows)
    for key in keys:
        found = {
            row["provider"]: row
            for row in rows
            if (row["model"], row["layer"], row["m"], row["dtype"]) == key
        }
        shape = next(iter(found.values()))
        cells = [
            f"{found[name]['p50']:,.0f} ({found[name]['p20']:,.0f})" if name in found else ""
            for name in names
        ]
        label = f"{key[0]} {key[1]}, {shape['n']}x{shape['k']}"
        lines.append(f"| {label} | {key[2]} | {key[3]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _names(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["provider"] for row in rows))


def _ratios(rows: list[dict[str, Any]], name: str) -> list[float]:
    """How many times faster than the baseline `name` is, shape by shape."""
    base = {(row["model"], row["layer"]): row["p50"] for row in rows if row["provider"] == BASELINE}
    return [
        base[row["model"], row["layer"]] / row["p50"]
        for row in rows
        if row["provider"] == name and (row["model"], row["layer"]) in base
    ]


def _geometric(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))
