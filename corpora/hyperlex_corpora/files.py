"""Files as lines of text: unpacked and decoded on the way, in bounded memory."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .errors import CorpusError

OPENERS: dict[str, Callable[[Any], Any]] = {
    ".gz": gzip.open,
    ".tgz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
"""What unpacks a file, by the end of its name."""

_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, tarfile.ReadError, zipfile.BadZipFile)
_BLOCK = 1 << 16  # bytes, where a file is searched for the place that is not text


def suffix(path: Path) -> str:
    """The end of the name that tells the format, in lower case: `.csv` of `news.CSV.gz`."""
    name = path.name.lower()
    for packed in OPENERS:
        name = name.removesuffix(packed)
    return Path(name).suffix


def open_bytes(path: Path) -> IO[bytes]:
    """Open for reading, unpacked if the name ends in one of `OPENERS`."""
    opener = OPENERS.get(path.suffix.lower())
    stream: IO[bytes] = opener(path) if opener else path.open("rb")
    return stream


def unpack(stream: IO[bytes], name: str) -> IO[bytes]:
    """As `open_bytes`, of a stream that has this name."""
    opener = OPENERS.get(Path(name).suffix.lower())
    unpacked: IO[bytes] = opener(stream) if opener else stream
    return unpacked


@contextmanager
def damage_as_corpus_error(name: str | Path) -> Iterator[None]:
    """Whatever an unpacker says of a truncated or foreign archive, as one `CorpusError`."""
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(name, error) from error
    except OSError as error:
        # The operating system numbers its errors, gzip and bz2 do not number theirs.
        if isinstance(error, CorpusError) or error.errno is not None:
            raise
        raise _damaged(name, error) from error


def _damaged(name: str | Path, error: Exception) -> CorpusError:
    return CorpusError(
        f"{name} is a damaged or truncated archive ({str(error).rstrip('.')}). Fetch it again, or "
        "name it for what it is."
    )


def text_lines(path: Path, encoding: str = "utf-8", *, longest: int = -1) -> Iterator[str]:
    """The lines of a file, with their ends.

    Args:
        path: plain or packed; see `open_bytes`.
        encoding: one in which a line feed is the byte 0x0A. A UTF-8 byte order mark is dropped.
        longest: characters after which a line is cut in two; -1: never.

    Raises:
        CorpusError: the archive is damaged.
        ValueError: the bytes are no text in that encoding. Says the line and the byte.
        OSError: the file cannot be read.
    """
    with damage_as_corpus_error(path), open_bytes(path) as stream:
        yield from decoded_lines(stream, str(path), encoding, longest=longest, path=path)


def decoded_lines(
    stream: IO[bytes],
    name: str,
    encoding: str = "utf-8",
    *,
    longest: int = -1,
    path: Path | None = None,
) -> Iterator[str]:
    """As `text_lines`, of an open stream. With `path` an error can say at which line it was."""
    # Only the line feed ends a line, and it is kept: csv has to see what is inside its quotes.
    text = io.TextIOWrapper(stream, _codec(encoding), newline="\n")
    number = 1
    try:
        while line := text.readline(longest):
            if "\0" in line:
                raise ValueError(
                    f"{name}, line {number}, holds a NUL byte: it is no text. A text file was "
                    "expected; a packed one is named .gz, .bz2 or .xz."
                )
            yield line
            number += line.endswith("\n")
    except UnicodeDecodeError as error:
        raise _undecodable(name, encoding, error, path) from None
    finally:
        text.detach()


def decode(data: bytes, name: str, encoding: str = "utf-8") -> str:
    """The text that `data` is. Raises as `text_lines`."""
    try:
        return data.decode(_codec(encoding))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _foreign(name, line, data[error.start :], encoding) from None


def _codec(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding).name
        suits = "\n".encode(codec) == b"\n"
    except LookupError:
        suits = False
    if not suits:
        raise ValueError(
            f"The encoding {encoding!r} is unknown, or writes a line feed as more than one byte. "
            "One like utf-8, cp1251 or koi8-r was expected."
        )
    return "utf-8-sig" if codec == "utf-8" else codec


def _undecodable(
    name: str, encoding: str, error: UnicodeDecodeError, path: Path | None
) -> ValueError:
    """Where the text ends to be text. The reader is far ahead of the lines, so look again."""
    if path is None:
        return _foreign(name, None, error.object[error.start :], encoding)
    decoder = codecs.getincrementaldecoder(_codec(encoding))()
    lines = 1
    with open_bytes(path) as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
                lines += block.count(b"\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as found:
            # What the decoder held back from the block before is part of one character.
            line = lines + found.object.count(b"\n", 0, found.start)
            return _foreign(name, line, found.object[found.start :], encoding)
    return ValueError(f"{name} was changed while it was read. Try again.")


def _foreign(name: str, line: int | None, wrong: bytes, encoding: str) -> ValueError:
    place = "" if line is None else f", line {line},"
    file = Path(name).name
    if wrong.startswith((b"\xff\xfe", b"\xfe\xff")):
        likely, codec = "It begins as UTF-16 does, so", "utf-16"
    else:
        likely, codec = "If it is Windows text,", "cp1251"
    # Most who read this cannot name an encoding: recipes, for one, read UTF-8 alone.
    return ValueError(
        f"{name}{place} is not {encoding.upper()} (byte 0x{wrong[0]:02x}). {likely} convert it "
        f"first: iconv -f {codec} -t utf-8 {file} > utf8-{file}"
    )


def files_of(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The file itself, or the files under a folder with one of `suffixes`, in order of name.

    Hidden files and folders are passed over. Raises `FileNotFoundError` where nothing is, and
    `ValueError` for a folder without such a file.
    """
    if not path.is_dir():
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist: a file or a folder was expected.")
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if suffix(file) in suffixes
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.is_file()
    )
    if not found:
        raise ValueError(
            f"{path} holds no file named {' or '.join(suffixes)} (packed as "
            f"{', '.join(OPENERS)} or not)."
        )
    return found
