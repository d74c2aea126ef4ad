"""Where fetched corpora are kept, and what was fetched.

<cache>/lenta/lenta-ru-news.csv.bz2           the file
<cache>/lenta/lenta-ru-news.csv.bz2.json      where it is from, its size and sha256
<cache>/lenta/lenta-ru-news.csv.bz2.part      as far as a download has come
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was fetched: so that a file can be verified whose hash nobody has published."""

    url: str
    bytes: int
    sha256: str


def default_cache_dir() -> Path:
    """`~/.cache/hyperlex/corpora`."""
    return Path.home() / ".cache" / "hyperlex" / "corpora"


def folder_of(name: str, cache_dir: str | Path | None) -> Path:
    """The folder of one corpus, there or not; `cache_dir` None is the default one."""
    return Path(cache_dir or default_cache_dir()) / name


def sha256_of(file: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_receipt(file: Path, receipt: Receipt) -> None:
    """Keep what `file` was when it was fetched, beside it."""
    staged = file.with_name(f".{file.name}.json")
    staged.write_text(json.dumps(asdict(receipt), indent=1) + "\n", "utf-8")
    os.replace(staged, _receipt_of(file))


def read_receipt(file: Path) -> Receipt | None:
    """What `file` was when it was fetched; None if that is not known."""
    try:
        kept = json.loads(_receipt_of(file).read_text("utf-8"))
        return Receipt(str(kept["url"]), int(kept["bytes"]), str(kept["sha256"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _receipt_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.json")
