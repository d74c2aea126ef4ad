"""A strict reader of the golden files: what it does not understand is an error with file and line.

The notations are described in README.md beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from hyperlex.errors import FormatError
from hyperlex.types import MorphemeType, Span

FOLDER = Path(__file__).parent

GENRES = ("fiction", "news", "law", "dialogue", "science")
POLARITIES = ("+", "-")
MODALITIES = ("can", "must", "want", "dare", "almost", "conditional", "imperative", "question")
"""In canonical order; `fact` stands alone, for none of them."""
TENSES = ("past", "present", "future", "none")
UPOS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN"),
    *("PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
FEATURES = {
    "Animacy": ("Anim", "Inan"),
    "Aspect": ("Imp", "Perf"),
    "Case": ("Nom", "Gen", "Dat", "Acc", "Ins", "Loc", "Par", "Voc"),
    "Degree": ("Pos", "Cmp", "Sup"),
    "Gender": ("Masc", "Fem", "Neut"),
    "Mood": ("Ind", "Imp", "Cnd"),
    "Number": ("Sing", "Plur"),
    "Person": ("1", "2", "3"),
    "Polarity": ("Neg",),
    "Tense": ("Past", "Pres", "Fut"),
    "Variant": ("Short",),
    "VerbForm": ("Fin", "Inf", "Part", "Conv"),
    "Voice": ("Act", "Pass", "Mid"),
}

_AGENT = re.compile(r"—|\((?:[123](?:sg|pl)|(?:sg(?:\.[mfn])?|pl))\)|[А-Яа-яЁё]+(?:-[А-Яа-яЁё]+)*")
_PIECES = re.compile(r"\d+(?:[-+]\d+)*")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")
_OPENING = " \n—–«“„([`"
"""What stands before the first word of a piece and yet after its bar."""


@dataclass(frozen=True, slots=True)
class GoldScene:
    """The facets of one scene of a passage.

    Attributes:
        where: file and line.
        pieces: its clause pieces, as indices into `Passage.pieces` (from 0).
        polarity, modality, tense, agent: as in `hyperlex.scene`; `agent` is the gloss.
    """

    where: str
    pieces: tuple[int, ...]
    polarity: str
    modality: tuple[str, ...]
    tense: str
    agent: str

    @property
    def notation(self) -> str:
        """The line as the file has it, `1+3  - can  past  он`."""
        facets = (self.polarity + " " + "+".join(self.modality), self.tense, self.agent)
        return "  ".join((_number(self.pieces), *facets))


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence or a few, with its clause boundaries.

    Attributes:
        where: file and line of its first line.
        genre: one of `GENRES`, or "" in a file that has none.
        text: without the bars.
        pieces: the clause pieces in order, blanks at their edges left out.
        starts: for each piece, the offset of its first letter or digit: where the boundary is,
            whatever marks stand around the bar. The first is that of the passage.
        scenes: in order; empty in a file of clauses.
        joined: groups of pieces (indices from 0) that are one interrupted clause; only in a file of
            clauses.
    """

    where: str
    genre: str
    text: str
    pieces: tuple[Span, ...]
    starts: tuple[int, ...]
    scenes: tuple[GoldScene, ...]
    joined: tuple[tuple[int, ...], ...]

    @property
    def notation(self) -> str:
        """The text with its bars, as the file has it."""
        return barred(self.text, self.starts)


@dataclass(frozen=True, slots=True)
class GoldMorphemes:
    """A word and its morphemes, in order."""

    where: str
    section: str
    word: str
    morphemes: tuple[tuple[str, MorphemeType], ...]

    @property
    def notation(self) -> str:
        """As the file has it, `под:PREF/окон:ROOT/ник:SUFF`."""
        return "/".join(f"{text}:{kind}" for text, kind in self.morphemes)


@dataclass(frozen=True, slots=True)
class GoldWord:
    """A token in its sentence; `feats` are only those that must hold."""

    where: str
    section: str
    text: str
    span: Span
    lemma: str
    upos: str
    feats: tuple[tuple[str, str], ...]

    @property
    def notation(self) -> str:
        """The sentence with its word in stars, invisible characters as `\\u00ad`."""
        start, stop = self.span.start, self.span.stop
        marked = f"{self.text[:start]}*{self.text[start:stop]}*{self.text[stop:]}"
        return re.sub("[\u00ad\u0301]", lambda found: f"\\u{ord(found[0]):04x}", marked)


def barred(text: str, starts: Iterable[int]) -> str:
    """`text` with a bar before each of `starts`, after the marks that close the piece before it.

    The start of the text itself gets none. An answer printed so compares with the golden line.
    """
    parts, done = [], 0
    for start in sorted(starts):
        cut = start
        while cut > done and text[cut - 1] in _OPENING:
            cut -= 1
        if cut > done:
            parts.append(text[done:cut])
            done = cut
    return "|".join([*parts, text[done:]])


