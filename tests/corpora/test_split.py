"""Splits share no document, always fall the same, and are as large as was said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hyperlex_corpora import SplitRule, split_of
from hyperlex_corpora.split import SPLITS

KEYS = [f"https://example.org/{number}" for number in range(20_000)]


def test_shares_are_those_of_the_rule() -> None:
    counts = dict.fromkeys(SPLITS, 0)
    for key in KEYS:
        counts[split_of(key, SplitRule(dev=0.1, test=0.02))] += 1
    assert abs(counts["dev"] / len(KEYS) - 0.1) < 0.01
    assert abs(counts["test"] / len(KEYS) - 0.02) < 0.005


def test_splits_do_not_change_from_release_to_release() -> None:
    assert [split_of(f"документ {number}") for number in (0, 7, 15, 25)] == [
        "train",
        "test",
        "dev",
        "dev",
    ]


@given(st.text(), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_larger_share_only_takes_from_training(key: str, dev: float, test: float) -> None:
    small, large = SplitRule(dev=dev / 2, test=test), SplitRule(dev=dev, test=test)
    before, after = split_of(key, small), split_of(key, large)
    assert before == after or (before, after) == ("train", "dev")


def test_nothing_is_held_out_where_nothing_is_asked() -> None:
    assert {split_of(key, SplitRule(dev=0, test=0)) for key in KEYS} == {"train"}


def test_a_rule_says_itself() -> None:
    assert str(SplitRule(dev=0.01, test=0.02)) == "hash of the document, 1% dev, 2% test"
    assert str(SplitRule(by="files")) == "its own files"
