"""One function over many jobs in several processes, results in order."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

_function: Callable[[Any], Any] | None = None


def in_processes(
    function: Callable[[Job], Result], jobs: Iterable[Job], workers: int
) -> Iterator[tuple[Job, Result]]:
    """Yield each job with `function(job)`, in the order of the jobs.

    Processes are forked, so the function and what it holds (a hook, a loaded analyzer) need not be
    picklable and scripts need no __main__ guard; only jobs and results travel. At most twice as
    many jobs as workers are held at once, for a corpus may be larger than memory. Where there is no
    fork, or one worker, the work is done here. An exception in a worker is raised here.
    """
    global _function
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
        for job in jobs:
            yield job, function(job)
        return
    _function = function
    try:
        # Ctrl-C is for the parent alone, or each worker would print where it was.
        with multiprocessing.get_context("fork").Pool(
            workers, signal.signal, (signal.SIGINT, signal.SIG_IGN)
        ) as pool:
            waiting: list[tuple[Job, Any]] = []
            for job in jobs:
                waiting.append((job, pool.apply_async(_call, (job,))))
                if len(waiting) >= 2 * workers:
                    first, result = waiting.pop(0)
                    yield first, result.get()
            for first, result in waiting:
                yield first, result.get()
    finally:
        _function = None


def _call(job: Any) -> Any:
    assert _function is not None
    return _function(job)
