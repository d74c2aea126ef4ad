"""RussianNovels: about a hundred novels, one file each, named by author and title.

    corpus/Bulgakov_BelayaGvardiya.txt
    corpus/Dostoyevsky_BednyeLyudi.txt

UTF-8 without a byte order mark. A folder, or the `.zip` that GitHub makes of the repository.

Source: https://github.com/JoannaBy/RussianNovels
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ..archives import is_archive, members
from ..files import decode, files_of, open_bytes
from ..record import Record

_WORD = re.compile(r"(?<=[^\W\d_])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class NovelRecord(Record):
    """A novel. Author and title are in Latin letters, as in the name of its file."""

    author: str
    file: str


def parse_novels(
    files: Iterable[tuple[str, IO[bytes]]],
    *,
    encoding: str = "utf-8",
    skipped: Counter[str] | None = None,
) -> Iterator[NovelRecord]:
    """A record for each file named `Author_Title.txt`; other files are skipped, "not a novel".

    Raises:
        ValueError: not text in `encoding`; says the file and the line.
    """
    skipped = Counter() if skipped is None else skipped
    for name, stream in files:
        path = PurePosixPath(name)
        author, divider, title = path.stem.partition("_")
        if path.suffix.lower() != ".txt" or not divider:
            skipped["not a novel"] += 1
            continue
        text = decode(stream.read(), name, encoding)
        if not text.strip():
            skipped["no text"] += 1
            continue
        yield NovelRecord(
            text=text,
            title=_WORD.sub(" ", title),
            domain="fiction",
            source="russian-novels",
            document=path.stem,
            author=author,
            file=path.name,
        )


def load_novels(
    path: str | Path, *, encoding: str = "utf-8", skipped: Counter[str] | None = None
) -> Iterator[NovelRecord]:
    """As `parse_novels`, of a folder with the files in it or in folders below, or of a `.zip`.

    Raises:
        ValueError: as `parse_novels`; a folder without `.txt`.
        CorpusError: a damaged archive.
    """
    return parse_novels(_files(Path(path)), encoding=encoding, skipped=skipped)


def _files(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if is_archive(path.name):
        yield from members(path)
        return
    for file in files_of(path, (".txt",)):
        with open_bytes(file) as stream:
            yield str(file), stream
