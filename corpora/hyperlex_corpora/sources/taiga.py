"""The Taiga corpus: news, magazines, subtitles, social networks, prose and verse of the net.

Each segment is an archive (`Arzamas.tar.gz`, `stihi_ru.zip`, …); `retagged_taiga.tar.gz` holds all
of them. Within a segment:

    home/…/Arzamas/metatable.csv                   a table with tabs: what is known of each text
    home/…/Arzamas/texts/arzamas_449.txt           the text
    home/…/Arzamas/tagged_texts/arzamas_449.txt    the same with trees: not read

The table is named `metatable.csv`, `metatable_2007.csv`, `newmetadata.csv`,
`corpus_znamia_metadata.csv` or `metatable_texts.txt`, and comes before its texts. Social networks
have no table but four long files, where a line `DataBaseItem: …` begins a post, and in that of
LiveJournal each line is one. (The same texts as SQLite, `Lenta.db.zip`, are not read.)

Known faults: rows that end early, as in Fontanka, and stray quotes (taken as they come); rows of
Magazines without an id (skipped, "row without an id"); subtitles in other languages (skipped, "not
Russian").

Source: https://tatianashavrina.github.io/taiga_site (Shavrina, Shapovalova, Corpora 2017)
"""

from __future__ import annotations

import html
import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ..archives import is_archive, members
from ..files import decode, decoded_lines
from ..record import Record
from ..rows import csv_rows

DOMAINS = {
    "arzamas": "encyclopedic",
    "fontanka": "news",
    "interfax": "news",
    "kp": "news",
    "lenta": "news",
    "nplus1": "science",
    "magazines": "fiction",
    "subtitles": "dialogue",
    "social": "social",
    "proza_ru": "fiction",
    "stihi_ru": "poetry",
}
"""The domain of each segment, by its name in lower case."""

_NETWORKS = {
    "fbtexts": "facebook",
    "livejournalpostsandcommentsgicr": "livejournal",
    "twtexts": "twitter",
    "vktexts": "vk",
}
_TABLE = re.compile(
    r"(?:newmetadata|metatable(?:_\w+)?|corpus_(?P<label>\w+)_metadata)\.(?:csv|txt)$"
)
_POST = "DataBaseItem: "


@dataclass(frozen=True, slots=True, kw_only=True)
class TaigaRecord(Record):
    """A text of Taiga; fields that its segment does not know are ""."""

    segment: str
    author: str = ""
    date: str = ""
    rubric: str = ""
    url: str = ""


def parse_taiga(
    files: Iterable[tuple[str, IO[bytes]]], *, skipped: Counter[str] | None = None
) -> Iterator[TaigaRecord]:
    """Texts of one or more segments, in their order.

    Args:
        files: the names and the contents of the files in the archive, in its order.
        skipped: counts what was passed over, by the reason.

    Raises:
        ValueError: a text or a table that is not UTF-8, a broken table.
    """
    skipped = Counter() if skipped is None else skipped
    with closing(_Tables()) as tables:
        for name, stream in files:
            path = PurePosixPath(name)
            segment = _segment(path)
            table = _TABLE.match(path.name)
            if path.suffix == ".txt" and "texts" in path.parts:
                if path.stem.lower() in _NETWORKS:
                    records = _posts(path, stream)
                else:
                    records = _text(path, segment, stream, tables, skipped)
                for record in records:
                    if record.text.strip():
                        yield record
                    else:
                        skipped["no text"] += 1
            elif table:
                rows = csv_rows(decoded_lines(stream, name), name, delimiter="\t", lenient=True)
                for _, row in rows:
                    if not tables.add(segment, table["label"], row):
                        skipped["row without an id"] += 1


def load_taiga(path: str | Path, *, skipped: Counter[str] | None = None) -> Iterator[TaigaRecord]:
    """As `parse_taiga`, of an archive, or of a folder of archives or of what was in them.

    Raises:
        ValueError: as `parse_taiga`.
        CorpusError: a damaged archive, or a zip inside a tar.
    """
    return parse_taiga(_files(Path(path)), skipped=skipped)


