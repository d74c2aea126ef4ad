"""What is on disk comes back the same, or is refused with one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.errors import FormatError
from hyperlex.morpheme import MorphemeAnalyzer
from hyperlex.morpheme.endings import EndingRules
from hyperlex.morpheme.store import (
    EMBEDDED,
    MACHINE_FILE,
    READABLE_FILE,
    Learned,
    from_bytes,
    load_learned,
    quantised,
    to_bytes,
)

LARGEST = 4_000_000


def test_what_was_stored_comes_back(tiny: Learned, tmp_path: Path) -> None:
    data, endings = to_bytes(tiny), str(tiny.endings)
    (tmp_path / MACHINE_FILE).write_bytes(data)
    (tmp_path / READABLE_FILE).write_text(endings, encoding="utf-8")
    again = load_learned(tmp_path)
    assert to_bytes(again) == data
    assert str(again.endings) == endings
    for word in ("подоконник", "окошками", "хренотень", "серебряный"):
        assert MorphemeAnalyzer(again)(word) == MorphemeAnalyzer(tiny)(word)


def test_quantising_keeps_half_a_step() -> None:
    matrix = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    integers, scales = quantised(matrix)
    assert np.all(np.abs(integers * scales - matrix) <= scales * 0.5001)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"holds no morphemes\.safetensors.*hyperlex\.recipes"):
        load_learned(tmp_path)


def test_another_version_is_refused(tiny: Learned) -> None:
    data = to_bytes(tiny).replace(b'"format_version":"1"', b'"format_version":"9"')
    with pytest.raises(FormatError, match="format version '9'"):
        from_bytes(data, str(tiny.endings), Path("there"))


@given(data=st.data())
def test_a_truncated_file_is_refused(tiny: Learned, data: st.DataObject) -> None:
    whole = to_bytes(tiny)
    size = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(FormatError, match="Install hyperlex again"):
        from_bytes(whole[:size], str(tiny.endings), Path("there"))


@pytest.mark.parametrize("endings", ["", "x", EndingRules.HEADER + "a\tb\tc\td\n"])
def test_a_damaged_table_of_endings_is_refused(tiny: Learned, endings: str) -> None:
    with pytest.raises(FormatError, match="damaged"):
        from_bytes(to_bytes(tiny), endings, Path("there"))


@pytest.mark.skipif(not (EMBEDDED / MACHINE_FILE).is_file(), reason="not built here")
def test_the_shipped_data_are_small() -> None:
    assert sum((EMBEDDED / name).stat().st_size for name in (MACHINE_FILE, READABLE_FILE)) < LARGEST
