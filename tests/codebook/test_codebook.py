"""Expanding, collapsing, prefixes and provenance."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from conftest import byte_level_base
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text

from hyperlex import Codebook
from hyperlex.codebook.build import Candidate, build_codebook
from hyperlex.codebook.parse import _merge_with_heap, merge_by_rank
from hyperlex.codebook.reference import collapse_reference
from hyperlex.errors import ConfigError, VocabularyError


def phrases(base, *texts: str) -> Codebook:
    """A codebook of just these phrases, in order."""
    candidates = []
    for text in texts:
        ids = base.encode(text)
        edges = base.units(ids).edges
        runs = tuple(tuple(ids[a:b]) for a, b in itertools.pairwise(edges))
        candidates.append(Candidate(units=runs))
    return build_codebook(base, candidates)


def parsed(codebook: Codebook, text: str) -> str:
    """The canonical parse in eyes' notation: hypertokens in brackets, the rest as it is."""
    result = ""
    run: list[int] = []
    for index in [*codebook.collapse(codebook.base.encode(text)), None]:
        if index is not None and index < codebook.base_size:
            run.append(index)
            continue
        result += codebook.base.decode(run)
        run = []
        if index is not None:
            result += f"[{codebook[index - codebook.base_size].text}]"
    return result


@given(st.data())
def test_expand_inverts_collapse_on_any_ids(any_codebook: Codebook, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, any_codebook.base_size - 1), max_size=40))
    assert any_codebook.expand(any_codebook.collapse(ids)) == ids


@given(any_text)
def test_collapse_equals_the_reference(any_codebook: Codebook, text: str) -> None:
    ids = any_codebook.base.encode(text)
    assert any_codebook.collapse(ids) == collapse_reference(any_codebook, ids)


@given(st.data())
def test_collapse_equals_the_reference_on_any_ids(
    any_codebook: Codebook, data: st.DataObject
) -> None:
    ids = data.draw(st.lists(st.integers(0, any_codebook.base_size - 1), max_size=15))
    assert any_codebook.collapse(ids) == collapse_reference(any_codebook, ids)


@given(any_text, st.integers(1, 150))
def test_a_prefix_is_a_codebook_of_its_own(any_codebook: Codebook, text: str, size: int) -> None:
    ids = any_codebook.base.encode(text)
    shorter = any_codebook.prefix(size)
    assert len(shorter) == size
    assert shorter.expand(shorter.collapse(ids)) == ids
    assert max(shorter.collapse(ids), default=0) < any_codebook.base_size + size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Он стоял у двери.", "Он[ стоял у двери]."),
        ("Он стоял у дверей", "Он[ стоял у] дверей"),
        ("Он стоял у двери-то", "Он[ стоял у] двери-то"),
        ("Он стоял у двери, и ждал", "Он[ стоял у двери][, и] ждал"),
        ("Он стоял у двери,и ждал", "Он[ стоял у двери],и ждал"),
        ("Он  стоял у двери", "Он [ стоял у двери]"),
        ("Он стоял\nу двери", "Он стоял\nу двери"),
    ],
)
def test_the_longest_phrase_between_word_edges_wins(
    samples: dict[str, str], text: str, expected: str
) -> None:
    base = byte_level_base("gpt2", list(samples.values()))
    codebook = phrases(base, " стоял у", " стоял у двери", ", и", " у двери")
    assert parsed(codebook, text) == expected


def test_pieces_apply_by_rank_where_no_phrase_covers(samples: dict[str, str]) -> None:
    base = byte_level_base("gpt2", list(samples.values()), size=300)
    x, y, z = base.encode("zqw")  # three bytes that no sample puts side by side
    seam = base.size
    first = Candidate(parts=(y, z), piece=0)
    second = Candidate(parts=(x, y), piece=1)
    codebook = build_codebook(base, [first, second])
    assert codebook.collapse([x, y, z]) == [x, seam]
    codebook = build_codebook(base, [Candidate(parts=(x, y), piece=0)])
    assert codebook.collapse([x, y, z]) == [seam, z]


@given(st.lists(st.integers(0, 3), max_size=60), st.data())
def test_merging_with_a_heap_is_the_same(ids: list[int], data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=8))
    merges = {}
    for rank, pair in enumerate(pairs, 10):
        # A part is a base id or an earlier merge, as in a codebook.
        left, right = (p if p < 4 else 10 + (p - 4) for p in pair)
        if max(left, right) < rank:
            merges.setdefault((left, right), rank)
    assert _merge_with_heap(list(ids), merges) == merge_by_rank(list(ids), merges)


def test_provenance_counts_the_parse(any_codebook: Codebook, samples: dict[str, str]) -> None:
    """Counts are those of the canonical parse of the training texts, within spans."""
    met: Counter[int] = Counter()
    for text in samples.values():
        met.update(any_codebook.collapse(any_codebook.base.encode(text)))
    entries = [e for e in any_codebook if e.units > 1]
    assert entries
    close = sum(abs(met[e.id] - e.count) <= 1 for e in entries)
    assert close >= 0.9 * len(entries)  # spans in training end phrases that a text goes on with
    assert all(e.saved == e.count * (len(e.ids) - 1) for e in entries)


def test_entries_say_what_they_stand_for(any_codebook: Codebook) -> None:
    for index, entry in enumerate(any_codebook):
        assert entry.id == any_codebook.base_size + index
        assert any_codebook.expand([entry.id]) == list(entry.ids)
        assert len(entry.ids) > 1
        assert (entry.kind == "piece") == (entry.units == 0)
    assert {e.kind for e in any_codebook} == {"phrase", "piece"}


def test_ids_outside_are_refused(any_codebook: Codebook) -> None:
    end = any_codebook.base_size + len(any_codebook)
    for bad in (end, -1):
        with pytest.raises(VocabularyError, match=f"Id {bad} is outside"):
            any_codebook.expand([0, bad])
    with pytest.raises(VocabularyError, match="is no base id"):
        any_codebook.collapse([any_codebook.base_size])
    with pytest.raises(IndexError, match=f"Entry {len(any_codebook)}"):
        any_codebook[len(any_codebook)]


@pytest.mark.parametrize("size", [0, -3, 151])
def test_a_prefix_of_no_such_size_is_refused(any_codebook: Codebook, size: int) -> None:
    with pytest.raises(ConfigError, match=f"size={size}"):
        any_codebook.prefix(size)


def test_arrays_agree(any_codebook: Codebook) -> None:
    assert any_codebook.lengths.sum() == len(any_codebook.ids)
    assert any_codebook.units.sum() == len(any_codebook.unit_sizes)
    assert np.all((any_codebook.parts[:, 0] < 0) == (any_codebook.units > 0))
