"""Text from anywhere: files, folders, compressed or not, or whatever iterates."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hyperlex.errors import UTF16, ConfigError, FormatError, how_to_convert

SUFFIXES = (".txt", ".jsonl", ".md")
_OPENERS: dict[str, Callable[[Path, str], Any]] = {
    ".xz": lzma.open,
    ".gz": gzip.open,
    ".bz2": bz2.open,
}
_PARAGRAPH_BYTES = 1 << 20  # a plain text is read in documents of about this size, cut at line ends


class Document(NamedTuple):
    """A text and the name of the domain that it is balanced with."""

    text: str
    domain: str


def documents(source: str | Path | Iterable[str | Document | Path]) -> Iterator[Document]:
    """Documents of a file, a folder (recursively, in order of name), or an iterable of texts,
    documents and paths.

    The domain of a file is the name of its folder. `.txt` and `.md` are read in stretches of whole
    lines, `.jsonl` gives the field "text" of each line; `.xz`, `.gz` and `.bz2` are unpacked on the
    way. A str is a path at the top and a text inside an iterable.

    Raises:
        ConfigError: no such file, a folder without texts, an item that is no text.
        FormatError: a file that is not UTF-8 text, a damaged archive, a `.jsonl` line without a
            text.
    """
    if isinstance(source, str | Path):
        yield from _from_path(Path(source))
        return
    if not isinstance(source, Iterable):
        raise ConfigError(
            f"The corpus is a {type(source).__name__}: a path, or an iterable of texts, paths and "
            "Documents, was expected."
        )
    for item in source:
        if isinstance(item, Path):
            yield from _from_path(item)
        elif isinstance(item, Document):
            yield item
        elif isinstance(item, str):
            yield Document(item, "text")
        else:
            raise ConfigError(
                f"A corpus item is of type {type(item).__name__}: a str, a hyperlex Document or a "
                "Path was expected."
            )


def text_files(path: Path) -> list[Path]:
    """The files that `path` stands for: itself, or the texts in the folder, in order of name.

    Raises:
        ConfigError: nothing there, or a folder without texts.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ConfigError(
            f"{path} does not exist: a text file, a .jsonl file or a folder of them was expected."
        )
    files = sorted(p for p in path.rglob("*") if p.is_file() and _kind(p) in SUFFIXES)
    if not files:
        raise ConfigError(
            f"{path} holds no text: files named {', '.join(SUFFIXES)} (or those with "
            f"{', '.join(_OPENERS)}) were expected."
        )
    return files


def _from_path(path: Path) -> Iterator[Document]:
    for file in text_files(path):
        read = _json_lines if _kind(file) == ".jsonl" else _plain
        for text in read(file):
            yield Document(text, file.resolve().parent.name)


def _kind(path: Path) -> str:
    return Path(path.stem).suffix if path.suffix in _OPENERS else path.suffix


def _lines(path: Path) -> Iterator[str]:
    """Lines of a file as text, with their ends; one clear error for each way in which it can fail
    to be text.
    """
    number = 0
    try:
        with _OPENERS.get(path.suffix, open)(path, "rb") as stream:
            for number, line in enumerate(stream, 1):
                if b"\0" in line and not (number == 1 and line.startswith(UTF16)):
                    raise FormatError(
                        f"{path}, line {number}, holds a NUL byte: it is no text file. Name a "
                        "UTF-8 text or a .jsonl file."
                    )
                yield line.decode()
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}, line {number}, is not UTF-8 (byte 0x{error.object[error.start]:02x}). "
            f"{how_to_convert(error.object if number == 1 else b'')} "
            f"{path.name} > utf8-{path.name}"
        ) from error
    except (lzma.LZMAError, gzip.BadGzipFile, EOFError) as error:
        raise FormatError(f"{path} is a damaged archive ({error}). Fetch it again.") from error
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror or error}). Check the path and its "
            "permissions."
        ) from error


def _plain(path: Path) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for line in _lines(path):
        held.append(line)
        size += len(line)
        if size >= _PARAGRAPH_BYTES:
            yield "".join(held)
            held, size = [], 0
    if held:
        yield "".join(held)


def _json_lines(path: Path) -> Iterator[str]:
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except (json.JSONDecodeError, KeyError, TypeError):
            text = None
        if not isinstance(text, str):
            raise FormatError(
                f'{path}, line {number}, has no text: a JSON object with the field "text" was '
                'expected, like {"text": "…"}.'
            )
        yield text
