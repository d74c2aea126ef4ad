"""`result.json`: the figures of a run that came to its end. It is written last, so it says so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from hyperlex.files import atomic_write_text

RESULT_FILE: Final = "result.json"
FORMAT_VERSION: Final = 1


def write_figures(directory: Path, figures: Mapping[str, Any], files: Iterable[str]) -> None:
    """Write down that the run in `directory` is finished.

    Args:
        figures: what JSON can hold.
        files: names of the files of the result.
    """
    found = {"format_version": FORMAT_VERSION, **figures, "files": sorted(files)}
    atomic_write_text(directory / RESULT_FILE, json.dumps(found, indent=2) + "\n")


def read_figures(directory: Path) -> dict[str, Any] | None:
    """The figures of a run that came to its end and still has all files of its result; None of any
    other.
    """
    try:
        found: dict[str, Any] = json.loads((directory / RESULT_FILE).read_bytes())
        whole = all((directory / name).is_file() for name in found["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if whole and found.get("format_version") == FORMAT_VERSION else None
