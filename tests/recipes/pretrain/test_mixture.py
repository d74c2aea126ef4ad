"""Shares by weight, the same order for the same seed, and a place to go on from."""

from __future__ import annotations

import gzip
import json
import lzma
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.errors import ConfigError, HyperlexError
from hyperlex.recipes.pretrain import mixture as module
from hyperlex.recipes.pretrain.mixture import Mixture, source, texts, together


def marked(name: str, count: int, length: int) -> module.Source:
    return texts(name, [f"{name}{n} ".ljust(length, ".") for n in range(count)])


@given(
    st.lists(st.floats(0.05, 20), min_size=1, max_size=4),
    st.lists(st.integers(8, 300), min_size=4, max_size=4),
)
def test_shares_are_the_weights_to_a_document(weights: list[float], lengths: list[int]) -> None:
    sources = [marked("абвг"[n], 5, lengths[n]) for n in range(len(weights))]
    mixture = Mixture(sources, weights)
    list(islice(mixture, 200))
    total = sum(place.characters for place in mixture.places)
    for place, weight in zip(mixture.places, weights, strict=True):
        aim = total * weight / sum(weights)
        assert abs(place.characters - aim) <= len(weights) * max(lengths)


def test_an_epoch_has_every_document_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 200)
    said: list[str] = []
    mixture = iter(Mixture([marked("а", 30, 20)], [1], said=said.append))
    first, second = list(islice(mixture, 30)), list(islice(mixture, 30))
    assert len(set(first)) == 30
    assert sorted(first) == sorted(second)
    assert first != second
    assert said == ["а was read to its end: epoch 2 begins."]


def test_the_seed_decides_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 200)

    def order(seed: int) -> list[str]:
        sources = [marked("а", 30, 20), marked("б", 9, 30)]
        return list(islice(Mixture(sources, [1, 2], seed=seed), 80))

    assert order(1) == order(1)
    assert order(1) != order(2)


@given(st.integers(0, 120))
def test_it_goes_on_where_another_stopped(stop: int) -> None:
    def made() -> Mixture:
        return Mixture([marked("а", 30, 20), marked("б", 9, 30)], [1, 2], seed=5)

    whole = list(islice(made(), 150))
    first, second = made(), made()
    read = list(islice(first, stop))
    second.go_to(json.loads(json.dumps(first.state)))
    assert read + list(islice(second, 150 - stop)) == whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files of three kinds, 50 documents together."""
    (tmp_path / "в").mkdir()
    rows = [json.dumps({"text": f"б{n} туман"}).encode() for n in range(30)]
    (tmp_path / "б.jsonl.xz").write_bytes(lzma.compress(b"\n".join(rows)))
    rows = [json.dumps({"text": f"в{n} паром"}).encode() for n in range(19)]
    (tmp_path / "в" / "в.jsonl.gz").write_bytes(gzip.compress(b"\n".join(rows)))
    (tmp_path / "а.txt").write_text("а0 берег", "utf-8")
    (tmp_path / ".спрятано.txt").write_text("г0 нет", "utf-8")
    return tmp_path


def test_a_folder_is_read_whole_and_side_by_side(folder: Path) -> None:
    found = source(str(folder), None)
    read = list(islice(Mixture([found], [1]), 50))
    assert len(set(read)) == 50
    assert {text[0] for text in read} == {"а", "б", "в"}
    lanes = found.lanes(0)
    order = [text[0] for text in module._side_by_side(lanes)]
    assert 0 < order.index("в") < 5 or 0 < order.index("б") < 5  # none waits for the end of another


def test_splits_share_no_document_and_are_all(folder: Path) -> None:
    def part(split: str | None) -> list[str]:
        return [t for lane in source(str(folder), split).lanes(0) for t in lane.read()]

    parts = [part(split) for split in ("train", "dev", "test")]
    assert sorted(parts[0] + parts[1] + parts[2]) == sorted(part(None))
    assert len(parts[0]) < 50


def test_by_size_every_text_comes_once_an_epoch(folder: Path) -> None:
    one = together([source(str(folder / "б.jsonl.xz"), None), source(str(folder / "в"), None)])
    read = list(islice(Mixture([one], [1]), 49))
    assert len(set(read)) == 49


def test_many_files_are_not_open_at_once(tmp_path: Path) -> None:
    for n in range(module.LANES * 3):
        (tmp_path / f"{n}.txt").write_text(f"берег {n}", "utf-8")
    found = source(str(tmp_path), None)
    assert len(found.lanes(0)) == module.LANES
    assert len(set(islice(Mixture([found], [1]), module.LANES * 3))) == module.LANES * 3


def test_a_size_that_nobody_knows_needs_weights(folder: Path) -> None:
    with pytest.raises(ConfigError, match="weight"):
        together([source("samples", None), source(str(folder), None)])


def test_a_source_without_documents_is_told(tmp_path: Path) -> None:
    (tmp_path / "пусто.jsonl").write_text("", "utf-8")
    with pytest.raises(ConfigError, match="no document"):
        next(iter(Mixture([source(str(tmp_path), None)], [1])))


@pytest.mark.parametrize("name", ["нет-такого", "./нет/такого.txt"])
def test_a_wrong_name_is_told_at_once(name: str) -> None:
    with pytest.raises(HyperlexError, match=r"no corpus"):
        source(name, "train")


def test_a_row_without_text_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "а.jsonl").write_text('{"body": "туман"}\n', "utf-8")
    with pytest.raises(HyperlexError, match="row 1"):
        source(str(tmp_path), "train")
