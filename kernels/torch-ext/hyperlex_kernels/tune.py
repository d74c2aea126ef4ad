"""Measure every configuration on the card at hand and keep the fastest of each shape.

    python -m hyperlex_kernels.tune 4096x4096 14336x4096 [--batches 1 16 64] [--out DIRECTORY]

writes `<card>.json` into this package (folder `configs`) or DIRECTORY; `choose_config` then takes
the configuration from there. Shapes are N x K. Needs a CUDA device of capability 8.0 or above.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import torch

from . import layout
from .configs import BATCH_TILES, DIRECTORY, FORMAT_VERSION, MatmulConfig, batch_tile, candidates
from .formats import FORMATS, quantize_4bit

SPLITS = (1, 2, 4, 8)
STAGES = (2, 3, 4, 5)
COLD_BYTES = 256 << 20


def variants(
    format: str, dtype: str, block_m: int, rows: int, columns: int, major: int
) -> Iterator[MatmulConfig]:
    """The configurations worth measuring for one shape."""
    tiles = layout.padded_columns(columns) // layout.TILE_COLUMNS
    for shape in candidates(format, dtype, block_m, major):
        if layout.padded_rows(rows) % shape.block_n:
            continue
        for splits in SPLITS:
            if splits == 1 or splits * shape.slices <= tiles:
                for stages in STAGES:
                    yield replace(shape, splits=splits, stages=stages)


def fastest(
    configs: Iterator[MatmulConfig], measure: Callable[[MatmulConfig], float]
) -> tuple[MatmulConfig, float]:
    """The configuration for which `measure` gives the least, and that value."""
    timed = [(measure(config), index, config) for index, config in enumerate(configs)]
    least, _, config = min(timed)
    return config, least


def entry(config: MatmulConfig) -> dict[str, int]:
    """A configuration as the file keeps it: the key of the entry already says `block_m`."""
    return {name: value for name, value in asdict(config).items() if name != "block_m"}


def tune(shapes: list[tuple[int, int]], batches: list[int]) -> dict[str, Any]:
    """The content of the current card's file."""
    properties = torch.cuda.get_device_properties(torch.cuda.current_device())
    found: dict[str, dict[str, int]] = {}
    for rows, columns in shapes:
        for format in FORMATS:
            for dtype in ("float16", "bfloat16"):
                for batch in batches:
                    block_m = batch_tile(batch)
                    measure = _product(rows, columns, format, getattr(torch, dtype), block_m)
                    choices = variants(format, dtype, block_m, rows, columns, properties.major)
                    config, time = fastest(choices, measure)
                    found[f"{format},{dtype},{block_m},{rows},{columns}"] = entry(config)
                    print(f"{rows}x{columns} {format} {dtype} M{block_m}: {time:.1f} us {config}")
    return {
        "format_version": FORMAT_VERSION,
        "card": properties.name,
        "measured": {"date": date.today().isoformat(), "torch": torch.__version__},
        "matmul_4bit": found,
    }


def _product(
    rows: int, columns: int, format: str, dtype: torch.dtype, batch: int
) -> Callable[[MatmulConfig], float]:
    """A function that times one product, weights out of the cache; inf where it does not build."""
    from triton.runtime.errors import OutOfResources

    from .matmul import matmul_4bit

    weight = quantize_4bit(torch.randn(rows, columns, device="cuda"), format)
    copies = max(2, COLD_BYTES // (weight.packed.numel() * 2))
    packed = [weight.packed.clone() for _ in range(copies)]
    x = torch.randn(batch, columns, device="cuda", dtype=dtype)

    def measure(config: MatmulConfig) -> float:
        def call(i: int) -> None:
            arguments = (weight.scales, weight.zeros, None, format, weight.group_size, rows)
            matmul_4bit(x, packed[i % copies], *arguments, config)

        try:
            call(0)
        except OutOfResources:
            return float("inf")
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for i in range(max(32, copies)):
                call(i)
        times = []
        for _ in range(8):
            start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            graph.replay()
            stop.record()
            stop.synchronize()
            times.append(start.elapsed_time(stop) * 1e3 / max(32, copies))
        return sorted(times)[len(times) // 2]

    return measure


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns its exit code."""
    parser = argparse.ArgumentParser(description="Tune matmul_4bit for the card at hand.")
    parser.add_argument("shapes", nargs="+", metavar="NxK", help="weight shapes, as 4096x4096")
    parser.add_argument("--batches", nargs="+", type=int, default=list(BATCH_TILES))
    parser.add_argument("--out", type=Path, default=DIRECTORY)
    options = parser.parse_args(arguments)
    try:
        shapes = [(int(n), int(k)) for n, k in (shape.split("x") for shape in options.shapes)]
    except ValueError:
        parser.error(f"shapes {options.shapes}: expected NxK, such as 4096x4096")
    if not torch.cuda.is_available() or torch.cuda.get_device_capability() < (8, 0):
        print("No CUDA device of capability 8.0 or above: nothing to tune.", file=sys.stderr)
        return 2
    content = tune(shapes, options.batches)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"{content['card'].replace(' ', '-')}.json"
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
