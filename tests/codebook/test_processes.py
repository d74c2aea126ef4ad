"""Jobs in several processes: results in order, and an end whatever happens."""

from __future__ import annotations

import os
import signal

import pytest

from hyperlex.codebook.processes import in_processes
from hyperlex.errors import ConfigError

LARGE = "я" * 200_000
"""More than a pipe holds."""


def test_results_come_in_the_order_of_jobs() -> None:
    seen: list[int] = []
    for workers in (1, 3):
        found = list(in_processes(lambda job: (seen, job * job)[1], range(20), workers))
        assert found == [(job, job * job) for job in range(20)]


def test_an_exception_of_a_worker_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_processes(lambda job: 1 // job, [2, 1, 0, 3], 2))


def test_who_stops_early_is_not_kept_waiting_by_large_jobs() -> None:
    for _ in range(5):
        found = in_processes(len, [LARGE] * 50, 2)
        assert next(found) == (LARGE, 200_000)
        found.close()


def test_a_killed_worker_is_told() -> None:
    with pytest.raises(ConfigError, match=r"One of 2 processes was killed.*Take fewer workers"):
        list(in_processes(lambda _: os.kill(os.getpid(), signal.SIGKILL), range(9), 2))
