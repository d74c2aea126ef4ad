"""Options that several verbs share, and the text that they name."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hyperlex.errors import ConfigError, FormatError, how_to_convert

if TYPE_CHECKING:
    from hyperlex.tokenizer import HyperTokenizer

STANDARD_INPUT: Final = "-"
"""In place of a text or a file."""

TextArgument = Annotated[
    str | None,
    typer.Argument(metavar="[TEXT]", help="The text; else --file, else (or for -) standard input."),
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="A UTF-8 file; - is standard input."),
]
TokenizerOption = Annotated[
    str | None,
    typer.Option(
        "--tokenizer",
        "-t",
        metavar="DIR",
        help="A directory that `hyperlex extend` wrote, or a hub id of one. Default: built in.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for machines.")]


def named_file(file: Path | None) -> Path | None:
    """For options that write a file beside what is printed: a file by the name of - helps nobody.

    Raises:
        ConfigError: it is -.
    """
    if str(file) == STANDARD_INPUT:
        raise ConfigError("- was given where a file is written. Name the file, or /dev/stdout.")
    return file


HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="FILE", help="Also write a page for a browser.", callback=named_file
    ),
]


def require_outputs(outputs: Iterable[Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Raise `ConfigError` for a file that could not be written, or that is an input as well: before
    the work, not after it. None, and - for a standard stream, are passed over among the outputs.

    Args:
        inputs: what is read; names of other things than files may be among them. Standard input,
            which a shell may have opened on a file, is always one.
    """
    from hyperlex.files import require_apart, require_writable

    written = [file for file in outputs if file is not None and str(file) != STANDARD_INPUT]
    require_writable(written)
    if written:
        read = (Path(name) for name in inputs if name is not None)
        require_apart(written, [Path("/dev/stdin"), *read])


def load_tokenizer(name: str | None) -> HyperTokenizer:
    """The tokenizer that `--tokenizer` names. Raises as `hyperlex.load`."""
    from hyperlex.tokenizer import load

    if name is not None:
        tell_of_hub(name)
    return load(name)


def tell_of_hub(name: str) -> None:
    """Say to a waiting person that `name` is looked for far away: it may be a mistyped path."""
    if not Path(name).exists() and sys.stderr.isatty():
        print(f"{name} is no path here: asking the Hugging Face hub.", file=sys.stderr)


def read_text(text: str | None, file: Path | None) -> str:
    """The text that a command line names, to the byte: line ends stay as they are.

    Raises:
        ConfigError: none named, two named, or a file that cannot be read.
        FormatError: bytes that are no UTF-8.
    """
    if text is not None and file is not None:
        raise ConfigError(f"A text and --file {file} were given. One of them was expected.")
    if text == STANDARD_INPUT:
        return _decoded(*_bytes(Path(text)))
    if text is not None:
        # Python hands over bytes of the command line that the locale has no character for as
        # surrogates. They are UTF-8 all the same, or no text.
        return _decoded(text.encode("utf-8", "surrogateescape"), "The text")
    return _decoded(*_bytes(file))


def _bytes(file: Path | None) -> tuple[bytes, str]:
    """What was read, and the name of where from."""
    if file is None or str(file) == STANDARD_INPUT:
        if file is None and sys.stdin.isatty():
            raise ConfigError("No text. Give it as an argument, by --file, or on standard input.")
        return sys.stdin.buffer.read(), "The standard input"
    try:
        return file.read_bytes(), str(file)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read ({error.strerror}). Check the path and its permissions."
        ) from error


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{name} is not UTF-8 (byte 0x{data[error.start]:02x} at {error.start}). "
            f"{how_to_convert(data)}"
        ) from error


def unescaped(text: str) -> str:
    """`\\n` and `\\t` as a shell hands them over, as the characters they name."""
    return text.replace("\\n", "\n").replace("\\t", "\t")
