"""The shipped grouped kernels, compiled for cards that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("triton")

from hyperlex_kernels.grouped_matmul import ahead_of_time as aot

from ..gates import builds_of

GATE = "grouped_matmul.ahead_of_time"


def test_a_sample_of_the_kernels_passes_the_gate(tmp_path: Path) -> None:
    builds = builds_of(GATE, tmp_path, "--quick", "--workers", "1")
    assert len(builds) == len(list(aot.sample()))
    kernels = {build["job"]["kernel"] for build in builds}
    assert kernels == {"product", "transposed", "dw"}


@pytest.mark.slow
def test_every_shipped_kernel_passes_the_gate(tmp_path: Path) -> None:
    assert len(builds_of(GATE, tmp_path)) == len(list(aot.jobs()))


def test_the_gate_covers_every_kernel_and_shape_on_every_card() -> None:
    built = {(j.kernel, j.architecture, j.k, j.n) for j in aot.jobs()}
    assert built == {
        (kernel, architecture, k, n)
        for kernel in ("product", "transposed", "dw")
        for architecture in (75, 80, 86, 89, 90, 120)
        for k, n in aot.SHAPES
    }
    assert set(aot.sample()) < set(aot.jobs())
