"""Sizes of memory as people write them."""

from __future__ import annotations

import re

from hyperlex.errors import ConfigError

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def scaled(words: str) -> tuple[float, bool] | None:
    """`11GB`, `32k`, `0,5 GiB`, `2048` as a number, and whether it has a unit; None for anything
    else. Units are powers of 1,024, as cards are sold.
    """
    match = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*([kmgt]?)(?:i?b)?", words.strip().lower())
    if match is None:
        return None
    return float(match[1].replace(",", ".")) * _UNITS[match[2]], bool(match[2])


def parse_size(words: str, key: str) -> int:
    """`11GB`, `11 GiB`, `0,5g` in bytes. `key` is what it was given as, for the error.

    Raises:
        ConfigError: no number with a unit, or less than a MiB.
    """
    found = scaled(words)
    # A bare 11 means no eleven bytes.
    if found is None or found[0] < MIB:
        raise ConfigError(
            f"{key} = {words!r} is no size of memory: a number with a unit was expected. Write "
            f'{key} = "11GB" in the recipe, or pass --{key.replace("_", "-")} 11GB.'
        )
    return int(found[0])


def in_gib(size: int) -> str:
    """Bytes as `1.25 GiB`; less than half a GiB as MiB, less than half a MiB as KiB."""
    if size >= GIB // 2:
        return f"{size / GIB:.2f} GiB"
    return f"{size / MIB:.1f} MiB" if size >= MIB // 2 else f"{size / KIB:.1f} KiB"
