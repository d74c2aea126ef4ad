"""Treebanks in CoNLL-U, the format of Universal Dependencies.

    # newdoc id = n01001
    # sent_id = n01001011
    # text = Он стоял у двери.
    1	Он	он	PRON	_	Case=Nom|…	2	nsubj	_	_
    2	стоял	стоять	VERB	…
                                         (an empty line ends the sentence)

Only what is needed to have the text back is read: the comments and, where a sentence has no
`# text`, forms and `SpaceAfter=No`. The trees are for other tools.

Source: https://universaldependencies.org/format.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from ..files import files_of, text_lines
from ..record import Record

COLUMNS = 10


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a treebank. `document` is "" where the treebank names none."""

    sent_id: str
    text: str
    document: str
    paragraph: bool
    space_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UdRecord(Record):
    """A document of a treebank or, where it names no documents, a sentence."""

    sent_ids: tuple[str, ...]


def parse_sentences(lines: Iterable[str], name: str = "the lines") -> Iterator[Sentence]:
    """Sentences in the order of the file.

    `document` is the id of the last `# newdoc`; without an id, the number of that comment in the
    file; without any such comment, the part of the `sent_id` before its last `_` if the rest is a
    number, as in `2003Anketa.xml_12` of SynTagRus. `paragraph` tells that a paragraph begins with
    this sentence.

    Raises:
        ValueError: a line that is no comment and has not ten columns, with its number.
    """
    comments: dict[str, str] = {}
    forms: list[tuple[str, str, str]] = []
    # Keys of documents must be the same wherever the file lies.
    file = Path(name).name
    documents = 0
    document = ""
    number = 0
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if line.startswith("#"):
            key, _, value = line[1:].partition("=")
            key, value = key.strip(), value.strip()
            comments[key] = value
            if key.startswith("newdoc"):
                documents += 1
                document = value or f"{file} {documents}"
        elif line:
            cells = line.split("\t")
            if len(cells) != COLUMNS:
                raise ValueError(
                    f"{name}, line {number}, has {len(cells)} columns: ten, divided by tabs, were "
                    "expected. CoNLL-U of Universal Dependencies version 2 is read here."
                )
            forms.append((cells[0], cells[1], cells[9]))
        elif forms:
            yield _sentence(comments, forms, document, f"{file}:{number}")
            comments, forms = {}, []
    if forms:
        yield _sentence(comments, forms, document, f"{file}:{number}")


def _sentence(
    comments: dict[str, str], forms: list[tuple[str, str, str]], document: str, place: str
) -> Sentence:
    sent_id = comments.get("sent_id", place)
    if not document:
        before, _, digits = sent_id.rpartition("_")
        document = before if digits.isdecimal() else ""
    return Sentence(
        sent_id=sent_id,
        text=comments.get("text") or _spelled(forms),
        document=document,
        paragraph=any(key.startswith(("newpar", "newdoc")) for key in comments),
        space_after="SpaceAfter=No" not in forms[-1][2],
    )


def _spelled(forms: list[tuple[str, str, str]]) -> str:
    """The text that words and ranges of words (`3-4`) spell, with spaces as the last column says.

    Words within a range are its analysis and no text, and so are empty nodes (`5.1`).
    """
    pieces = []
    covered = 0
    for index, form, misc in forms:
        first, _, last = index.partition("-")
        if "." in index or int(first) <= covered:
            continue
        covered = int(last or first)
        pieces.append(form if "SpaceAfter=No" in misc else f"{form} ")
    return "".join(pieces).rstrip()


def parse_ud(
    lines: Iterable[str],
    *,
    unit: Literal["document", "sentence"] = "document",
    name: str = "the lines",
    skipped: Counter[str] | None = None,
) -> Iterator[UdRecord]:
    """Texts of a treebank, in its order.

    Args:
        lines: CoNLL-U.
        unit: whole documents, their sentences divided by a space or, at a new paragraph, by a line
            end; or single sentences. Without documents in the treebank it is always sentences.
        name: what errors call it.
        skipped: counts what was passed over, by the reason.

    Raises:
        ValueError: a broken line, with its number.
    """
    skipped = Counter() if skipped is None else skipped
    held: list[Sentence] = []
    for sentence in parse_sentences(lines, name):
        if not sentence.text:
            skipped["no text"] += 1
            continue
        same = sentence.document and held and sentence.document == held[-1].document
        if held and (unit == "sentence" or not same):
            yield _joined(held)
            held = []
        held.append(sentence)
    if held:
        yield _joined(held)


def _joined(sentences: list[Sentence]) -> UdRecord:
    pieces = [sentences[0].text]
    for before, sentence in pairwise(sentences):
        pieces.append("\n" if sentence.paragraph else " " if before.space_after else "")
        pieces.append(sentence.text)
    first = sentences[0]
    return UdRecord(
        text="".join(pieces),
        title=first.document,
        source="ud",
        document=first.document or first.sent_id,
        sent_ids=tuple(sentence.sent_id for sentence in sentences),
    )


def load_ud(
    path: str | Path,
    *,
    unit: Literal["document", "sentence"] = "document",
    encoding: str = "utf-8",
    skipped: Counter[str] | None = None,
) -> Iterator[UdRecord]:
    """As `parse_ud`, of a `.conllu` file, or of all of them in a folder, in order of name.

    Raises:
        ValueError: as `parse_ud`; a folder without `.conllu`; not text in `encoding`.
        CorpusError: a damaged archive.
    """
    for file in files_of(Path(path), (".conllu",)):
        yield from parse_ud(text_lines(file, encoding), unit=unit, name=str(file), skipped=skipped)
