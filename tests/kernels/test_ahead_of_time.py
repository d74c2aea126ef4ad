"""Every shipped kernel, compiled for every card we name: no stack, no spills, within its budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from hyperlex_kernels import ahead_of_time as aot
from hyperlex_kernels import assembly, configs
from hyperlex_kernels.configs import BATCH_TILES, MatmulConfig, candidates, choose_config

from .gates import builds_of

needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")


@needs_triton
def test_every_shipped_kernel_passes_the_gate(tmp_path: Path) -> None:
    builds = builds_of("ahead_of_time", tmp_path)
    assert len(builds) == len(list(aot.jobs()))
    assert {build["job"]["architecture"] for build in builds} == {75, 80, 86, 89, 90, 120}
    hopper = [b for b in builds if b["job"]["architecture"] == 90 and b["job"]["config"]]
    assert {b["tensor_core"] for b in hopper} == {"HMMA", "HGMMA"}


def test_every_candidate_of_every_card_is_in_the_gate() -> None:
    built = {(job.architecture, job.format, job.config) for job in aot.jobs()}
    for architecture in aot.ARCHITECTURES:
        for format in ("nf4", "int4"):
            for block_m in BATCH_TILES:
                for config in candidates(format, "float16", block_m, architecture // 10):
                    assert (architecture, format, config) in built
                    assert config.block_m == block_m
                    assert candidates(format, "float16", block_m, architecture // 10, usual=False)


def test_the_gate_can_fail() -> None:
    loop = """
    .L_x_1:
        /*0010*/                   LDL R1, [R2] ;
        /*0020*/                   HMMA.16816.F32 R4, R8, R12, R4 ;
    .L_x_2:
        /*0030*/                   FFMA R1, R2, R3, R4 ;
        /*0040*/              @P0  BRA `(.L_x_2) ;
        /*0050*/              @!P1 BRA `(.L_x_1) ;
        /*0060*/                   EXIT ;
    """
    (inner,) = assembly.innermost_loops(loop)
    assert assembly.opcodes(inner) == {"FFMA": 1, "BRA": 1}
    with pytest.raises(RuntimeError, match="No loop"):
        assembly.innermost_loops("/*0010*/ EXIT ;")
    job = next(iter(aot.jobs()))
    assert aot.budget(job) < aot.budget(replace(job, dtype="bf16"))


def test_another_triton_may_cost_more_but_has_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(stack: int, shared: int, code: str) -> aot.Compiled:
        resources = {"REG": 255, "STACK": stack, "SHARED": 0, "LOCAL": 0}
        return aot.Compiled(
            **aot.findings(resources, code, Counter(), shared, 86, tensor_cores=True, waiting=0)
        )

    good = compiled(0, 101376, "HMMA.16816")
    dear, large, scalar = (
        compiled(8, 0, "HMMA.16816"),
        compiled(0, 114688, "HMMA.16816"),
        compiled(0, 0, "FFMA"),
    )
    assert good.verdict == "ok" and dear.verdict == "8 bytes of stack"
    for installed, passing in ((f"{aot.TUNED_TRITON}.1", False), ("3.6.0", True)):
        monkeypatch.setattr(aot, "triton_version", lambda installed=installed: installed)
        assert good.passes and dear.passes is passing
        assert not large.passes and not scalar.passes


def test_the_pinned_triton_is_the_one_that_the_gates_are_strict_with() -> None:
    """Else a raised pin would turn every budget into a remark."""
    pins = (Path(__file__).parents[2] / "constraints.txt").read_text(encoding="utf-8")
    assert f"\ntriton=={aot.TUNED_TRITON}." in pins


def test_triton_3_8_fetches_one_round_less_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configs, "triton_version", lambda: "3.8.0")
    assert {c.stages for m in BATCH_TILES for c in candidates("nf4", "float16", m, 8)} == {2}
    monkeypatch.setattr(configs, "triton_version", lambda: "3.9.0")
    assert {c.stages for c in candidates("nf4", "float16", 8, 8)} == {3}


@pytest.mark.parametrize(
    ("behind", "waiting"),
    [
        (["FADD R9, R9, R5"], 1),
        (["STS.128 [R20], R4"], 1),
        (["STS.64 [R20], R4"], 1),
        (["HMMA.16816.F32 R8, R2, R12, RZ"], 1),
        (["@P1 MOV R4, R7", "@P1 MOV R5, R7", "FADD R9, R4, R5"], 1),
        (["LDG.E R30, desc[UR4][R4.64]"], 1),
        # For the next round, or given up, or another register.
        (["FADD R9, R9, R8"], 0),
        (["MOV R4, R7", "MOV R5, R7", "FADD R9, R4, R5"], 0),
        (["LDGSTS.E.BYPASS.128 [R20], desc[UR4][R24.64]"], 0),
    ],
)
def test_a_load_is_waited_for_where_its_round_reads_it(behind: list[str], waiting: int) -> None:
    lines = [
        "FADD R9, R9, R4",
        "@!P0 LDG.E.64 R4, desc[UR4][R2.64+0x100]",
        *behind,
        "BRA `(.L_x_1)",
    ]
    code = "".join(f"    /*{16 * i:04x}*/  {line} ;\n" for i, line in enumerate(lines))
    (loop,) = assembly.innermost_loops(f".L_x_1:\n{code}")
    assert assembly.waiting_loads(loop) == waiting


def test_rules_of_the_configuration() -> None:
    def config(batch: int, rows: int, columns: int, processors: int = 132) -> MatmulConfig:
        return choose_config("int4", "float16", batch, rows, columns, "no such card", 9, processors)

    # A head has rows enough for the widest tile and needs no splits.
    assert config(1, 256_000, 4096) == MatmulConfig(64, 8, 4, 1, 4, 3)
    # A square layer at one row: the narrowest tile gives each processor about two programs.
    assert config(1, 4096, 4096) == MatmulConfig(16, 8, 8, 1, 4, 3)
    # So few rows that only splitting K fills the card.
    assert config(1, 1024, 4096).splits > 1
    assert config(64, 4096, 4096).splits > 1
    assert config(64, 4096, 4096, processors=20).splits == 1
    # 64 is the padding of N: every configuration divides the rows that are stored.
    assert all(c.block_n <= 64 for c in (config(m, 64, 128) for m in (1, 16, 64)))
