"""Scenes by trees that people drew: what the extractor would find if its parser made no mistake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hyperlex.errors import FormatError
from hyperlex.scene.assemble import scenes_of
from hyperlex.scene.boundary import owners_of
from hyperlex.scene.scene import Scene
from hyperlex.scene.tree import Tree
from hyperlex.types import Sentence, Span, Word

_TEXT = "# text = "
_COLUMNS = 10


def gold_scenes(path: Path) -> Iterator[tuple[str, tuple[Scene, ...]]]:
    """The sentences of a CoNLL-U file, each with its text and the scenes of its own tree: lemmas,
    features and relations are the treebank's, the rules that make scenes of them ours.

    Raises:
        FormatError: a sentence without its text, or with words that do not stand in it.
    """
    for number, block in enumerate(path.read_text(encoding="utf-8").strip().split("\n\n"), 1):
        lines = block.split("\n")
        text = next((line[len(_TEXT) :] for line in lines if line.startswith(_TEXT)), "")
        rows = [line.split("\t") for line in lines if line and line[0] != "#"]
        rows = [row for row in rows if len(row) == _COLUMNS and row[0].isdigit()]
        if rows:
            where = f"{path}, sentence {number}"
            yield text, scenes_of(_sentence(rows, text, where), text)


def _sentence(rows: list[list[str]], text: str, where: str) -> Sentence:
    places = {row[0]: place for place, row in enumerate(rows)}
    words, at = [], 0
    for place, (_, form, lemma, upos, _, feats, head, relation, *_) in enumerate(rows):
        start = text.find(form, at)
        if start < 0:
            raise FormatError(
                f"{where}: {form!r} does not follow in {text!r}. Words in the order of `# text` "
                "were expected: check the file."
            )
        at = start + len(form)
        known = "" if feats == "_" else feats
        governor = places.get(head, place)
        span = Span(start, at)
        words.append(Word(span, form, lemma, upos, known, place, governor, relation, "treebank"))
    span = Span(words[0].span.start, words[-1].span.stop)
    tree = Tree(Sentence(span, tuple(words), (1.0,) * len(words)))
    # A clause begins where the tree says so, and nowhere else.
    owners, _ = owners_of(tree)
    changes = {
        b for a, b in zip(tree.content, tree.content[1:], strict=False) if owners[a] != owners[b]
    }
    breaks = tuple(float(place == 0 or place in changes) for place in range(len(words)))
    return Sentence(span, tuple(words), breaks)
