"""One function over many jobs in several processes, results in order."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from hyperlex.errors import ConfigError

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

    Raises:
        ConfigError: a worker was killed, as the system does where memory runs out.
    """
    global _function
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
        for job in jobs:
            yield job, function(job)
        return
    _function = function
    # Not multiprocessing.Pool: it stops its workers first and then waits for the thread that feeds
    # them, which waits for good when the pipe is full of a large job. Ctrl-C is for the parent
    # alone, or each worker would print where it was; what has begun is finished.
    context = multiprocessing.get_context("fork")
    ignored = (signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(workers, context, signal.signal, ignored)
    waiting: deque[tuple[Job, Future[Result]]] = deque()
    try:
        for job in jobs:
            waiting.append((job, pool.submit(_call, job)))
            if len(waiting) >= 2 * workers:
                first, result = waiting.popleft()
                yield first, result.result()
        while waiting:
            first, result = waiting.popleft()
            yield first, result.result()
    except BrokenProcessPool as error:
        raise ConfigError(
            f"One of {workers} processes was killed before its work was done, most likely because "
            "memory ran out. Take fewer workers."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
        _function = None


def _call(job: Any) -> Any:
    assert _function is not None
    return _function(job)
