"""What every loader yields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One text of a corpus. Each source adds fields of its own in a subclass.

    Attributes:
        text: what was written, line ends as they are; never empty.
        title: its heading, or "" where the source has none. It is not part of `text`.
        domain: what kind of text, one of `cards.DOMAINS`, or the folder of a plain file.
        source: the name of the corpus that it comes from.
        document: the key of the document within the corpus. Records that are parts of one document
            share it, so splits and resampling never part them.
    """

    text: str
    title: str = ""
    domain: str = ""
    source: str = ""
    document: str = ""
