"""What the tests of the corpora share: files in every packing."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


@pytest.fixture(params=list(PACKERS))
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Writes bytes under a name, plain and packed in each way: `packed("a.csv", data)`."""
    ending = request.param

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / f"{name}{ending}"
        path.write_bytes(PACKERS[ending](data))
        return path

    return write
