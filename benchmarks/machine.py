"""What a row of results says of the machine it was measured on, and tables by that machine."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

Row = dict[str, Any]
"""A row of results."""


def facts(case: str, device: str) -> dict[str, Any]:
    """Case, date, versions, and the card with its driver, or the CPU with its threads."""
    known: dict[str, Any] = {
        "case": case,
        "date": date.today().isoformat(),
        "device": device,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "triton": _version("triton"),
    }
    if device == "cuda":
        command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        driver = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        known |= {"gpu": torch.cuda.get_device_name(), "driver": driver.strip()}
    else:
        known |= {
            "cpu": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
        }
    return known


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def where(row: Row) -> str:
    """The card with its driver, or the CPU with its threads, in words."""
    if row["device"] == "cuda":
        return f"{row['gpu']}, driver {row['driver']}"
    return f"a CPU ({row['cpu']}), {row['threads']} thread"


def gpu_tables(
    rows: list[Row], case: str, kinds: tuple[str, ...], table: Callable[[list[Row]], str]
) -> dict[str, str]:
    """What `report` writes for a case that only a GPU can time: a table for each GPU.

    Args:
        kinds: fields that tell one measurement from another; of equal ones the newest counts.
        table: the table of one GPU's rows.
    """
    timed = [row for row in rows if "p50" in row and row["device"] == "cuda"]
    newest = {tuple(row[kind] for kind in kinds): row for row in timed}
    if not newest:
        return {
            "docs/kernels.md": "No GPU has been measured yet: `python -m benchmarks.run "
            f"{case}` on a machine with one, then `python -m benchmarks.report`."
        }
    parts = []
    for gpu in sorted({row["gpu"] for row in newest.values()}):
        parts.append(table([row for row in newest.values() if row["gpu"] == gpu]))
    return {"docs/kernels.md": "\n\n".join(parts)}
