"""`corpora`: what people see of the cards, and one line for each mistake."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import hyperlex_corpora
from hyperlex_corpora import Card, CorpusFile

NEWS = "url,title,text,topic,tags\nu1,Снег,Снег идёт.,Р,Т\nu2,Фото,,Р,Т\nu3,Лёд,Лёд встал.,Р,Т\n"


@pytest.fixture
def news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A corpus `news` that a server has: the only one there is. Yields a cache directory."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "news.csv").write_text(NEWS, "utf-8")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing is to be seen but what the command prints."""

    handler = partial(Handler, directory=str(tmp_path / "served"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    card = Card(
        name="news",
        title="News",
        url="https://example.org",
        licence="CC0",
        citation="Nobody",
        domain="news",
        format="lenta",
        size="3 texts",
        files=(CorpusFile(f"http://127.0.0.1:{server.server_port}/news.csv", "news.csv"),),
    )
    cards = importlib.import_module("hyperlex_corpora.cards")
    monkeypatch.setattr(cards, "_cards", lambda: {"news": card})
    yield tmp_path / "cache"
    server.shutdown()
    thread.join()
    server.server_close()


def test_alone_it_prints_help(run) -> None:
    result = run("corpora")
    assert result.exit_code == 0
    for verb in ("list", "show", "fetch", "verify", "sample"):
        assert f" {verb} " in result.stdout


def test_the_list_names_every_corpus(run) -> None:
    result = run("corpora", "list")
    assert result.exit_code == 0
    told = json.loads(run("corpora", "list", "--json").stdout)
    assert [card["name"] for card in told] == [one.name for one in hyperlex_corpora.list_cards()]
    for card in told:
        assert card["name"] in result.stdout
        assert {"url", "licence", "citation", "split", "files", "here"} <= card.keys()


def test_a_card_is_shown_with_its_hashes(run) -> None:
    told = run("corpora", "show", "opencorpora").stdout
    (file,) = hyperlex_corpora.card("opencorpora").files
    assert file.sha256 and file.sha256 in told and "CC BY-SA 3.0" in told
    assert "sha256 not recorded" in run("corpora", "show", "lenta").stdout
    assert json.loads(run("corpora", "show", "lenta", "--json").stdout)["domain"] == "news"


def test_a_corpus_is_fetched_verified_and_sampled(run, news: Path) -> None:
    cache = ("--cache-dir", news)
    assert json.loads(run("corpora", "list", "--json", *cache).stdout)[0]["here"] == ""
    result = run("corpora", "fetch", "news", *cache)
    assert (result.exit_code, result.stdout) == (0, f"news: {news}/news\n"), result.output
    assert json.loads(run("corpora", "list", "--json", *cache).stdout)[0]["here"] == "fetched"

    checked = run("corpora", "verify", "news", *cache)
    assert checked.exit_code == 0 and "no hash is recorded" in checked.stdout
    ((found,),) = json.loads(run("corpora", "verify", "news", "--json", *cache).stdout).values()
    assert found["sha256"] in checked.stdout

    drawn = run("corpora", "sample", "news", "-n", 9, "--json", *cache)
    assert [json.loads(line)["text"] for line in drawn.stdout.splitlines()] == [
        "Снег идёт.",
        "Лёд встал.",
    ]
    assert drawn.stderr == "hyperlex: skipped 1 no text\n"
    assert "Снег · news · u1\nСнег идёт.\n" in run("corpora", "sample", "news", *cache).stdout

    (news / "news" / "news.csv").write_text("changed", "utf-8")
    broken = run("corpora", "verify", "news", *cache)
    assert broken.exit_code == 1 and "changed" in broken.stdout


def test_an_absent_file_is_told_by_the_exit_status(run, tmp_path: Path) -> None:
    result = run("corpora", "verify", "pud", "--cache-dir", tmp_path)
    assert result.exit_code == 1
    assert result.stdout.count("\nabsent  ") == 2


def test_a_sample_as_json_is_a_corpus(run, tmp_path: Path) -> None:
    drawn = run("corpora", "sample", "samples", "-n", 4, "--seed", 5, "--json").stdout
    (tmp_path / "drawn.jsonl").write_text(drawn, "utf-8")
    again = run("corpora", "sample", tmp_path / "drawn.jsonl", "-n", 9, "--json").stdout
    texts = [[json.loads(line)["text"] for line in lines.splitlines()] for lines in (drawn, again)]
    assert texts[0] == texts[1] and len(texts[0]) == 4


def test_a_long_text_is_shown_in_part(run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Снег идёт. " * 500, "utf-8")
    shown = run("corpora", "sample", tmp_path / "a.txt").stdout
    assert "… (5,500 characters)" in shown and len(shown) < 500


def test_windows_text_is_read_when_it_is_named_so(run, refused, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Снег идёт.".encode("cp1251"))
    assert "cp1251" in refused("corpora", "sample", tmp_path / "a.txt").stderr
    (tmp_path / "b.txt").write_bytes("Снег идёт.".encode("utf-16"))
    assert "iconv -f utf-16" in refused("corpora", "sample", tmp_path / "b.txt").stderr
    read = run("corpora", "sample", tmp_path / "a.txt", "--encoding", "cp1251")
    assert "Снег идёт." in read.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "lnta"), "Near to it: lenta"),
        (("fetch", "pud", "udgsd"), "Near to it: ud-gsd"),
        (("verify", "samples"), "ships with hyperlex"),
        (("sample", "lnta"), "Near to it: lenta"),
        (("sample", "nowhere/a.txt"), "no corpus, no file and no folder"),
        (("sample", "samples", "--split", "train"), "no split 'train'"),
        (("sample", "samples", "-n", "0"), "-n"),
        (("frobnicate",), "hyperlex corpora --help"),
    ],
)
def test_a_mistake_is_one_line(refused, words: tuple[str, ...], told: str) -> None:
    assert told in refused("corpora", *words).stderr


def test_what_is_not_fetched_names_the_command(refused, tmp_path: Path) -> None:
    message = refused("corpora", "sample", "lenta", "--cache-dir", tmp_path).stderr
    assert message.endswith("Fetch it: hyperlex corpora fetch lenta\n")


def test_a_missing_package_names_the_command(refused, monkeypatch) -> None:
    monkeypatch.setattr("hyperlex_corpora.optional.find_spec", lambda name: None)
    message = refused("corpora", "sample", "owner/name").stderr
    assert "pip install 'hyperlex[model]'" in message


def test_a_cache_that_cannot_be_written_is_refused(refused, news: Path) -> None:
    news.write_text("a file", "utf-8")
    assert str(news) in refused("corpora", "fetch", "news", "--cache-dir", news).stderr
