"""Nothing half-written: a failure or Ctrl-C leaves what was there before, and nothing else."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors import SafetensorError

from hyperlex.errors import ConfigError
from hyperlex.files import (
    append_text,
    atomic_directory,
    atomic_write_bytes,
    atomic_write_text,
)


def tree(directory: Path) -> dict[str, str]:
    """Every entry under `directory`, hidden ones too: a file's text, or "/" for a directory."""
    return {
        str(path.relative_to(directory)): "/" if path.is_dir() else path.read_text("utf-8")
        for path in sorted(directory.rglob("*"))
    }


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A directory that the running user may not write to; root steps down to be refused as well."""
    directory = tmp_path / "closed"
    directory.mkdir(mode=0o555)
    before = os.geteuid()
    if before == 0:
        tmp_path.chmod(0o755)
        os.seteuid(65534)
    yield directory
    os.seteuid(before)


def test_text_is_written_as_utf_8_with_its_line_ends(tmp_path: Path) -> None:
    atomic_write_text(tmp_path / "deep" / "er" / "file.txt", "ёж\r\n\n")
    assert (tmp_path / "deep" / "er" / "file.txt").read_bytes() == "ёж\r\n\n".encode()
    assert tree(tmp_path) == {"deep": "/", "deep/er": "/", "deep/er/file.txt": "ёж\n\n"}


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("old")

    def interrupted(self: Path, data: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(data[:1])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic_write_text(tmp_path / "file", "new")
    assert tree(tmp_path) == {"file": "old"}


def test_a_write_follows_links_and_leaves_devices_in_place(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    atomic_write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert tree(tmp_path) == {"file": "new", "link": "new"}

    atomic_write_bytes(os.devnull, b"new")
    assert not Path(os.devnull).is_file()


def test_a_new_directory_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    with atomic_directory(target) as staged:
        (staged / "file").write_text("new")
        (staged / "sub").mkdir()
        (staged / "sub" / "file").write_text("new")
        assert not target.parent.exists()
    assert tree(target) == {"file": "new", "sub": "/", "sub/file": "new"}
    assert tree(tmp_path).keys() == {
        "deep",
        *(f"deep/out{p}" for p in ("", "/file", "/sub", "/sub/file")),
    }


def test_an_existing_directory_keeps_its_other_files(tmp_path: Path) -> None:
    (tmp_path / "same").write_text("old")
    (tmp_path / "other").write_text("old")
    with atomic_directory(tmp_path) as staged:
        (staged / "same").write_text("new")
        (staged / "sub").mkdir()
        (staged / "sub" / "file").write_text("new")
    assert tree(tmp_path) == {"other": "old", "same": "new", "sub": "/", "sub/file": "new"}


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("exists", [False, True])
def test_a_failed_block_leaves_nothing(
    tmp_path: Path, failure: type[BaseException], exists: bool
) -> None:
    target = tmp_path / "deep" / "out"
    if exists:
        target.mkdir(parents=True)
        (target / "file").write_text("old")
    before = tree(tmp_path)
    with pytest.raises(failure), atomic_directory(target) as staged:
        (staged / "file").write_text("new")
        raise failure
    assert tree(tmp_path) == before


def test_a_full_disk_under_safetensors_is_told_as_any_other(tmp_path: Path) -> None:
    told = pytest.raises(ConfigError, match=r"Cannot write .*/out: No space left on device")
    with told, atomic_directory(tmp_path / "out"):
        raise SafetensorError("Error while serializing: I/O error: No space left on device")
    with pytest.raises(SafetensorError, match="shape"), atomic_directory(tmp_path / "out"):
        raise SafetensorError("invalid shape")
    assert tree(tmp_path) == {}


def test_a_full_disk_in_the_block_names_the_place(tmp_path: Path) -> None:
    told = pytest.raises(ConfigError, match=r"Cannot write .*/out: No space left .* Make room")
    with told, atomic_directory(tmp_path / "out"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(FileNotFoundError), atomic_directory(tmp_path / "out"):
        (tmp_path / "nowhere").read_bytes()
    assert tree(tmp_path) == {}


def test_a_log_grows(tmp_path: Path) -> None:
    for line in ("один\n", "два\n"):
        append_text(tmp_path / "log", line)
    assert tree(tmp_path) == {"log": "один\nдва\n"}
    with pytest.raises(ConfigError, match=r"Cannot write .*: Is a directory"):
        append_text(tmp_path, "три\n")


@pytest.mark.parametrize("step", range(5))
def test_ctrl_c_while_files_are_moved_undoes_the_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").symlink_to("a")
    before = tree(tmp_path)
    rename, calls = os.rename, 0

    def interrupted(source: Path, destination: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == step + 1:
            raise KeyboardInterrupt
        rename(source, destination)

    with pytest.raises(KeyboardInterrupt), atomic_directory(tmp_path) as staged:
        for name in ("a", "b", "new/c"):
            (staged / name).parent.mkdir(exist_ok=True)
            (staged / name).write_text("new")
        monkeypatch.setattr(os, "rename", interrupted)
    assert tree(tmp_path) == before
    assert (tmp_path / "b").is_symlink()


def test_a_file_that_cannot_take_its_place_undoes_the_moves(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").mkdir()
    with pytest.raises(ConfigError, match="b is a directory"), atomic_directory(tmp_path) as staged:
        (staged / "a").write_text("new")
        (staged / "b").write_text("new")
    assert tree(tmp_path) == {"a": "old", "b": "/"}


def test_a_place_without_permission_is_refused_before_the_work(closed: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot write .*out: Permission denied"):
        atomic_write_text(closed / "out", "new")
    for target in (closed, closed / "out"):
        with pytest.raises(ConfigError, match="Permission denied"), atomic_directory(target):
            raise AssertionError("the work began")


def test_a_file_where_a_directory_belongs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    for target in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(ConfigError, match="Not a directory"), atomic_directory(target):
            raise AssertionError("the work began")
    with pytest.raises(ConfigError, match="Is a directory"):
        atomic_write_text(tmp_path, "new")
    assert tree(tmp_path) == {"file": "old"}
