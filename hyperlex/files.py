"""Writing that leaves the finished thing or nothing, also on a failure and on Ctrl-C.

The work goes under a hidden name in the nearest existing directory on the way to the target. So a
place that may not be written to is refused before the work is done, and the last step is a rename
within one file system. Only a process killed outright leaves a `.hyperlex-*` entry: delete it.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from os.path import lexists
from pathlib import Path

from safetensors import SafetensorError

from hyperlex.errors import ConfigError


def atomic_write_text(target: str | Path, text: str) -> None:
    """Write `text` as UTF-8, line ends as they are. Otherwise as `atomic_write_bytes`."""
    atomic_write_bytes(target, text.encode())


def atomic_write_texts(texts: Mapping[Path, str]) -> None:
    """Write several files as `atomic_write_text`: all of them, or none when one cannot be
    written.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        # Devices and pipes keep no half of anything; if one refuses, no file is in its place yet.
        for target, text in texts.items():
            with _refused_as_config_error(target):
                file = target.resolve()
                if file.exists() and not file.is_file():
                    file.write_bytes(text.encode())
                    continue
                staged.append((_staging_name(file.parent), file))
                staged[-1][0].write_bytes(text.encode())
        for made, file in staged:
            with _refused_as_config_error(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                made.replace(file)
    finally:
        for made, _ in staged:
            made.unlink(missing_ok=True)


def require_writable(targets: Iterable[Path]) -> None:
    """Raise `ConfigError` for a target that could not be written: before the work, not after it."""
    for target in targets:
        with _refused_as_config_error(target):
            file = target.resolve()
            if file.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if file.is_file() or not file.exists():
                staged = _staging_name(file.parent)
                staged.touch()
                staged.unlink()


def require_apart(targets: Iterable[Path], sources: Iterable[Path]) -> None:
    """Raise `ConfigError` for a target that is a file among `sources`, by whatever path or link:
    writing it would destroy what is read. What is no regular file holds nothing to destroy.
    """
    read = [source for source in sources if source.is_file()]
    for target in targets:
        if target.is_file() and any(target.samefile(source) for source in read):
            raise ConfigError(
                f"{target} is read and would be overwritten: an output that is no input was "
                "expected. Choose another output."
            )


def atomic_write_bytes(target: str | Path, data: bytes) -> None:
    """Write `data` to `target`, or leave `target` as it was.

    Parent directories are made, a symbolic link is followed, and a device or pipe is written to
    directly. Raises `ConfigError` where `target` cannot be written.
    """
    with _refused_as_config_error(target):
        file = Path(target).resolve()
        if file.exists() and not file.is_file():
            file.write_bytes(data)
            return
        staged = _staging_name(file.parent)
        try:
            staged.write_bytes(data)
            file.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(file)
        finally:
            staged.unlink(missing_ok=True)


def append_text(target: Path, text: str) -> None:
    """Put `text` behind what is in a file, as a log grows. Raises `ConfigError` where it cannot."""
    with _refused_as_config_error(target), target.open("a", encoding="utf-8") as stream:
        stream.write(text)


@contextmanager
def atomic_directory(target: str | Path) -> Iterator[Path]:
    """Yield an empty directory, and turn it into `target` when the block ends without an exception.

    An existing `target` keeps its other files. Each new file takes the place of the one of its
    name: all of them or, when one cannot be placed, none. Raises `ConfigError`, before the block
    runs, where `target` is no directory or cannot be written; what the block raises is passed on,
    but that the disk is full.
    """
    directory = Path(target)
    with _refused_as_config_error(target):
        staged = _staging_name(directory)
    try:
        with _refused_as_config_error(target):
            staged.mkdir()
        try:
            yield staged
        except SafetensorError as error:
            if "I/O error" not in str(error):
                raise
            reason = str(error).partition("I/O error: ")[2]
            number = errno.ENOSPC if os.strerror(errno.ENOSPC) in reason else None
            raise _unwritten(target, reason, number) from error
        except OSError as error:
            # A write does not say to which file. Whatever names one is not only about the disk.
            if error.errno not in _FULL or error.filename is not None:
                raise
            raise _unwritten(target, os.strerror(error.errno), error.errno) from error
        with _refused_as_config_error(target):
            if directory.exists():
                _merge(staged, directory)
            else:
                directory.parent.mkdir(parents=True, exist_ok=True)
                staged.rename(directory)
    finally:
        if staged.is_dir():
            shutil.rmtree(staged)


def _merge(staged: Path, target: Path) -> None:
    """Move all files under `staged` to their places under `target`, or undo it on an exception."""
    displaced = _staging_name(target)
    displaced.mkdir()
    # Each step is noted before it is taken, so that Ctrl-C between the two does not lose it.
    renames: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for new in sorted(staged.rglob("*")):
            place = target / new.relative_to(staged)
            if new.is_dir():
                if not place.is_dir():
                    made.append(place)
                    place.mkdir()
                continue
            if place.is_dir():
                raise IsADirectoryError(f"{place} is a directory, and a file of that name is new")
            if lexists(place):
                renames.append((place, displaced / str(len(renames))))
                os.rename(*renames[-1])
            renames.append((new, place))
            os.rename(*renames[-1])
    except BaseException:
        for before, after in reversed(renames):
            if lexists(after):
                after.rename(before)
        for directory in reversed(made):
            if directory.is_dir():
                directory.rmdir()
        displaced.rmdir()
        raise
    shutil.rmtree(displaced)


def _staging_name(target: Path) -> Path:
    """An unused name in `target`, or in the nearest place above it that exists."""
    place = target.absolute()
    while not place.exists():
        place = place.parent
    return place / f".hyperlex-{secrets.token_hex(8)}"


@contextmanager
def _refused_as_config_error(target: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritten(target, error.strerror or str(error), error.errno) from error


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _unwritten(target: str | Path, reason: str, number: int | None) -> ConfigError:
    return ConfigError(f"Cannot write {target}: {reason}. {_remedy(Path(target), number)}")


def _remedy(target: Path, number: int | None) -> str:
    if number == errno.EISDIR:
        return f"A file was expected. Name one in it: {target / 'NAME'}"
    if number == errno.ENOTDIR:
        return "A file stands where a directory was expected. Choose another output."
    if number in _FULL:
        return "Make room, or choose another output."
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            "A place that this user may write to was expected. Choose another output, or make "
            f"{target.parent} writable."
        )
    return "Choose another output."


_WEIGHT_FILES = ("model*.safetensors*", "pytorch_model*.bin*")
_CODEBOOK_FILES = ("codebook.safetensors",)


def refuse_second_model(target: Path) -> None:
    """Raise `ConfigError` where `target` holds weights: which of two models in one directory is
    loaded depends on how many files each has."""
    _refuse_second("model", target, weight_files(target))


def refuse_second_codebook(target: Path) -> None:
    """Raise `ConfigError` where `target` holds a codebook or a model: a model takes the codebook
    beside it for its own."""
    refuse_second_model(target)
    _refuse_second("codebook", target, _matching(target, _CODEBOOK_FILES))


def _refuse_second(what: str, target: Path, old: list[Path]) -> None:
    if old:
        raise ConfigError(
            f"{target} holds a {what} already: {old[0].name}. A directory without one was "
            f"expected. Choose another output, or delete that {what} first."
        )


def weight_files(directory: Path) -> list[Path]:
    """The weights of a model in a directory, and the index of their parts."""
    return _matching(directory, _WEIGHT_FILES)


def _matching(directory: Path, patterns: Iterable[str]) -> list[Path]:
    return [file for pattern in patterns for file in sorted(directory.glob(pattern))]
