"""Tuned configurations: found, written, read back, and refused when they are of another version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex_kernels import configs, tune
from hyperlex_kernels.configs import MatmulConfig, choose_config


def chosen(card: str) -> MatmulConfig:
    return choose_config("nf4", "float16", 5, 4096, 4096, card, 9, 132)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MatmulConfig:
    """The tuner's choice for one shape, by a clock of its own, in a file for 'Some Card'."""
    monkeypatch.setattr(configs, "DIRECTORY", tmp_path)
    configs._tuned.cache_clear()
    every = list(tune.variants("nf4", "float16", 8, 4096, 4096, 9))
    config, least = tune.fastest(iter(every), lambda c: abs(c.splits - 4) + c.stages + c.block_n)
    assert least == min(abs(c.splits - 4) + c.stages + c.block_n for c in every)
    key = "nf4,float16,8,4096,4096"
    content = {"format_version": 1, "matmul_4bit": {key: tune.entry(config)}}
    (tmp_path / "Some-Card.json").write_text(json.dumps(content))
    return config


def test_a_tuned_card_uses_its_file_and_no_other_does(written: MatmulConfig) -> None:
    assert chosen("Some Card") == written
    assert written.splits == 4
    assert chosen("Another Card") != written


@pytest.mark.usefixtures("written")
def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Old-Card.json").write_text('{"format_version": 0}')
    with pytest.raises(ValueError, match="format_version 0"):
        chosen("Old Card")


@given(
    rows=st.integers(1, 300_000),
    columns=st.integers(1, 30_000),
    batch=st.integers(1, 600),
    format=st.sampled_from(("nf4", "int4")),
    major=st.sampled_from((8, 9, 12)),
    processors=st.integers(1, 200),
)
def test_every_choice_covers_its_shape(
    rows: int, columns: int, batch: int, format: str, major: int, processors: int
) -> None:
    config = choose_config(format, "bfloat16", batch, rows, columns, "none", major, processors)
    assert -(-rows // 64) * 64 % config.block_n == 0
    assert config.splits >= 1
    assert config.splits == 1 or config.splits * config.slices <= -(-columns // 128)


def test_nothing_is_tuned_without_a_card(capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has one")
    assert tune.main(["4096x4096"]) == 2
    assert "nothing to tune" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        tune.main(["4096"])
