"""Rows of results: into their files, and what cases say of them and beside them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hyperlex.measure.bootstrap import Interval


def record(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows to a file, a JSON line each; Cyrillic stays Cyrillic."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_row(interval: Interval) -> dict[str, float]:
    """A figure with its interval as `with_interval` takes it."""
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def with_interval(row: Mapping[str, Any], digits: int) -> str:
    """A figure with its interval for a table; alone where that has no width at so many digits."""
    value, low, high = (f"{row[key]:,.{digits}f}" for key in ("value", "low", "high"))
    return value if low == high else f"{value} [{low}, {high}]"


def say(text: str) -> None:
    """Tell whoever waits how far a case is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
