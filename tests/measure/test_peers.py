"""Finding tokenizers by name: every form that a person has them in, and reasons for the rest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from measure.conftest import ranks_file, sentencepiece_model, with_ranks
from tokenizers import Tokenizer

from hyperlex.errors import ConfigError, FormatError, HyperlexError, MissingDependencyError
from hyperlex.measure import peers as room
from hyperlex.measure.peer import FastPeer, HyperPeer, SentencePiecePeer, TiktokenPeer
from hyperlex.measure.peers import DEFAULT, load_peer, load_peers

STORY = "Дед стоял у двери, не решаясь войти."


@pytest.fixture
def folder(tmp_path: Path, byte_level) -> Path:
    """A directory `base` with a tokenizer.json."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "tokenizer.json").write_text(json.dumps(byte_level.json), "utf-8")
    return tmp_path


def test_a_directory_and_its_file_are_the_same_tokenizer(folder: Path, byte_level) -> None:
    for place in (folder / "base", folder / "base" / "tokenizer.json"):
        peer = load_peer(str(place))
        assert isinstance(peer, FastPeer)
        assert peer.name == "base"
        assert peer.encode_batch([STORY])[0].tolist() == byte_level.encode(STORY)


def test_a_name_before_an_equals_sign_is_the_name(folder: Path) -> None:
    assert load_peer(f"моя={folder / 'base'}").name == "моя"


def test_objects_are_taken_as_they_are(byte_level, small_tok) -> None:
    assert isinstance(load_peer(small_tok), HyperPeer)
    assert isinstance(load_peer(byte_level), FastPeer)
    fast = load_peer(Tokenizer.from_str(json.dumps(byte_level.json)), "быстрый")
    assert fast.name == "быстрый"
    assert load_peer(fast) is fast


def test_a_saved_hyperlex_tokenizer_is_known_as_one(tmp_path: Path, small_tok) -> None:
    small_tok.save(tmp_path / "out")
    for place in (tmp_path / "out", tmp_path / "out" / "tokenizer.json"):
        peer = load_peer(place)
        assert isinstance(peer, HyperPeer)
        assert peer.hyper == 150
        assert peer.encode_batch([STORY])[0].tolist() == small_tok.encode(STORY)


