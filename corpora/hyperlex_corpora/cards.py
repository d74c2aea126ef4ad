"""What is known of each corpus: a card in `cards/*.toml`, and the table of them.

python -m hyperlex_corpora.table          writes the table into corpora/README.md
"""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from .split import DEFAULT_RULE, SPLITS, SplitRule

T = TypeVar("T")

DOMAINS = (
    "news",
    "fiction",
    "poetry",
    "dialogue",
    "social",
    "science",
    "encyclopedic",
    "legal",
    "tech",
    "mixed",
)
"""Kinds of text. `mixed`: each record says its own."""

FORMATS = (
    "lenta",
    "novels",
    "opencorpora",
    "plain",
    "pud",
    "samples",
    "taiga",
    "ud",
    "wikimedia",
    "wikipedia",
    "wikisource",
)
"""Loaders, by the name of their file in `sources`."""


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file of a corpus, as it is published.

    Attributes:
        url: where it is.
        name: what it is called here.
        sha256: of its bytes, as its publisher states it; None where no such statement is known.
        split: which part of the corpus it is, where the corpus comes in parts.
    """

    url: str
    name: str
    sha256: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """All that is known of a corpus without having it.

    Attributes:
        name: what commands call it.
        title: what people call it.
        url: its home page.
        licence: of the texts, in words where they are under none.
        citation: how to cite it.
        domain: one of `DOMAINS`.
        format: one of `FORMATS`.
        size: how much text, and how much to download, as its publisher states it.
        files: what `fetch` fetches; none for what ships, or is streamed from the hub.
        split: which documents are for training, development and test.
        encoding: of its texts.
        dataset: the id on the Hugging Face hub and its configuration, divided by a colon.
        note: what to know before using it.
    """

    name: str
    title: str
    url: str
    licence: str
    citation: str
    domain: str
    format: str
    size: str
    files: tuple[CorpusFile, ...] = ()
    split: SplitRule = DEFAULT_RULE
    encoding: str = "utf-8"
    dataset: str = ""
    note: str = ""


def list_cards() -> list[Card]:
    """All cards, in order of name."""
    return list(_cards().values())


def card(name: str) -> Card:
    """The card of that name. Raises `ValueError` with the nearest names."""
    found = _cards().get(name)
    if found is None:
        raise ValueError(f"No corpus is called {name!r}. {nearest(name)}.")
    return found


def nearest(name: str) -> str:
    """A sentence that names the corpora called nearly so, or else all of them."""
    close = get_close_matches(name.lower(), _cards(), n=3, cutoff=0.5)
    return f"{'Near to it' if close else 'There are'}: {', '.join(close or _cards())}"


@cache
def _cards() -> dict[str, Card]:
    folder = files(__package__).joinpath("cards")
    cards = [read_card(file) for file in folder.iterdir() if file.name.endswith(".toml")]
    return {card.name: card for card in sorted(cards, key=lambda card: card.name)}


def read_card(file: Traversable) -> Card:
    """A card out of its TOML.

    `[[files]]` may stand for many by `parts = 21` and `{part:05d}` in its url; its name is by
    default the end of the url.

    Raises:
        ValueError: a key or a value that no card has, a missing key, broken TOML.
    """
    try:
        table = tomllib.loads(file.read_text("utf-8"))
        listed = [one for entry in table.pop("files", []) for one in _files(entry)]
        rule = _made(SplitRule, table.pop("split", {}))
        card = _made(Card, {**table, "files": tuple(listed), "split": rule})
    except ValueError as error:
        raise ValueError(f"{file.name} is no card: {error}.") from error
    _check(card, file.name)
    return card


def _files(entry: dict[str, Any]) -> list[CorpusFile]:
    parts = entry.pop("parts", None)
    if parts is None:
        return [_file(entry)]
    return [_file({**entry, "url": entry["url"].format(part=part)}) for part in range(parts)]


def _file(entry: dict[str, Any]) -> CorpusFile:
    return _made(CorpusFile, {"name": str(entry.get("url", "")).rpartition("/")[2], **entry})


def _made(kind: type[T], table: dict[str, Any]) -> T:
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    unknown = table.keys() - known
    missing = {
        name
        for name, field in known.items()
        if field.default is MISSING and field.default_factory is MISSING
    } - table.keys()
    if unknown or missing:
        raise ValueError(
            f"the keys {', '.join(sorted(unknown)) or 'none'} are unknown, and "
            f"{', '.join(sorted(missing)) or 'none'} are missing"
        )
    return kind(**table)


def _check(card: Card, name: str) -> None:
    sha256 = all(
        file.sha256 is None or (len(file.sha256) == 64 and file.sha256.isalnum())
        for file in card.files
    )
    promises = {
        f"its name is that of its file, {name}": f"{card.name}.toml" == name,
        f"its domain is one of {', '.join(DOMAINS)}": card.domain in DOMAINS,
        f"its format is one of {', '.join(FORMATS)}": card.format in FORMATS,
        "each sha256 has 64 digits": sha256,
        "each file has a name of its own, without a folder": len(
            {file.name for file in card.files if "/" not in file.name}
        )
        == len(card.files),
        f"a split by files names {', '.join(SPLITS)} for each, and no other does": all(
            (file.split in SPLITS) == (card.split.by == "files") for file in card.files
        ),
    }
    broken = [promise for promise, kept in promises.items() if not kept]
    if broken:
        raise ValueError(f"{name} is no card: not true that {'; '.join(broken)}.")
