"""`demo`: one story, honest figures, a page."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hyperlex.cli.demo import story
from hyperlex.cli.peers import (
    RECORD,
    cached_peers,
    cut,
    named_peers,
    recorded_peers,
    spell_lengths,
)
from hyperlex.cli.render import Token


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the tokenizers that this machine happens to hold."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    return cache


def test_demo_tells_and_writes_a_page(run, extended: Path, tok, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run("demo", "-t", extended, "--out", page)
    assert result.exit_code == 0, result.output
    text = story()
    told = result.stdout
    assert f"{len(tok.encode(text)):,}" in told and f"{len(tok.base_encode(text)):,}" in told
    assert told.count("✓") == 3 and "✗" not in told
    assert f"all {len(text.encode()):,} bytes" in told
    assert "GPT-2" in told and "recorded" in told
    assert "Семь минут" in page.read_text("utf-8")


@pytest.mark.parametrize("width", [80, 100])
def test_the_comparison_fits_the_terminal(
    run, extended: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr("hyperlex.cli.console.PIPE_WIDTH", width)
    told = run("demo", "-t", extended, "--out", tmp_path / "p.html").stdout
    rows = [line for line in told.splitlines() if "░" in line or "█" in line][:-1]
    assert len(rows) == 8
    assert all(re.search(r"[░█] .*\d\.\d\d *$", row) and len(row) <= width for row in rows)


def test_demo_as_json(run, extended: Path, tok, tmp_path: Path) -> None:
    told = json.loads(run("demo", "-t", extended, "--out", tmp_path / "p.html", "--json").stdout)
    counts = {row["name"]: row["tokens"] for row in told["tokenizers"]}
    assert counts["hyperlex"] == len(tok.encode(story()))
    assert counts["its own base"] == len(tok.base_encode(story()))
    now = {row["name"] for row in told["tokenizers"] if row["recorded"] is None}
    assert now == {"hyperlex", "its own base"} and len(counts) > 6
    assert all(check["held"] for check in told["checks"])


def test_demo_compares_with_a_named_tokenizer(run, house: Path, extended: Path, tmp_path) -> None:
    words = ("demo", "-t", extended, "--out", tmp_path / "p.html")
    result = run(*words, "--peer", f"mine={house / 'base'}")
    assert "mine needs" in result.stdout
    assert '<option value="0">mine</option>' in (tmp_path / "p.html").read_text("utf-8")


def test_demo_on_another_text_shows_no_recorded_figure(run, extended: Path, tmp_path) -> None:
    text = tmp_path / "mine.txt"
    text.write_text("Дед стоял у двери, не решаясь войти.\n", "utf-8")
    result = run("demo", "-t", extended, "--out", tmp_path / "p.html", "--file", text)
    assert result.exit_code == 0
    assert "mine.txt" in result.stdout and "GPT-2" not in result.stdout
    assert "recorded" not in result.stdout


def test_a_law_that_is_broken_is_said_aloud(run, extended: Path, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("hyperlex.HyperTokenizer.decode", lambda self, ids: "что-то другое")
    result = run("demo", "-t", extended, "--out", tmp_path / "p.html")
    assert result.exit_code == 1
    assert result.stdout.count("✗") == 1


def test_a_peer_that_is_none_is_refused(refused, extended: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    words = ("demo", "-t", extended, "--out", tmp_path / "p.html")
    assert "tokenizer" in refused(*words, "--peer", tmp_path / "empty").stderr
    assert not (tmp_path / "p.html").exists()


def test_a_page_that_cannot_be_written_is_refused(refused, extended: Path, tmp_path) -> None:
    (tmp_path / "file").touch()
    words = ("demo", "-t", extended, "--out", tmp_path / "file" / "p.html")
    assert "Cannot write" in refused(*words).stderr


def test_peers_take_their_name_from_the_path(house: Path) -> None:
    places = [str(house / "base"), str(house / "base" / "tokenizer.json"), f"x={house / 'base'}"]
    assert [name for name, _ in named_peers(places)] == ["base", "base", "x"]


def test_tokenizers_in_the_cache_are_found_and_damaged_ones_left(house, empty_cache) -> None:
    assert cached_peers() == []
    good = empty_cache / "models--someone--their-model" / "snapshots" / "abc"
    bad = empty_cache / "models--half" / "snapshots" / "abc"
    for directory in (good, bad):
        directory.mkdir(parents=True)
    data = (house / "base" / "tokenizer.json").read_bytes()
    (good / "tokenizer.json").write_bytes(data)
    (bad / "tokenizer.json").write_bytes(data[:100])
    ((name, base),) = cached_peers()
    assert (name, base.size) == ("someone/their-model", 300)


def test_the_record_is_of_this_story_and_names_its_tokenizers() -> None:
    record = json.loads(files("hyperlex").joinpath("artifacts", RECORD).read_text("utf-8"))
    assert record["text_sha256"] == hashlib.sha256(story().encode()).hexdigest()
    for row in record["tokenizers"]:
        assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"]) and row["tokens"] > 500
    recorded = recorded_peers(story(), set())
    names = [bar.name for bar, _ in recorded]
    assert names == [row["name"] for row in record["tokenizers"]]
    for bar, tokens in recorded:
        assert not tokens or len(tokens) == bar.tokens
        assert not tokens or "".join(token.text for token in tokens) == story()
    without = recorded_peers(story(), {record["tokenizers"][0]["ids_sha256"]})
    assert [bar.name for bar, _ in without] == names[1:]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=35)))
def test_cut_inverts_spell_lengths(texts: list[str]) -> None:
    tokens = [Token(-1, text) for text in texts]
    assert cut("".join(texts), spell_lengths(tokens)) == tokens


def test_the_story_is_a_short_story() -> None:
    text = story()
    assert 700 <= len(re.findall(r"\w+", text)) <= 1_000
    assert text.endswith("\n") and "\r" not in text