def test_a_cached_hyperlex_tokenizer_is_known_as_one_without_a_connection(
    tmp_path: Path, small_tok, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--owner--cached"
    small_tok.save(repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("hyperlex.hub._silence", lambda: "no route")
    peer = load_peer("owner/cached")
    assert isinstance(peer, HyperPeer) and peer.name == "owner/cached"
    assert peer.encode_batch([STORY])[0].tolist() == small_tok.encode(STORY)
    with pytest.raises(ConfigError, match="the hub does not answer: no route"):
        load_peer("owner/nothere")


def test_the_default_is_embedded() -> None:
    peer = load_peer(DEFAULT)
    assert isinstance(peer, HyperPeer) and peer.name == DEFAULT


def test_sentencepiece_models_by_file_and_by_directory(tmp_path: Path, texts: list[str]) -> None:
    data = sentencepiece_model([line for text in texts for line in text.splitlines()])
    (tmp_path / "sp").mkdir()
    (tmp_path / "sp" / "tokenizer.model").write_bytes(data)
    (tmp_path / "мой.model").write_bytes(data)
    by_folder, by_file = load_peer(tmp_path / "sp"), load_peer(tmp_path / "мой.model")
    assert isinstance(by_folder, SentencePiecePeer) and isinstance(by_file, SentencePiecePeer)
    assert (by_folder.name, by_file.name) == ("sp", "мой")
    assert by_folder.sha256 == hashlib.sha256(data).hexdigest()


def test_tiktoken_files_bring_ranks_and_names_bring_patterns(tmp_path: Path) -> None:
    pytest.importorskip("tiktoken")
    file = ranks_file(tmp_path, with_ranks("Де", "Дед"))
    peer = load_peer(file)
    assert isinstance(peer, TiktokenPeer)
    assert peer.pieces[peer.encode_batch(["Дед"])[0][0]] == "Дед".encode()
    file.rename(tmp_path / "ranks.tiktoken")
    named = load_peer(f"o200k={tmp_path / 'ranks.tiktoken'}")
    assert named.name == "o200k"
    (tmp_path / "unnamed").mkdir()
    unknown = (tmp_path / "ranks.tiktoken").rename(tmp_path / "unnamed" / "x.tiktoken")
    with pytest.raises(ConfigError, match=r"holds ranks, but not the pattern.*cl100k=x.tiktoken"):
        load_peer(unknown)


def test_llamas_spelling_of_tiktoken_is_told_from_sentencepiece(tmp_path: Path) -> None:
    pytest.importorskip("tiktoken")
    (tmp_path / "Llama-3").mkdir()
    file = ranks_file(tmp_path / "Llama-3", with_ranks("Дед"), "tokenizer.model")
    assert isinstance(load_peer(file), TiktokenPeer)


def test_an_encoding_is_read_from_tiktokens_cache(tmp_path, monkeypatch) -> None:
    """The cache is filled as tiktoken fills it; nothing is asked of the network."""
    tiktoken = pytest.importorskip("tiktoken")
    from tiktoken_ext import openai_public

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert not room._is_cached("cl100k_base")
    place = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"
    file = ranks_file(tmp_path, with_ranks("Дед"), hashlib.sha1(place.encode()).hexdigest())
    assert room._is_cached("cl100k_base")
    asked: dict[str, str] = {}

    def read(url: str, expected_hash: str | None = None) -> dict[bytes, int]:
        asked["url"] = url
        return tiktoken.load.load_tiktoken_bpe(str(file))

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", read)
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    assert isinstance(load_peer("cl100k_base"), TiktokenPeer)
    assert asked["url"] == place


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"{", "tokenizer.json"),
        (b"{}", "tokenizer.json"),
        (b"\x00\x01\x02", "x.model"),
        ("IQ== 0\nнет\n".encode(), "cl100k.tiktoken"),
    ],
)
def test_damaged_files_are_told_in_one_line(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError) as told:
        load_peer(tmp_path / name)
    assert "\n" not in str(told.value)


def test_what_cannot_be_loaded_is_skipped_with_its_reason(folder: Path) -> None:
    (folder / "empty").mkdir()
    found, skipped = load_peers([folder / "base", folder / "empty", "./nowhere"])
    assert [peer.name for peer in found] == ["base"]
    assert [s.name for s in skipped] == ["empty", "./nowhere"]
    assert "holds no tokenizer" in skipped[0].reason
    assert "does not exist" in skipped[1].reason


def test_a_missing_package_is_a_reason_with_its_remedy(tmp_path, monkeypatch) -> None:
    (tmp_path / "x.model").write_bytes(b"\x0a\x00")

    def missing(*packages: str, extra: str) -> None:
        raise MissingDependencyError(f"Not installed: {packages[0]}. pip install hyperlex[{extra}]")

    monkeypatch.setattr(room, "require", missing)
    _, skipped = load_peers([tmp_path / "x.model"])
    assert skipped[0].reason == "Not installed: sentencepiece. pip install hyperlex[peers]"


def test_twins_are_measured_once(folder: Path, byte_level) -> None:
    found, skipped = load_peers([folder / "base", byte_level])
    assert len(found) == 1
    assert skipped[0].reason == "It gives the same ids as base."


def test_names_are_unique(folder: Path, small_tok) -> None:
    found, _ = load_peers([folder / "base", load_peer(small_tok, "base")])
    assert [peer.name for peer in found] == ["base", "base (2)"]


def test_peers_look_into_caches_only(tmp_path, monkeypatch, byte_level) -> None:
    hub = tmp_path / "hub"
    snapshot = hub / "models--Qwen--Qwen3-8B" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "tokenizer.json").write_text(json.dumps(byte_level.json), "utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(hub))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "none"))
    found, skipped = load_peers([], well_known=True)
    assert [peer.name for peer in found] == ["Qwen/Qwen3-8B"]
    assert {s.name for s in skipped} == set(room.WELL_KNOWN) - {"Qwen/Qwen3-8B"}
    assert all("not in the cache" in s.reason for s in skipped)


def test_what_is_no_tokenizer_is_refused() -> None:
    with pytest.raises(HyperlexError, match="int"):
        load_peer(7)
