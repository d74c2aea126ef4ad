"""Parallel sentences of the PUD treebanks: the same 1,000, in Russian and in English.

Either two CoNLL-U files in one folder, `ru_pud-ud-test.conllu` and `en_pud-ud-test.conllu`, whose
sentences stand in the same order under the same `sent_id`; or a table with tabs:

    sent_id	ru	en
    n01001011	Он стоял у двери.	He stood at the door.

The sentences are of 397 documents; the beginning of `sent_id` names the document.

Source: https://universaldependencies.org/conll17/ (Zeman et al., CoNLL 2017 shared task)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from ..files import files_of, suffix, text_lines
from ..record import Record
from .ud import parse_sentences

_DOCUMENT = len("n01001")


@dataclass(frozen=True, slots=True, kw_only=True)
class PudRecord(Record):
    """A sentence in Russian (`text`) and in English. `domain` is news or encyclopedic."""

    english: str
    sent_id: str


def parse_pud(
    russian: Iterable[str], english: Iterable[str], *, name: str = "the lines"
) -> Iterator[PudRecord]:
    """Pairs of two treebanks in CoNLL-U that hold the same sentences in the same order.

    Raises:
        ValueError: a broken line; sentences that do not pair.
    """
    pairs = zip_longest(parse_sentences(russian, name), parse_sentences(english, name))
    for number, (ru, en) in enumerate(pairs, 1):
        if ru is None or en is None or ru.sent_id != en.sent_id:
            raise ValueError(
                f"{name}: sentence {number} is {ru.sent_id if ru else 'absent'} in Russian and "
                f"{en.sent_id if en else 'absent'} in English. Two files with the same sentences "
                "in the same order were expected."
            )
        yield _record(ru.sent_id, ru.text, en.text)


def parse_pud_table(lines: Iterable[str], *, name: str = "the lines") -> Iterator[PudRecord]:
    """Pairs of a table with the columns `sent_id`, `ru` and `en`, divided by tabs, unquoted.

    Raises:
        ValueError: a row without three cells, with its line.
    """
    for number, line in enumerate(lines, 1):
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) != 3:
            raise ValueError(
                f"{name}, line {number}, has {len(cells)} cells: sent_id, ru and en, divided by "
                "tabs, were expected."
            )
        if cells != ["sent_id", "ru", "en"]:
            yield _record(*cells)


def load_pud(path: str | Path, *, encoding: str = "utf-8") -> Iterator[PudRecord]:
    """Pairs of a folder with the two `.conllu` files, or of one `.tsv`.

    Raises:
        ValueError: as `parse_pud` and `parse_pud_table`; a folder without the two files.
        CorpusError: a damaged archive.
    """
    place = Path(path)
    if suffix(place) == ".tsv":
        return parse_pud_table(text_lines(place, encoding), name=str(path))
    languages = {
        file.name[:3]: text_lines(file, encoding) for file in files_of(place, (".conllu",))
    }
    if languages.keys() != {"ru_", "en_"}:
        raise ValueError(
            f"{path} does not hold a pair: ru_pud-ud-test.conllu and en_pud-ud-test.conllu were "
            "expected, and no other .conllu."
        )
    return parse_pud(languages["ru_"], languages["en_"], name=str(path))


def _record(sent_id: str, russian: str, english: str) -> PudRecord:
    return PudRecord(
        text=russian,
        domain="news" if sent_id.startswith("n") else "encyclopedic",
        source="pud",
        document=sent_id[:_DOCUMENT],
        english=english,
        sent_id=sent_id,
    )
