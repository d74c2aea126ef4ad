"""`doctor`: says what is broken by its exit status."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path

import pytest

import hyperlex


@pytest.fixture
def embedded(extended: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tokenizer of the tests in the place of the built-in one."""
    module = importlib.import_module("hyperlex.tokenizer.load")
    monkeypatch.setattr(module, "EMBEDDED", extended)
    return extended


def test_a_healthy_directory(run, extended: Path) -> None:
    result = run("doctor", extended)
    assert result.exit_code == 0, result.output
    assert "broken" not in result.stdout and "AutoTokenizer" in result.stdout


def test_a_broken_directory(run, extended: Path, tmp_path: Path) -> None:
    directory = tmp_path / "broken"
    shutil.copytree(extended, directory)
    file = directory / "codebook.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    result = run("doctor", directory)
    assert result.exit_code == 1
    assert "broken" in result.stdout and "damaged" in result.stdout


def test_doctor_as_json(run, extended: Path) -> None:
    told = json.loads(run("doctor", extended, "--json").stdout)
    assert told["broken"] is False
    assert {"severity", "check", "met", "remedy"} == set(told["findings"][0])


def test_this_installation(run, embedded: Path) -> None:
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert hyperlex.__version__ in result.stdout and "tokenizers" in result.stdout
    assert "exact on the story" in result.stdout


def test_an_installation_without_its_tokenizer(run, monkeypatch, tmp_path: Path) -> None:
    module = importlib.import_module("hyperlex.tokenizer.load")
    monkeypatch.setattr(module, "EMBEDDED", tmp_path / "nothing")
    result = run("doctor")
    assert result.exit_code == 1
    assert "broken" in result.stdout and "install hyperlex again" in result.stdout


def test_a_package_that_is_missing_is_a_note(run, embedded: Path, monkeypatch) -> None:
    from importlib import metadata

    real = metadata.version

    def version(name: str) -> str:
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    result = run("doctor")
    assert result.exit_code == 0
    assert "not installed" in result.stdout and "hyperlex[model]" in result.stdout


def test_a_place_that_is_no_directory_is_refused(refused, tmp_path: Path) -> None:
    refused("doctor", tmp_path / "nowhere")


def test_the_built_in_tokenizer_serves_where_none_is_named(run, embedded: Path) -> None:
    encoded = run("encode", "Дед стоял у двери.")
    assert run("decode", stdin=encoded.stdout_bytes).stdout == "Дед стоял у двери."
