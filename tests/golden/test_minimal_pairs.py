"""The minimal pairs are what the generator writes, and what README.md says of them."""

from __future__ import annotations

from collections import Counter

from golden.minimal_pairs import FILE, read_pairs, text_of_pairs

DIFFER, MATCH = {"negation", "number", "role", "tense", "name"}, {"order", "passive"}


def test_the_file_is_the_generators() -> None:
    assert FILE.read_text(encoding="utf-8") == text_of_pairs()


def test_kinds_and_verdicts_belong_together() -> None:
    pairs = read_pairs()
    assert {p.kind for p in pairs if p.verdict == "differ"} == DIFFER
    assert {p.kind for p in pairs if p.verdict == "match"} == MATCH
    assert len({p.kind for p in pairs}) == len(DIFFER | MATCH)


def test_there_are_enough_and_no_two_are_the_same() -> None:
    pairs = read_pairs()
    counts = Counter(p.kind for p in pairs)
    assert sum(counts[kind] for kind in DIFFER) >= 400
    assert min(counts.values()) >= 30
    assert len({(p.first, p.second) for p in pairs}) == len(pairs)
    assert all(p.first != p.second for p in pairs)


def test_sentences_are_clean() -> None:
    for pair in read_pairs():
        for text in pair[2:]:
            assert text[0].isupper() and text[-1] in ".?"
            assert "{" not in text and "  " not in text
