"""`measure`: a table and three files, or one line and nothing written."""

from __future__ import annotations

import inspect
import json
import shutil
from pathlib import Path

import pytest

from hyperlex import HyperTokenizer
from hyperlex.errors import ConfigError
from hyperlex.files import atomic_write_texts


@pytest.fixture
def words(house: Path, extended: Path) -> list[object]:
    """A measurement of one small text under two tokenizers."""
    tale = house / "texts" / "tale.txt"
    return ["measure", tale, "-t", f"hyper={extended}", "-t", house / "base"]


def test_measure_prints_the_ranking(run, words) -> None:
    result = run(*words)
    assert result.exit_code == 0, result.output
    told = result.stdout
    assert "tale.txt" in told and "characters" in told and "tokens" in told
    assert told.index("hyper ") < told.index("base ")
    assert "Documents are few" in told
    assert all(len(line) <= 100 for line in told.splitlines())


def test_measure_writes_all_forms_of_one_report(run, words, tok, house, tmp_path: Path) -> None:
    files = [tmp_path / "out" / name for name in ("a.json", "a.md", "a.html")]
    options = zip(("--json", "--markdown", "--html"), files, strict=True)
    result = run(*words, *(word for pair in options for word in pair))
    assert result.exit_code == 0, result.output
    report = json.loads(files[0].read_text("utf-8"))
    text = (house / "texts" / "tale.txt").read_text("utf-8")
    (hyper,) = [row for row in report["rows"] if row["tokenizer"] == "hyper"]
    expected = len(text) / len(tok.encode(text))
    found = hyper["scores"]["characters_per_token"]["interval"]["value"]
    assert found == pytest.approx(expected, rel=1e-7)
    for file in files:
        assert "hyper" in file.read_text("utf-8")
        assert str(file) in result.stdout.replace("\n", "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.html", "a.json", "a.md"}


def test_json_to_standard_output_is_nothing_but_json(run, words) -> None:
    result = run(*words, "--json", "-")
    assert json.loads(result.stdout)["title"] == "tale.txt"


def test_standard_input_is_a_text(run, extended, tok: HyperTokenizer) -> None:
    text = "Дед стоял у двери.\r\nКот молчал.\n"
    result = run("measure", "-", "-t", extended, "--json", "-", stdin=text.encode())
    report = json.loads(result.stdout)
    assert report["title"] == "standard input"
    assert report["size"]["characters"] == len(text)


def test_no_argument_measures_the_samples(run, house: Path) -> None:
    result = run("measure", "-t", house / "base", "--limit", "500", "--by", "domain")
    assert result.exit_code == 0, result.output
    assert "samples" in result.stdout
    assert "encyclopedic" in result.stdout  # a domain of its own


def test_the_reference_and_the_seed_are_taken(run, words) -> None:
    report = json.loads(run(*words, "--reference", "base", "--seed", "7", "--json", "-").stdout)
    assert report["reference"] == report["base"] == "base"
    assert report["settings"]["seed"] == 7


