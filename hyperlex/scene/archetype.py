"""Classes of predicates, learned from the arguments they take."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hyperlex.errors import FormatError

ARCHETYPES = Path(__file__).parent.parent / "artifacts" / "analyzer" / "archetypes.tsv"
FORMAT_VERSION = 1
UNKNOWN: tuple[int, tuple[str, ...]] = (-1, ())


def archetype_of(lemma: str) -> tuple[int, tuple[str, ...]]:
    """The class of a predicate lemma and the three lemmas nearest to its centre; -1 and none where
    it was not learned.
    """
    table = archetypes()
    return table.get(lemma) or table.get(lemma.replace("ё", "е")) or UNKNOWN


@cache
def archetypes() -> dict[str, tuple[int, tuple[str, ...]]]:
    """Every known lemma with its class and the gloss of the class; empty without the artifact."""
    return read_archetypes(ARCHETYPES) if ARCHETYPES.is_file() else {}


def read_archetypes(path: Path) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Read the file that `hyperlex.recipes.archetypes` writes.

    Raises:
        FormatError: another format, or a damaged line.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = f"# hyperlex archetypes, format_version {FORMAT_VERSION}"
    if not lines or lines[0] != expected:
        raise FormatError(
            f"{path} begins with {lines[0] if lines else ''!r}: {expected!r} was expected. "
            "Make it anew: python -m hyperlex.recipes.archetypes."
        )
    table: dict[str, tuple[int, tuple[str, ...]]] = {}
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) != 3 or not fields[0].isdigit():
            raise FormatError(
                f"{path}, line {number}, has {len(fields)} fields: class, gloss and lemmas were "
                "expected. Make the file anew: python -m hyperlex.recipes.archetypes."
            )
        value = (int(fields[0]), tuple(fields[1].split(" ")))
        for lemma in fields[2].split(" "):
            table[lemma] = value
    return table