def read_scenes(path: Path = FOLDER / "scenes.txt") -> tuple[Passage, ...]:
    """The passages of a file of scenes; FormatError names the line that breaks the notation."""
    return tuple(_passages(path, with_scenes=True))


def read_clauses(path: Path = FOLDER / "clauses.txt") -> tuple[Passage, ...]:
    """The passages of a file of clauses; FormatError names the line that breaks the notation."""
    return tuple(_passages(path, with_scenes=False))


def read_morphemes(path: Path = FOLDER / "morphemes.tsv") -> tuple[GoldMorphemes, ...]:
    """The words of a file of morphemes; FormatError names the line that breaks the notation."""
    rows: list[GoldMorphemes] = []
    seen: set[str] = set()
    for where, section, (word, cut) in _table(path, columns=2):
        morphemes = tuple(_morpheme(where, piece) for piece in cut.split("/"))
        if (joined := "".join(text for text, _ in morphemes)) != word:
            _fail(where, f"the morphemes make {joined!r}", f"the word {word!r}", "mend the cut")
        if not any(kind is MorphemeType.ROOT for _, kind in morphemes):
            _fail(where, f"no root in {cut!r}", "at least one ROOT", "label it")
        if word in seen:
            _fail(where, f"{word!r} again", "each word once", "delete one of the lines")
        seen.add(word)
        rows.append(GoldMorphemes(where, section, word, morphemes))
    return tuple(rows)


def read_words(path: Path = FOLDER / "words.tsv") -> tuple[GoldWord, ...]:
    """The tokens of a file of words; FormatError names the line that breaks the notation."""
    rows = []
    for where, section, (marked, lemma, upos, feats) in _table(path, columns=4):
        parts = _unescape(marked).split("*")
        if len(parts) != 3 or not parts[1]:
            _fail(where, f"{marked!r}", "one word in stars, «Он *стал* у окна.»", "mark one word")
        before, word, after = parts
        if upos not in UPOS:
            _fail(where, f"part of speech {upos!r}", f"one of {' '.join(UPOS)}", "correct it")
        if not lemma or lemma != lemma.strip():
            _fail(where, f"lemma {lemma!r}", "a dictionary form", "write it")
        span = Span(len(before), len(before) + len(word))
        pairs = _feats(where, feats)
        rows.append(GoldWord(where, section, before + word + after, span, lemma, upos, pairs))
    return tuple(rows)


def _fail(where: str, met: str, expected: str, remedy: str) -> NoReturn:
    raise FormatError(f"{where}: {met}; expected {expected}: {remedy}")


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Each line with where it stands; blanks at its end are an error."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        where = f"{path.name}:{number}"
        if line != line.rstrip():
            _fail(where, f"blanks at the end of {line!r}", "none", "delete them")
        yield where, line


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def _table(path: Path, columns: int) -> Iterator[tuple[str, str, list[str]]]:
    """The rows of a tab-separated file with the section comment above each."""
    section = ""
    for where, line in _lines(path):
        if line.startswith("#"):
            section = line.removeprefix("#").strip()
        elif line:
            cells = line.split("\t")
            if len(cells) != columns:
                _fail(where, f"{len(cells)} columns", f"{columns}", "separate them by one tab")
            yield where, section, cells


def _morpheme(where: str, piece: str) -> tuple[str, MorphemeType]:
    text, colon, label = piece.rpartition(":")
    if not colon or not text:
        _fail(where, f"{piece!r}", "text:LABEL", "write a morpheme and its label")
    if label not in set(MorphemeType):
        legal = " ".join(MorphemeType)
        _fail(where, f"label {label!r} in {piece!r}", f"one of {legal}", "correct it")
    if (text == "-") != (label == "HYPH"):
        _fail(where, f"{piece!r}", "HYPH for a hyphen and for nothing else", "correct the label")
    return text, MorphemeType(label)


def _feats(where: str, feats: str) -> tuple[tuple[str, str], ...]:
    if feats == "_":
        return ()
    pairs = []
    for pair in feats.split("|"):
        name, _, value = pair.partition("=")
        if value not in FEATURES.get(name, ()):
            _fail(where, f"feature {pair!r}", "a name and value of UD", "correct it")
        pairs.append((name, value))
    names = [name for name, _ in pairs]
    if names != sorted(set(names)):
        _fail(where, f"features {feats!r}", "each name once, in order of the alphabet", "sort them")
    return tuple(pairs)


def _number(pieces: tuple[int, ...]) -> str:
    """`(0, 1, 3)` as `1-2+4`."""
    runs: list[list[int]] = []
    for piece in pieces:
        if runs and piece == runs[-1][1] + 1:
            runs[-1][1] = piece
        else:
            runs.append([piece, piece])
    return "+".join(f"{a + 1}-{b + 1}" if a < b else f"{a + 1}" for a, b in runs)


