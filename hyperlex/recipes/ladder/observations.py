"""What the recipes of the ladder learn from: scenes of a sample of the corpora, item by item."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hyperlex.codebook.corpus import Document
from hyperlex.codebook.processes import in_processes
from hyperlex.files import atomic_write_bytes
from hyperlex.ladder.outline import Frame, Item, Lexeme, Slot
from hyperlex.ladder.reading import Reading, read

_LAST_WORD = re.compile(r"([\w-]+)[^\w.?!]*$")


@dataclass(frozen=True, slots=True)
class Observed:
    """An item of a scene as the corpora have it.

    Attributes:
        lexeme: which word, or None for a literal.
        slot: its place in its phrase.
        spelling: as it is written; "" of a literal.
        before: the word before it in the same sentence, lower case, or "".
    """

    lexeme: Lexeme | None
    slot: Slot | None
    spelling: str
    before: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A scene as the corpora have it.

    Attributes:
        document: number of its document in the sample.
        frame: who and how.
        items: in the order of the text.
    """

    document: int
    frame: Frame
    items: tuple[Observed, ...]


def observe(document: int, text: str) -> Iterator[Observation]:
    """The scenes of a text that are Russian."""
    from hyperlex.scene import iter_scenes

    for scene in iter_scenes(text):
        reading = read(scene, text)
        if not reading.foreign:
            yield _observation(document, reading, text)


def _observation(document: int, reading: Reading, text: str) -> Observation:
    items = []
    for found in reading.found:
        item = found.item
        known = isinstance(item, Item)
        before = _LAST_WORD.search(text, max(0, found.span.start - 48), found.span.start)
        items.append(
            Observed(
                item.lexeme if isinstance(item, Item) else None,
                item.slot if isinstance(item, Item) else None,
                found.span.of(text) if known else "",
                before[1].lower() if before else "",
            )
        )
    return Observation(document, reading.frame, tuple(items))


def write_observations(target: Path, sample: Iterable[Document], processes: int = 2) -> None:
    """Read a sample with the analyzer and keep its scenes in `target`, a JSON line each, packed."""
    packed = []
    jobs = ((number, document.text) for number, document in enumerate(sample))
    for _, lines in in_processes(_lines, jobs, processes):
        packed.append(gzip.compress(lines, mtime=0))
    atomic_write_bytes(target, b"".join(packed))


def _lines(job: tuple[int, str]) -> bytes:
    return b"".join(_to_line(observation) for observation in observe(*job))


def _to_line(scene: Observation) -> bytes:
    frame = scene.frame
    items = [
        [
            *((o.lexeme.lemma, o.lexeme.kind) if o.lexeme else ("", "")),
            *((o.slot.preposition, o.slot.case, o.slot.number) if o.slot else ()),
            o.spelling,
            o.before,
        ]
        for o in scene.items
    ]
    row = [scene.document, [frame.agent, frame.tense, frame.mood, frame.question], items]
    return (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read_observations(source: Path) -> Iterator[Observation]:
    """The scenes that `write_observations` kept, in order."""
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        for line in lines:
            document, frame, items = json.loads(line)
            yield Observation(document, Frame(*frame), tuple(_observed(*item) for item in items))


def _observed(lemma: str, kind: str, *rest: str) -> Observed:
    *slot, spelling, before = rest
    return Observed(
        Lexeme(lemma, kind) if kind else None, Slot(*slot) if slot else None, spelling, before
    )
