"""Bits of ids after others, against a sum done by hand on a tiny model."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hyperlex.measure.conditional import Given, batches, bits_given, plain_score

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def model():
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    shape = LlamaConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.3,
    )
    return LlamaForCausalLM(shape).eval()


def by_hand(model, given: Given) -> list[float]:
    """One id at a time, from vectors that are averaged place by place."""
    table = model.get_input_embeddings().weight.detach()
    vectors = [
        table[given.ids[given.places == place].tolist()].mean(0) for place in range(len(given))
    ]
    result = []
    for number in np.flatnonzero(given.scored).tolist():
        place = int(given.places[number])
        with torch.no_grad():
            logits = model(inputs_embeds=torch.stack(vectors[:place])[None]).logits[0, -1].double()
        result.append(-math.log2(torch.softmax(logits, -1)[given.ids[number]].item()))
    return result


SEQUENCES = [
    Given.of([([0], False), ([5, 9, 2], True)]),
    Given.of(
        [([0], False), ([7, 7], False), ([1, 30, 12, 3, 28], True), ([4], False), ([6], True)]
    ),
    Given.of([([0], False), ([3, 8, 11, 2, 19, 25, 1], False), ([14, 5], True)]).pooled(1, 8, 3),
    Given.of([([0], False), ([3], False)]),
]


def test_bits_are_those_by_hand_whatever_they_are_batched_with(model) -> None:
    score = plain_score(model)
    expected = [by_hand(model, given) for given in SEQUENCES]
    for found in (
        bits_given(score, SEQUENCES),
        [bits_given(score, [given])[0] for given in SEQUENCES],
    ):
        for ours, theirs in zip(found, expected, strict=True):
            assert ours == pytest.approx(theirs, rel=1e-4)


def test_pooled_ids_share_places_evenly_and_what_follows_moves_up() -> None:
    given = SEQUENCES[2]
    assert given.places.tolist() == [0, 1, 1, 1, 2, 2, 3, 3, 4, 5]
    assert len(given) == 6


def test_more_places_than_ids_pool_nothing() -> None:
    plain = Given.of([([0], False), ([3, 8], False), ([14], True)])
    assert plain.pooled(1, 3, 9).places.tolist() == plain.places.tolist()
    nothing = Given.of([([0], False), ([14], True)])
    assert nothing.pooled(1, 1, 4).places.tolist() == [0, 1]


def test_batches_hold_every_sequence_once_within_their_room() -> None:
    given = [Given.of([(np.arange(length), False)]) for length in (5, 1, 30, 8, 2, 9, 3)]
    found = list(batches(given, places=18))
    assert sorted(number for batch in found for number in batch) == list(range(7))
    for batch in found:
        assert len(batch) == 1 or len(batch) * max(len(given[n]) for n in batch) <= 18


def test_vectors_may_be_those_of_ids_that_the_model_has_no_row_for(model) -> None:
    """An id that reads as another one has its bits; only what is scored needs a row."""
    own = model.get_input_embeddings()
    strange = Given.of([([0], False), ([1_000], False), ([5, 9], True)])
    usual = Given.of([([0], False), ([7], False), ([5, 9], True)])
    score = plain_score(model, lambda ids: own(ids.masked_fill(ids == 1_000, 7)))
    (found,) = bits_given(score, [strange])
    assert found == pytest.approx(bits_given(plain_score(model), [usual])[0])
