"""Sizes of memory, read and written."""

from __future__ import annotations

import pytest

from hyperlex.errors import ConfigError
from hyperlex.sizes import GIB, KIB, MIB, in_gib, parse_size


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (11 * GIB, "11.00 GiB"),
        (GIB // 2, "0.50 GiB"),
        (GIB // 2 - 1, "512.0 MiB"),
        (5 * GIB // 1000, "5.1 MiB"),
        (MIB // 2, "0.5 MiB"),
        (3 * KIB // 2, "1.5 KiB"),
        (0, "0.0 KiB"),
    ],
)
def test_the_unit_is_the_one_that_says_most(size: int, shown: str) -> None:
    assert in_gib(size) == shown


@pytest.mark.parametrize(("words", "size"), [("11GB", 11 * GIB), ("0,5 GiB", GIB // 2)])
def test_what_is_shown_can_be_read(words: str, size: int) -> None:
    assert parse_size(words, "room") == parse_size(in_gib(size), "room") == size


def test_a_bare_number_is_no_size() -> None:
    with pytest.raises(ConfigError, match=r"gpu_memory = '11' is no size .* --gpu-memory 11GB"):
        parse_size("11", "gpu_memory")
