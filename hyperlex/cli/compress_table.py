"""A code of the ladder for eyes: each scene beside what its ids say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from hyperlex.cli.render import on_one_line
from hyperlex.ladder.code import Reconstruction, SceneCode
from hyperlex.ladder.encode import INFLECTED
from hyperlex.ladder.lexicon import TEXT
from hyperlex.types import Span
from hyperlex.visible import visible

if TYPE_CHECKING:
    from rich.text import Text

    from hyperlex.ladder.lexicon import Lexicon
    from hyperlex.tokenizer import HyperTokenizer

KINDS = ("marker", "form", "frame", "lexeme", "hyperlexeme", "hypertoken", "base id")
"""What an id of a code can be."""


@dataclass(frozen=True, slots=True)
class Row:
    """Scenes that the same ids tell: one, or adjoining ones of running text.

    Attributes:
        scenes: their numbers in the code.
        place: their stretch of the ids; empty for a scene that was left out.
    """

    scenes: tuple[int, ...]
    place: Span


def show(name: str | None, text: str, code: SceneCode, tok: HyperTokenizer) -> None:
    """Print a code: a table of its scenes, the whole reconstruction, and what it cost."""
    from rich.text import Text

    from hyperlex.cli.console import stdout, table

    console = stdout()
    if name is not None:
        console.print(Text(f"{visible(name)}\n", "bold underline"))
    found = [_cells(row, code) for row in rows(code)]
    if found:
        made = table(("#", "#rung", "ids", "scene", "reconstruction"), found)
        for column in made.columns[2:]:
            column.overflow = "fold"
            column.ratio = 1
        made.padding = (0, 2, 1, 0)
        console.print(made)
        console.print()
    told = code.decode()
    console.print(Text(visible(told.marked).rstrip("\n")))
    console.print()
    for line in summary(text, code, tok):
        console.print(Text(line))
    if not told.exact:
        console.print(Text("What stands in ⟦ ⟧ was made of the ids: no quotation.", "dim"))


def rows(code: SceneCode) -> Iterator[Row]:
    """The scenes in order, those that share ids together."""
    scenes: list[int] = []
    shared = Span(0, 0)
    for number, (rung, place) in enumerate(zip(code.rungs, code.places, strict=True)):
        if scenes and rung and place.start < shared.stop:
            scenes.append(number)
            shared = Span(min(shared.start, place.start), max(shared.stop, place.stop))
            continue
        if scenes:
            yield Row(tuple(scenes), shared)
        scenes, shared = [number], place if rung else Span(0, 0)
    if scenes:
        yield Row(tuple(scenes), shared)


def summary(text: str, code: SceneCode, tok: HyperTokenizer) -> Iterator[str]:
    """What the code cost against the exact lane and the base, and of what kinds its ids are."""
    exact = tok.encode(text)
    base = tok.expand(exact)
    yield (
        f"{counted(len(code.scenes), 'scene')}, {counted(len(text), 'character')}: "
        f"{counted(len(code), 'id')}; {len(exact):,} in the exact lane, {len(base):,} in the base."
    )
    kinds = Counter(kind(index, tok) for index in code.ids)
    if kinds:
        yield f"{', '.join(counted(kinds[name], name) for name in KINDS if kinds[name])}."


def kind(index: int, tok: HyperTokenizer) -> str:
    """One of `KINDS`."""
    if not tok.layout.is_scene(index):
        return "hypertoken" if tok.layout.is_hyper(index) else "base id"
    lexicon: Lexicon = tok.lexicon
    code = index - tok.layout.first_scene
    tests = (lexicon.is_marker, lexicon.is_form, lexicon.is_frame, lexicon.is_lexeme)
    return next((name for name, test in zip(KINDS, tests, strict=False) if test(code)), KINDS[4])


def counted(count: int, name: str) -> str:
    """`1 scene`, `2 scenes`."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _cells(row: Row, code: SceneCode) -> Sequence[str | Text]:
    rungs = sorted({code.rungs[number] for number in row.scenes})
    segments = sorted(s for number in row.scenes for s in code.scenes[number].segments)
    source = " … ".join(_flat(span.of(code.text)) for span in _adjoining(segments, code.text))
    number = "–".join(str(n) for n in dict.fromkeys((row.scenes[0], row.scenes[-1])))
    if rungs == [0]:
        return number, "0", "—", source, "left out"
    return (
        number,
        ", ".join(map(str, rungs)),
        _named(code, row.place),
        source,
        _flat(_reading(row, code)),
    )


def _adjoining(segments: Sequence[Span], text: str) -> Iterator[Span]:
    """The segments, those with nothing but white space between them as one."""
    current = segments[0]
    for segment in segments[1:]:
        if text[current.stop : segment.start].strip():
            yield current
            current = segment
        else:
            current = Span(current.start, segment.stop)
    yield current


def _reading(row: Row, code: SceneCode) -> str:
    """What the ids of a row say, with the marks."""
    ids = code.ids[row.place.start : row.place.stop]
    if code.rungs[row.scenes[0]] == INFLECTED:
        # Its marker may stand further up, before text that was left out.
        ids = (code.vocabulary.offset + TEXT, *ids)
    return Reconstruction(code.vocabulary.decoder.pieces(ids)).marked


def _named(code: SceneCode, place: Span) -> Text:
    """The ids of a row: a line for each of the scene range, the exact ones in between in a row."""
    from rich.text import Text

    words = code.vocabulary
    ids = code.ids[place.start : place.stop]
    lines: list[Text] = []
    for exact, run in groupby(ids, key=lambda index: index < words.offset):
        if exact:
            spelled = (on_one_line(words.name(index)).replace(" ", "␣") for index in run)
            lines.append(Text(" ".join(spelled)))
        else:
            lines += [
                Text.assemble((f"{index} ", "dim"), _flat(words.name(index))) for index in run
            ]
    return Text("\n").join(lines)


def _flat(text: str) -> str:
    return " ".join(visible(word) for word in text.split())
