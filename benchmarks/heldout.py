"""Held-out text."""

from __future__ import annotations

from pathlib import Path


def domains(folder: Path) -> dict[str, str]:
    """The text of each domain, by name; a single short story is none."""
    return {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("*.txt"))
        if "_" not in path.stem
    }
