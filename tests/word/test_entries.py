"""Entries give the same answer whatever was met before, and do not grow without end."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hyperlex.word import entries as module
from hyperlex.word.entries import Entries, choose
from hyperlex.word.labels import UPOS

FORMS = ["Он", "стоял", "у", "двери", ",", "у", "самой", "двери", "."]


def number_words(start: int, stop: int) -> list[str]:
    return [f"слово{k}" for k in range(start, stop)]


def test_each_form_has_its_own_input(entries: Entries) -> None:
    found, vectors = entries.of(FORMS)
    assert vectors.shape == (len(FORMS), 4)
    for form, entry, vector in zip(FORMS, found, vectors, strict=True):
        (alone,), single = entries.of([form])
        assert alone is entry
        np.testing.assert_array_equal(single[0], vector)


def test_a_form_met_twice_in_one_call_is_one_entry(entries: Entries) -> None:
    found, vectors = entries.of(FORMS)
    assert found[2] is found[5]
    assert found[3] is found[7]
    np.testing.assert_array_equal(vectors[3], vectors[7])
    assert len({entry.row for entry in found}) == len(set(FORMS))


def test_rows_are_right_whatever_was_forgotten(
    entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, expected = entries.of(FORMS)
    monkeypatch.setattr(module, "CAPACITY", 24)
    for k in range(40):
        others = number_words(5 * k, 5 * k + 5)
        found, vectors = entries.of([*others, *FORMS])
        np.testing.assert_allclose(vectors[5:], expected, rtol=1e-5)
        assert [entry.readings[0].lemma for entry in found[5:8]] == ["он", "стоять", "у"]
        assert len(entries._entries) <= 24 + len(found)


def test_a_call_with_more_forms_than_fit_is_answered(
    entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, expected = entries.of(FORMS)
    monkeypatch.setattr(module, "CAPACITY", 8)
    many = number_words(0, 3000)
    found, vectors = entries.of([*FORMS, *many, *FORMS])
    assert len(found) == len(vectors) == len(many) + 2 * len(FORMS)
    np.testing.assert_allclose(vectors[: len(FORMS)], expected, rtol=1e-5)
    np.testing.assert_allclose(vectors[-len(FORMS) :], expected, rtol=1e-5)


def test_no_forms_have_no_entries(entries: Entries) -> None:
    found, vectors = entries.of([])
    assert found == []
    assert vectors.shape == (0, 4)


def test_memory_is_bounded(entries: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CAPACITY", 200)
    monkeypatch.setattr(module, "_CHARACTERS", 200 * 32)
    for k in range(3):
        entries.of(number_words(400 * k, 400 * k + 400))
    tracemalloc.start()
    for k in range(3, 8):
        entries.of(number_words(400 * k, 400 * k + 400))
        entries.of([f"{k}{n}" * 2000 for n in range(20)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_threads_share_entries(entries: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    _, expected = entries.of(FORMS)
    monkeypatch.setattr(module, "CAPACITY", 32)

    def ask(k: int) -> bool:
        _, vectors = entries.of([*number_words(7 * k, 7 * k + 7), *FORMS])
        return np.allclose(vectors[7:], expected, rtol=1e-5)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))


def test_treebanks_have_the_last_word_on_a_lemma(entries: Entries) -> None:
    (entry,), _ = entries.of(["Тем"])
    pronouns = [reading for reading in entry.readings if reading.upos == "PRON"]
    assert pronouns
    assert {(reading.lemma, reading.by) for reading in pronouns} == {("то", "treebank")}


def test_the_network_chooses_between_readings(entries: Entries) -> None:
    (entry,), _ = entries.of(["стали"])
    columns = module._COLUMN
    tags = np.zeros((2, 200), np.float32)
    noun, verb = tags
    noun[[UPOS.index("NOUN"), columns["Case=Gen"], columns["Number=Sing"]]] = 20
    verb[[UPOS.index("VERB"), columns["Tense=Past"], columns["Number=Plur"]]] = 20
    assert [offer[:2] for offer in choose([entry] * 2, tags)] == [
        ("сталь", "NOUN"),
        ("стать", "VERB"),
    ]
    assert [offer[1] for offer in choose([entry] * 2, tags, {1})] == ["NOUN", "NOUN"]


def test_each_word_of_a_sentence_is_chosen_for_itself(entries: Entries) -> None:
    found, _ = entries.of([*FORMS, "стали", "Тем", "Мейдзи", "стекло"])
    tags = np.random.default_rng(1).standard_normal((len(found), 200)).astype(np.float32) * 5
    cased = {1, 3, 10, 12}
    together = choose(found, tags, cased)
    alone = [
        choose([entry], tags[k : k + 1], {0} if k in cased else set())[0]
        for k, entry in enumerate(found)
    ]
    assert together == alone


def test_a_very_long_form_costs_no_more_than_a_word(entries: Entries) -> None:
    (entry,), _ = entries.of(["оченьдлинноеслово" * 5000])
    assert entry.readings
