"""Which capitals tell of a new sentence, and how that is learned."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from strategies import any_text

from hyperlex.codebook.corpus import Document
from hyperlex.ladder.files import embedded
from hyperlex.ladder.neighbours import tokens_of
from hyperlex.ladder.stops import StopModel, stop_features
from hyperlex.recipes.ladder.fitting import rounded
from hyperlex.recipes.ladder.stops import StopConfig, learn_stops

TEXTS = [
    "Дверь закрылась. Сторож ушёл. Свет погас.",
    "Мы ехали в Большой театр. Сторож спал.",
    "Она жила на Большой улице. Свет горел.",
]


@given(any_text, any_text)
def test_any_two_sides_have_features(left: str, right: str) -> None:
    found = stop_features(tokens_of(left), tokens_of(right))
    assert found == stop_features(tokens_of(left)[-2:], tokens_of(right)[:2])
    assert len(found) == len(stop_features([], []))


def test_what_is_learned_is_told() -> None:
    documents = [Document(text, "fiction") for text in TEXTS * 20]
    model = learn_stops(documents, StopConfig(facts=500, epochs=20))
    assert model.tells(["окно", "закрылось"], ["Сторож", "уснул"])
    assert not model.tells(["пошли", "в"], ["Большой", "зал"])
    again = learn_stops(documents, StopConfig(facts=500, epochs=20))
    assert (model.facts == again.facts).all()
    assert (model.weights == again.weights).all()


def test_nothing_to_learn_from_tells_nothing() -> None:
    model = learn_stops([Document("", "fiction")], StopConfig())
    assert not model.tells(["он"], ["Она"])


def test_the_shipped_model_knows_sentences_from_names() -> None:
    stops = embedded().stops
    assert stops.tells(["дверь", "закрылась"], ["Он", "вошёл"])
    assert not stops.tells(["живу", "в"], ["Российской", "Федерации"])


def test_facts_and_weights_go_together() -> None:
    fact = np.array([zlib.crc32(b"stop")], np.uint32)
    assert StopModel(fact, np.array([1], np.int8)).tells([], [])
    with pytest.raises(ValueError, match="1 facts"):
        StopModel(fact, np.zeros(2, np.int8))


def test_rounding_keeps_signs_and_order() -> None:
    weights = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])
    found = rounded(weights)
    assert found.dtype == np.int8
    assert (np.diff(found.astype(int)) > 0).all()
    assert (rounded(torch.zeros(3)) == 0).all()
