"""Universal Dependencies trees as the network's targets, on our own segmentation of their words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hyperlex.scene.boundary import owners_of
from hyperlex.scene.tree import Tree
from hyperlex.types import Sentence, Span, Word
from hyperlex.word.clean import canonical
from hyperlex.word.segment import pieces_of

EXCLUDED = ("17cent",)
"""Training sets left out: the office language of the 17th century, without lemmas."""

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Target:
    """One word of a sentence and what the network should say of it.

    Attributes:
        form: the spelling, as `segment` gives it.
        lemma: of the treebank; "" where it says nothing, as for the later parts of a word that the
            treebank does not cut and we do.
        upos: part of speech, or "" where unknown.
        feats: CoNLL-U notation, or None where unknown.
        head: the place of the head in the sentence, its own for the root.
        relation: to the head.
        starts: whether a clause begins or resumes here; None for punctuation.
    """

    form: str
    lemma: str
    upos: str
    feats: str | None
    head: int
    relation: str
    starts: bool | None


def training_files(treebank: Path) -> list[Path]:
    """The files to train on, by name; never those to develop on."""
    found = sorted(treebank.glob("train_*.conllu"))
    return [path for path in found if not any(name in path.name for name in EXCLUDED)]


def read(paths: Iterable[Path]) -> list[list[Target]]:
    """The sentences of CoNLL-U files but those without a sound tree or longer than 80 words."""
    sentences = []
    for path in paths:
        for rows in _blocks(path):
            if 2 <= len(rows) <= _LONGEST and _is_tree(rows):
                sentences.append(_targets(rows))
    return sentences


def _blocks(path: Path) -> Iterator[list[list[str]]]:
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = (line.split("\t") for line in block.split("\n") if line and line[0] != "#")
        rows = [row for row in lines if row[0].isdigit()]
        if rows:
            yield rows


def _is_tree(rows: list[list[str]]) -> bool:
    known = {row[0] for row in rows}
    heads = [row[6] for row in rows]
    return heads.count("0") == 1 and all(head in known or head == "0" for head in heads)


def _targets(rows: list[list[str]]) -> list[Target]:
    place = {row[0]: k for k, row in enumerate(rows)}
    heads = [k if row[6] == "0" else place[row[6]] for k, row in enumerate(rows)]
    starts = _clause_starts(rows, heads)
    pieces = [_pieces(row[1]) for row in rows]
    first = [0]
    for parts in pieces:
        first.append(first[-1] + len(parts))
    targets = []
    for k, (row, parts) in enumerate(zip(rows, pieces, strict=True)):
        mark = row[3] == "PUNCT"
        # Features of names are often left out; an empty cell there says nothing.
        feats = None if row[3] == "PROPN" and row[5] == "_" else row[5].replace("_", "")
        lemma = "" if row[2] == "_" else row[2]
        targets.append(Target(parts[0], lemma, row[3], feats, first[heads[k]], row[7],
                              None if mark else starts[k]))  # fmt: skip
        for part in parts[1:]:
            alphabetic = any(c.isalnum() for c in part)
            relation = "flat" if alphabetic else "punct"
            upos = "" if alphabetic else "PUNCT"
            targets.append(Target(part, "", upos, None, first[k], relation, None))
    return targets


def _pieces(form: str) -> list[str]:
    return [canonical(form[start:stop]) for start, stop in pieces_of(form)] or [form]


def _clause_starts(rows: list[list[str]], heads: list[int]) -> list[bool]:
    """Whether the clause changes before each word, by the same rules that analyse text."""
    words = tuple(
        Word(
            Span(k, k + 1), row[1], row[2], row[3], row[5].replace("_", ""), k, heads[k], row[7], ""
        )
        for k, row in enumerate(rows)
    )
    owners, _ = owners_of(Tree(Sentence(Span(0, len(rows)), words, (1.0,) * len(rows))))
    starts = [False] * len(rows)
    before = None
    for k, row in enumerate(rows):
        if row[3] != "PUNCT":
            starts[k] = before is not None and owners[k] != before
            before = owners[k]
    return starts
