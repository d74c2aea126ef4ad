"""Samples: seeded, in order, and every record with the same chance."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex_corpora import sample
from hyperlex_corpora.sampling import reservoir


@given(st.integers(0, 60), st.integers(1, 70), st.integers())
def test_a_sample_is_part_of_the_whole_in_its_order(size: int, n: int, seed: int) -> None:
    drawn = reservoir(range(size), n, seed)
    assert len(drawn) == min(n, size) == len(set(drawn))
    assert drawn == sorted(drawn)
    assert drawn == reservoir(iter(range(size)), n, seed)


def test_every_item_has_the_same_chance() -> None:
    counts = Counter(item for seed in range(4_000) for item in reservoir(range(10), 3, seed))
    # 1,200 expected; five standard deviations are 145.
    assert all(abs(counts[item] - 1_200) < 145 for item in range(10))


def test_a_sample_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 records were asked for"):
        reservoir([1], 0, 0)


def test_records_of_a_corpus_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"text": "{number}"}}\n' for number in range(200)), "utf-8")
    drawn = [int(record.text) for record in sample(str(path), 5, seed=3)]
    assert drawn == [int(record.text) for record in sample(str(path), 5, seed=3)]
    assert drawn != [int(record.text) for record in sample(str(path), 5, seed=4)]
    assert max(int(record.text) for record in sample(str(path), 5, limit=10)) < 10
