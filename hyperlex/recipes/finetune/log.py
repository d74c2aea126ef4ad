"""`log.jsonl`: a line for every so many steps, and none twice after a run has gone on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hyperlex.errors import FormatError
from hyperlex.files import append_text, atomic_write_text

LOG_FILE = "log.jsonl"


class RunLog:
    """The log of a run; lines are written as they come."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / LOG_FILE
        self.lines: list[dict[str, Any]] = []

    def read(self) -> None:
        """Take up the lines that are there. Raises `FormatError` for one that is no line of a log,
        but for half a line at the end.
        """
        if not self.path.is_file():
            return
        found = []
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                entry = json.loads(line)
                int(entry["step"])
            except (ValueError, KeyError, TypeError) as error:
                # The last line of a run that was killed may be a half; it is done again.
                if self.path.read_text(encoding="utf-8").count("\n") < number:
                    break
                raise FormatError(
                    f"{self.path}, line {number}, is no line of a log. Delete the line to go on."
                ) from error
            found.append(entry)
        self.lines = found

    def go_on_from(self, step: int) -> None:
        """Keep the lines up to `step`: those after it belong to steps that are done again. Raises
        as `read`.
        """
        if not self.path.is_file():
            return
        self.read()
        self.lines = [entry for entry in self.lines if int(entry["step"]) <= step]
        atomic_write_text(self.path, "".join(_line(entry) for entry in self.lines))

    def add(self, entry: dict[str, Any]) -> None:
        self.lines.append(entry)
        append_text(self.path, _line(entry))

    def last(self, key: str) -> float:
        """The last value of a figure; 0 before any."""
        return next((entry[key] for entry in reversed(self.lines) if key in entry), 0)


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False) + "\n"
