"""Passages with their codes at every rung, scene by scene, made once and kept."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex import ladder
from hyperlex.codebook.corpus import documents, text_files
from hyperlex.codebook.joints import analyzer_version
from hyperlex.files import atomic_write_text
from hyperlex.ladder.encode import INFLECTED, VERBATIM
from hyperlex.ladder.lexicon import EXACT, TEXT
from hyperlex.recipes.pretrain.tokens import characters_of, end_of_text
from hyperlex.scene import scenes
from hyperlex.tokenizer import HyperTokenizer

Integers = NDArray[np.int64]
Code = tuple[int, ...]

RUNGS = (1, 2, 3)
STRETCH = 4_000
"""Characters of a training passage, about."""
_ONE_IN = 8
"""Of the stretches of a file one in so many is taken, so that they come from more of it."""


@dataclass(frozen=True)
class Passage:
    """A text, its exact ids, and the codes of its scenes.

    Attributes:
        domain: where it is from.
        text: the text.
        ids: int64 [T], the exact lane.
        stops: int64 [T], where in `text` each token ends.
        begins: int64 [S], the token in which each scene begins, in order; the first is 0.
        codes: by rung, ids for each of the S scenes. A scene that is told in running text begins
            with its marker.
    """

    domain: str
    text: str
    ids: Integers
    stops: Integers
    begins: Integers
    codes: dict[int, list[Code]]

    def character(self, token: int) -> int:
        """Where in the text a token begins."""
        return int(self.stops[token - 1]) if token else 0

    def pieces(self, first: int, last: int) -> list[Integers]:
        """The exact ids of scenes `first` to `last`, without the last, one array for each."""
        edges = [*self.begins[first:last].tolist(), self.edge(last)]
        return [self.ids[start:stop] for start, stop in pairwise(edges)]

    def edge(self, scene: int) -> int:
        """The token in which a scene begins; of the one after the last, the end."""
        return int(self.begins[scene]) if scene < len(self.begins) else len(self.ids)


class Coder:
    """Makes passages with one tokenizer.

    Args:
        tok: a tokenizer with scene ids.
    """

    def __init__(self, tok: HyperTokenizer) -> None:
        self.tok = tok
        self.end = end_of_text(tok)
        self.first = tok.layout.first_scene
        self.markers = (self.first + TEXT, self.first + EXACT)
        self._characters = characters_of(tok)

    def passage(self, text: str, domain: str = "") -> Passage:
        """A text, analysed and coded by itself."""
        draft = self.tok.ladder.read(text, scenes(text))
        order = sorted(range(len(draft.scenes)), key=lambda k: draft.scenes[k].span.start)
        starts = [draft.scenes[k].span.start * bool(place) for place, k in enumerate(order)]
        pieces = [text[a:b] for a, b in pairwise([*starts, len(text)])]
        codes: dict[int, list[Code]] = {}
        for rung in RUNGS:
            told = draft.at_rung(rung)
            outlined = draft.encode(told) if rung < INFLECTED else None
            codes[rung] = []
            for scene, piece in zip(order, pieces, strict=True):
                if told[scene].rung == VERBATIM:
                    ids = [self.first + EXACT, *self.tok.encode(piece)]
                elif outlined is None:
                    inflected = self.tok.ladder.inflector.encode(piece, draft.lexemes)
                    ids = [self.first + TEXT, *inflected]
                else:
                    place = outlined.places[scene]
                    ids = list(outlined.ids[place.start : place.stop])
                codes[rung].append(tuple(ids))
        return self._with_exact(text, domain, starts, codes)

    def _with_exact(
        self, text: str, domain: str, starts: Sequence[int], codes: dict[int, list[Code]]
    ) -> Passage:
        ids = np.array(self.tok.encode(text), np.int64)
        stops = np.cumsum(self._characters[ids])
        begins = np.searchsorted(stops, np.array(starts), "right")
        return Passage(domain, text, ids, stops, begins, codes)

    def joined(self, codes: Sequence[Code]) -> list[int]:
        """Codes of adjoining scenes as one: a marker is not said again while it holds."""
        ids: list[int] = []
        holds = -1
        for code in codes:
            marker = code[0] if code and code[0] in self.markers else -1
            ids += code[1:] if marker >= 0 and marker == holds else code
            holds = marker
        return ids

    def last_that_fit(self, codes: Sequence[Code], room: int) -> int:
        """The first of the longest run of codes at the end that `joined` takes `room` ids for."""
        first = len(codes)
        while first > 0 and len(self.joined(codes[first - 1 :])) <= room:
            first -= 1
        return first

    @cached_property
    def version(self) -> str:
        """Another string after each change of what a code depends on."""
        digest = hashlib.sha256()
        digest.update(self.tok.base.sha256.encode())
        digest.update(self.tok.codebook.ids.tobytes() + self.tok.codebook.lengths.tobytes())
        digest.update(self.tok.lexicon.sha256.encode() + analyzer_version().encode())
        for file in sorted(Path(ladder.__file__).parent.rglob("*.py")):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:16]

    def write(self, path: Path, passages: Sequence[Passage]) -> None:
        """Keep passages, a line of JSON each."""
        lines = []
        for passage in passages:
            starts = [passage.character(token) for token in passage.begins.tolist()]
            kept: dict[str, Any] = {"domain": passage.domain, "text": passage.text}
            lines.append(json.dumps(kept | {"starts": starts, "codes": passage.codes}))
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_text(path, "\n".join(lines) + "\n")

    def read(self, path: Path) -> list[Passage]:
        """What `write` kept."""
        passages = []
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                kept = json.loads(line)
                codes = {int(rung): list(map(tuple, c)) for rung, c in kept["codes"].items()}
                passages.append(
                    self._with_exact(kept["text"], kept["domain"], kept["starts"], codes)
                )
        return passages


def coded_sample(coder: Coder, corpora: Path, characters: int, cache: Path) -> list[Passage]:
    """Passages to learn from: of each domain about as much, and the same at every call.

    Args:
        characters: of all domains together.
        cache: a folder; what was coded there before is read.
    """
    path = cache / f"passages-{coder.version}-{characters}.jsonl"
    if not path.is_file():
        coder.write(
            path, [coder.passage(text, name) for name, text in _sample(corpora, characters)]
        )
    return coder.read(path)


def _sample(corpora: Path, characters: int) -> Iterator[tuple[str, str]]:
    """Domain and text: stretches of documents, short documents joined line by line."""
    folders = sorted(path for path in corpora.iterdir() if path.is_dir())
    for folder in folders:
        files = text_files(folder)
        for file in files:
            taken = 0
            for text in _stretches(file):
                if zlib.crc32(text.encode()) % _ONE_IN == 0:
                    yield folder.name, text
                    taken += len(text)
                if taken >= characters / len(folders) / len(files):
                    break


def _stretches(file: Path) -> Iterator[str]:
    held = ""
    for document in documents(file):
        held = f"{held}\n{document.text}" if held else document.text
        while len(held) >= STRETCH:
            yield held[:STRETCH].strip()
            held = held[STRETCH:]
    if held.strip():
        yield held.strip()