def _files(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if not path.is_dir():
        yield from members(path)
        return
    # A folder's own files come before those of the folders in it: so tables come before texts.
    for place, folders, names in os.walk(path):
        folders.sort()
        for file in (Path(place, name) for name in sorted(names)):
            if is_archive(file.name):
                yield from members(file)
            else:
                with file.open("rb") as stream:
                    yield file.relative_to(path.parent).as_posix(), stream


def _segment(path: PurePosixPath) -> str:
    for part in path.parts:
        if part.lower() in DOMAINS:
            return part.lower()
    return ""


def _text(
    path: PurePosixPath,
    segment: str,
    stream: IO[bytes],
    tables: _Tables,
    skipped: Counter[str],
) -> Iterator[TaigaRecord]:
    key = path.stem.removeprefix("corpus_").removeprefix(f"{segment}_")
    known = tables.find(segment, key)
    if segment == "subtitles" and path.suffixes[-2:] != [".ru", ".txt"]:
        skipped["not Russian"] += 1
        return
    yield TaigaRecord(
        text=decode(stream.read(), str(path)),
        title=_plain(known.get("textname", "") or known.get("title", "")),
        domain=DOMAINS.get(segment, ""),
        source="taiga",
        document=f"{segment}/{key}",
        segment=segment,
        author=known.get("author", ""),
        date=known.get("date", "") or known.get("textdate", ""),
        rubric=known.get("textrubric", "") or known.get("genre", ""),
        url=next((url for url in known.values() if url.startswith("http")), ""),
    )


def _posts(path: PurePosixPath, stream: IO[bytes]) -> Iterator[TaigaRecord]:
    network = _NETWORKS[path.stem.lower()]
    lines = decoded_lines(stream, str(path))
    if network == "livejournal":
        for number, line in enumerate(lines, 1):
            yield _post(network, str(number), line)
        return
    held: list[str] = []
    key = ""
    for line in lines:
        if line.startswith(_POST):
            if key:
                yield _post(network, key, "".join(held))
            key = line.removeprefix(_POST).strip()
            held = []
        else:
            held.append(line)
    if key:
        yield _post(network, key, "".join(held))


def _post(network: str, key: str, text: str) -> TaigaRecord:
    return TaigaRecord(
        text=text.rstrip("\r\n"),
        domain="social",
        source="taiga",
        document=f"{network}/{key}",
        segment="social",
        rubric=network,
    )


def _plain(title: str) -> str:
    """A title without the entities that Magazines and Fontanka have twice escaped."""
    return html.unescape(html.unescape(title)).strip(" \xa0•\n")


class _Tables:
    """What the tables say of the texts. Nine million rows of verse are kept on disk, not in memory:
    SQLite deletes a database without a name when it is closed.
    """

    def __init__(self) -> None:
        self._rows = sqlite3.connect("")
        self._rows.execute("CREATE TABLE known (key TEXT PRIMARY KEY, cells TEXT) WITHOUT ROWID")

    def add(self, segment: str, label: str | None, row: dict[str, str]) -> bool:
        """Keep a row by the id of its text. False for a row that has none."""
        key = row.get("textid") or row.get("id")
        if file := row.get("filepath"):
            key = PurePosixPath(file).stem
        if not key:
            return False
        key = f"{segment}/{label}_{key}" if label else f"{segment}/{key}"
        cells = json.dumps({column: cell for column, cell in row.items() if cell})
        self._rows.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (key, cells))
        return True

    def find(self, segment: str, key: str) -> dict[str, str]:
        """The cells of a text that are not empty, by column; none if no table has it."""
        found = self._rows.execute("SELECT cells FROM known WHERE key = ?", (f"{segment}/{key}",))
        row = found.fetchone()
        cells: dict[str, str] = json.loads(row[0]) if row else {}
        return cells

    def close(self) -> None:
        self._rows.close()
