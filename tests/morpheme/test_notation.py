"""Tikhonov's notation, read and written."""

from __future__ import annotations

import pytest

from hyperlex.errors import FormatError
from hyperlex.morpheme import notation, parse_notation
from hyperlex.types import Morpheme, MorphemeType, Span


def test_a_line_is_morphemes_that_tile() -> None:
    assert parse_notation("о:PREF/глох:ROOT") == (
        Morpheme(Span(0, 1), "о", MorphemeType.PREF, "notation"),
        Morpheme(Span(1, 5), "глох", MorphemeType.ROOT, "notation"),
    )


@pytest.mark.parametrize("line", ["", "дом:ROOT", "\\/\\\\:ROOT", "а:b:ROOT"])
def test_a_line_is_written_back(line: str) -> None:
    assert notation(parse_notation(line)) == line


@pytest.mark.parametrize("line", ["дом", "дом:ROOTS", ":ROOT", "дом:ROOT/", "/", "дом:"])
def test_a_wrong_line_is_refused_with_a_pattern_to_follow(line: str) -> None:
    with pytest.raises(FormatError, match="под:PREF/окон:ROOT/ник:SUFF"):
        parse_notation(line)
