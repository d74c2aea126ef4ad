"""`encode` and `decode`: the bytes that went in come out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hyperlex
from hyperlex.cli.decode import parse_ids

TRICKY = "Дед\r\nстоял\tу двери, <|endoftext|> не решаясь войти…\n\n🙂 \x00 конец\n"


def test_decode_inverts_encode(run, extended: Path, tmp_path: Path) -> None:
    file = tmp_path / "tricky.txt"
    file.write_bytes(TRICKY.encode())
    encoded = run("encode", "--file", file, "-t", extended)
    decoded = run("decode", "-t", extended, stdin=encoded.stdout_bytes)
    assert decoded.stdout_bytes == TRICKY.encode()


@pytest.mark.parametrize("way", ["argument", "file", "stdin", "dash"])
def test_encode_reads_the_text_from_anywhere(
    run, extended: Path, tmp_path: Path, tok: hyperlex.HyperTokenizer, way: str
) -> None:
    text = "Дед стоял у двери,\r\nне решаясь войти.\n"
    file = tmp_path / "text.txt"
    file.write_bytes(text.encode())
    words = {"argument": [text], "file": ["--file", file], "stdin": [], "dash": ["-f", "-"]}[way]
    result = run("encode", *words, "-t", extended, stdin=text.encode())
    assert [int(word) for word in result.stdout.split()] == tok.encode(text)


def test_encode_as_json(run, extended: Path, tok: hyperlex.HyperTokenizer) -> None:
    text = "Дед стоял у двери."
    told = json.loads(run("encode", text, "-t", extended, "--json").stdout)
    assert told == {"ids": tok.encode(text), "tokens": len(tok.encode(text)), "characters": 18}
    assert tok.layout.is_hyper(max(told["ids"]))


def test_encode_base(run, extended: Path, tok: hyperlex.HyperTokenizer) -> None:
    text = "Дед стоял у двери."
    result = run("encode", text, "-t", extended, "--base")
    assert [int(word) for word in result.stdout.split()] == tok.expand(tok.encode(text))


def test_decode_as_json(run, extended: Path, tok: hyperlex.HyperTokenizer) -> None:
    ids = tok.encode("У двери «стоял» кот.")
    result = run("decode", json.dumps(ids), "-t", extended, "--json")
    text = "У двери «стоял» кот."
    assert json.loads(result.stdout) == {"text": text, "marked": text, "exact": True}
    assert "«стоял»" in result.stdout


def test_decode_reads_what_encode_json_prints(run, extended: Path) -> None:
    encoded = run("encode", TRICKY, "-t", extended, "--json")
    decoded = run("decode", "-t", extended, stdin=encoded.stdout_bytes)
    assert decoded.stdout_bytes == TRICKY.encode()


@given(st.lists(st.integers(min_value=0, max_value=1 << 40)))
def test_every_spelling_of_ids_is_read(ids: list[int]) -> None:
    spaced = " ".join(map(str, ids))
    for spelling in (spaced, spaced.replace(" ", ", "), f"\n{ids}\n", json.dumps({"ids": ids})):
        assert parse_ids(spelling) == ids


@pytest.mark.parametrize(
    "spelling",
    ["семь", "1 2 x", "1.5", "-3", "[1, 2", "[1, true]", '["1"]', '{"id": [1]}', "²", "[" * 99_999],
)
def test_what_is_no_ids_is_refused(refused, extended: Path, spelling: str) -> None:
    assert "no list of ids" in refused("decode", "-t", extended, "--", spelling).stderr


@pytest.mark.parametrize("ids", ["999999", "[-1]", "0 1 312 2"])
def test_ids_outside_the_layout_are_refused(refused, extended: Path, ids: str) -> None:
    assert "outside the vocabulary" in refused("decode", ids, "-t", extended).stderr


def test_a_missing_file_is_refused(refused, extended: Path) -> None:
    assert "nowhere.txt" in refused("encode", "--file", "nowhere.txt", "-t", extended).stderr


def test_a_text_and_a_file_are_refused(refused, extended: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    words = ("encode", "текст", "--file", tmp_path / "a.txt", "-t", extended)
    assert "One of them was expected" in refused(*words).stderr


def test_windows_text_is_refused_with_the_remedy(refused, extended: Path) -> None:
    result = refused("encode", "-t", extended, stdin="Дед стоял у двери".encode("cp1251"))
    assert "not UTF-8" in result.stderr and "iconv -f cp1251 -t utf-8" in result.stderr
    result = refused("encode", "-t", extended, stdin="Дед стоял у двери".encode("utf-16"))
    assert "iconv -f utf-16 -t utf-8" in result.stderr


@pytest.mark.parametrize("where", ["nothing", "empty", "file"])
def test_a_tokenizer_that_is_none_is_refused(refused, tmp_path: Path, where: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    refused("encode", "текст", "-t", tmp_path / where)


def test_no_text_is_an_empty_text(run, extended: Path) -> None:
    assert run("encode", "-t", extended, stdin=b"").stdout == "\n"
    assert run("decode", "-t", extended, stdin=b"\n").stdout == ""


@pytest.mark.parametrize("verb", ["encode", "analyze", "compress"])
def test_a_hyphen_is_standard_input(run, verb: str) -> None:
    text = "Почтальон не пришёл."
    assert run(verb, "-", stdin=text.encode()).stdout == run(verb, text).stdout
