"""Snippets: whole ids of the texts, each with a hypertoken, none beyond what is asked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hyperlex import HyperTokenizer
from hyperlex.errors import ConfigError
from hyperlex.model.snippets import Snippets, select_snippets


def kept(snippets: Snippets) -> list[list[int]]:
    return [snippets[index].tolist() for index in range(len(snippets))]


def test_snippets_are_runs_of_the_encoded_text_within_the_window(
    tok: HyperTokenizer, texts: list[str]
) -> None:
    found = kept(select_snippets(tok, texts, per_token=1_000, window=16))
    encoded = [",".join(map(str, tok.encode(text))) for text in texts]
    assert len(found) > len(texts)
    for snippet in found:
        assert 2 <= len(tok.expand(snippet)) <= 16 and len(snippet) >= 2
        assert any(index >= tok.layout.base_size for index in snippet)
        assert any(",".join(map(str, snippet)) in text for text in encoded)


def test_shown_counts_the_snippets_with_each_hypertoken(
    tok: HyperTokenizer, texts: list[str]
) -> None:
    snippets = select_snippets(tok, texts, per_token=1_000, window=16)
    counted = Counter(index for snippet in kept(snippets) for index in set(snippet))
    first = tok.layout.base_size
    expected = [counted[first + code] for code in range(tok.layout.hyper_size)]
    assert snippets.shown.tolist() == expected


def test_a_snippet_that_shows_nothing_wanted_is_left_out(
    tok: HyperTokenizer, texts: list[str]
) -> None:
    every = select_snippets(tok, texts, per_token=1_000, window=16)
    once = select_snippets(tok, texts, per_token=1, window=16)
    assert 0 < len(once) < len(every)
    assert ((once.shown > 0) == (every.shown > 0)).all()
    assert len(once) <= int((once.shown > 0).sum())


def test_reading_stops_at_the_most(tok: HyperTokenizer, texts: list[str]) -> None:
    read = []

    def stream():
        for text in texts * 50:
            read.append(text)
            yield text

    snippets = select_snippets(tok, stream(), per_token=1_000, window=16, most=5)
    assert len(snippets) == 5 and len(read) < 4


def test_files_are_read_in_turn_and_alike_for_one_seed(
    tok: HyperTokenizer, texts: list[str], tmp_path: Path
) -> None:
    for folder, text in enumerate(texts[:2]):
        (tmp_path / str(folder)).mkdir()
        (tmp_path / str(folder) / "a.txt").write_text((text + "\n") * 200, "utf-8")
    options = {"per_token": 10_000, "window": 16}
    first, again, other = (
        kept(select_snippets(tok, tmp_path, **options, seed=seed)) for seed in (0, 0, 1)
    )
    assert first == again != other
    assert Counter(map(tuple, first)) == Counter(map(tuple, other))
    origin = np.array([tok.decode(ids) in (texts[0] + "\n") * 3 for ids in first])
    assert np.count_nonzero(np.diff(origin)) > 4
    assert 0.2 < origin[: len(origin) // 2].mean() < 0.8


def test_nothing_is_kept_of_texts_without_hypertokens(tok: HyperTokenizer) -> None:
    assert len(select_snippets(tok, ["", "q"], per_token=3, window=16)) == 0


def test_a_path_that_is_not_there_is_refused(tok: HyperTokenizer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        select_snippets(tok, tmp_path / "nothing", per_token=3, window=16)
