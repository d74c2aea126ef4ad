"""Lemmas and parts of speech of the golden words, in the notation of their file."""

from __future__ import annotations

from collections.abc import Callable

from golden import reading

from hyperlex.types import Word
from hyperlex.word import words

LEMMAS, UPOS, FEATURES = 0.82, 0.79, 0.79
"""Floors, a little below what was measured; raise them when the analyzer gets better."""


def answer(gold: reading.GoldWord) -> Word | None:
    """The analyzer's word at the golden span."""
    return next((word for word in words(gold.text) if word.span == gold.span), None)


def failures(right: Callable[[reading.GoldWord, Word], bool]) -> tuple[float, str]:
    """The share of golden words that are right, and the lines of the others with the answer."""
    rows = reading.read_words()
    wrong = []
    for gold in rows:
        word = answer(gold)
        if word is None or not right(gold, word):
            feats = "|".join("=".join(pair) for pair in gold.feats) or "_"
            told = (
                f"{word.lemma}\t{word.upos}\t{word.feats} ({word.by})" if word else "no such word"
            )
            wrong.append(
                f"{gold.where}: {gold.notation}\t{gold.lemma}\t{gold.upos}\t{feats}\n    {told}"
            )
    return 1 - len(wrong) / len(rows), f"{len(wrong)} of {len(rows)}:\n" + "\n".join(wrong)


def plain(lemma: str) -> str:
    return lemma.lower().replace("ё", "е")


def test_golden_lemmas() -> None:
    share, lines = failures(lambda gold, word: plain(word.lemma) == plain(gold.lemma))
    print(f"{share:.3f}, {lines}")
    assert share >= LEMMAS, lines


def test_golden_parts_of_speech() -> None:
    share, lines = failures(lambda gold, word: word.upos == gold.upos)
    print(f"{share:.3f}, {lines}")
    assert share >= UPOS, lines


def test_golden_features() -> None:
    share, lines = failures(
        lambda gold, word: all(word.feat(name) == value for name, value in gold.feats)
    )
    print(f"{share:.3f}, {lines}")
    assert share >= FEATURES, lines


def test_golden_spans_are_words() -> None:
    missing = [gold.where for gold in reading.read_words() if answer(gold) is None]
    assert missing == []