def _numbers(where: str, written: str, count: int) -> tuple[int, ...]:
    """`1-2+4` as `(0, 1, 3)`: pieces that exist, in order."""
    if not _PIECES.fullmatch(written):
        _fail(where, f"pieces {written!r}", "numbers as in 1, 1-2 or 1+3", "correct them")
    found: list[int] = []
    for run in written.split("+"):
        first, *rest = [int(end) for end in run.split("-")]
        if len(rest) > 1 or (rest and rest[0] <= first):
            _fail(where, f"run {run!r}", "two numbers, the smaller first", "correct it")
        found.extend(range(first - 1, rest[0] if rest else first))
    if found != sorted(set(found)) or found[0] < 0 or found[-1] >= count:
        _fail(where, f"pieces {written!r}", f"numbers from 1 to {count} in order", "count the bars")
    return tuple(found)


def _passages(path: Path, *, with_scenes: bool) -> Iterator[Passage]:
    """Passages are runs of lines between blank ones: the text flush left, then indented lines."""
    genre = ""
    block: list[tuple[str, str]] = []
    for where, line in [*_lines(path), ("", "")]:
        if line.startswith("# genre:"):
            genre = line.removeprefix("# genre:").strip()
            if genre not in GENRES:
                _fail(where, f"genre {genre!r}", f"one of {' '.join(GENRES)}", "correct it")
        elif line.startswith("#"):
            continue
        elif line:
            block.append((where, line))
            continue
        if block:
            yield _passage(block, genre, with_scenes=with_scenes)
            block = []


def _passage(block: list[tuple[str, str]], genre: str, *, with_scenes: bool) -> Passage:
    where = block[0][0]
    written = [line for _, line in block if not line.startswith(" ")]
    below = block[len(written) :]
    if not written:
        _fail(where, f"{block[0][1]!r} without a text above it", "a line of text", "unindent it")
    for place, line in below:
        if not line.startswith("  "):
            _fail(place, f"text {line!r} after indented lines", "a blank line before it", "add one")
    for place, line in block[: len(written) - 1]:
        if not line.endswith("|"):
            _fail(place, f"a line break inside a clause after {line[-20:]!r}", "a bar", "add it")
    text, pieces, starts = _pieces(where, "\n".join(written))
    if not with_scenes:
        joined = tuple(_numbers(place, line.strip(), len(pieces)) for place, line in below)
        for (place, line), group in zip(below, joined, strict=True):
            if len(group) < 2 or group == tuple(range(group[0], group[-1] + 1)):
                _fail(place, f"{line.strip()!r}", "pieces of an interrupted clause, 1+3", "drop it")
        return Passage(where, genre, text, pieces, starts, (), joined)
    if not genre:
        _fail(where, "no genre yet", "a line `# genre: …` above", "add it")
    scenes = tuple(_scene(place, line, len(pieces)) for place, line in below)
    told = [piece for scene in scenes for piece in scene.pieces]
    if sorted(told) != list(range(len(pieces))):
        met = f"scenes of pieces {_number(tuple(sorted(told))) or 'none'}"
        _fail(where, met, f"each of 1 to {len(pieces)} in one scene", "add or correct a line")
    if (firsts := [scene.pieces[0] for scene in scenes]) != sorted(firsts):
        _fail(where, "scenes out of order", "the order of their first pieces", "sort the lines")
    return Passage(where, genre, text, pieces, starts, scenes, ())


def _pieces(where: str, written: str) -> tuple[str, tuple[Span, ...], tuple[int, ...]]:
    """The text without bars, its pieces, and the offset of the first letter or digit of each."""
    spans, starts, offset = [], [], 0
    for part in written.split("|"):
        first = next((i for i, character in enumerate(part) if character.isalnum()), None)
        if first is None:
            _fail(where, f"a piece {part!r} without a word", "words between bars", "drop a bar")
        lead = len(part) - len(part.lstrip())
        spans.append(Span(offset + lead, offset + len(part.rstrip())))
        starts.append(offset + first)
        offset += len(part)
    return written.replace("|", ""), tuple(spans), tuple(starts)


def _scene(where: str, line: str, count: int) -> GoldScene:
    cells = line.split()
    if len(cells) != 5:
        _fail(where, f"{line.strip()!r}", "pieces, polarity, modality, tense, agent", "complete it")
    numbers, polarity, modality, tense, agent = cells
    if polarity not in POLARITIES:
        _fail(where, f"polarity {polarity!r}", "+ or -", "correct it")
    if tense not in TENSES:
        _fail(where, f"tense {tense!r}", f"one of {' '.join(TENSES)}", "correct it")
    if not _AGENT.fullmatch(agent):
        _fail(where, f"agent {agent!r}", "a lemma, (1sg) or —", "correct it")
    operators = tuple(modality.split("+"))
    canonical = tuple(name for name in MODALITIES if name in operators)
    if operators not in (canonical, ("fact",)):
        legal = f"`fact` or some of {' '.join(MODALITIES)} in this order"
        _fail(where, f"modality {modality!r}", legal, "correct it")
    return GoldScene(where, _numbers(where, numbers, count), polarity, operators, tense, agent)
