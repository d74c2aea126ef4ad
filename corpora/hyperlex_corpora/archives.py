"""Members of archives one after the other, without unpacking to disk."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from .errors import CorpusError
from .files import damage_as_corpus_error, unpack

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
ZIPS = (".zip",)


def is_archive(name: str) -> bool:
    """Whether the end of the name is that of a tar, packed or not, or of a zip."""
    return name.lower().endswith((*TARS, *ZIPS))


def members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The name and the open content of each file in an archive, in its order.

    A content is to be read before the next one is asked for. A tar is read as a stream: the files
    in it may be millions. An archive inside a tar is gone through in its turn; one inside a zip,
    or a zip inside a tar, cannot be read so.

    Raises:
        CorpusError: a damaged archive; one that must be unpacked first.
    """
    with damage_as_corpus_error(path):
        if path.name.lower().endswith(ZIPS):
            yield from _zipped(path)
        else:
            with path.open("rb") as stream:
                yield from _tarred(stream, path.name, str(path))


def _zipped(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if is_archive(info.filename):
                raise _unpack_first(f"{path}: {info.filename}")
            with archive.open(info) as stream:
                yield info.filename, stream


def _tarred(packed: IO[bytes], name: str, place: str) -> Iterator[tuple[str, IO[bytes]]]:
    # tarfile could unpack as well, but takes a truncated .gz for a short one.
    with unpack(packed, name) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            # A stream keeps every member it has met, in case it is asked for by name.
            archive.members = []  # type: ignore[attr-defined]
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            if member.name.lower().endswith(ZIPS):
                raise _unpack_first(f"{place}: {member.name}")
            with io.BufferedReader(_Forward(content)) as file:
                if is_archive(member.name):
                    yield from _tarred(file, member.name, f"{place}: {member.name}")
                else:
                    yield member.name, file


class _Forward(io.RawIOBase):
    """A member of a tar that is read as a stream. Python before 3.13 cannot say of its own objects
    for them whether they can seek, and whoever decodes text asks.
    """

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._content.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _unpack_first(place: str) -> CorpusError:
    return CorpusError(
        f"{place} is an archive inside an archive that cannot be read through. Unpack the outer "
        "one and name the inner one."
    )
