"""The hashed lexicon: every word that went in comes out, others do not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hyperlex.morpheme.lexicon import build, parse_pattern, pattern
from hyperlex.types import MorphemeType

PIECES = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(MorphemeType)), min_size=1, max_size=6
).map(tuple)
ROWS = st.dictionaries(st.text(max_size=4), PIECES, max_size=30)


@given(pieces=PIECES)
def test_a_pattern_is_read_back(pieces: tuple[tuple[int, MorphemeType], ...]) -> None:
    assert parse_pattern(pattern(pieces)) == pieces


@given(pieces=st.dictionaries(st.text(min_size=1, max_size=9), PIECES, max_size=30))
def test_every_word_that_went_in_comes_out(
    pieces: dict[str, tuple[tuple[int, MorphemeType], ...]],
) -> None:
    rows = {word: ((len(word), kind),) for word, ((_, kind), *_) in pieces.items()}
    lexicon = build(rows.items())
    assert len(lexicon) == len(rows)
    assert {word: lexicon.get(word) for word in rows} == rows
    assert all(lexicon.get(word + "ъ") is None for word in rows if word + "ъ" not in rows)


def test_words_with_the_same_upper_bits_are_told_apart() -> None:
    from dataclasses import replace

    import numpy as np

    from hyperlex.morpheme.lexicon import word_hash

    lexicon = build([(word, ((1, MorphemeType.ROOT),)) for word in "абв"])
    same = word_hash("б") >> 8
    lows = sorted({word_hash(word) & 255 for word in "б"} | {0, 255})
    crowded = replace(
        lexicon,
        high=np.full(len(lows), same, np.uint32),
        low=np.array(lows, np.uint8),
        answers=np.zeros(len(lows), np.uint16),
    )
    assert crowded.get("б") == ((1, MorphemeType.ROOT),)
    assert crowded.get("а") is None
