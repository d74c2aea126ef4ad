"""The doctor finds each way in which a saved tokenizer is known to break, and says what helps."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerFast

import hyperlex
from hyperlex.errors import ConfigError
from hyperlex.tokenizer import HyperTokenizer
from hyperlex.tokenizer.doctor import Diagnosis, Finding, diagnose, probe_texts

ChangeJson = Callable[..., None]


def found(diagnosis: Diagnosis, check: str) -> Finding:
    (finding,) = (finding for finding in diagnosis.findings if finding.check == check)
    return finding


def test_a_saved_tokenizer_is_healthy(saved: Path) -> None:
    diagnosis = diagnose(saved)
    assert [severity for severity, *_ in diagnosis.rows] == ["ok"] * len(diagnosis.findings)
    assert diagnosis.severity == "ok"
    checked = {finding.check for finding in diagnosis.findings}
    assert checked >= {"hyperlex files", "codebook", "ids", "special tokens", "AutoTokenizer"}


@pytest.mark.parametrize("name", ["with_holes", "with_bos"])
def test_other_bases_are_healthy(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tok: HyperTokenizer = request.getfixturevalue(name)
    tok.save(tmp_path)
    assert diagnose(tmp_path).severity == "ok"


def test_a_base_without_export_is_a_note(without_export: HyperTokenizer, tmp_path: Path) -> None:
    without_export.save(tmp_path)
    diagnosis = diagnose(tmp_path)
    assert diagnosis.severity == "note"
    assert "Unigram" in found(diagnosis, "plain export").met
    assert "AutoTokenizer gives base ids" in found(diagnosis, "plain export").met
    assert found(diagnosis, "AutoTokenizer").severity == "ok"


def test_a_dropped_pre_tokenizer_is_counted_and_named(
    copied: Path, change_json: ChangeJson, tok: HyperTokenizer
) -> None:
    change_json(copied / "config.json", model_type="qwen2", vocab_size=512)
    change_json(copied / "tokenizer_config.json", auto_map=...)
    diagnosis = diagnose(copied)
    assert diagnosis.severity == "broken"
    finding = found(diagnosis, "AutoTokenizer")
    texts = probe_texts(tok.codebook, 64)
    texts += [f"{t}{s}" for t, s in zip(texts, tok.hf.all_special_tokens, strict=False)]
    expected = sum(len(tok.encode(text)) for text in texts)
    assert f"{expected} expected" in finding.met
    assert "rebuilt it as Qwen2Tokenizer for model type 'qwen2'" in finding.met
    assert "has no auto_map" in finding.met
    assert finding.remedy.startswith("hyperlex.load(DIR).save(DIR)")
    with pytest.warns(UserWarning):
        hyperlex.load(copied).save(copied)
    assert diagnose(copied).severity == "ok"


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", None])
def test_a_declared_class_that_rebuilds_is_found(
    copied: Path, change_json: ChangeJson, model_type: str | None
) -> None:
    if model_type:
        change_json(copied / "config.json", model_type=model_type)
    change_json(copied / "tokenizer_config.json", tokenizer_class="GPT2Tokenizer")
    finding = found(diagnose(copied), "AutoTokenizer")
    assert finding.severity == "broken"
    assert "GPT2Tokenizer" in finding.met


def test_the_way_round_helps_where_the_files_cannot(
    copied: Path, change_json: ChangeJson, tok: HyperTokenizer, text: str
) -> None:
    (copied / "hyperlex_config.json").unlink()
    (copied / "codebook.safetensors").unlink()
    change_json(copied / "config.json", model_type="qwen2")
    change_json(copied / "tokenizer_config.json", auto_map=...)
    finding = found(diagnose(copied), "AutoTokenizer")
    assert finding.severity == "broken"
    assert "PreTrainedTokenizerFast.from_pretrained(DIR)" in finding.remedy
    loaded = PreTrainedTokenizerFast.from_pretrained(copied)
    assert loaded(text, add_special_tokens=False).input_ids == tok.encode(text)


def test_a_round_trip_through_transformers_is_told(copied: Path, tmp_path: Path) -> None:
    AutoTokenizer.from_pretrained(copied).save_pretrained(tmp_path / "other")
    diagnosis = diagnose(tmp_path / "other")
    assert diagnosis.severity == "note"
    assert "hyperlex.load cannot read this" in found(diagnosis, "hyperlex files").met
    assert found(diagnosis, "AutoTokenizer").severity == "ok"
    trust = found(diagnosis, "trust_remote_code=True")
    assert trust.severity == "note"
    assert "leave the argument out" in trust.remedy
    with pytest.raises(OSError, match=r"tokenization_hyperlex\.py"):
        AutoTokenizer.from_pretrained(tmp_path / "other", trust_remote_code=True)


def test_what_hf_saved_is_healthy_for_transformers(tok: HyperTokenizer, tmp_path: Path) -> None:
    tok.hf.save_pretrained(tmp_path)
    diagnosis = diagnose(tmp_path)
    assert found(diagnosis, "AutoTokenizer").severity == "ok"
    assert found(diagnosis, "trust_remote_code=True").severity == "ok"


def test_code_that_is_not_ours_is_told_and_not_run(copied: Path, tmp_path: Path) -> None:
    (copied / "tokenization_hyperlex.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\nclass PreTrainedTokenizerFast: ...\n"
    )
    finding = found(diagnose(copied), "trust_remote_code=True")
    assert (finding.severity, finding.remedy[:19]) == ("note", "read the file first")
    assert not (tmp_path / "ran").exists()


def test_other_special_tokens_around_a_text_are_found(
    with_bos: HyperTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_bos.save(tmp_path)
    without = AutoTokenizer.from_pretrained(tmp_path)
    without.add_bos_token = False
    monkeypatch.setattr("hyperlex.tokenizer.doctor._auto_tokenizer", lambda directory: without)
    finding = found(diagnose(tmp_path), "AutoTokenizer")
    assert finding.severity == "broken"
    assert "other special tokens around a text" in finding.met


def test_a_model_that_is_too_small_is_found(copied: Path, change_json: ChangeJson) -> None:
    change_json(copied / "config.json", model_type="gpt2", vocab_size=400)
    finding = found(diagnose(copied), "model")
    assert finding.severity == "broken"
    assert "400 rows" in finding.met
    assert "extend_model" in finding.remedy
    change_json(copied / "config.json", vocab_size=..., text_config={"vocab_size": 512})
    assert found(diagnose(copied), "model").severity == "ok"


def test_a_codebook_of_another_base_is_found(
    copied: Path, with_bos: HyperTokenizer, tmp_path: Path
) -> None:
    with_bos.save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "codebook.safetensors", copied)
    finding = found(diagnose(copied), "hyperlex files")
    assert finding.severity == "broken"
    assert "was trained for another base tokenizer" in finding.met


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("tokenizer.json", "broken"),
        ("codebook.safetensors", "broken"),
        ("hyperlex_config.json", "broken"),
        ("codebook.tsv", "note"),
        ("tokenizer_config.json", "ok"),  # without a model beside it nothing else decides
    ],
)
def test_a_missing_file_is_found(copied: Path, name: str, severity: str) -> None:
    (copied / name).unlink()
    assert diagnose(copied).severity == severity


def test_an_edited_twin_is_a_note(copied: Path) -> None:
    file = copied / "codebook.tsv"
    file.write_text(file.read_text("utf-8").replace("берег", "БЕРЕГ"), "utf-8")
    assert found(diagnose(copied), "readable twin").severity == "note"


def test_files_that_others_prefer_are_a_note(copied: Path) -> None:
    (copied / "tekken.json").write_text("{}")
    assert "tekken.json" in found(diagnose(copied), "files of the base").met


def test_what_transformers_says_is_passed_on_and_not_printed(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def loud(directory: Path) -> object:
        logging.getLogger("transformers.somewhere").warning("mind\nthe step")
        return AutoTokenizer.from_pretrained(directory)

    monkeypatch.setattr("hyperlex.tokenizer.doctor._auto_tokenizer", loud)
    finding = found(diagnose(copied), "transformers says")
    assert (finding.severity, finding.met) == ("note", "mind the step")
    assert "step" not in "".join(capfd.readouterr())


def test_no_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        diagnose(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file"):
        diagnose(tmp_path / "file")


def test_a_damaged_model_config_is_found(copied: Path, tok: HyperTokenizer, text: str) -> None:
    (copied / "config.json").write_text('{"model_type": ')
    diagnosis = diagnose(copied)
    assert diagnosis.severity == "broken"
    assert "config.json is no JSON" in str(diagnosis)
    with pytest.warns(UserWarning, match=r"config\.json there is damaged"):
        assert hyperlex.load(copied).encode(text) == tok.encode(text)


def test_an_empty_directory_is_broken(tmp_path: Path) -> None:
    diagnosis = diagnose(tmp_path)
    assert diagnosis.severity == "broken"
    assert "tokenizer.json" in str(diagnosis)


def test_a_diagnosis_reads_as_a_table(copied: Path) -> None:
    (copied / "codebook.tsv").unlink()
    lines = str(diagnose(copied)).splitlines()
    assert lines[0] == str(copied)
    at = next(n for n, line in enumerate(lines) if "codebook.tsv is missing" in line)
    assert lines[at].startswith("  note    readable twin")
    assert lines[at + 1].strip().startswith("→ hyperlex.load(DIR).codebook.save(DIR)")
