"""The shipped attention kernels, compiled for cards that are not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("triton")

from hyperlex_kernels.attention import ahead_of_time as aot

from ..gates import builds_of

GATE = "attention.ahead_of_time"


def test_a_sample_of_the_kernels_passes_the_gate(tmp_path: Path) -> None:
    builds = builds_of(GATE, tmp_path, "--quick")
    assert len(builds) == len(list(aot.sample()))
    kernels = {build["job"]["kernel"] for build in builds}
    assert kernels == {"decode", "prefill", "append", "combine", "fma"}


@pytest.mark.slow
def test_every_shipped_kernel_passes_the_gate(tmp_path: Path) -> None:
    assert len(builds_of(GATE, tmp_path)) == len(list(aot.jobs()))


def test_the_gate_covers_every_head_size_and_kind_on_every_card() -> None:
    jobs = [job for job in aot.jobs() if job.kernel == "decode" and job.plain]
    assert {(j.architecture, j.kind, j.head_size) for j in jobs} == {
        (architecture, kind, head_size)
        for architecture in (80, 86, 89, 90)
        for kind in ("dense", "int8", "int4")
        for head_size in (64, 80, 96, 128, 256)
    }
    assert set(aot.sample()) < set(aot.jobs())


def test_a_budget_binds_plain_decode_only() -> None:
    job = next(job for job in aot.jobs() if job.kernel == "decode")
    assert aot._budget(job) < 10
    assert aot._budget(replace(job, plain=False)) == float("inf")
