"""Environment variables. No other module reads the environment.

HYPERLEX_MAX_EXAMPLES   how many inputs each property test tries; 100 when unset
TIKTOKEN_CACHE_DIR      where tiktoken keeps its files; read as tiktoken reads it
DATA_GYM_CACHE_DIR      the same, by its older name
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hyperlex.errors import ConfigError


def max_examples() -> int:
    """Inputs per property test. Raises `ConfigError` for anything but a positive whole number."""
    return _positive_integer("HYPERLEX_MAX_EXAMPLES", default=100)


def tiktoken_cache() -> Path:
    """Where tiktoken keeps what it has downloaded (tiktoken/load.py, `read_file_cached`)."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    return Path(named) if named else Path(tempfile.gettempdir()) / "data-gym-cache"


def _positive_integer(name: str, *, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or int(value) < 1:
        raise ConfigError(
            f"{name} is {value!r}. Expected a whole number of at least 1. "
            f"Set it, for example {name}={default}, or unset it."
        )
    return int(value)
