"""Windows hold every token of every document once, and know how much text they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from hyperlex.errors import ConfigError
from hyperlex.recipes.pretrain.packing import PackedRows, Vocabulary

TEXTS = st.lists(st.text("абв где!\n“🙂", max_size=40), max_size=12)


@st.composite
def shapes(draw: DrawFn) -> tuple[int, int]:
    """A context and a number of rows."""
    return draw(st.integers(1, 17)), draw(st.integers(1, 4))


def streams(packed: PackedRows, rows: int) -> list[list[int]]:
    """What each row has given and still holds, windows put together again."""
    found: list[list[int]] = [[] for _ in range(rows)]
    for batch in packed:
        for row, window in enumerate(batch.ids.tolist()):
            assert not found[row] or found[row][-1] == window[0]  # the overlap of one
            found[row] = found[row][:-1] + window
    for number, row in packed.rows.items():
        row.merge()
        found[number] = found[number][:-1] + row.ids.tolist()
    return found


@given(TEXTS, shapes())
def test_nothing_is_lost_doubled_or_out_of_order(
    vocabulary: Vocabulary, texts: list[str], shape: tuple[int, int]
) -> None:
    context, rows = shape
    packed = PackedRows(texts, vocabulary, context=context, rows=rows)
    found = streams(packed, rows)
    tok, end = vocabulary.tok, vocabulary.end
    dealt = [0] * rows
    wanted = [[end] for _ in range(rows)]
    for text in texts:  # to the row that has had the fewest characters, the first of these
        row = dealt.index(min(dealt))
        dealt[row] += len(text)
        wanted[row] += [*tok.encode(text), end]
    assert found == wanted


@given(TEXTS, shapes())
def test_characters_add_up(
    vocabulary: Vocabulary, texts: list[str], shape: tuple[int, int]
) -> None:
    context, rows = shape
    packed = PackedRows(texts, vocabulary, context=context, rows=rows)
    counted = sum(batch.characters for batch in packed)
    left = 0
    for row in packed.rows.values():
        row.merge()
        left += int(row.characters[1:].sum())
    assert counted + left == sum(map(len, texts))


def test_characters_are_those_of_the_text_that_is_predicted(vocabulary: Vocabulary) -> None:
    text = "Паромщик знал каждую отмель, и не спешил. " * 20
    packed = PackedRows([text], vocabulary, context=16, rows=1)
    for batch in packed:
        predicted = vocabulary.tok.decode(batch.ids[0, 1:].tolist())
        if "\ufffd" not in predicted:
            assert batch.characters == len(predicted)


@given(TEXTS)
def test_two_processes_read_what_one_reads(vocabulary: Vocabulary, texts: list[str]) -> None:
    one = list(PackedRows(texts, vocabulary, context=5, rows=4))
    parts = [
        list(PackedRows(texts, vocabulary, context=5, rows=4, mine=mine))
        for mine in (range(2), range(2, 4))
    ]
    for whole, *halves in zip(one, *parts, strict=False):
        assert np.array_equal(whole.ids, np.concatenate([half.ids for half in halves]))
        assert whole.characters == sum(half.characters for half in halves)
    assert len(one) == min(map(len, parts))


def test_rows_of_long_and_short_documents_stay_level(vocabulary: Vocabulary) -> None:
    texts = ["туман " * (1 + 40 * (n % 7 == 0)) for n in range(200)]
    packed = PackedRows(texts, vocabulary, context=8, rows=4)
    list(packed)
    assert packed.dealt.max() - packed.dealt.min() <= max(map(len, texts))


@pytest.mark.parametrize(("context", "rows"), [(0, 1), (4, 0)])
def test_nothing_to_pack_into_is_refused(vocabulary: Vocabulary, context: int, rows: int) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        PackedRows([], vocabulary, context=context, rows=rows)
