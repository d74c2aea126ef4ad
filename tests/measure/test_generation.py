"""BLEU, chrF and ROUGE, each against a value worked out by hand, and against their libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from hyperlex.errors import ConfigError
from hyperlex.measure.bootstrap import Draws
from hyperlex.measure.generation import STATISTICS, generation_scores, row_counts, words_of

EXPECTED = "кот спал на окне до утра"

WORDS = st.lists(st.sampled_from([*EXPECTED.split(), "и", "дом,", "«дом»", "5"]), max_size=9)
ROWS = st.lists(st.tuples(WORDS, WORDS.filter(bool)), min_size=1, max_size=5)


def test_bleu_by_hand() -> None:
    # Words 5 of 5, pairs 3 of 4, triples 2 of 3, quadruples 1 of 2. Five words for six: a brevity
    # penalty of exp(1 - 6 / 5).
    scores = generation_scores(["кот спал на окне утра"], [EXPECTED]).scores
    by_hand = 100 * math.exp(1 - 6 / 5) * (5 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert scores["bleu"].value == pytest.approx(by_hand)


def test_bleu_smooths_what_never_matches() -> None:
    # Two words have no triple, and BLEU counts four orders: it is 0.
    assert generation_scores(["кот лаял"], [EXPECTED]).scores["bleu"].value == 0
    # Four words, one in place: 1 / 4, then 1 / (2 * 3), 1 / (4 * 2), 1 / (8 * 1); penalty e^(-1/2).
    given_words = generation_scores(["кот лаял у двери"], [EXPECTED]).scores["bleu"].value
    by_hand = 100 * math.exp(-1 / 2) * (1 / 4 * 1 / 6 * 1 / 8 * 1 / 8) ** 0.25
    assert given_words == pytest.approx(by_hand)


def test_chrf_by_hand() -> None:
    # «кот» for «кит»: of letters 2 of 3, no pair, no triple, and no longer order on both sides.
    # Mean precision and recall over the three orders are both 2/9, and so is F.
    assert generation_scores(["кот"], ["кит"]).scores["chrf"].value == pytest.approx(100 * 2 / 9)


def test_rouge_by_hand() -> None:
    # «Кот на окне спал.»: 4 words, all among the 6; pairs: «на окне» alone of 3 and 5; the longest
    # common subsequence is «кот на окне».
    scores = generation_scores(["Кот на окне спал."], [EXPECTED]).scores
    assert scores["rouge1"].value == pytest.approx(100 * 2 * 4 / (4 + 6))
    assert scores["rouge2"].value == pytest.approx(100 * 2 * 1 / (3 + 5))
    assert scores["rougeL"].value == pytest.approx(100 * 2 * 3 / (4 + 6))


def test_exact_is_to_the_letter_but_for_spaces_around() -> None:
    scores = generation_scores([" кот\n", "Кот", "кот."], ["кот", "кот", "кот"]).scores
    assert scores["exact"].value == pytest.approx(100 / 3)


def test_the_tokenizer_of_rouge_score_drops_russian_and_ours_does_not() -> None:
    own = rouge_scorer.RougeScorer(["rouge1"]).score(EXPECTED, EXPECTED)
    assert own["rouge1"].fmeasure == 0  # the trap: a perfect copy scores nothing
    assert generation_scores([EXPECTED], [EXPECTED]).scores["rouge1"].value == 100
    assert words_of("Ёлка у т.н. «дома-музея», 5-й этаж; café") == (
        ["ёлка", "у", "т", "н", "дома-музея", "5-й", "этаж", "café"]
    )


@given(ROWS)
def test_bleu_and_chrf_are_those_of_sacrebleu(rows: list[tuple[list[str], list[str]]]) -> None:
    generated, expected = ([" ".join(row[side]) for row in rows] for side in (0, 1))
    scores = generation_scores(generated, expected, draws=Draws(draws=2)).scores
    bleu, chrf = sacrebleu.corpus_bleu(generated, [expected]), sacrebleu.CHRF()
    assert scores["bleu"].value == pytest.approx(bleu.score)
    assert scores["chrf"].value == pytest.approx(chrf.corpus_score(generated, [expected]).score)


def test_scores_of_draws_are_scores_of_their_totals() -> None:
    pairs = [(EXPECTED, EXPECTED), ("кот", EXPECTED), ("кот спал на крыше", "пёс спал на крыше")]
    rows = [row_counts(*pair) for pair in pairs]
    many = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    for name, statistic in STATISTICS.items():
        assert np.allclose(statistic(many), [statistic(row) for row in rows]), name


def test_rows_of_one_document_are_drawn_together() -> None:
    found = generation_scores(["кот", "пёс", "кот"], ["кот"] * 3, documents=["a", "a", "b"])
    assert (found.rows, found.clusters) == (3, 2)
    assert found.scores["exact"].low == pytest.approx(50)  # a twice; without documents it may be 0


def test_the_signature_says_how_it_was_counted() -> None:
    assert "tok:13a" in generation_scores(["кот"], ["кот"]).signature


@pytest.mark.parametrize(("generated", "expected"), [([], []), (["кот"], ["кот", "пёс"])])
def test_unlike_numbers_of_texts_are_refused(generated: list[str], expected: list[str]) -> None:
    with pytest.raises(ConfigError, match="as many of both"):
        generation_scores(generated, expected)
