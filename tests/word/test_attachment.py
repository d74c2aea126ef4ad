"""What words were seen with decides where a phrase hangs; how that is counted, stored and read."""

from __future__ import annotations

from collections import Counter
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import hyperlex
from hyperlex.errors import FormatError
from hyperlex.recipes.attachment.__main__ import write
from hyperlex.recipes.attachment.count import Counts, count
from hyperlex.recipes.attachment.preferences import LEAST, LONGEST, RARE, preferences
from hyperlex.word.attachment import FILE, STEP, WEIGHT, Attachment, load_attachment
from hyperlex.word.load import embedded, load
from hyperlex.word.readings import Offer

LEMMAS = ["сосед", "ждать"]


def by_hand() -> Attachment:
    """«Ждать у» by two nats more than the average, «сосед у» by one less; both 0.5 less else."""
    others = np.array([[-16, 0], [0, -16]], np.int8)
    # ((lemma * 2 + verbal) * 2 prepositions + preposition) * 2 + behind
    places = np.array([1, (3 * 2 + 0) * 2 + 1], np.uint32)
    return Attachment(LEMMAS, ["у", "в"], others, places, np.array([-32, 64], np.int8))


def offer(lemma: str, upos: str) -> Offer:
    return (lemma, upos, "", 1.0, "dictionary")


READ = [offer("ждать", "VERB"), offer("сосед", "NOUN"), offer("у", "ADP"), offer("дом", "NOUN")]


def added(read: list[Offer], breaks: list[float] | None = None) -> NDArray[np.float32]:
    arcs = np.zeros((len(read), len(read)), np.float32)
    prepositions = [k for k, (_, upos, *_) in enumerate(read) if upos == "ADP"]
    for place in prepositions:
        arcs[place, -1] = 9
    before = arcs.copy()
    by_hand().add(arcs, read, np.array(breaks or [0.0] * len(read), np.float32))
    difference: NDArray[np.float32] = arcs - before
    return difference


def test_a_phrase_behind_a_verb_and_a_noun() -> None:
    expected = np.zeros((4, 4), np.float32)
    expected[3, :2] = 2 * WEIGHT, -WEIGHT
    np.testing.assert_allclose(added(READ), expected)


def test_what_a_word_was_never_seen_with() -> None:
    read = [READ[0], READ[1], offer("В", "ADP"), READ[3]]
    np.testing.assert_allclose(added(read)[3, :2], [-0.5 * WEIGHT] * 2)


def test_a_clause_that_ends_between() -> None:
    found = added(READ, [1.0, 0.6, 0.0, 0.0])
    np.testing.assert_allclose(found[3, :2], [0, -WEIGHT])


@pytest.mark.parametrize(
    "read",
    [
        [READ[0], READ[1], offer("над", "ADP"), READ[3]],
        [READ[0], READ[1], offer("у", "PART"), READ[3]],
        [READ[0], READ[1], READ[2], offer("идти", "VERB")],
        [offer("дом", "NOUN"), offer("и", "CCONJ"), READ[2], READ[3]],
        [READ[2]],
    ],
    ids=["unknown preposition", "no preposition", "before a verb", "unknown heads", "alone"],
)
def test_where_nothing_is_known_nothing_is_added(read: list[Offer]) -> None:
    assert not added(read).any()


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("Мы встретили соседа у магазина.", "встретили"),
        ("Мы видели соседа из Тулы.", "соседа"),
        ("Мальчик смотрел на море с надеждой.", "смотрел"),
        ("Успех зависит от погоды.", "зависит"),
    ],
)
def test_phrases_of_real_sentences(text: str, head: str) -> None:
    words = hyperlex.words(text)
    last = words[-2]
    assert words[last.head].text == head


# Counting


def test_phrases_are_counted_with_their_heads() -> None:
    counts = count([["Дед", "стоял", "у", "двери", "."], ["Шум", "за", "дверью", "."]], *load())
    assert counts.words["стоять", True] == counts.words["дверь", False] // 2 == 1
    assert counts.phrases == Counter(
        {("стоять", True, "у", True): 1, ("шум", False, "за", True): 1}
    )


def test_no_text_has_no_counts() -> None:
    assert count([], *load()) == Counts()


