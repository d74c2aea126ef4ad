"""Without a connection: one question, one wait, one clear line; what is in the cache is found."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, LlamaConfig

import hyperlex
from hyperlex import hub
from hyperlex.codebook import BaseTokenizer
from hyperlex.errors import ConfigError
from hyperlex.measure.language_model import load_model
from hyperlex.measure.peers import load_peer, load_peers
from hyperlex.model.plan import read_config
from hyperlex.recipes.loading import load_for, load_tokenizer

CACHED = "owner/cached"
STORY = "Дед стоял у двери, не решаясь войти."


class Line:
    """A stand-in for the session of huggingface_hub: dead or alive, it counts what it is asked."""

    def __init__(self, alive: bool) -> None:
        self.alive = alive
        self.asked: list[str] = []

    def head(self, url: str, **_: Any) -> None:
        self.asked.append(url)
        if not self.alive:
            raise ConnectionError("No route to the hub.\nMuch more.")


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No answer is remembered from before, and none is left; no socket is opened."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("The network was asked.")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    hub._silence.cache_clear()
    yield
    hub._silence.cache_clear()


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Line:
    line = Line(alive=False)
    monkeypatch.setattr("huggingface_hub.get_session", lambda: line)
    return line


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; the snapshot of `CACHED` goes to the path that is given."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    revision = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / f"models--{CACHED.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(revision)
    return repository / "snapshots" / revision


READERS = (load_peer, BaseTokenizer.load, hyperlex.load, load_tokenizer, read_config, load_for)


@pytest.mark.parametrize("read", [*READERS, load_model], ids=lambda each: each.__qualname__)
def test_a_silent_hub_is_asked_once_and_told_in_one_line(read: Any, dead: Line) -> None:
    with pytest.raises(ConfigError) as told:
        read("owner/nothere")
    assert len(dead.asked) == 1
    (line,) = str(told.value).splitlines()
    assert line.startswith("'owner/nothere' ")
    assert "not in the cache of this machine, and the hub does not answer: No route" in line
    assert "expected" in line or "Check the spelling" in line


def test_the_next_name_is_not_asked_for(dead: Line) -> None:
    peers, skipped = load_peers(["owner/one", "owner/two", "owner/three"])
    assert peers == [] and len(skipped) == 3
    assert len(dead.asked) == 1


def test_what_is_cached_is_found_without_a_connection(
    dead: Line, cache: Path, tmp_path: Path
) -> None:
    shape = LlamaConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    AutoModelForCausalLM.from_config(shape).save_pretrained(cache)
    base = hyperlex.load().base
    (cache / "tokenizer.json").write_text(json.dumps(base.json), "utf-8")
    config = {"tokenizer_class": "PreTrainedTokenizerFast"}
    (cache / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    assert load_peer(CACHED).encode_batch([STORY])[0].tolist() == base.encode(STORY)
    assert read_config(CACHED).vocab_size == 64
    assert load_tokenizer(CACHED).encode(STORY) == base.encode(STORY)
    assert load_for(CACHED).num_parameters() == load_model(CACHED).num_parameters() > 0
    assert len(dead.asked) == 1


def test_nothing_is_asked_for_a_path(dead: Line, tmp_path: Path) -> None:
    assert not hub.from_cache_alone(tmp_path)
    assert hub.model_options(str(tmp_path)) == {}
    for mistyped in ("./nowhere", "/no/such/model", "nowhere/tokenizer.json"):
        assert not hub.from_cache_alone(mistyped)
    with pytest.raises(ConfigError):
        load_peer("./nowhere")
    assert dead.asked == []


def test_a_hub_that_answers_is_asked_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    alive = Line(alive=True)
    monkeypatch.setattr("huggingface_hub.get_session", lambda: alive)
    assert not hub.from_cache_alone("owner/one")
    assert hub.model_options("owner/two") == {}
    assert len(alive.asked) == 1
    assert hub.why(ValueError("Of another kind.\nMore.")) == "Of another kind"


def test_a_hub_that_keeps_a_line_open_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Line):
        def head(self, url: str, **_: Any) -> None:
            time.sleep(1)

    monkeypatch.setattr("huggingface_hub.get_session", lambda: Slow(alive=True))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_ETAG_TIMEOUT", 0.01)
    assert hub.from_cache_alone("owner/one")
    assert hub._silence() == "no answer within 0.01 s"
