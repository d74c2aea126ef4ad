"""A few texts are remembered, and never more than was said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hyperlex.scene.memo import Memo


def test_one_analysis_serves_several_views() -> None:
    made: list[str] = []
    memo = Memo(lambda text: (made.append(text), text.upper())[1])
    assert [memo("а"), memo("а"), memo("б"), memo("а")] == ["А", "А", "Б", "А"]
    assert made == ["а", "б"]


@given(st.lists(st.text(alphabet="аб", max_size=8), max_size=40))
def test_a_memo_is_bounded_and_never_wrong(texts: list[str]) -> None:
    memo = Memo(str.upper, entries=3, characters=10)
    for text in texts:
        assert memo(text) == text.upper()
        assert len(memo._held) <= 3
        assert sum(map(len, memo._held)) == memo._size <= 10


def test_the_oldest_use_is_forgotten_first() -> None:
    made: list[str] = []
    memo = Memo(lambda text: made.append(text), entries=2)
    for text in ("а", "б", "а", "в", "а", "б"):
        memo(text)
    assert made == ["а", "б", "в", "б"]


def test_a_long_text_is_not_kept() -> None:
    made: list[str] = []
    memo = Memo(lambda text: made.append(text), characters=3)
    memo("абвг")
    memo("абвг")
    assert len(made) == 2
