"""The door to all loaders: a name, a path or an id in, records out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from .archives import is_archive
from .cache import folder_of
from .cards import Card, list_cards, nearest
from .errors import CorpusError
from .files import damage_as_corpus_error, open_bytes, suffix
from .record import Record
from .sources.hub import dataset_rows, is_saved, load_datasets
from .sources.lenta import COLUMNS as LENTA_COLUMNS
from .sources.lenta import load_lenta
from .sources.novels import load_novels
from .sources.opencorpora import load_opencorpora
from .sources.plain import SUFFIXES, load_plain
from .sources.pud import load_pud
from .sources.samples import samples
from .sources.taiga import DOMAINS as TAIGA_SEGMENTS
from .sources.taiga import load_taiga
from .sources.ud import load_ud
from .sources.wikimedia import DATASETS as WIKIMEDIA
from .sources.wikimedia import load_wikimedia, parse_wikimedia
from .sources.wikipedia import load_wikipedia
from .sources.wikisource import load_wikisource
from .split import DEFAULT_RULE, SPLITS, SplitRule, split_of

_HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?")
_HEAD = 1 << 12  # bytes of a file, enough to tell what kind of XML or table it is


@dataclass(frozen=True, slots=True)
class _Options:
    encoding: str
    text_column: str
    skipped: Counter[str]


_LOADERS: dict[str, Callable[[Path, _Options], Iterator[Record]]] = {
    "datasets": lambda path, o: load_datasets(path, text_column=o.text_column, skipped=o.skipped),
    "lenta": lambda path, o: load_lenta(path, encoding=o.encoding, skipped=o.skipped),
    "novels": lambda path, o: load_novels(path, encoding=o.encoding, skipped=o.skipped),
    "opencorpora": lambda path, o: load_opencorpora(path, skipped=o.skipped),
    "plain": lambda path, o: load_plain(
        path, text_column=o.text_column, encoding=o.encoding, skipped=o.skipped
    ),
    "pud": lambda path, o: load_pud(path, encoding=o.encoding),
    "taiga": lambda path, o: load_taiga(path, skipped=o.skipped),
    "ud": lambda path, o: load_ud(path, encoding=o.encoding, skipped=o.skipped),
    "wikimedia": lambda path, o: load_wikimedia(path, skipped=o.skipped),
    "wikipedia": lambda path, o: load_wikipedia(path, skipped=o.skipped),
    "wikisource": lambda path, o: load_wikisource(path, skipped=o.skipped),
}


def load(
    name_or_path: str | Path,
    *,
    split: str | None = None,
    limit: int | None = None,
    cache_dir: str | Path | None = None,
    format: str | None = None,
    encoding: str | None = None,
    text_column: str = "text",
    skipped: Counter[str] | None = None,
) -> Iterator[Record]:
    """Records of a corpus, one at a time, in its order.

    Args:
        name_or_path: the name of a card ("lenta"); a file or a folder; or the id of a data set on
            the Hugging Face hub, with its configuration after a colon
            ("wikimedia/wikipedia:20231101.ru"). A card goes before a file of its name: call that
            one "./lenta".
        split: "train", "dev" or "test": by the rule of the card; for a path, by the hash of the
            document with a twentieth for dev and test each; for an id, the data set's own split of
            any name. None: all of it, or "train" of an id.
        limit: records to stop after.
        cache_dir: where `fetch` has put the corpus; None: `cache.default_cache_dir()`.
        format: of a path whose name and beginning do not tell it: one of `cards.FORMATS` but
            samples, or "datasets".
        encoding: of the texts; None: as the card says, or UTF-8.
        text_column: of JSON lines, tables and data sets.
        skipped: counts what was passed over, by the reason.

    Raises:
        ValueError: an unknown split or format; while reading, a broken row or bytes that are no
            text, with the file and the line.
        FileNotFoundError: neither a corpus nor a path.
        CorpusError: not fetched yet; a damaged archive; a hub that does not answer.
        ModuleNotFoundError: an optional package is missing.
    """
    if limit is not None and limit < 0:
        raise ValueError(f"limit is {limit}: a whole number, 0 or more, was expected.")
    name = str(name_or_path)
    known = {card.name: card for card in list_cards()} if isinstance(name_or_path, str) else {}
    options = _Options(
        encoding or (known[name].encoding if name in known else "utf-8"),
        text_column,
        Counter() if skipped is None else skipped,
    )
    hub = _HUB_ID.fullmatch(name)
    if name in known:
        records = _of_card(known[name], split, cache_dir, options)
    elif name and Path(name).exists():
        records = _part(_of_path(Path(name), format, options), DEFAULT_RULE, split)
    elif hub and isinstance(name_or_path, str) and suffix(Path(name)) not in SUFFIXES:
        records = _of_hub(hub["id"], hub["config"], split or "train", options)
    else:
        known_as = "" if "/" in name else f" {nearest(name)}."
        raise FileNotFoundError(
            f"{name} is no corpus, no file and no folder.{known_as} A data set on the hub is named "
            "owner/name."
        )
    return islice(records, limit)


def _of_card(
    card: Card, split: str | None, cache_dir: str | Path | None, options: _Options
) -> Iterator[Record]:
    parts = {file.split for file in card.files}
    if card.split.by != "hash" and split is not None and split not in parts:
        there = ", ".join(sorted(part for part in parts if part)) or "none"
        raise ValueError(
            f"The corpus {card.name} has no split {split!r}. It has: {there}. Without a split all "
            "of it is read."
        )
    records = (
        replace(record, source=card.name, domain=record.domain or card.domain)
        for record in _of_card_whole(card, split, cache_dir, options)
    )
    return _part(records, card.split, split) if card.split.by == "hash" else records


def _of_card_whole(
    card: Card, split: str | None, cache_dir: str | Path | None, options: _Options
) -> Iterator[Record]:
    """All records of a card, or those of the files that are the split."""
    if card.format == "samples":
        return samples()
    folder = folder_of(card.name, cache_dir)
    files = [file.name for file in card.files if not split or file.split in (None, split)]
    absent = [file for file in files if not (folder / file).is_file()]
    if card.dataset and (absent or not files):
        name, _, config = card.dataset.partition(":")
        return _of_hub(name, config or None, "train", options)
    if absent:
        raise CorpusError(
            f"The corpus {card.name} is not fetched: {absent[0]} is not in {folder}. Fetch it: "
            f"hyperlex corpora fetch {card.name}"
        )
    if card.format == "pud":
        return load_pud(folder, encoding=options.encoding)
    load_one = _LOADERS[card.format]
    return chain.from_iterable(load_one(folder / file, options) for file in files)


def _of_hub(name: str, config: str | None, split: str, options: _Options) -> Iterator[Record]:
    if name in WIKIMEDIA:
        rows = dataset_rows(name, config, split)
        return parse_wikimedia(enumerate(rows, 1), skipped=options.skipped)
    return load_datasets(
        name,
        config=config,
        split=split,
        text_column=options.text_column,
        skipped=options.skipped,
    )


def _of_path(path: Path, format: str | None, options: _Options) -> Iterator[Record]:
    kind = format or _kind(path)
    if kind not in _LOADERS:
        raise ValueError(
            f"{kind!r} is no format that is read from a path. Expected: {', '.join(_LOADERS)}."
        )
    return _LOADERS[kind](path, options)


def _kind(path: Path) -> str:
    """The format of a file or a folder, by its name and by how it begins."""
    if path.is_dir():
        if is_saved(path):
            return "datasets"
        return _kind_of_folder(path)
    if is_archive(path.name):
        return _kind_of_archive(path)
    kind = suffix(path)
    if kind == ".conllu":
        return "ud"
    if kind not in (".xml", ".csv", ".tsv"):
        return "plain"
    with damage_as_corpus_error(path), open_bytes(path) as file:
        head = file.read(_HEAD)
    if kind == ".xml":
        if b"<mediawiki" in head:
            return "wikisource" if b"wikisource" in head else "wikipedia"
        return "opencorpora"
    columns = head.partition(b"\n")[0].removeprefix(b"\xef\xbb\xbf").strip()
    if columns == b"sent_id\tru\ten":
        return "pud"
    return "lenta" if columns.startswith(",".join(LENTA_COLUMNS).encode()) else "plain"


def _kind_of_folder(path: Path) -> str:
    if any(part.lower().startswith("russiannovels") for part in path.resolve().parts):
        return "novels"
    kinds = set()
    for found in path.rglob("*"):
        # Beside its texts Taiga has the same with trees, which plain reading would take for texts.
        if found.name == "tagged_texts":
            return "taiga"
        kinds.add("archive" if is_archive(found.name) else suffix(found))
    if kinds.intersection(SUFFIXES):
        return "plain"
    return "ud" if ".conllu" in kinds else "taiga" if "archive" in kinds else "plain"


def _kind_of_archive(path: Path) -> str:
    name = path.name.lower()
    if "opcorpora" in name or "opencorpora" in name:
        return "opencorpora"
    if name.startswith("russiannovels"):
        return "novels"
    if "taiga" in name or name.partition(".")[0] in TAIGA_SEGMENTS:
        return "taiga"
    raise ValueError(
        f"{path} is an archive of no corpus that is known by its name. Unpack it and name the "
        "folder, or say its format: taiga, novels or opencorpora."
    )


def _part(records: Iterator[Record], rule: SplitRule, split: str | None) -> Iterator[Record]:
    if split is None:
        return records
    if split not in SPLITS:
        raise ValueError(f"There is no split {split!r}. Expected: {', '.join(SPLITS)}.")
    return (record for record in records if split_of(record.document, rule) == split)
