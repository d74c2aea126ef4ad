"""The learned table of government: which preposition and case a word takes where it stands.

A sum of small integers: every trait of the place (the word itself, its neighbours, the predicate,
what was chosen before) has a row with a score for each pair of preposition and case, and the pair
with the highest sum is taken. Integers, so that the same outline gives the same text everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zlib import compress, decompress

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import FormatError
from hyperlex.ladder.realise.forms import Forms

FORMAT_VERSION = 1
WEIGHTS = "government.safetensors"

Pair = tuple[str, str]
"""Preposition without its vowel, and case."""

NOMINATIVE: Pair = ("", "Nom")
OBJECT: Pair = ("", "Acc")

SIDES = "ban"
"""Before the predicate, after it, without one."""

_ENDING = 3


class Roles:
    """The rows of a word in each place that it may take for another, 0 where it has none.

    Attributes:
        sides: of the word itself, by the side of the predicate that it stands on; of its last
            letters too, for words that have no rows of their own.
        left, right: as the neighbour of another word.
        modifier: as the first modifier of another.
        join: of a modifier, of what stands before it and of the noun after it, where it is asked
            whether the two belong together.
        sort: of the word, as small traits have it: `Na` a noun that lives, `Ni` another noun, `P`.
    """

    __slots__ = ("join", "left", "modifier", "right", "sides", "sort")

    def __init__(self, forms: Forms, rows: Mapping[str, int]) -> None:
        name = forms.trait
        ending = rows.get(f"e|{forms.lemma[-_ENDING:].lower()}/{forms.kind}", 0)
        anywhere = rows.get("t|" + name, 0)
        self.sides = {side: (anywhere, rows.get(f"t{side}|{name}", 0), ending) for side in SIDES}
        self.left = rows.get("l|" + name, 0)
        self.right = rows.get("r|" + name, 0)
        self.modifier = rows.get("m|" + name, 0)
        self.join = tuple(rows.get(f"{role}|{name}", 0) for role in ("ht", "hl", "hr"))
        self.sort = forms.kind + ("a" if forms.animate else "i") * (forms.kind == "N")


class Table:
    """Scores by trait.

    Attributes:
        pairs: what can be chosen, the most frequent first.
        scores: `[R, P]` int16, or int32 while it is learned; row 0 is of all traits that are not
            known.
        plural: R points for the plural.
        rows: rows by trait; a trait is written `name|part|part`.
        participles: the kind of full participle that a verb is met in, where it is not the usual.
        indoors: nouns whose locative after «в» and «на» is that of «в лесу».
        impersonal: short forms that mostly stand by themselves: «нужно», «важно».
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        traits: Sequence[str],
        scores: NDArray[np.int16] | NDArray[np.int32],
        plural: Sequence[int],
        participles: Mapping[str, str],
        indoors: frozenset[str],
        impersonal: frozenset[str],
    ) -> None:
        self.pairs = tuple(pairs)
        self.index = {pair: k for k, pair in enumerate(self.pairs)}
        self.scores = scores
        self.plural = list(plural)
        self.rows = {trait: k + 1 for k, trait in enumerate(traits)}
        self.small = {
            tuple(trait.split("|")): row
            for trait, row in self.rows.items()
            if trait[1] == "|" and trait[0] in "pgkqnochxyvi"
        }
        self.participles = participles
        self.indoors = indoors
        self.impersonal = impersonal
        self.traits = tuple(traits)

    def roles(self, forms: Forms) -> Roles:
        """The rows of a word; kept with it."""
        roles = forms.roles
        if roles is None:
            roles = forms.roles = Roles(forms, self.rows)
        return roles  # type: ignore[no-any-return]

    def number(self, pair: Pair, of: tuple[str, ...]) -> list[int]:
        """The rows that the number alone depends on; `of` as `sketch.Decide` has it."""
        small = self.small.get
        agent, sort, subject, before, number = of
        case = pair[1]
        return [
            small(("n", case, agent, sort, subject), 0),
            small(("o", case, sort, before, number), 0),
            small(("c", pair[0], case), 0),
        ]


def embedded() -> Path:
    """The folder of the table that ships with the package."""
    return Path(str(files("hyperlex") / "artifacts" / "ladder"))


@cache
def table() -> Table:
    """The table that ships with the package, read once.

    Raises:
        FormatError: the file is absent or broken, or of another format.
    """
    return load(embedded() / WEIGHTS)


_REMEDY = "Reinstall hyperlex, or make it anew with `python -m hyperlex.recipes.ladder`."


def load(path: Path) -> Table:
    """The table in a file.

    Raises:
        FormatError: the file is absent or broken, or of another format.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return _unpack(load_file(path))
    except (OSError, SafetensorError, KeyError, ValueError, IndexError) as error:
        raise FormatError(f"{path} is no table of government: {error}. {_REMEDY}") from None


def pack(table: Table) -> dict[str, NDArray[Any]]:
    """The table as arrays to store; scores beyond 127 are cut. Inverse of what `load` does."""
    scores = np.clip(table.scores[1:], -127, 127).astype(np.int8)
    held = scores != 0
    names = "\n".join(
        (
            " ".join(f"{preposition}+{case}" for preposition, case in table.pairs),
            " ".join(f"{lemma}:{kind}" for lemma, kind in sorted(table.participles.items()))
            .replace("actv ", "actv_")
            .replace("pssv ", "pssv_"),
            " ".join(sorted(table.indoors)),
            " ".join(sorted(table.impersonal)),
            *table.traits,
        )
    )
    return {
        "format_version": np.array([FORMAT_VERSION], dtype=np.int32),
        "names": np.frombuffer(compress(names.encode(), 9), dtype=np.uint8).copy(),
        "counts": held.sum(1).astype(np.uint8),
        "columns": np.nonzero(held)[1].astype(np.uint8),
        "scores": scores[held],
        "plural": np.clip(np.array(table.plural[1:]), -127, 127).astype(np.int8),
    }


def _unpack(stored: Mapping[str, NDArray[Any]]) -> Table:
    version = int(stored["format_version"][0])
    if version != FORMAT_VERSION:
        raise ValueError(f"format_version {version}, where {FORMAT_VERSION} was expected")
    lines = decompress(stored["names"].tobytes()).decode().split("\n")
    pairs = [tuple(pair.split("+", 1)) for pair in lines[0].split(" ")]
    participles = dict(entry.split(":", 1) for entry in lines[1].split(" ") if entry)
    traits = lines[4:]
    rows = np.repeat(np.arange(1, len(traits) + 1), stored["counts"])
    scores = np.zeros((len(traits) + 1, len(pairs)), dtype=np.int16)
    scores[rows, stored["columns"]] = stored["scores"]
    return Table(
        [(preposition, case) for preposition, case in pairs],
        traits,
        scores,
        [0, *stored["plural"].tolist()],
        {lemma: kind.replace("_", " ") for lemma, kind in participles.items()},
        frozenset(lines[2].split()),
        frozenset(lines[3].split()),
    )
