"""The sample: of stated size, the same for the same seed, as large a share everywhere."""

from __future__ import annotations

import pytest

from hyperlex.measure.sample import Analysed, Passage, Sampler
from hyperlex.measure.texts import Text

LINE = "Кот спал у двери.\n"


def sampled(texts: list[Text], limit: int, seed: int = 0) -> list[Passage]:
    sampler = Sampler(limit, seed)
    for number, text in enumerate(texts):
        sampler.add(number, text)
    return sampler.passages()


def test_texts_below_the_limit_are_taken_whole() -> None:
    texts = [Text(LINE * 2_000, "a"), Text("Да.", "b"), Text("Да.", "b")]
    found = sampled(texts, 100_000)
    joined = {n: "".join(p.text for p in found if p.number == n) for n in range(3)}
    assert joined == {n: text.text for n, text in enumerate(texts)}
    assert [(p.number, p.start) for p in found] == sorted((p.number, p.start) for p in found)


def test_a_sample_has_about_as_many_characters_as_were_asked_for() -> None:
    texts = [Text(f"{n}. {LINE * 50}", "a") for n in range(200)]
    found = sampled(texts, 20_000)
    size = sum(len(p.text) for p in found)
    assert 20_000 <= size < 20_000 + len(texts[-1].text)


def test_the_seed_decides() -> None:
    texts = [Text(f"{n}. {LINE * 50}", "a") for n in range(100)]
    assert sampled(texts, 9_000, seed=1) == sampled(texts, 9_000, seed=1)
    assert sampled(texts, 9_000, seed=1) != sampled(texts, 9_000, seed=2)


def test_a_domain_has_its_share() -> None:
    texts = [Text(f"{n}. {LINE * 20}", "ab"[n % 4 == 0]) for n in range(4_000)]
    found = sampled(texts, 400_000)
    share = sum(len(p.text) for p in found if p.domain == "b") / sum(len(p.text) for p in found)
    assert share == pytest.approx(0.25, abs=0.04)


def test_a_drawn_passage_is_one_block_of_the_bootstrap() -> None:
    """Blocks of one passage resemble each other: drawn apart they would promise too much."""
    found = sampled([Text(LINE * 5_000, "a")], 20_000)
    assert len(found) > 5
    assert all(len(Analysed(passage, {}).edges) == 1 for passage in found[:3])


def test_blank_texts_are_no_passages() -> None:
    assert sampled([Text(" \n", "a"), Text("", "a")], 100) == []


def test_each_clause_counts_once_and_each_scene_says_something() -> None:
    text = "Человек, который вошёл, молчал. Ночь."
    analysed = Analysed(Passage(0, 0, 0, text, "a"), {})
    assert len(analysed.clauses) == 3
    assert len(analysed.scenes) == 3
    assert (analysed.propositions >= 1).all()


def test_places_are_bytes_of_the_passage() -> None:
    text = "Ёж 😀 видел: «Су-27» — 14 штук."
    analysed = Analysed(Passage(0, 0, 0, text, "a"), {})
    data = text.encode()
    words = [data[a:b].decode() for a, b in analysed.words.tolist()]
    assert words == ["Ёж", "видел", "Су-27", "14", "штук"]
    parts = [data[a:b].decode() for a, b in analysed.parts.tolist()]
    assert "".join(parts) == text.replace(" ", "")
