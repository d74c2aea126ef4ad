"""A word's features are a matter of its spelling alone, in every process."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.word.dictionary import dictionary
from hyperlex.word.features import ROWS, features, shape

SCRIPT = """
from hyperlex.word.dictionary import dictionary
from hyperlex.word.features import features
for form in "Дверь стоял решаясь стали Иванова 1812 COVID-19 — :-) ёж".split():
    rows, weights = features(form, dictionary().parse(form))
    print(form, rows.tolist(), weights.tolist())
"""


def test_features_do_not_depend_on_the_process() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "17")
    }
    assert len(answers) == 1


@given(st.text(st.characters(), min_size=1, max_size=64))
def test_every_spelling_has_features(form: str) -> None:
    rows, weights = features(form, dictionary().parse(form))
    assert rows.shape == weights.shape
    assert (rows.dtype, weights.dtype) == (np.int64, np.float32)
    assert 0 <= rows.min() <= rows.max() < ROWS
    assert (weights >= 0).all()


def test_features_of_a_word_met_twice_are_equal() -> None:
    parses = dictionary().parse("стали")
    for first, second in zip(features("стали", parses), features("стали", parses), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("form", "outline"),
    [
        ("Москва", "Aa"),
        ("США", "AA"),
        ("дом", "a"),
        ("кто-то", "a-"),
        ("1812", "0000"),
        ("42", "0"),
        ("5-й", "0a-"),
        ("Windows", "zAa"),
        ("COVID-19", "0zAA-"),
        ("—", "—"),
        ("?!", "?!"),
        (":-)", "emoticon"),
        ("☺", "picture"),
        ("Я", "Aa"),
    ],
)
def test_shape(form: str, outline: str) -> None:
    assert shape(form) == outline
