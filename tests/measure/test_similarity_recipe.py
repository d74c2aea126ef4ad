"""The recipe of the similarity's weights on sentences written for this test."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from hyperlex.errors import ConfigError
from hyperlex.measure.differences import DIFFERENCES
from hyperlex.measure.sketch import sketch
from hyperlex.recipes.similarity import (
    SOURCES,
    Examples,
    SimilarityConfig,
    fit,
    main,
    read_pairs,
    spoiled,
)

EVENTS = (
    ("Анна", "встретила", "Марию", "Мария", "встретила", "Анну"),
    ("Учитель", "обманул", "соседа", "Сосед", "обманул", "учителя"),
    ("Врач", "разбудил", "капитана", "Капитан", "разбудил", "врача"),
    ("Охотник", "спас", "студента", "Студент", "спас", "охотника"),
    ("Певица", "простила", "хозяйку", "Хозяйка", "простила", "певицу"),
    ("Пастух", "нашёл", "рыбака", "Рыбак", "нашёл", "пастуха"),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "paraphrase"
    folder.mkdir()
    same = [f"{a} {v} {b}.\tВчера {a.lower()} {v} {b}.\t1" for a, v, b, *_ in EVENTS]
    other = [f"{a} {v} {b}.\t{c} {w} {d}.\t{{}}" for a, v, b, c, w, d in EVENTS]
    for name, _, label in SOURCES:
        rows = same + [row.format(label) for row in other if label]
        (folder / name).write_text("\n".join(["text1\ttext2\tlabel", *rows, ""]), encoding="utf-8")
    return tmp_path


def test_the_same_pairs_give_the_same_bytes(data: Path, tmp_path: Path) -> None:
    main(["--data", str(data), "--output", str(tmp_path / "a")])
    main(["--data", str(data), "--output", str(tmp_path / "b")])
    for name in ("similarity.tsv", "similarity.md"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_weights_learn_what_differs(data: Path) -> None:
    config = SimilarityConfig(every=1)
    examples = Examples.of(read_pairs(data / "paraphrase", config), config)
    model = fit(examples, np.ones(len(examples.same), bool), ridge=0.1)
    same, other = sketch("Анна встретила Марию."), sketch("Мария встретила Анну.")
    assert model(same, same) > 0.5 > model(same, other)
    assert len(model.weights) == len(DIFFERENCES)


def test_no_source_is_in_two_folds(data: Path) -> None:
    pairs = read_pairs(data / "paraphrase", SimilarityConfig())
    folds: dict[int, set[int]] = {}
    for pair in pairs:
        folds.setdefault(pair.source, set()).add(pair.fold)
    assert all(len(found) == 1 for found in folds.values())
    assert len({pair.source for pair in pairs if pair.first == pairs[0].first}) == 1


def test_each_way_of_spoiling_changes_what_it_says() -> None:
    text = sketch("Анна встретила Марию 5 мая.")
    found = dict(spoiled(text, random.Random(1)))
    assert set(found) == {"negation", "number", "tense", "role", "name"}
    assert [m.lemma for m in found["negation"]].count("не") == 1
    assert {m.lemma for m in found["role"]} == {m.lemma for m in text}
    assert all(made != text for made in found.values())
    assert all(0 <= m.head < len(made) or m.head == -1 for made in found.values() for m in made)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rupaws"):
        read_pairs(tmp_path, SimilarityConfig())