@st.composite
def counted(draw: st.DrawFn) -> Counts:
    counts = Counts()
    for lemma in draw(st.sets(st.sampled_from("абвгд"), min_size=1)):
        for verbal in draw(st.sets(st.booleans(), min_size=1)):
            met = draw(st.integers(1, 500))
            counts.words[lemma, verbal] = met
            for preposition in draw(st.sets(st.sampled_from(["в", "на", "из-за"]))):
                behind = draw(st.booleans())
                counts.phrases[lemma, verbal, preposition, behind] = draw(st.integers(1, met))
    return counts


@given(counted())
def test_preferences_are_smoothed_ratios(counts: Counts) -> None:
    found = preferences(counts)
    attachment = Attachment(
        found.lemmas, found.prepositions, found.others, found.places, found.values
    )
    for (lemma, verbal), met in counts.words.items():
        if met < LEAST:
            continue
        kind = sum(n for (_, v), n in counts.words.items() if v == verbal)
        for number, preposition in enumerate(found.prepositions):
            for behind in (False, True):
                times = counts.phrases[lemma, verbal, preposition, behind]
                of_kind = sum(
                    n for (_, *rest), n in counts.phrases.items()
                    if rest == [verbal, preposition, behind]
                )  # fmt: skip
                share = max(of_kind, 1e-9) / kind
                exact = log((times + RARE * share) / (met + RARE)) - log(share)
                exact = max(-LONGEST, min(LONGEST, exact))
                place = 2 * found.lemmas.index(lemma) + verbal
                told = attachment.preferences(
                    np.array([place]), np.array([number]), np.array([behind])
                )
                # Half a step of rounding, and pairs that tell a quarter of a nat are left out.
                assert told[0] == pytest.approx(WEIGHT * exact, abs=WEIGHT * (0.25 + STEP))


@given(counted())
def test_rare_words_are_left_out(counts: Counts) -> None:
    known = {lemma for (lemma, _), met in counts.words.items() if met >= LEAST}
    assert preferences(counts).lemmas == sorted(known)


# On disk


def test_what_is_written_is_read(tmp_path: Path) -> None:
    counts = Counts(Counter({("ждать", True): 90, ("дом", False): 200}))
    counts.phrases["ждать", True, "у", True] = 60
    counts.phrases["дом", False, "у", True] = 2
    write(preferences(counts), {"words": 290}, [], tmp_path, tmp_path)
    attachment = load_attachment(tmp_path)
    likes, shuns = attachment.preferences(np.array([3, 0]), np.array([0]), np.array([True]))
    assert likes == pytest.approx(0, abs=WEIGHT * 0.3)  # all verbs are this one
    assert shuns == pytest.approx(0, abs=WEIGHT * 0.3)
    assert "- words: 290" in (tmp_path / "attachment.md").read_text("utf-8")


def test_the_embedded_preferences_know_some_verbs() -> None:
    attachment = load_attachment(embedded())
    read = [offer("зависеть", "VERB"), offer("дом", "NOUN"), offer("от", "ADP"), READ[3]]
    arcs = np.zeros((4, 4), np.float32)
    arcs[2, 3] = 1
    attachment.add(arcs, read, np.zeros(4, np.float32))
    assert arcs[3, 0] > 1 > 0 > arcs[3, 1]


@pytest.mark.parametrize("change", ["missing", "truncated", "other", "unfit", "newer"])
def test_a_broken_file_is_told(tmp_path: Path, change: str) -> None:
    from safetensors.numpy import load_file, save_file

    data = (embedded() / FILE).read_bytes()
    path = tmp_path / FILE
    if change == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif change == "other":
        save_file({"x": np.zeros(1)}, path)
    elif change == "unfit":
        tensors = load_file(embedded() / FILE)
        save_file({**tensors, "others": tensors["others"][1:]}, path)
    elif change == "newer":
        tensors = load_file(embedded() / FILE)
        save_file({**tensors, "format_version": np.array([2], np.int32)}, path)
    with pytest.raises(FormatError, match=r"python -m hyperlex\.recipes\.attachment") as raised:
        load_attachment(tmp_path)
    assert str(path) in str(raised.value)
