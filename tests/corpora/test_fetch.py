"""Downloads: whole, checked and atomic, whatever the server, the line and the disk do."""

from __future__ import annotations

import errno
import hashlib
import importlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hyperlex_corpora import Card, CorpusError, CorpusFile, fetch, verify

module = importlib.import_module("hyperlex_corpora.fetch")

DATA = b"".join(f"{number}\n".encode() for number in range(100_000))
SHA256 = hashlib.sha256(DATA).hexdigest()


@dataclass
class Server:
    """What the server has, and how it behaves.

    `cuts` tells after how many bytes each answer breaks off; `statuses` are answered first.
    """

    data: bytes = DATA
    etag: str = '"first"'
    ranges: bool = True
    heeds_conditions: bool = True
    length: bool = True
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        condition = request.headers.get("If-Range")
        self.asked.append((wanted, condition))
        if self.statuses:
            request.send_error(self.statuses.pop(0))
            return
        start = 0
        same = condition in (None, self.etag) or not self.heeds_conditions
        if wanted and self.ranges and same:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(self.data):
                request.send_response(416)
                request.send_header("Content-Range", f"bytes */{len(self.data)}")
                request.send_header("Content-Length", "0")
                request.end_headers()
                return
            request.send_response(206)
            last = len(self.data) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(self.data)}")
        else:
            request.send_response(200)
        if self.etag:
            request.send_header("ETag", self.etag)
        if self.length:
            request.send_header("Content-Length", str(len(self.data) - start))
        request.end_headers()
        body = self.data[start:]
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *_: object) -> None:
            """The test tells what was asked."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}/news.csv"
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def get(server: Server, tmp_path: Path, monkeypatch) -> Callable[..., Path]:
    """Fetch the one file of a corpus into `tmp_path`; returns its place."""
    # Small blocks, so that a download can break off within.
    monkeypatch.setattr(module, "_BLOCK", 1 << 14)

    def run(sha256: str | None = None, **options: Any) -> Path:
        folder = fetch(corpus(server, sha256), cache_dir=tmp_path, pause=0.0, **options)
        return folder / "news.csv"

    return run


def corpus(server: Server, sha256: str | None = None) -> Card:
    return Card(
        name="news",
        title="News",
        url="https://example.org",
        licence="CC0",
        citation="Nobody",
        domain="news",
        format="lenta",
        size="one file",
        files=(CorpusFile(server.url, "news.csv", sha256),),
    )


def left(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "news").iterdir()}


def test_a_file_arrives_whole(server: Server, get, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    path = get(SHA256, progress=lambda *step: told.append(step))
    assert path.read_bytes() == DATA
    assert left(tmp_path) == {"news.csv", "news.csv.json"}
    assert json.loads(path.with_name("news.csv.json").read_text("utf-8")) == {
        "url": server.url,
        "bytes": len(DATA),
        "sha256": SHA256,
    }
    assert told[0] == ("news.csv", 0, len(DATA)) and told[-1] == ("news.csv", len(DATA), len(DATA))
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})


def test_what_is_there_is_not_fetched_again(server: Server, get) -> None:
    get()
    get()
    assert len(server.asked) == 1


def test_an_interrupted_download_goes_on_by_itself(server: Server, get) -> None:
    server.cuts = [100_000, 200_000]
    assert get().read_bytes() == DATA
    assert server.asked == [
        (None, None),
        ("bytes=100000-", '"first"'),
        ("bytes=300000-", '"first"'),
    ]


def test_a_later_call_goes_on_where_the_last_one_stopped(
    server: Server, get, tmp_path: Path
) -> None:
    def stop(name: str, done: int, total: int | None) -> None:
        if done > 200_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(progress=stop)
    assert left(tmp_path) == {"news.csv.part", "news.csv.part.json"}
    there = (tmp_path / "news" / "news.csv.part").stat().st_size
    assert 200_000 < there < len(DATA)
    assert get().read_bytes() == DATA
    assert server.asked[-1] == (f"bytes={there}-", '"first"')
    assert left(tmp_path) == {"news.csv", "news.csv.json"}


@pytest.mark.parametrize("heeds", [True, False])
def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(
    server: Server, get, heeds: bool
) -> None:
    server.heeds_conditions = heeds
    server.cuts = [100_000] + [0] * module.ATTEMPTS
    with pytest.raises(CorpusError, match="100,000 bytes of it are kept: run the same again"):
        get()
    server.data, server.etag, server.cuts = DATA[::-1], '"second"', []
    assert get().read_bytes() == DATA[::-1]


def test_a_server_without_ranges_begins_anew(server: Server, get) -> None:
    server.ranges = False
    server.cuts = [150_000]
    assert get(SHA256).read_bytes() == DATA


def test_a_server_that_never_comes_further_is_given_up(server: Server, get) -> None:
    server.ranges = False
    server.cuts = [1_000] * 50
    with pytest.raises(CorpusError, match="could not be fetched"):
        get()
    assert len(server.asked) == module.ATTEMPTS + 1


def test_without_a_validator_and_a_hash_nothing_is_pieced_together(
    server: Server, get, tmp_path: Path
) -> None:
    server.etag = ""
    server.cuts = [100_000]
    assert get().read_bytes() == DATA
    assert server.asked == [(None, None), (None, None)]


def test_a_published_hash_lets_pieces_be_joined_without_a_validator(server: Server, get) -> None:
    server.etag = ""
    server.cuts = [100_000]
    assert get(SHA256).read_bytes() == DATA
    assert server.asked[1] == ("bytes=100000-", None)


def test_a_part_that_was_whole_already_is_taken(server: Server, get, tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "news.csv.part").write_bytes(DATA)
    assert get(SHA256).read_bytes() == DATA
    assert server.asked == [(f"bytes={len(DATA)}-", None)]


def test_a_part_that_is_longer_than_the_file_is_dropped(
    server: Server, get, tmp_path: Path
) -> None:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "news.csv.part").write_bytes(DATA + b"more")
    assert get(SHA256).read_bytes() == DATA


def test_a_wrong_hash_leaves_nothing(server: Server, get, tmp_path: Path) -> None:
    wrong = "0" * 64
    with pytest.raises(CorpusError, match=f"sha256 {SHA256}, and {wrong} was published"):
        get(wrong)
    assert left(tmp_path) == set()


def test_a_file_that_was_there_is_checked_as_well(server: Server, get, tmp_path: Path) -> None:
    get()
    (tmp_path / "news" / "news.csv").write_bytes(b"changed")
    with pytest.raises(CorpusError, match="Delete it and fetch it again"):
        get(SHA256)


def test_a_stream_of_unknown_length_is_taken_to_its_end(server: Server, get) -> None:
    server.length = False
    assert get(SHA256).read_bytes() == DATA


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_asked_again(server: Server, get, status: int) -> None:
    server.statuses = [status, status]
    assert get().read_bytes() == DATA


@pytest.mark.parametrize("status", [404, 403])
def test_a_file_that_is_gone_is_said_at_once(server: Server, get, tmp_path: Path, status) -> None:
    server.statuses = [status] * 9
    with pytest.raises(CorpusError, match=f"answered with {status}.*home page"):
        get()
    assert len(server.asked) == 1
    assert left(tmp_path) == set()


def test_nobody_there_is_said(server: Server, tmp_path: Path) -> None:
    gone = corpus(server)
    url = "http://127.0.0.1:9/news.csv"
    gone = Card(
        **{**{f: getattr(gone, f) for f in gone.__slots__}, "files": (CorpusFile(url, "a"),)}
    )
    with pytest.raises(CorpusError, match=r"could not be fetched.*refused"):
        fetch(gone, cache_dir=tmp_path, pause=0.0)


def test_too_small_a_disk_is_refused_before_the_download(
    server: Server, get, tmp_path: Path, monkeypatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CorpusError, match=r"needs 588,890 bytes more.*room for 1,000"):
        get()
    assert left(tmp_path) == set()


def test_a_disk_that_fills_up_keeps_what_there_is_and_goes_on_later(
    server: Server, get, tmp_path: Path, monkeypatch
) -> None:
    real = module._write
    written = 0

    def write(stream: Any, block: bytes) -> None:
        nonlocal written
        if written + len(block) > 300_000:
            real(stream, block[: 300_000 - written])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(stream, block)
        written += len(block)

    monkeypatch.setattr(module, "_write", write)
    with pytest.raises(CorpusError, match=r"disk is full after 300,000 bytes.*make room"):
        get()
    assert left(tmp_path) == {"news.csv.part", "news.csv.part.json"}
    monkeypatch.setattr(module, "_write", real)
    assert get(SHA256).read_bytes() == DATA
    assert server.asked[-1] == ("bytes=300000-", '"first"')


def test_two_processes_do_not_write_one_file(server: Server, get, tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "news").mkdir()
    with (tmp_path / "news" / "news.csv.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(CorpusError, match="being written by another process"):
            get()
    assert get().read_bytes() == DATA


@pytest.mark.parametrize(("name", "told"), [("samples", "ships"), ("wikisource-2023", "streamed")])
def test_what_has_no_files_is_not_fetched(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"{told}.*nothing to fetch"):
        fetch(name, cache_dir=tmp_path)
    with pytest.raises(ValueError, match=told):
        verify(name, cache_dir=tmp_path)


def test_verify_says_what_a_file_is(server: Server, get, tmp_path: Path) -> None:
    def state(sha256: str | None = None) -> tuple[str, bool, str]:
        (found,) = verify(corpus(server, sha256), cache_dir=tmp_path)
        return found.state, found.good, found.sha256

    assert state() == ("absent", False, "")
    path = get()
    assert state(SHA256) == ("ok", True, SHA256)
    assert state() == ("unrecorded", True, SHA256)
    assert state("0" * 64) == ("wrong", False, SHA256)
    path.write_bytes(b"changed")
    assert state()[:2] == ("changed", False)
    path.with_name("news.csv.json").write_text("{", "utf-8")
    (found,) = verify(corpus(server), cache_dir=tmp_path)
    assert found.good and found.told == "no hash is recorded"
