"""Classes of lexemes that stand beside the same words: an index of what a scene is about.

They are learned from the corpora by `hyperlex.recipes.ladder.classes`. No id stands for a class: it
is read off the lexemes that a code names.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from hyperlex.errors import FormatError
from hyperlex.ladder.files import EMBEDDED
from hyperlex.ladder.outline import KINDS, Lexeme

FORMAT_VERSION = 1
FILE = "classes.tsv.gz"
_HEADER = f"# hyperlex classes, format_version {FORMAT_VERSION}"
_REMEDY = "Install hyperlex again, or make the file anew: python -m hyperlex.recipes.ladder"


@dataclass(frozen=True, slots=True)
class LemmaClass:
    """Lexemes that stand beside the same words.

    Attributes:
        number: from 0, the class that was met most often first.
        members: the nearest to the centre first. Kinds of one word (`решить:V`, `решить:I`) follow
            one another.
    """

    number: int
    members: tuple[Lexeme, ...]

    @property
    def gloss(self) -> str:
        """The three lemmas nearest to the centre: `дверь·окно·порог`."""
        return "·".join(list(dict.fromkeys(member.lemma for member in self.members))[:3])


class Classes:
    """A table of classes.

    Args:
        members: of each class, in order of number; no lexeme in two classes.
    """

    def __init__(self, members: Sequence[Sequence[Lexeme]]) -> None:
        self.all = tuple(LemmaClass(number, tuple(of)) for number, of in enumerate(members))

    @cached_property
    def by_lexeme(self) -> dict[Lexeme, LemmaClass]:
        """The class of each lexeme that has one."""
        return {member: found for found in self.all for member in found.members}


def class_of(lexeme: Lexeme) -> LemmaClass | None:
    """The class of a lexeme in the table that is shipped, or None where it has none.

    Raises:
        FormatError: the shipped table is missing or damaged.
    """
    return embedded().by_lexeme.get(lexeme)


@cache
def embedded() -> Classes:
    """The table that is shipped, read once a process. Raises as `class_of`."""
    return load_classes(EMBEDDED)


def load_classes(directory: str | Path) -> Classes:
    """The table in `directory`. Raises `FormatError` where it is missing or damaged."""
    path = Path(directory) / FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{path} cannot be read ({error.strerror}). The classes of lexemes were expected. "
            f"{_REMEDY}"
        ) from error
    return from_bytes(data, path)


def to_bytes(classes: Classes) -> bytes:
    """The file: a line that names format and version, then `lemma kind class` parted by tabs,
    classes by number, members in their order. The same content gives the same bytes.
    """
    rows = [_HEADER]
    rows += [f"{m.lemma}\t{m.kind}\t{one.number}" for one in classes.all for m in one.members]
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        file.write(("\n".join(rows) + "\n").encode())
    return packed.getvalue()


def from_bytes(data: bytes, origin: Path) -> Classes:
    """The inverse of `to_bytes`. Raises `FormatError` for a damaged file or another version."""
    try:
        header, *rows = gzip.decompress(data).decode().split("\n")[:-1]
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise FormatError(
            f"{origin} is damaged ({type(error).__name__}: {error}). The classes of lexemes were "
            f"expected. {_REMEDY}"
        ) from error
    if header != _HEADER:
        raise FormatError(f"{origin} begins with {header!r}: {_HEADER!r} was expected. {_REMEDY}")
    members: list[list[Lexeme]] = []
    seen: set[Lexeme] = set()
    for line, row in enumerate(rows, 2):
        lemma, kind, number = fields if len(fields := row.split("\t")) == 3 else ("", "", "")
        lexeme = Lexeme(lemma, kind)
        if number == str(len(members)):
            members.append([])
        known = lemma and kind in tuple(KINDS) and lexeme not in seen
        if not known or number != str(len(members) - 1):
            raise FormatError(
                f"{origin} is damaged: line {line} is {row!r}. A lemma, a letter of {KINDS} and "
                f"the number of a class were expected, each lexeme once, classes in order. "
                f"{_REMEDY}"
            )
        members[-1].append(lexeme)
        seen.add(lexeme)
    return Classes(members)
