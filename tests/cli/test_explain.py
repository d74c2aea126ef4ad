"""`explain`: tokens as people read them."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import hyperlex
from hyperlex.cli.render import (
    Token,
    base_tokens,
    coloured,
    hyper_tokens,
    on_one_line,
    spell,
    uses,
)
from hyperlex.visible import PART, visible

TEXT = "Дед стоял у двери, не решаясь войти."


def test_explain_shows_tokens_between_bars(run, extended: Path, tok) -> None:
    told = run("explain", TEXT, "-t", extended).stdout
    tokens = hyper_tokens(tok, tok.encode(TEXT))
    assert told.splitlines()[0] == "|".join(token.text or PART for token in tokens)
    assert f"{len(tok.base_encode(TEXT))} base tokens, {len(tokens)} with hypertokens" in told


def test_explain_tells_what_each_hypertoken_stands_for(run, extended: Path, tok) -> None:
    told = run("explain", TEXT, "-t", extended, "--top", "0").stdout
    found = uses(tok, hyper_tokens(tok, tok.encode(TEXT)))
    assert found
    for use in found:
        (row,) = [line for line in told.splitlines() if f"{use.token.id} " in line]
        assert on_one_line(use.token.text) in row
        assert "|".join(part or PART for part in use.token.parts).replace(" ", "␣") in row
    assert "more hypertokens" in run("explain", TEXT, "-t", extended, "--top", "1").stdout


def test_explain_as_json(run, extended: Path, tok) -> None:
    told = json.loads(run("explain", TEXT, "-t", extended, "--json").stdout)
    assert [token["id"] for token in told["tokens"]] == tok.encode(TEXT)
    assert "".join(token["text"] for token in told["tokens"]) == TEXT
    assert told["base_tokens"] == len(tok.base_encode(TEXT))
    assert {token["kind"] for token in told["tokens"]} >= {"base", "phrase"}


def test_explain_writes_a_page(run, extended: Path, tmp_path: Path) -> None:
    page = tmp_path / "deep" / "page.html"
    told = run("explain", TEXT, "-t", extended, "--html", page)
    assert told.exit_code == 0 and str(page) in told.stdout.replace("\n", "")
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_an_empty_text_can_be_explained(run, extended: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run("explain", "-t", extended, "--html", page, stdin=b"")
    assert result.exit_code == 0
    assert "0 characters: 0 base tokens" in result.stdout


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_tokens_spell_the_text(tok: hyperlex.HyperTokenizer, text: str) -> None:
    for tokens in (hyper_tokens(tok, tok.encode(text)), base_tokens(tok.base, tok.encode(text))):
        if all(token.id < 300 or token.parts for token in tokens):
            assert "".join(token.text for token in tokens) == text


def test_an_id_that_ends_inside_a_character_spells_nothing() -> None:
    assert spell(["д".encode()[:1], "д".encode()[1:]]) == ["", "д"]
    assert spell([b"\xd0"]) == ["�"]
    assert spell([]) == []


def test_saved_is_counted_in_base_tokens(tok: hyperlex.HyperTokenizer) -> None:
    text = TEXT * 3
    ids = tok.encode(text)
    saved = sum(use.saved for use in uses(tok, hyper_tokens(tok, ids)))
    assert len(ids) + saved == len(tok.base_encode(text))


def test_nothing_commands_the_terminal() -> None:
    text = "a\x1b[31m\x07\x00\x7f\x9b\u202eb\n\tc"
    assert visible(text) == "a␛[31m␇␀␡⟨U+009B⟩⟨U+202E⟩b⏎\n⇥\tc"
    assert "\x1b" not in coloured([Token(1, text)], colour=True).plain


def test_edges_of_a_cell_are_shown() -> None:
    assert [on_one_line(text) for text in (" и он", "  ", "a \n", "\t")] == [
        "␣и он",
        "␣␣",
        "a ⏎",
        "⇥\t",
    ]


def test_depth_grows_with_what_a_token_stands_for() -> None:
    depths = [Token(1, "", parts=("x",) * size).depth for size in (0, 2, 3, 4, 5, 6, 30)]
    assert depths == [0, 1, 2, 3, 3, 4, 4]
