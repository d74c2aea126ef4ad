"""What all verbs share: help, errors as one line, UTF-8, a light start, no torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import hyperlex

VERBS = (
    "demo",
    "analyze",
    "train",
    "extend",
    "pretrain",
    "finetune",
    "evaluate",
    "generate",
    "quantize",
    "encode",
    "decode",
    "compress",
    "explain",
    "doctor",
)
HEAVY = {"huggingface_hub", "numpy", "pymorphy3", "tokenizers", "torch", "transformers"}

WITHOUT_TORCH = """
import importlib.util, sys
real = importlib.util.find_spec
def find_spec(name, package=None):
    return None if name.partition(".")[0] == "torch" else real(name, package)
importlib.util.find_spec = find_spec
sys.modules["torch"] = None
from hyperlex.cli import main
main()
"""


def command(*words: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    """One command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hyperlex.cli", *map(str, words)], capture_output=True, **options
    )


def test_alone_it_prints_help(run) -> None:
    result = run()
    assert result.exit_code == 0
    for verb in VERBS:
        assert f" {verb} " in result.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(run, verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert f"hyperlex {verb}" in result.stdout


def test_version(run) -> None:
    assert run("--version").stdout == f"hyperlex {hyperlex.__version__}\n"


def test_an_unknown_verb_lists_the_verbs(refused) -> None:
    message = refused("frobnicate").stderr
    assert "'frobnicate'" in message
    for verb in VERBS:
        assert verb in message


def test_a_misspelt_verb_is_answered_with_the_nearest(refused) -> None:
    assert "Did you mean 'measure'?" in refused("mesure").stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--nope"], "hyperlex --help"),
        (["encode", "--nope"], "hyperlex encode --help"),
        (["extend", "only-one"], "Missing argument 'OUT'"),
        (["explain", "текст", "--top", "-1"], "--top"),
        (["extend", "a", "b", "--initialisation", "magic"], "magic"),
    ],
)
def test_a_bad_option_is_one_line(refused, words: list[str], told: str) -> None:
    assert told in refused(*words).stderr


@pytest.mark.parametrize(
    ("words", "option", "value"),
    [
        (["explain", "текст", "--top", "-1"], "--top", "-1"),
        (["explain", "текст", "--top", "много"], "--top", "много"),
        (["train", "a", "--base", "b", "--out", "c", "--balance", "x,5"], "--balance", "x,5"),
        (["plan", "m", "--gpu", "8GB", "--kv", "int5"], "--kv", "int5"),
    ],
)
def test_a_bad_value_is_repeated_in_words_of_ours(
    refused, words: list[str], option: str, value: str
) -> None:
    message = refused(*words).stderr
    assert option in message and value in message
    for words_of_pydantic in ("Value error", "Input should", "unable to parse"):
        assert words_of_pydantic not in message


@pytest.mark.parametrize("verb", ["encode", "explain", "analyze", "compress"])
@pytest.mark.parametrize("text", ["- Привет", "-5 градусов", "-привет", "--привет, мир"])
def test_a_text_that_begins_with_a_hyphen_is_answered_with_its_way(
    run, refused, extended: Path, verb: str, text: str
) -> None:
    message = refused(verb, text, "--json").stderr
    assert message.endswith(f'all options: hyperlex {verb} -- "{text}"\n')
    options = ["-t", extended] if verb in ("encode", "explain") else []
    assert run(verb, *options, "--", text).exit_code == 0


def test_a_text_with_a_hyphen_that_a_shell_would_change_is_not_repeated(refused) -> None:
    assert refused("encode", '- "Да"').stderr.endswith('hyperlex encode -- "TEXT"\n')
    assert refused("generate", "m", "- Да").stderr.endswith('generate MODEL -- "- Да"\n')
    for words in (["encode", "--nope"], ["decode", "-5"]):
        assert "--help" in refused(*words).stderr


def test_a_bug_of_ours_keeps_its_traceback(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the tests above would pass on any failure."""

    def broken(source: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr("hyperlex.tokenizer.load", broken)
    result = run("encode", "текст")
    assert isinstance(result.exception, RuntimeError)


def test_starting_is_light() -> None:
    script = f"import hyperlex.cli, sys; print(*({HEAVY!r} & sys.modules.keys()))"
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert output.stdout.split() == []


def test_output_is_utf8_in_any_locale(extended: Path, tok: hyperlex.HyperTokenizer) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment = {**os.environ, **plain}
    encoded = command("encode", "Дед стоял у двери.", "-t", extended, env=environment)
    assert encoded.stdout.decode().split() == [str(i) for i in tok.encode("Дед стоял у двери.")]
    decoded = command("decode", "-t", extended, input=encoded.stdout, env=environment)
    assert decoded.stdout.decode() == "Дед стоял у двери."
    explained = command("explain", "Дед", "-t", extended, env=environment)
    assert "Д|е|" in explained.stdout.decode()


def test_a_reader_that_goes_away_is_one_line(extended: Path, tmp_path: Path) -> None:
    text = tmp_path / "long.txt"
    text.write_text("Дед стоял у двери и не решался войти. " * 20_000, "utf-8")
    words = [sys.executable, "-m", "hyperlex.cli", "encode", "--file", text, "-t", extended]
    # Unbuffered, Python takes half a write for a whole one and does not see the pipe break.
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONUNBUFFERED"}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, env=environment) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        message = process.stderr.read().decode()
    assert process.returncode == 2
    assert message == "hyperlex: The output was closed before its end.\n"


def test_a_table_that_nobody_reads_is_one_line_too(tmp_path: Path) -> None:
    text = tmp_path / "long.txt"
    text.write_text("Дед стоял у двери и не решался войти. " * 2_000, "utf-8")
    words = [sys.executable, "-m", "hyperlex.cli", "analyze", "--file", text]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        message = process.stderr.read().decode()
    assert process.returncode == 2
    assert message == "hyperlex: The output was closed before its end.\n"


@pytest.mark.parametrize("verb", ["encode", "explain"])
def test_without_torch_text_verbs_say_nothing_of_it(extended: Path, verb: str) -> None:
    words = [sys.executable, "-c", WITHOUT_TORCH, verb, "Дед стоял у двери.", "-t", extended]
    result = subprocess.run(words, capture_output=True)
    assert (result.returncode, result.stderr.decode()) == (0, "")


def test_without_torch_the_tokenizer_can_be_extended(house: Path, tmp_path: Path) -> None:
    words = ["extend", house / "base", tmp_path / "out", "--codebook", house / "codebook"]
    script = [sys.executable, "-c", WITHOUT_TORCH]
    result = subprocess.run([*script, *words], capture_output=True)
    assert (result.returncode, result.stderr.decode()) == (0, "")

    refused = subprocess.run([*script, *words, "--model"], capture_output=True)
    message = refused.stderr.decode()
    assert refused.returncode == 2 and message.count("\n") == 1
    assert "torch" in message and "pip install 'hyperlex[model]'" in message
