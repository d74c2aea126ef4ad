"""What cards that were not at hand could do: counted instructions and bytes, no measurement.

Each shipped kernel is compiled for the card, the instructions of its inner loop are counted, and a
product takes the longer of two times: all its instructions at one a clock and scheduler, or all its
bytes at the bandwidth that a copy reaches on such a card. Launches, ramp-up and imbalance cost
extra, so this is a floor. bitsandbytes' floor is modelled the same way from its own machine code.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.shapes import MODELS
from hyperlex_kernels import ahead_of_time as aot

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "roofline.jsonl"


@dataclass(frozen=True)
class Card:
    """`bandwidth` is what a copy reaches, in GB/s; `clock` the boost clock in GHz.

    `architecture` is the one whose code was counted, `rival` bitsandbytes 0.50.2's instructions a
    weight at one row of x, counted in its library.
    """

    name: str
    architecture: int
    processors: int
    clock: float
    bandwidth: float
    rival: float


# Processors and clocks from the vendor's pages; bandwidth: H200 as measured by a device-to-device
# copy, the others the share of the data sheet's figure that such cards are known to reach.
CARDS: Final = (
    Card("RTX 4060", 89, 24, 2.46, 250, 13.0),
    Card("T4", 75, 40, 1.59, 256, 13.0),
    # The code of sm_75: the disassembler at hand no longer reads that of sm_61.
    Card("GTX 1080 Ti", 75, 28, 1.58, 426, 18.0),
    Card("H200", 90, 132, 1.98, 4300, 8.7),
)
BITS: Final = {"nf4": 4.25, "int4": 4.3125}
BITSANDBYTES_BITS: Final = 4.5
SCHEDULERS: Final = 4
LANES: Final = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, default=2, help="processes that compile")
    parser.add_argument("--out", type=Path, default=RESULTS)


def run(options: argparse.Namespace) -> None:
    stamp = {"case": "roofline", "date": date.today().isoformat(), "triton": version("triton")}
    lines = []
    for build in aot.build_all(options.workers):
        job = build.job
        if not job.usual:
            continue
        row = {
            **stamp,
            "architecture": job.architecture,
            "format": job.format,
            "dtype": job.dtype,
            "m": job.batch,
            "tile": "gemv" if job.config is None else f"{job.config.block_n}x{job.config.slices}",
            "metric": "instructions",
            "unit": "a weight",
            "value": build.instructions,
            "registers": build.registers,
            "shared_bytes": build.shared,
            "tensor_core": build.tensor_core,
            "gate": build.passes,
        }
        print(json.dumps(row))
        lines.append(json.dumps(row, sort_keys=True))
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def floor_us(card: Card, weights: int, bits: float, instructions: float) -> float:
    """Microseconds below which no product with so many weights can be."""
    issue = weights * instructions / (card.processors * SCHEDULERS * LANES * card.clock * 1e9)
    bytes_moved = weights * bits / 8
    return max(issue, bytes_moved / (card.bandwidth * 1e9)) * 1e6


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Counted instructions, and the floors they give one row of x."""
    passed = [row for row in rows if row["gate"]]
    parts = [
        f"Counted {rows[-1]['date']} in code compiled by triton {rows[-1]['triton']}: instructions "
        "a weight in the inner loop, the widest shipped tile and the narrowest.",
        "",
        "| card | format | x | " + " | ".join(f"M≤{m}" for m in (8, 16, 32, 64)) + " |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    keys = sorted(
        {(r["architecture"], r["format"], r["dtype"]) for r in passed if r["tile"] != "gemv"}
    )
    for key in keys:
        cells = []
        for batch in (8, 16, 32, 64):
            counts = [
                row["value"]
                for row in passed
                if (row["architecture"], row["format"], row["dtype"]) == key
                and row["m"] == batch
                and row["tile"] != "gemv"
            ]
            low, high = min(counts), max(counts)
            cells.append(f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}")
        parts.append(f"| sm_{key[0]} | {key[1]} | {key[2]} | {' | '.join(cells)} |")
    parts += [
        "",
        "**Modelled, never measured**: microseconds below which one row of x cannot be multiplied.",
        "",
        "| card | weight | ours nf4 | ours int4 | bitsandbytes nf4 | float16 |",
        "|---|---|---:|---:|---:|---:|",
    ]
    shapes = (
        ("square 4096", MODELS["square"]["4096"]),
        ("Llama-3-8B down", MODELS["Llama-3-8B"]["down"]),
        ("ruGPT-3.5-13B up", MODELS["ruGPT-3.5-13B"]["up"]),
        ("Qwen3-8B head", MODELS["Qwen3-8B"]["head"]),
    )
    for card in CARDS:
        for name, (n, k) in shapes:
            ours = {}
            for format, bits in BITS.items():
                counts = [
                    row["value"]
                    for row in passed
                    if row["architecture"] == card.architecture
                    and row["format"] == format
                    and row["dtype"] == "fp16"
                    and row["m"] in (1, 8)
                    and (row["tile"] == "gemv") == (row["m"] == 1)
                ]
                ours[format] = floor_us(card, n * k, bits, min(counts))
            rival = floor_us(card, n * k, BITSANDBYTES_BITS, card.rival)
            dense = floor_us(card, n * k, 16, 1.0)
            parts.append(
                f"| {card.name} | {name}, {n}x{k} | {ours['nf4']:.1f} | {ours['int4']:.1f} | "
                f"{rival:.1f} | {dense:.1f} |"
            )
    return {"docs/kernels.md": "\n".join(parts)}
