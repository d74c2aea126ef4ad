"""The errors that hyperlex raises on purpose.

Each is a builtin as well, so code that knows nothing of hyperlex catches it by its usual name. A
message has three parts: what was met, with the value; what was expected; what to do, with the exact
argument or command. A mistake of ours is an `AssertionError` or whatever Python raises, never one
of these.
"""

from __future__ import annotations

from collections.abc import Iterable


class HyperlexError(Exception):
    """Any of the errors below: catch this to tell a caller's mistake from a bug.

    The command line prints one as a single line and exits with status 2.
    """


class VocabularyError(HyperlexError, ValueError):
    """Ids, sizes or vocabularies that do not belong together.

    Raised for an id outside the layout, a codebook trained for another base tokenizer, a size that
    the candidates cannot fill, a model whose embedding is smaller than its tokenizer.
    """


class FormatError(HyperlexError, ValueError):
    """A file whose content is not what its name or place promises.

    Raised for a truncated or foreign artifact, an unknown `format_version`, a corpus that is not
    UTF-8 text, a directory without a tokenizer in it.
    """


class ConfigError(HyperlexError, ValueError):
    """An argument, option, path or environment variable that cannot be used as given.

    Raised for a value out of range, an unknown choice, a place that may not be written to.
    """


class MissingDependencyError(HyperlexError, ImportError):
    """An optional package that the call needs is not installed: the message holds the command."""


def first_line(error: BaseException) -> str:
    """The message of an error of another library in one line; its kind where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def did_you_mean(name: str, known: Iterable[str], likeness: float = 0.5) -> str:
    """A sentence for an error, with a space before it: the known name that is most like `name`, ""
    where none is. `likeness` is difflib's ratio, from 0 to 1.
    """
    from difflib import get_close_matches  # only where something has gone wrong already

    near = get_close_matches(name, list(known), n=1, cutoff=likeness)
    return f" Did you mean {near[0]!r}?" if near else ""


def how_to_convert(beginning: bytes) -> str:
    """A sentence for an error about text that is not UTF-8, by its first bytes."""
    if beginning.startswith(UTF16):
        return "It begins as UTF-16 does, so convert it first: iconv -f utf-16 -t utf-8"
    return "If it is Windows text, convert it first: iconv -f cp1251 -t utf-8"


UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""The marks with which such a file begins."""


def require_text(text: object) -> None:
    """Raise TypeError for what is no str."""
    if not isinstance(text, str):
        raise no_text(text)


def no_text(found: object) -> TypeError:
    """The error for what was given in place of a text."""
    return TypeError(
        f"Text was expected, a str; got {type(found).__name__}. Decode bytes first: "
        "data.decode('utf-8')."
    )
