"""The sources of a card: which files were read, and that they are these."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path


def table(sources: Sequence[Path], root: Path) -> list[str]:
    """The lines of a Markdown table of files and their hashes; `root` is taken off their names."""
    lines = ["| file | sha256 |", "|---|---|"]
    for path in sources:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"| {path.relative_to(root)} | `{digest}` |")
    return lines
