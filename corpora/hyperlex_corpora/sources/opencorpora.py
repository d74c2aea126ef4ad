"""OpenCorpora, texts annotated by volunteers, as XML.

    <annotation version="0.12" revision="…">
      <text id="374" parent="226" name="18043 Заголовок">
        <tags><tag>url:http://…</tag><tag>Год:2010</tag></tags>
        <paragraphs>
          <paragraph id="5661"><sentence id="17247"><source>Предложение.</source>
            <tokens>…</tokens></sentence></paragraph>
        </paragraphs>
      </text>

Known faults: texts that only group others have no sentences; they are skipped, "no text".

Source: http://opencorpora.org (Bocharov et al., Dialogue 2011)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element

from ..archives import is_archive, members
from ..elements import elements
from ..files import damage_as_corpus_error, open_bytes
from ..record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCorporaRecord(Record):
    """A text: sentences of a paragraph divided by a space, paragraphs by a line end."""

    text_id: str
    parent_id: str
    tags: tuple[str, ...]
    url: str = ""


def parse_opencorpora(
    file: IO[bytes], *, name: str = "the file", skipped: Counter[str] | None = None
) -> Iterator[OpenCorporaRecord]:
    """Texts of an export, in its order; of the whole (`<annotation>`) or of one text.

    Args:
        file: the XML.
        name: what errors call it.
        skipped: counts what was passed over, by the reason.

    Raises:
        ValueError: broken XML, with its line.
    """
    skipped = Counter() if skipped is None else skipped
    for text in elements(file, "text", name):
        record = _record(text)
        if record.text:
            yield record
        else:
            skipped["no text"] += 1


def load_opencorpora(
    path: str | Path, *, skipped: Counter[str] | None = None
) -> Iterator[OpenCorporaRecord]:
    """As `parse_opencorpora`, of an `.xml`, `.xml.bz2` or `.zip` (the whole, or a file a text).

    Raises:
        ValueError: as `parse_opencorpora`.
        CorpusError: a damaged archive.
    """
    place = Path(path)
    if is_archive(place.name):
        for name, file in members(place):
            yield from parse_opencorpora(file, name=f"{path}: {name}", skipped=skipped)
        return
    with damage_as_corpus_error(path), open_bytes(place) as file:
        yield from parse_opencorpora(file, name=str(path), skipped=skipped)


def _record(text: Element) -> OpenCorporaRecord:
    tags = tuple(tag.text or "" for tag in text.iter("tag"))
    paragraphs = (
        " ".join(source.text.strip() for source in paragraph.iter("source") if source.text)
        for paragraph in text.iter("paragraph")
    )
    url = next((tag.removeprefix("url:") for tag in tags if tag.startswith("url:")), "")
    number = text.get("id", "")
    return OpenCorporaRecord(
        text="\n".join(paragraph for paragraph in paragraphs if paragraph),
        title=_title(text.get("name", ""), url),
        source="opencorpora",
        document=number,
        text_id=number,
        parent_id=text.get("parent", ""),
        tags=tags,
        url=url,
    )


def _title(name: str, url: str) -> str:
    """The name without the number that the article has at its source, as in `18043 Заголовок`."""
    number, _, title = name.partition(" ")
    return title if number.isdecimal() and url.rstrip("/").endswith(number) else name