def test_parallel_sentences_give_a_premium(run, words, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("sent_id\tru\ten\nn01001011\tДед стоял у двери.\tHe stood.\n", "utf-8")
    report = json.loads(run(*words, "--parallel", pairs, "--json", "-").stdout)
    assert report["parallel"] == 1
    assert "premium" in report["rows"][0]["scores"]


def test_a_model_reads_the_sample(run, words, house: Path, tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    shape = GPT2Config(vocab_size=300, n_positions=32, n_embd=8, n_layer=1, n_head=1)
    GPT2LMHeadModel(shape).save_pretrained(tmp_path / "tiny")
    shutil.copy(house / "base" / "tokenizer.json", tmp_path / "tiny")
    result = run(*words, "--model", tmp_path / "tiny")
    assert result.exit_code == 0, result.output
    table = result.stdout.partition("Language models")[2]
    assert "bits / character" in table and "tiny · byte-level BPE" in table


def test_the_limit_is_that_of_the_library() -> None:
    from hyperlex.cli.measure import measure
    from hyperlex.measure.sample import LIMIT

    assert inspect.signature(measure).parameters["limit"].default == LIMIT


def test_skipped_tokenizers_are_told(run, words, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run(*words, "-t", tmp_path / "empty")
    assert result.exit_code == 0
    assert "Skipped empty:" in result.stdout


def test_a_peer_may_be_named_by_its_file(run, house: Path) -> None:
    tale = house / "texts" / "tale.txt"
    result = run("measure", tale, "-t", house / "base" / "tokenizer.json", "--json", "-")
    assert json.loads(result.stdout)["tokenizers"][0]["name"] == "base"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x7fELF\x00\x00", "no text file"),
        ("Привет, мир.".encode("cp1251"), "iconv -f cp1251"),
        ("Привет, мир.".encode("utf-16"), "iconv -f utf-16"),
        (b"", "There is no text in a.txt"),
        (b" \n\n", "There is no text in a.txt"),
    ],
)
def test_what_is_no_text_is_refused(refused, extended, tmp_path, content: bytes, told) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    page = tmp_path / "page.html"
    result = refused("measure", tmp_path / "a.txt", "-t", extended, "--html", page)
    assert told in result.stderr
    assert not page.exists()


@pytest.mark.parametrize("option", ["--html", "--markdown"])
def test_a_page_is_no_file_by_the_name_of_a_hyphen(
    refused, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Name the file" in refused("measure", option, "-").stderr
    assert list(tmp_path.iterdir()) == []


def test_cp1251_on_standard_input_is_refused(refused, extended) -> None:
    assert (
        "not UTF-8" in refused("measure", "-", "-t", extended, stdin="Да".encode("cp1251")).stderr
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-t", "./nowhere"], "does not exist"),
        (["--reference", "никто"], "'никто' is not among the tokenizers"),
        (["--by", "colour"], "domain"),
        (["--limit", "0"], "--limit"),
        (["--parallel", "nowhere.tsv"], "nowhere.tsv"),
        (["--model", "./nowhere"], "causal language model"),
    ],
)
def test_wrong_options_are_refused(refused, house: Path, options: list[str], told: str) -> None:
    tokenizer = [] if "-t" in options else ["-t", house / "base"]
    tale = house / "texts" / "tale.txt"
    assert told in refused("measure", tale, *tokenizer, *options).stderr


def test_a_missing_text_is_refused(refused, extended) -> None:
    assert "lentra" in refused("measure", "lentra", "-t", extended).stderr


def test_a_file_that_vanishes_midway_leaves_no_report(
    refused, extended, tmp_path, monkeypatch
) -> None:
    """The files of a folder are listed first; when the first is read, the second goes."""
    from hyperlex.measure import texts

    folder, out = tmp_path / "texts", tmp_path / "out.json"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("Дед спал.", "utf-8")
    read = texts.documents

    def reading(path: Path):
        (folder / "b.txt").unlink(missing_ok=True)
        return read(path)

    monkeypatch.setattr(texts, "documents", reading)
    assert "b.txt" in refused("measure", folder, "-t", extended, "--json", out).stderr
    assert not out.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_leaves_no_part_of_a_report(refused, words, tmp_path: Path) -> None:
    out = tmp_path / "out" / "report.json"
    result = refused(*words, "--json", out, "--html", "/dev/full")
    assert "No space left" in result.stderr
    assert not out.exists()
    assert list((tmp_path).rglob(".hyperlex-*")) == []


def test_two_reports_in_one_file_are_refused(refused, words, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert "one file twice" in refused(*words, "--json", out, "--markdown", out).stderr


def test_a_place_that_may_not_be_written_is_refused_before_the_work(refused, tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    result = refused("measure", "lentra", "--json", tmp_path / "folder")
    assert "folder" in result.stderr and "lentra" not in result.stderr
    (tmp_path / "file").touch()
    refused("measure", "lentra", "--json", tmp_path / "file" / "a.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_several_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "old.txt").write_text("был", "utf-8")
    with pytest.raises(ConfigError, match="folder"):
        atomic_write_texts({tmp_path / "old.txt": "стал", tmp_path / "folder": "нет"})
    assert (tmp_path / "old.txt").read_text("utf-8") == "был"
    atomic_write_texts({tmp_path / "old.txt": "стал", tmp_path / "new" / "a.txt": "новый"})
    assert (tmp_path / "old.txt").read_text("utf-8") == "стал"
    assert (tmp_path / "new" / "a.txt").read_text("utf-8") == "новый"
    assert list(tmp_path.rglob(".hyperlex-*")) == []
