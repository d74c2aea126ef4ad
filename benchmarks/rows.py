"""Rows of results in their files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def record(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows to a file, a JSON line each; Cyrillic stays Cyrillic."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
