"""One self-contained HTML page: a text with its scenes as soft colours. The looks are in
`analyze.html`.

Whatever comes from outside passes `_safe` or `_json` on its way in.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import hyperlex
from hyperlex.cli.analysis import Analysed, Block
from hyperlex.cli.analyze_table import (
    clauses,
    counted,
    decided,
    facets,
    flat,
    manner,
    relation,
    scene_text,
    tag,
    words_proper,
)
from hyperlex.scene.scene import Scene, SceneKind
from hyperlex.types import Morpheme, Span, Word
from hyperlex.visible import visible

SHOWN = 40_000
"""Characters that the page shows at most; the figures are always of the whole text."""

HUES = 5
"""Colours of scenes, in turn: an interrupted scene goes on in its own."""


class AnalysisPage:
    """Collects sentences as they come, and turns them into a page."""

    def __init__(self, *, why: bool = False) -> None:
        self._why = why
        self._counts = [0, 0, 0, 0]
        self._room = SHOWN
        self._cut = False
        self._block: Block | None = None
        self._end = 0
        self._files: list[str] = []
        self._text: list[str] = []
        self._scenes: list[dict[str, Any]] = []
        self._words: list[list[str]] = []

    def add(self, sentence: Analysed) -> None:
        """Show one more sentence, where there is room."""
        counts = (1, len(words_proper(sentence)), clauses(sentence), len(sentence.scenes))
        self._counts = [a + b for a, b in zip(self._counts, counts, strict=True)]
        self._room -= len(sentence.span)
        self._cut = self._cut or self._room < 0
        if self._cut:
            return
        self._open(sentence.block)
        text, span = sentence.block.text, sentence.span
        self._text.append(_gap(text[self._end : span.start]))
        self._text += self._sentence(sentence)
        self._end = span.stop

    def render(self) -> str:
        """The page as HTML."""
        name = Path(self._files[0]).name if len(self._files) == 1 else ""
        note = f"The first {SHOWN:,} characters are shown; the figures are of all."
        # One pass: a text that holds {{text}} stays what it is.
        parts = {
            "title": _safe(name or "A text"),
            "version": _safe(hyperlex.__version__),
            "lead": _safe(counted(self._counts)),
            "note": f'<p class="note">{note}</p>' if self._cut else "",
            "files": "one" if len(self._files) < 2 else "several",
            "text": "".join([*self._text, "</p>" if self._block else "<p>No words.</p>"]),
            "data": _json({"scenes": self._scenes, "words": self._words}),
        }
        template = files("hyperlex.cli").joinpath("analyze.html").read_text("utf-8")
        return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)

    def _open(self, block: Block) -> None:
        """Begin the text of another file, or go on with the next block of this one."""
        if block is self._block:
            return
        if self._block is not None:
            self._text.append(_gap(self._block.text[self._end :]))
        if self._block is None or block.file not in self._files:
            self._text.append("</p>" if self._block else "")
            if block.file is not None:
                self._files.append(block.file)
                self._text.append(f"<h2>{_safe(Path(block.file).name)}</h2>")
            self._text.append('<p class="text" lang="ru">')
        self._block, self._end = block, 0

    def _sentence(self, sentence: Analysed) -> Iterator[str]:
        text, end = sentence.block.text, sentence.span.start
        first_word, first_scene = len(self._words), len(self._scenes)
        numbers = {word.index: first_word + i for i, word in enumerate(sentence.words)}
        self._words += [self._word(sentence, word) for word in sentence.words]
        self._scenes += [self._scene(sentence, scene, numbers) for scene in sentence.scenes]
        segments = sorted(
            (segment, number)
            for number, scene in enumerate(sentence.scenes, first_scene)
            for segment in scene.segments
        )
        opened = set()
        for segment, number in segments:
            scene = sentence.scenes[number - first_scene]
            stop = ' tabindex="0" role="button"' if number not in opened else ""
            opened.add(number)
            hue = "none" if scene.kind is SceneKind.NOMINAL else number % HUES
            yield _safe(text[end : segment.start])
            yield f'<span class="s h{hue}" data-s="{number}"{stop}>'
            yield from self._segment(sentence, scene, segment, numbers)
            yield "</span>"
            end = segment.stop
        yield _safe(text[end : sentence.span.stop])

    def _segment(
        self, sentence: Analysed, scene: Scene, segment: Span, numbers: dict[int, int]
    ) -> Iterator[str]:
        text, end = sentence.block.text, segment.start
        begins = {piece.span.start for piece in scene.clauses} - {segment.start}
        for word in scene.words:
            if not segment.start <= word.span.start < segment.stop:
                continue
            bar = '<b class="bar"></b>' if word.span.start in begins else ""
            kept = any(
                item.span.start <= word.span.start and word.span.stop <= item.span.stop
                for item in scene.protected
            )
            yield f"{bar}{_safe(text[end : word.span.start])}"
            yield f'<span class="w{" kept" if kept else ""}" data-w="{numbers[word.index]}">'
            yield _parts(word, sentence.morphemes.get(word.index, ()))
            yield "</span>"
            end = word.span.stop
        yield _safe(text[end : segment.stop])

    def _word(self, sentence: Analysed, word: Word) -> list[str]:
        """What the page says of a word: lemma, tag, and why."""
        told = [flat(word.lemma), tag(word)]
        if self._why:
            parts = sentence.morphemes.get(word.index, ())
            told += [relation(word, sentence), decided(word, parts)]
        return told

    def _scene(self, sentence: Analysed, scene: Scene, numbers: dict[int, int]) -> dict[str, Any]:
        """What the page says of a scene."""
        roles = {argument.word.index: argument.role for argument in scene.arguments}
        if scene.agent.word is not None:
            roles[scene.agent.word.index] = scene.agent.role
        if scene.event.word is not None:
            roles[scene.event.word.index] = "event"
        return {
            "text": scene_text(sentence.block.text, scene),
            "manner": manner(scene),
            "facets": list(facets(scene)),
            "words": [
                [numbers[word.index], roles.get(word.index, "")]
                for word in scene.words
                if word.upos != "PUNCT"
            ],
            "why": "\n".join(map(visible, sentence.why)),
        }


def _parts(word: Word, parts: tuple[Morpheme, ...]) -> str:
    if not parts:
        return _safe(word.text)
    return "".join(f'<i class="{part.type.lower()}">{_safe(part.text)}</i>' for part in parts)


def _safe(text: str) -> str:
    """Text as HTML, with nothing left in it that a browser would run, hide or reverse."""
    lines = text.replace("\r\n", "\n").split("\n")
    return html.escape("\n".join("\t".join(map(visible, line.split("\t"))) for line in lines))


def _gap(text: str) -> str:
    """What stands between sentences; empty lines are drawn as a gap."""
    return re.sub(r"\n\s*\n", lambda lines: f'<span class="gap">{lines[0]}</span>', _safe(text))


def _json(value: object) -> str:
    """JSON that cannot end the script element that it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
