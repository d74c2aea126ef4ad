"""Text to clauses and scenes."""

from __future__ import annotations

from collections.abc import Iterator

from hyperlex.errors import require_text
from hyperlex.scene.assemble import Clauses, make_scenes
from hyperlex.scene.layout import Layout
from hyperlex.scene.memo import Memo
from hyperlex.scene.scene import Clause, Scene
from hyperlex.word import iter_sentences, sentences


class _Analysis:
    """One text: its clauses at once, its scenes when somebody asks for them."""

    __slots__ = ("_cut", "_scenes", "clauses", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._cut: list[Clauses] = []
        self._scenes: tuple[Scene, ...] | None = None
        number = 0
        for sentence in sentences(text):
            if sentence.words:
                self._cut.append(Clauses(sentence, number))
                number += self._cut[-1].count
        self.clauses = tuple([piece for made in self._cut for piece in made.pieces])

    @property
    def scenes(self) -> tuple[Scene, ...]:
        if self._scenes is None:
            layout = Layout(self.text)
            self._scenes = tuple(
                [scene for made in self._cut for scene in make_scenes(made, self.text, layout)]
            )
            self._cut = []
        return self._scenes


_analysis = Memo(_Analysis)


def clauses(text: str) -> tuple[Clause, ...]:
    """The pieces of the clauses of `text`, in order; those of a sentence tile it.

    An interrupted clause has several pieces with the same `number`. Raises TypeError for what is no
    str.
    """
    require_text(text)
    return _analysis(text).clauses


def scenes(text: str) -> tuple[Scene, ...]:
    """The scenes of `text` with their facets, sentence by sentence, in order of their first word.

    The clause pieces of a sentence are shared out among its scenes. For a long text
    `iter_scenes` holds one sentence at a time. Raises TypeError for what is no str.
    """
    require_text(text)
    return _analysis(text).scenes


def iter_scenes(text: str) -> Iterator[Scene]:
    """The same scenes one by one; memory does not grow with the text."""
    require_text(text)
    layout = Layout(text)
    number = 0
    for sentence in iter_sentences(text):
        if sentence.words:
            made = Clauses(sentence, number)
            number += made.count
            yield from make_scenes(made, text, layout)
