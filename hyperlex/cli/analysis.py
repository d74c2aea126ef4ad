"""The analysis of a text as the verb `analyze` shows it: sentence by sentence, as it is read.

Only one block of the text and the scenes of one sentence are held at a time.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hyperlex.cli.options import STANDARD_INPUT, read_text
from hyperlex.errors import ConfigError, FormatError, how_to_convert
from hyperlex.scene.scene import Clause, Scene
from hyperlex.types import Morpheme, Span, Word

BLOCK = 1 << 20
"""A long text is analysed in blocks of at least this many code points, each ending with a line."""

# Where a sentence surely ends: a line end after a stop, or a blank line.
_EDGE = re.compile(r"[.!?…][»\"”)]*[^\S\n]*\n|\n[^\S\n]*\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a text.

    Attributes:
        file: the name of the file that it is from, or None.
        start: the offset of its first code point in the whole text.
    """

    text: str
    file: str | None
    start: int = 0


@dataclass(frozen=True, slots=True)
class Analysed:
    """One sentence with all that is known of it; spans point into `block.text`.

    Attributes:
        scenes: in the order of their first segments.
        words: of all its scenes, in order.
        clauses: the clause pieces of all its scenes, in order.
        morphemes: of each word that has letters, by the word's `index`.
        words_before: how many words of the same text stand in earlier blocks.
        clauses_before: how many clauses do.
        why: what decided, in lines for people; empty where nobody asked.
    """

    block: Block
    scenes: tuple[Scene, ...]
    words: tuple[Word, ...]
    clauses: tuple[Clause, ...]
    morphemes: Mapping[int, tuple[Morpheme, ...]]
    words_before: int = 0
    clauses_before: int = 0
    why: tuple[str, ...] = ()

    @property
    def span(self) -> Span:
        return Span(self.words[0].span.start, self.words[-1].span.stop)

    @property
    def text(self) -> str:
        return self.span.of(self.block.text)


def blocks(text: str | None, files: Sequence[Path]) -> Iterator[Block]:
    """The text that a command line names, to the byte, in blocks.

    Raises:
        ConfigError: none named, or both a text and files, or a file that cannot be read.
        FormatError: bytes that are no UTF-8.
    """
    if text is not None and files:
        read_text(text, files[0])  # raises: which of the two?
    if text == STANDARD_INPUT:
        files = [Path(text)]
    elif text is not None:
        if _is_file(text):
            raise ConfigError(
                f"{text!r} is a file, and a text was expected. Give it as --file {text}, or the "
                "text itself on standard input."
            )
        yield Block(read_text(text, None), None)
        return
    if not files and sys.stdin.isatty():
        raise ConfigError("No text. Give it as an argument, by --file, or on standard input.")
    for file in files or [Path(STANDARD_INPUT)]:
        if str(file) == STANDARD_INPUT:
            yield from _stream(sys.stdin.buffer, "The standard input", None)
            continue
        try:
            with file.open("rb") as stream:
                yield from _stream(stream, str(file), str(file))
        except OSError as error:
            raise ConfigError(
                f"{file} cannot be read ({error.strerror}). Check the path and its permissions."
            ) from error


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, or with a NUL
        return False


def _stream(stream: IO[bytes], name: str, file: str | None) -> Iterator[Block]:
    """Blocks of whole lines, where the lines are not too long."""
    import codecs

    pending, start, undecoded, read = "", 0, b"", 0
    final = False
    while not final:
        data = stream.read(BLOCK)
        final = not data
        try:
            text, used = codecs.utf_8_decode(undecoded + data, "strict", final)
        except UnicodeDecodeError as error:
            place = read - len(undecoded) + error.start
            raise FormatError(
                f"{name} is not UTF-8 (byte 0x{error.object[error.start]:02x} at {place}). "
                f"{how_to_convert(error.object if not place else b'')}"
            ) from error
        read += len(data)
        undecoded = (undecoded + data)[used:]
        pending += text
        edge = len(pending) if final else _last_edge(pending, len(pending) - 2 * len(data))
        if pending and (final or (len(pending) >= BLOCK and edge)):
            yield Block(pending[:edge], file, start)
            start, pending = start + edge, pending[edge:]


def _last_edge(text: str, start: int) -> int:
    """The end of the last line after `start` that ends a sentence; 0 where there is none."""
    return max((match.end() for match in _EDGE.finditer(text, max(0, start))), default=0)


def analysed(given: Iterable[Block], *, why: bool = False) -> Iterator[Analysed]:
    """The sentences of all blocks, as they are analysed."""
    from hyperlex.morpheme import morphemes
    from hyperlex.scene.assemble import scenes_of
    from hyperlex.scene.layout import Layout
    from hyperlex.scene.trace import explain_sentence
    from hyperlex.word import iter_sentences

    words = clauses = 0
    for block in given:
        if block.start == 0:
            words = clauses = 0
        words_before, clauses_before, number = words, clauses, 0
        layout = Layout(block.text)
        for sentence in iter_sentences(block.text):
            scenes = scenes_of(sentence, block.text, layout, number)
            lines = explain_sentence(sentence, block.text, layout, number) if why else ()
            found = gathered(
                block, scenes, morphemes, words_before, clauses_before, why=tuple(lines)
            )
            number += len({piece.number for piece in found.clauses})
            yield found
            words = words_before + sentence.words[-1].index + 1
            clauses = clauses_before + number


def gathered(
    block: Block,
    scenes: Sequence[Scene],
    morphemes: Callable[[str], tuple[Morpheme, ...]],
    words_before: int = 0,
    clauses_before: int = 0,
    *,
    why: tuple[str, ...] = (),
) -> Analysed:
    """One sentence of its scenes."""
    words = sorted((w for scene in scenes for w in scene.words), key=lambda word: word.index)
    clauses = sorted((c for scene in scenes for c in scene.clauses), key=lambda piece: piece.span)
    parts = {w.index: morphemes(w.text) for w in words if any(map(str.isalpha, w.text))}
    return Analysed(
        block,
        tuple(scenes),
        tuple(words),
        tuple(clauses),
        parts,
        words_before,
        clauses_before,
        why,
    )
