"""`compress`, and `decode` of what it gives: fewer ids, told honestly."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import hyperlex
from hyperlex.cli.compress_table import KINDS, kind, rows, summary

TEXT = (
    "Поезд опоздал на 40 минут. Она сидела на вокзале и читала письмо брата. "
    "Он, когда стемнело, вышел во двор. Никто его не ждал.\n"
)
CODE = "for x in range(10): print(x)\n"
WAYS = [("--rung", "1"), ("--rung", "2"), ("--rung", "3"), ("--tokens", "18"), ("--ratio", "1.3")]


@pytest.fixture(scope="module")
def default() -> hyperlex.HyperTokenizer:
    return hyperlex.load()


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch: pytest.MonkeyPatch, default: hyperlex.HyperTokenizer) -> None:
    """The embedded tokenizer is loaded for the first command line and kept for the others."""
    for verb in ("compress", "decode"):
        module = import_module(f"hyperlex.cli.{verb}")
        load = module.load_tokenizer
        monkeypatch.setattr(
            module, "load_tokenizer", lambda name, load=load: load(name) if name else default
        )


def ids_of(stdout: str) -> list[int]:
    return [int(word) for word in stdout.split()]


def code_of(way: tuple[str, str], text: str, tok: hyperlex.HyperTokenizer):
    value = float(way[1]) if way[0] == "--ratio" else int(way[1])
    return hyperlex.compress(text, **{way[0][2:]: value}, tokenizer=tok)


@pytest.mark.parametrize("way", WAYS)
def test_ids_are_those_of_the_library(run, default: hyperlex.HyperTokenizer, way) -> None:
    found = ids_of(run("compress", TEXT, *way, "--ids").stdout)
    assert tuple(found) == code_of(way, TEXT, default).ids
    assert any(map(default.layout.is_scene, found))


def test_the_rung_is_2_where_none_is_named(run) -> None:
    alone = run("compress", TEXT, "--ids").stdout
    assert alone == run("compress", TEXT, "--rung", "2", "--ids").stdout


@pytest.mark.parametrize("budget", [16, 17, 20, 1000])
def test_a_budget_is_respected_to_the_token(run, budget: int) -> None:
    assert len(ids_of(run("compress", TEXT, "--tokens", budget, "--ids").stdout)) <= budget


def test_decode_inverts_rung_4(run, tmp_path: Path) -> None:
    tricky = "Дед\r\nстоял\tу двери, не решаясь войти…\n\n🙂 \x00 ⟦конец⟧\n".encode()
    file = tmp_path / "tricky.txt"
    file.write_bytes(tricky)
    told = run("compress", "--rung", "4", "--ids", "--file", file)
    decoded = run("decode", stdin=told.stdout_bytes)
    assert decoded.stdout_bytes == tricky
    assert decoded.stderr == ""


@pytest.mark.parametrize("way", WAYS)
def test_decode_marks_what_it_makes(run, default: hyperlex.HyperTokenizer, way) -> None:
    told = run("compress", TEXT, *way, "--ids")
    expected = code_of(way, TEXT, default).decode()
    decoded = run("decode", stdin=told.stdout_bytes)
    assert decoded.stdout == expected.marked
    assert "⟦" in decoded.stdout
    assert decoded.stderr.count("\n") == 1 and "reconstruction" in decoded.stderr
    bare = run("decode", "--unmarked", stdin=told.stdout_bytes)
    assert bare.stdout == expected
    assert "⟦" not in bare.stdout
    assert "reconstruction" in bare.stderr


def test_decode_as_json_says_what_is_exact(run) -> None:
    for rung, exact in (("2", False), ("4", True)):
        told = run("compress", TEXT, "--rung", rung, "--json")
        decoded = run("decode", "--json", stdin=told.stdout_bytes)
        found = json.loads(decoded.stdout)
        assert found == json.loads(told.stdout)["reconstruction"]
        assert found["exact"] is exact
        assert decoded.stderr == ""


def test_text_that_is_no_russian_is_exact_at_every_rung(run) -> None:
    for rung in "1234":
        told = run("compress", CODE, "--rung", rung, "--ids")
        decoded = run("decode", stdin=told.stdout_bytes)
        assert (decoded.stdout, decoded.stderr) == (CODE, "")


def test_any_prefix_of_ids_is_decoded(run) -> None:
    found = ids_of(run("compress", TEXT, "--tokens", "18", "--ids").stdout)
    for stop in range(len(found)):
        assert run("decode", json.dumps(found[:stop])).exit_code == 0


def test_json_of_a_code(run, default: hyperlex.HyperTokenizer) -> None:
    told = json.loads(run("compress", TEXT, "--tokens", "18", "--json").stdout)
    code = hyperlex.compress(TEXT, tokens=18, tokenizer=default)
    assert told["file"] is None
    assert told["characters"] == len(TEXT)
    assert told["tokens"] == len(told["ids"]) == len(told["names"]) <= 18
    assert told["exact_tokens"] == len(default.encode(TEXT))
    assert told["base_tokens"] == len(default.base_encode(TEXT))
    assert tuple(told["ids"]) == code.ids
    assert tuple(told["names"]) == code.names
    assert tuple(told["rungs"]) == code.rungs
    for name in ("spans", "places"):
        found = [(span["start"], span["stop"]) for span in told[name]]
        assert found == [(span.start, span.stop) for span in getattr(code, name)]


def test_the_keys_of_json_are_documented(run) -> None:
    document = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    section = document.split("## `hyperlex compress --json`")[1].split("\n## ")[0]
    told = json.loads(run("compress", TEXT, "--json").stdout)
    for key in (*told, *told["reconstruction"], *told["spans"][0]):
        assert f"`{key}`" in section, key


def test_several_files_are_several_lines(run, tmp_path: Path) -> None:
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for file, text in zip(files, (TEXT, "Светало.\n"), strict=True):
        file.write_text(text, "utf-8")
    named = [word for file in files for word in ("--file", file)]
    lines = run("compress", *named, "--json").stdout.splitlines()
    assert [json.loads(line)["file"] for line in lines] == [str(file) for file in files]
    bare = run("compress", *named, "--ids").stdout.splitlines()
    assert [ids_of(line) for line in bare] == [json.loads(line)["ids"] for line in lines]
    shown = run("compress", *named).stdout
    assert shown.index("a.txt") < shown.index("b.txt")


def test_the_table_shows_scenes_ids_and_the_reconstruction(run, default) -> None:
    text = "Он стоял у двери, не решаясь войти."
    code = hyperlex.compress(text, rung=2, tokenizer=default)
    flat = " ".join(run("compress", text).stdout.split())
    assert " ".join(code.decode().marked.split()) in flat
    for index in code.ids:
        if default.layout.is_scene(index):
            assert f"{index} " in flat
    for line in summary(text, code, default):
        assert line in flat
    assert f"{len(code)} ids; {len(default.encode(text))} in the exact lane" in flat
    assert "no quotation" in flat


def test_the_table_of_exact_text_claims_no_reconstruction(run) -> None:
    shown = run("compress", "Светало.", "--rung", "4").stdout
    assert "⟦" not in shown and "Светало." in shown


def test_the_table_says_what_was_left_out(run, default: hyperlex.HyperTokenizer) -> None:
    text = "Светало. Поезд ушёл в 7 часов."
    lowest = next(
        code for budget in range(1, 20) if (code := fitting(text, budget, default)) is not None
    )
    assert 0 in lowest.rungs
    assert "left out" in run("compress", text, "--tokens", len(lowest)).stdout


def fitting(text: str, budget: int, tok: hyperlex.HyperTokenizer):
    try:
        return hyperlex.compress(text, tokens=budget, tokenizer=tok)
    except hyperlex.errors.ConfigError:
        return None


def test_nothing_commands_the_terminal(run) -> None:
    shown = run("compress", "Он вошёл \x1b[31mв дом.\x07", "--rung", "4").stdout
    assert "\x1b" not in shown and "\x07" not in shown


@pytest.mark.parametrize("way", [*WAYS, ("--rung", "4")])
def test_rows_hold_each_scene_once_in_order(default: hyperlex.HyperTokenizer, way) -> None:
    code = code_of(way, TEXT * 2, default)
    found = list(rows(code))
    assert [number for row in found for number in row.scenes] == list(range(len(code.scenes)))
    told = [row for row in found if code.rungs[row.scenes[0]]]
    assert [(row.place.start, row.place.stop) for row in told] == sorted(
        (row.place.start, row.place.stop) for row in told
    )
    # No id is shown twice, and none is missing.
    assert [k for row in told for k in range(row.place.start, row.place.stop)] == list(
        range(len(code))
    )


def test_the_summary_counts_every_id(default: hyperlex.HyperTokenizer) -> None:
    code = hyperlex.compress(TEXT, tokens=18, tokenizer=default)
    _, told = summary(TEXT, code, default)
    found = {
        name.removesuffix("s"): int(count) for count, name in re.findall(r"(\d+) ([a-z ]+)", told)
    }
    assert sum(found.values()) == len(code)
    assert found.keys() <= set(KINDS)
    assert found == Counter(kind(index, default) for index in code.ids)


@pytest.mark.parametrize("text", ["", " \n", "…", "🙂"])
def test_what_has_no_scene_is_shown_too(run, text: str) -> None:
    for rung in "1234":
        result = run("compress", text, "--rung", rung)
        assert result.exit_code == 0, result.output
        assert f"{len(text)} character" in result.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rung", "5"], "rung=5"),
        (["--rung", "x"], "--rung"),
        (["--rung", "1", "--tokens", "9"], "rung and tokens were given"),
        (["--ratio", "0.5"], "ratio=0.5"),
        (["--tokens", "-1"], "tokens=-1"),
        (["--tokens", "1"], "cannot hold what is protected"),
        (["--ids", "--json"], "--ids and --json"),
        (["--file", "nowhere.txt"], "One of them was expected"),
    ],
)
def test_mistakes_are_refused_in_one_line(refused, words: list[str], told: str) -> None:
    assert told in refused("compress", TEXT, *words).stderr


def test_nothing_is_printed_before_all_files_are_read(refused, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, "utf-8")
    words = ("--file", tmp_path / "a.txt", "--file", tmp_path / "nowhere.txt")
    assert "nowhere.txt" in refused("compress", *words).stderr


def test_a_tokenizer_without_scene_ids_is_refused(
    refused, extended: Path, default: hyperlex.HyperTokenizer
) -> None:
    assert "scene ids" in refused("compress", TEXT, "-t", extended).stderr
    ids = json.dumps(hyperlex.compress(TEXT, tokenizer=default).ids)
    assert "outside the vocabulary" in refused("decode", ids, "-t", extended).stderr
