"""Downloads that go on where they stopped, are checked, and appear whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from io import FileIO
from pathlib import Path
from ssl import SSLError
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from .cache import Receipt, folder_of, sha256_of, write_receipt
from .cards import Card, CorpusFile, card
from .errors import CorpusError

Progress = Callable[[str, int, int | None], None]
"""Is told the file, the bytes that are there, and how many it will be, if that is known."""

ATTEMPTS = 5
"""How often in a row a download may fail without a byte."""

_BLOCK = 1 << 20  # bytes
_TIMEOUT = 60.0  # seconds without a byte
_AGENT = "hyperlex-corpora (Python urllib)"  # Wikimedia refuses who does not say who it is
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_WORTH_ANOTHER_TRY = {408, 425, 429, 500, 502, 503, 504}


def fetch(
    name: str | Card,
    *,
    cache_dir: str | Path | None = None,
    progress: Progress | None = None,
    pause: float = 1.0,
) -> Path:
    """Download the files of a corpus that are not there yet; return their folder.

    An interrupted download goes on where it stopped if the server can, and begins anew if it
    cannot or if the file has changed meanwhile. A file whose hash the card states is checked, also
    if it was there.

    Args:
        name: of a card, or a card.
        cache_dir: None: `cache.default_cache_dir()`.
        progress: is told how far each file is.
        pause: seconds before the second attempt; twice as long before each further one.

    Raises:
        ValueError: no such corpus, or one that has no files to fetch.
        CorpusError: a server or network that fails, a wrong hash, a full disk, another process
            that is fetching the same. What has arrived is kept, unless its hash is wrong.
        OSError: a folder that cannot be written.
    """
    corpus = card(name) if isinstance(name, str) else name
    if not corpus.files:
        how = "is streamed from the hub" if corpus.dataset else "ships with hyperlex"
        raise ValueError(f"The corpus {corpus.name} {how}: there is nothing to fetch.")
    folder = folder_of(corpus.name, cache_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for file in corpus.files:
        fetch_file(file, folder, progress=progress or _untold, pause=pause)
    return folder


def fetch_file(file: CorpusFile, folder: Path, *, progress: Progress, pause: float) -> Path:
    """Download one file into a folder, unless it is there. Raises as `fetch`."""
    target = folder / file.name
    if target.is_file():
        if file.sha256 and (met := sha256_of(target)) != file.sha256:
            raise CorpusError(
                f"{target} has the sha256 {met}, and {file.sha256} was published. Delete it and "
                "fetch it again."
            )
        return target
    part = folder / f"{file.name}.part"
    with _locked(part) as stream:
        # Another process may have finished it just before the lock was free.
        if target.is_file():
            return target
        _complete(file, part, stream, progress, pause)
        os.fsync(stream.fileno())
        met = sha256_of(part)
        if file.sha256 and met != file.sha256:
            _forget(part)
            raise CorpusError(
                f"{file.url} has the sha256 {met}, and {file.sha256} was published. It was not "
                "kept. Fetch it again; if it stays so, the file is not the one of the card."
            )
        write_receipt(target, Receipt(file.url, part.stat().st_size, met))
        part.replace(target)
        _forget(part)
    return target


def _untold(name: str, done: int, total: int | None) -> None:
    """Nobody asked how far it is."""


@contextmanager
def _locked(part: Path) -> Iterator[FileIO]:
    """The unfinished file, open for appending, while no other process has it."""
    # Without a buffer: what the disk refuses must not be written once more on closing.
    with part.open("ab", buffering=0) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CorpusError(
                f"{part} is being written by another process. Wait until it has fetched it."
            ) from None
        try:
            yield stream
        finally:
            if part.exists() and not part.stat().st_size:
                _forget(part)


def _complete(
    file: CorpusFile, part: Path, stream: FileIO, progress: Progress, pause: float
) -> None:
    """Append to the unfinished file until it is whole, over as many connections as it takes."""
    failures = 0
    furthest = stream.seek(0, os.SEEK_END)
    while True:
        try:
            if _transfer(file, part, stream, progress):
                return
            reason = "the connection ended early"
        except HTTPError as error:
            if error.code not in _WORTH_ANOTHER_TRY:
                raise CorpusError(
                    f"{file.url} was answered with {error.code} {error.reason}. Look at the home "
                    "page of the corpus whether it has moved."
                ) from error
            reason = f"{error.code} {error.reason}"
        except (URLError, HTTPException, TimeoutError, ConnectionError, SSLError) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        # A server that begins anew each time and never comes further is no progress.
        failures = 0 if stream.tell() > furthest else failures + 1
        furthest = max(furthest, stream.tell())
        if failures >= ATTEMPTS:
            raise CorpusError(
                f"{file.url} could not be fetched ({reason}). {stream.tell():,} bytes of it are "
                "kept: run the same again to go on from there."
            )
        time.sleep(pause * 2 ** max(0, failures - 1))


def _transfer(file: CorpusFile, part: Path, stream: FileIO, progress: Progress) -> bool:
    """Append what one connection yields. Whether the file is whole then."""
    validator = _validator(part)
    # Without a validator nobody knows whether the server still has the same file. A published hash
    # will tell in the end.
    if not validator and not file.sha256:
        stream.truncate(0)
    start = stream.seek(0, os.SEEK_END)
    request = Request(file.url, headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
        if validator:
            request.add_header("If-Range", validator)
    try:
        response: HTTPResponse = urlopen(request, timeout=_TIMEOUT)
    except HTTPError as error:
        if error.code != 416:
            raise
        # Nothing after what is there: it is whole, or it belongs to another file.
        if _total(error.headers.get("Content-Range")) == start:
            return True
        _empty(stream)
        return False
    with response:
        now = _validator_in(response)
        if response.status == 206 and now and validator and now != validator:
            # It was told to send the whole if it has changed, and did not heed that.
            _empty(stream)
            raise HTTPException("the file has changed meanwhile")
        total = _agreed(response, stream, start)
        _note(part).write_text(json.dumps({"validator": now}), "utf-8")
        _need_room(part, (total or 0) - stream.tell(), file.url)
        return _append(response, stream, total, file.name, progress)


def _agreed(response: HTTPResponse, stream: FileIO, start: int) -> int | None:
    """Cut the file to where the server begins; return how long it will be, if that is known."""
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status == 206 and found and found[1] == str(start):
        return _total(found[0])
    _empty(stream)
    if response.status != 200:
        raise HTTPException(f"a range that was not asked for ({response.status})")
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _append(
    response: HTTPResponse, stream: FileIO, total: int | None, name: str, progress: Progress
) -> bool:
    done = stream.tell()
    progress(name, done, total)
    while block := response.read(_BLOCK):
        try:
            _write(stream, block)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise CorpusError(
                f"The disk is full after {stream.tell():,} bytes of {name}. They are kept: make "
                "room and run the same again."
            ) from error
        done += len(block)
        progress(name, done, total)
    return total is None or done == total


def _write(stream: FileIO, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[stream.write(rest) :]


def _empty(stream: FileIO) -> None:
    stream.truncate(0)
    stream.seek(0)


def _need_room(part: Path, needed: int, url: str) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise CorpusError(
            f"{url} needs {needed:,} bytes more, and {part.parent} has room for {free:,}. Make "
            "room, or choose another cache directory."
        )


def _total(content_range: str | None) -> int | None:
    found = _RANGE.fullmatch(content_range or "")
    return int(found[2]) if found and found[2] != "*" else None


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _validator(part: Path) -> str:
    """What the server called the state of the file that the first bytes are of."""
    try:
        return str(json.loads(_note(part).read_text("utf-8"))["validator"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return ""


def _validator_in(response: HTTPResponse) -> str:
    tag: str = response.headers.get("ETag", "")
    # A weak tag promises the same meaning, not the same bytes.
    if tag and not tag.startswith("W/"):
        return tag
    return str(response.headers.get("Last-Modified", ""))


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)
