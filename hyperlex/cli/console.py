"""What people see: a console for results on stdout, progress on stderr, aligned tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

PIPE_WIDTH = 100  # columns, where there is no terminal to ask


def stdout() -> Console:
    """A console on stdout; without colour where it is no terminal or NO_COLOR is set."""
    from rich.console import Console

    class Results(Console):
        def on_broken_pipe(self) -> None:
            raise  # rich would leave with status 1 and no word; `app` tells of it

    console = Results(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table without lines. A column whose name begins with `#` holds numbers: to the right."""
    from rich.table import Table
    from rich.text import Text

    result = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        numbers = name.startswith("#")
        result.add_column(name.lstrip("#"), justify="right" if numbers else "left", no_wrap=numbers)
    for row in rows:
        result.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return result


@contextmanager
def progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """Yield the function that long work tells its progress to: stage, how far, end if known.

    Drawn on stderr, and only where that is a terminal.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True)
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    current = ""

    def told(stage: str, done: int, total: int | None) -> None:
        nonlocal current
        # Started at the first word, not before: drawing runs in a thread, and by then the trainer
        # has forked its workers.
        bars.start()
        if stage != current:
            current = stage
            for task in bars.tasks:
                bars.remove_task(task.id)
            bars.add_task(stage, total=total)
        bars.update(bars.tasks[-1].id, completed=done, total=total)

    try:
        yield told
    finally:
        bars.stop()
