"""What a row of results says of the machine it was measured on."""

from __future__ import annotations

import platform
import subprocess
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch


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
