"""Sketches, alignment, differences and the similarity of what codes are decoded to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperlex.errors import FormatError
from hyperlex.measure.alignment import align, likeness
from hyperlex.measure.differences import DIFFERENCES, differences
from hyperlex.measure.similarity import Similarity, embedded, similarity
from hyperlex.measure.sketch import Mark, sketch, sketches

SENTENCES = (
    "Учитель обманул соседа у реки.",
    "Соседа обманул учитель у реки.",
    "Сосед обманул учителя у реки.",
    "Сосед был обманут учителем у реки.",
    "Анна не уехала в Москву 5 мая.",
    "Дети будут играть в саду.",
    "",
)
MARKS = st.builds(
    Mark,
    st.sampled_from(["дом", "река", "анна", "ждать", "не", "7"]),
    st.sampled_from("PNVM-"),
    link=st.sampled_from(["agent", "patient", "amod"]),
)
SKETCHES = st.lists(MARKS, max_size=8).map(tuple)


def named(one: str, other: str) -> dict[str, float]:
    return dict(zip(DIFFERENCES, differences(sketch(one), sketch(other)), strict=True))


def test_a_sketch_by_hand() -> None:
    found = sketch("Анна не ждала сестру у ворот.")
    assert [(m.lemma, m.kind) for m in found] == [
        ("анна", "P"),
        ("не", "-"),
        ("ждать", "V"),
        ("сестра", "N"),
        ("ворота", "N"),
    ]
    assert [m.link for m in found if m.kind in "PN"] == ["agent", "patient", "у+Gen"]
    assert {m.head for m in found if m.kind != "V"} == {2}
    assert found[2].tense == "Past"


def test_an_auxiliary_gives_its_tense() -> None:
    assert [m.tense for m in sketch("Дети будут играть.") if m.kind == "V"] == ["Fut"]


def test_many_texts_at_once_have_the_sketches_of_each() -> None:
    assert sketches(SENTENCES) == [sketch(text) for text in SENTENCES]


def test_words_are_aligned_once_and_by_likeness() -> None:
    one = (Mark("дом", "N"), Mark("дом", "N"), Mark("котрилл", "P"), Mark("7", "M"))
    other = (Mark("дом", "N"), Mark("коттерилл", "P"), Mark("17", "M"))
    found = align(one, other)
    assert {place: to for place, (to, _) in found.items()} == {0: 0, 2: 1}
    assert found[0][1] == 1 and 0.6 <= found[2][1] < 1


@given(st.text("абв", max_size=6), st.text("абв", max_size=6))
def test_likeness_is_symmetric(first: str, second: str) -> None:
    assert likeness(first, second) == likeness(second, first)
    assert (likeness(first, second) == 1) == (first == second)


@given(SKETCHES)
def test_a_text_does_not_differ_from_itself(text: tuple[Mark, ...]) -> None:
    found = dict(zip(DIFFERENCES, differences(text, text), strict=True))
    kept = ("covered", "neighbours kept", "governors kept", "relations kept", "slots kept")
    for name, value in found.items():
        if name == "neighbours kept":
            assert value == 1 or len(text) < 2
        elif name.startswith(kept) or name == "roles kept":
            assert value == 1
        elif name != "length":
            assert value == 0


@settings(max_examples=60)
@given(SKETCHES, SKETCHES)
def test_differences_and_similarity_are_symmetric(
    first: tuple[Mark, ...], second: tuple[Mark, ...]
) -> None:
    assert differences(first, second) == pytest.approx(differences(second, first))
    assert 0 <= embedded()(first, second) <= 1


def test_an_exchange_of_roles_is_seen() -> None:
    told, turned, exchanged, passive, *_ = SENTENCES
    assert named(told, turned)["agent as patient"] == 0
    assert named(told, passive)["agent as patient"] == 0
    assert named(told, exchanged)["agent as patient"] == 2


def test_what_is_denied_moved_or_counted_otherwise_is_less_similar() -> None:
    told = "Анна уехала в Москву 5 мая, а Мария осталась в Киеве."
    same = similarity(told, told)
    assert same > 0.5
    for other in (
        "Анна не уехала в Москву 5 мая, а Мария осталась в Киеве.",
        "Анна уехала в Москву 6 мая, а Мария осталась в Киеве.",
        "Мария уехала в Москву 5 мая, а Анна осталась в Киеве.",
        "Анна уедет в Москву 5 мая, а Мария осталась в Киеве.",
    ):
        assert similarity(told, other) < same


def test_the_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "similarity.tsv"
    path.write_text(embedded().table(), encoding="utf-8")
    assert Similarity.read(path) == embedded()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("format_version 1", "format_version 9"),
        ("agent as patient", "patient as agent"),
        ("bias\t", "bias\tmuch"),
        ("moved\t", "moved\t1\t"),
    ],
)
def test_a_foreign_or_damaged_table_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "similarity.tsv"
    path.write_text(embedded().table().replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FormatError, match=r"similarity\.tsv"):
        Similarity.read(path)
    with pytest.raises(FormatError):
        Similarity.read(tmp_path / "absent.tsv")
