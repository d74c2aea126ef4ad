"""Whatever a person measures, as documents with a domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperlex.codebook.corpus import documents
from hyperlex.errors import ConfigError, FormatError, HyperlexError, MissingDependencyError

SAMPLES = "samples"
"""The title of a measurement of the texts that are written for this project."""

_WHOLE = (".txt", ".md")
_TABLES = (".jsonl", ".csv", ".tsv", ".parquet")
_PACKED = (".xz", ".gz", ".bz2")


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or one of the parts of a document.

    Attributes:
        domain: what figures are told apart by.
        document: parts of one document share it, and are resampled together; "" for a document of
            its own.
    """

    text: str
    domain: str
    document: str = ""


def texts_of(source: Any) -> Iterator[Text]:
    """The texts of a source.

    Args:
        source: None for the samples of this project; a path of a file or folder, or what else
            `hyperlex_corpora.load` takes; or an iterable of these, of `Text`, of texts (str), and
            of anything with `text` and `domain` (a corpus' Record). A str is a path or a name at
            the top, and a text inside an iterable; paths inside an iterable are `Path`.

    A `.txt` or `.md` is one document, each row of a `.jsonl`, `.csv`, `.tsv` or `.parquet` is one;
    packed with xz, gz or bz2 or not. The domain is the row's own, else the first folder below a
    named folder, else the name of the file.

    Raises:
        ConfigError: no such file or corpus, an item that is no text.
        FormatError: bytes that are no UTF-8 text, a row without a text.
        MissingDependencyError: the package that reads such a file is not installed.
    """
    if source is None:
        yield from _records(corpora().samples())
    elif isinstance(source, str | Path):
        yield from _named(source)
    else:
        for item in source:
            yield from _item(item)


def files_read(names: Iterable[str]) -> Iterator[str | Path]:
    """Each name, and of a folder the files that `texts_of` reads of it."""
    for name in names:
        yield name
        if Path(name).is_dir():
            yield from _files_of(Path(name))


def title_of(source: Any) -> str:
    """What a report calls a source: names without their folders."""
    if source is None:
        return SAMPLES
    if isinstance(source, str | Path):
        return Path(source).name or str(source)
    return "texts"


def corpora() -> Any:
    """The wing that reads corpora, imported when it is first asked."""
    import hyperlex_corpora

    return hyperlex_corpora


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Raise what that wing raises, builtins with their remedy in them, as an error of ours."""
    try:
        yield
    except HyperlexError:
        raise
    except OSError as error:
        raise ConfigError(str(error)) from error
    except ValueError as error:
        raise FormatError(str(error)) from error
    except ImportError as error:
        raise MissingDependencyError(str(error)) from error


def _item(item: Any) -> Iterator[Text]:
    if isinstance(item, Text):
        yield item
    elif isinstance(item, str):
        yield Text(item, "text")
    elif isinstance(item, Path):
        yield from _named(item)
    elif isinstance(getattr(item, "text", None), str):
        yield from _records([item])
    else:
        raise ConfigError(
            f"An item of the texts is of type {type(item).__name__}: a str, a Path or a Record "
            "with `text` and `domain` was expected."
        )


def _named(name: str | Path) -> Iterator[Text]:
    path = Path(name)
    if path.is_dir():
        files = _files_of(path)
        for file in files:
            below = file.relative_to(path)
            yield from _file(file, below.parts[0] if len(below.parts) > 1 else _stem(file))
        if files:
            return
    elif path.exists() and _suffix(path) in (*_WHOLE, *_TABLES):
        yield from _file(path, _stem(path))
        return
    with told_as_ours():
        yield from _records(corpora().load(name))


def _files_of(folder: Path) -> list[Path]:
    kinds = (*_WHOLE, *_TABLES)
    return sorted(p for p in folder.rglob("*") if _suffix(p) in kinds and p.is_file())


def _file(path: Path, domain: str) -> Iterator[Text]:
    if _suffix(path) in _WHOLE:
        yield Text("".join(document.text for document in documents(path)), domain)
        return
    folder = path.resolve().parent.name
    for text in _records(corpora().load(path)):
        # Without a domain of its own a row is given that of its folder.
        own = text.domain if text.domain != folder else domain
        yield Text(text.text, own, f"{path}\n{text.document}" if text.document else "")


def _records(records: Iterable[Any]) -> Iterator[Text]:
    with told_as_ours():
        for record in records:
            domain = getattr(record, "domain", "") or "text"
            yield Text(record.text, str(domain), str(getattr(record, "document", "")))


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix if path.suffix in _PACKED else path.suffix


def _stem(path: Path) -> str:
    return path.name.removesuffix(path.suffix if path.suffix in _PACKED else "").partition(".")[0]
