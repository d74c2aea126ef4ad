"""The analysis for eyes: each sentence with its words, then each of its scenes with its facets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hyperlex.cli.analysis import Analysed
from hyperlex.morpheme import notation
from hyperlex.scene.scene import Clause, Scene, SceneForm, SceneKind
from hyperlex.types import Morpheme, MorphemeType, Word
from hyperlex.visible import visible

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {
    MorphemeType.PREF: "cyan",
    MorphemeType.ROOT: "bold",
    MorphemeType.LINK: "yellow",
    MorphemeType.SUFF: "green",
    MorphemeType.END: "magenta",
    MorphemeType.POSTFIX: "blue",
    MorphemeType.HYPH: "dim",
}


_TAG = 2  # the column of tags
_WIDEST_VALUE = 10  # columns: below this a tag would be broken inside its values


class Table:
    """Prints sentences as they come, and the counts at the end."""

    def __init__(self, *, words: bool = True, why: bool = False) -> None:
        from hyperlex.cli.console import stdout

        self._console = stdout()
        self._colour = self._console.color_system is not None
        self._words, self._why = words, why
        self._file: str | None = None
        self._counts = [0, 0, 0, 0]

    def add(self, sentence: Analysed) -> None:
        """Print one sentence."""
        print_ = self._console.print
        if sentence.block.file != self._file:
            self._file = sentence.block.file
            print_(self._text(f"{self._file}\n", "bold underline"))
        counts = (1, len(words_proper(sentence)), clauses(sentence), len(sentence.scenes))
        first = self._counts[3]
        self._counts = [a + b for a, b in zip(self._counts, counts, strict=True)]
        if self._words:
            if len(sentence.scenes) > 1:
                print_(self._text(barred(sentence.block.text, sentence.clauses), "bold"))
                print_()
            self._print_words(sentence)
            print_()
        for number, scene in enumerate(sentence.scenes, first + 1):
            self._print_scene(sentence, scene, number)
            print_()
        for line in sentence.why:
            print_(self._text(visible(line), "dim"))
        if sentence.why:
            print_()

    def close(self, page: Path | None) -> None:
        """Print what was counted, and where the page is."""
        if self._words and self._counts[1] and self._colour:
            self._console.print(self._legend())
        self._console.print(counted(self._counts))
        if page is not None:
            self._console.print(self._text(f"Page: {page}", ""))

    def _text(self, text: str, style: str) -> Text:
        from rich.text import Text

        return Text(text, style)

    def _print_words(self, sentence: Analysed) -> None:
        from hyperlex.cli.console import table

        rows: list[Sequence[str | Text]] = []
        for word in words_proper(sentence):
            parts = sentence.morphemes.get(word.index, ())
            row: list[str | Text] = [
                flat(word.text),
                flat(word.lemma),
                tag(word),
                self._parts(parts),
            ]
            if self._why:
                row.append(f"{relation(word, sentence)}\n{decided(word, parts)}")
            rows.append(row)
        if rows:
            names = ["word", "lemma", "tag", "morphemes"]
            names += ["relation, decided by"] if self._why else []
            made = table(names, rows)
            # Tags may be broken between values; the rest is hard to read in pieces.
            room = self._console.width - sum(map(_widest, zip(names, *rows, strict=True)))
            room += _widest((names[_TAG], *(row[_TAG] for row in rows))) - 2 * (len(names) - 1)
            made.columns[_TAG].max_width = room if room >= _WIDEST_VALUE else None
            for column in made.columns:
                column.overflow = "fold"
            self._console.print(made)

    def _parts(self, parts: Sequence[Morpheme]) -> Text:
        """Coloured where colours are seen, else in the notation of the dictionaries."""
        from rich.text import Text

        if not self._colour:
            return Text(flat(notation(parts)))
        told = Text()
        for number, part in enumerate(parts):
            told.append("·" if number else "", "dim").append(flat(part.text), STYLES[part.type])
        return told

    def _legend(self) -> Text:
        from rich.text import Text

        names = [(f"{kind.value}  ", style) for kind, style in STYLES.items()]
        return Text.assemble(*names, "\n")

    def _print_scene(self, sentence: Analysed, scene: Scene, number: int) -> None:
        from rich.padding import Padding
        from rich.table import Table as Grid
        from rich.text import Text

        title = Text.assemble(
            (f"{number} ".ljust(3), "dim"), (scene_text(sentence.block.text, scene), "bold")
        )
        if said := manner(scene):
            title.append(f"  ({said})", "dim")
        self._console.print(title)
        rows = [(name, Text(gloss)) for name, gloss in facets(scene)]
        grid = Grid.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column()
        for row in rows:
            grid.add_row(*row)
        self._console.print(Padding(grid, (0, 0, 0, 3), expand=False))


def _widest(cells: Iterable[str | Text]) -> int:
    """Columns of the widest line."""
    return max(len(line) for cell in cells for line in str(cell).split("\n"))


def words_proper(sentence: Analysed) -> list[Word]:
    """Its words but for the punctuation marks."""
    return [word for word in sentence.words if word.upos != "PUNCT"]


def clauses(sentence: Analysed) -> int:
    """How many clauses it has; the pieces of an interrupted one count once."""
    return len({piece.number for piece in sentence.clauses})


def counted(counts: Sequence[int]) -> str:
    """`1 sentence, 7 words, 2 clauses, 1 scene.`"""
    names = ("sentence", "word", "clause", "scene")
    told = (
        f"{count:,} {name}{'' if count == 1 else 's'}"
        for count, name in zip(counts, names, strict=True)
    )
    return ", ".join(told) + "."


def flat(text: str) -> str:
    """Text on one line, with nothing in it that would command a terminal."""
    return " ".join(visible(word) for word in text.split())


def tag(word: Word) -> str:
    """`NOUN Inan Gen Fem Sing`: the part of speech and the values of the features."""
    values = [pair.partition("=")[2] for pair in word.feats.split("|") if pair]
    return " ".join([word.upos, *values])


def relation(word: Word, sentence: Analysed) -> str:
    """`nsubj ← стоял`"""
    if word.head == word.index:
        return "root"
    head = next((w.text for w in sentence.words if w.index == word.head), "?")
    return f"{word.relation} ← {flat(head)}"


def decided(word: Word, parts: Sequence[Morpheme]) -> str:
    """`dictionary; lexicon`: who gave the tag, and who gave the morphemes."""
    return "; ".join([word.by, *dict.fromkeys(part.by for part in parts)])


def barred(text: str, pieces: Sequence[Clause]) -> str:
    """`Он стоял у двери,| не решаясь войти.`: a bar between clauses, an ellipsis over what is not
    theirs.
    """
    told, end = "", None
    for piece in pieces:
        if end is None:
            told = flat(piece.span.of(text))
        elif text[end : piece.span.start].strip():
            told += f" … {flat(piece.span.of(text))}"
        else:
            gap = " " if piece.span.start > end else ""
            told += f"|{gap}{flat(piece.span.of(text))}"
        end = piece.span.stop
    return told


def scene_text(text: str, scene: Scene) -> str:
    """The text of a scene with a bar between its clauses."""
    return barred(text, scene.clauses) or " … ".join(flat(s.of(text)) for s in scene.segments)


def manner(scene: Scene) -> str:
    """What is unusual about the scene: `nominal heading`."""
    kind = "" if scene.kind is SceneKind.VERBAL else scene.kind.value
    form = "" if scene.form is SceneForm.PROSE else scene.form.value
    return f"{kind} {form}".strip()


def facets(scene: Scene) -> Iterator[tuple[str, str]]:
    """The five facets, each with its one-line gloss; those that hold nothing are left out."""
    yield "agent", flat(scene.agent.gloss)
    yield "event", flat(scene.event.gloss)
    yield "tension", scene.tension.gloss
    if scene.context.gloss:
        yield "context", flat(scene.context.gloss)
    if scene.protected:
        yield "protected", flat(", ".join(item.gloss for item in scene.protected))
