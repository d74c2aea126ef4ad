"""A codebook on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import byte_level_base
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from hyperlex import Codebook, train_codebook
from hyperlex.codebook.build import Candidate, build_codebook
from hyperlex.codebook.files import MACHINE_FILE, READABLE_FILE, to_bytes
from hyperlex.errors import ConfigError, FormatError, VocabularyError


def test_load_inverts_save(any_codebook: Codebook, tmp_path: Path) -> None:
    any_codebook.save(tmp_path)
    again = Codebook.load(tmp_path, any_codebook.base)
    assert list(again) == list(any_codebook)
    assert again.parts.tolist() == any_codebook.parts.tolist()
    assert to_bytes(again) == to_bytes(any_codebook)


def test_morphemes_survive(samples: dict[str, str], tmp_path: Path) -> None:
    base = byte_level_base("gpt2", list(samples.values()))
    made = train_codebook(
        base,
        list(samples.values()),
        size=40,
        min_count=2,
        min_documents=1,
        workers=1,
        morpheme_cuts=lambda word: (2,) if len(word) > 4 else (),
    )
    made.save(tmp_path)
    again = Codebook.load(tmp_path, base)
    assert list(again) == list(made)
    assert any("|" in entry.morphemes for entry in again)
    assert [e.morphemes for e in again.prefix(20)] == [e.morphemes for e in made][:20]


def test_a_very_long_entry_survives(samples: dict[str, str], tmp_path: Path) -> None:
    """A word of more base ids than two bytes can count."""
    base = byte_level_base("gpt2", list(samples.values()))
    unit = tuple(base.encode("ъ")) * 40_000
    made = build_codebook(base, [Candidate(units=(unit,)), Candidate(units=(unit[:4],))])
    made.save(tmp_path)
    assert Codebook.load(tmp_path, base).expansions == made.expansions == [unit, unit[:4]]


def test_the_readable_twin_has_a_line_an_entry(any_codebook: Codebook, tmp_path: Path) -> None:
    any_codebook.save(tmp_path)
    header, *lines = (tmp_path / READABLE_FILE).read_text(encoding="utf-8").splitlines()
    assert header.split("\t")[:3] == ["id", "kind", "text"]
    assert len(lines) == len(any_codebook)
    for line, entry in zip(lines, any_codebook, strict=True):
        columns = line.split("\t")
        assert columns[0] == str(entry.id) and columns[1] == entry.kind
        assert columns[4] == " ".join(map(str, entry.ids))
        assert len(columns) == 8


def test_another_base_is_refused(
    any_codebook: Codebook, samples: dict[str, str], tmp_path: Path
) -> None:
    any_codebook.save(tmp_path)
    other = byte_level_base("gpt2", list(samples.values()), size=390)
    with pytest.raises(VocabularyError, match="another base tokenizer"):
        Codebook.load(tmp_path, other)


@pytest.mark.parametrize("keep", [0, 7, 100, -20])
def test_a_truncated_file_is_refused(any_codebook: Codebook, tmp_path: Path, keep: int) -> None:
    (tmp_path / MACHINE_FILE).write_bytes(to_bytes(any_codebook)[:keep])
    with pytest.raises(FormatError, match="is damaged"):
        Codebook.load(tmp_path, any_codebook.base)


def test_a_foreign_version_is_refused(any_codebook: Codebook, tmp_path: Path) -> None:
    arrays = load_tensors(to_bytes(any_codebook))
    metadata = {"format_version": "99", "base_size": "1", "base_sha256": "0"}
    (tmp_path / MACHINE_FILE).write_bytes(save_tensors(arrays, metadata))
    with pytest.raises(FormatError, match="format version '99'"):
        Codebook.load(tmp_path, any_codebook.base)


def test_arrays_that_disagree_are_refused(any_codebook: Codebook, tmp_path: Path) -> None:
    arrays = load_tensors(to_bytes(any_codebook))
    arrays["counts"] = arrays["counts"][:-1]
    metadata = {"format_version": "1", "base_size": "1", "base_sha256": any_codebook.base.sha256}
    (tmp_path / MACHINE_FILE).write_bytes(save_tensors(arrays, metadata))
    with pytest.raises(FormatError, match="disagree in length"):
        Codebook.load(tmp_path, any_codebook.base)


def test_both_files_are_written_or_none(any_codebook: Codebook, tmp_path: Path) -> None:
    (tmp_path / READABLE_FILE).mkdir()
    with pytest.raises(ConfigError):
        any_codebook.save(tmp_path)
    assert not (tmp_path / MACHINE_FILE).exists()


def test_nothing_there_is_refused(any_codebook: Codebook, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=MACHINE_FILE):
        Codebook.load(tmp_path, any_codebook.base)
