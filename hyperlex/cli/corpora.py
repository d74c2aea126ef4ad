"""`hyperlex corpora`: what Russian corpora there are; fetch, verify and look into them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperlex.cli.options import JsonOption
from hyperlex.errors import ConfigError, MissingDependencyError

if TYPE_CHECKING:
    from hyperlex_corpora import Card, Record

_SHOWN = 300  # characters of a text, where it is not shown whole

NamesArgument = Annotated[
    list[str], typer.Argument(metavar="NAME…", help="As `hyperlex corpora list` has them.")
]
CacheOption = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        metavar="DIR",
        help="Where fetched corpora are kept. Default: ~/.cache/hyperlex/corpora",
    ),
]

corpora = typer.Typer(
    help="Russian corpora: what there is, with licences; fetch, verify and look into them.",
    invoke_without_command=True,
)


@corpora.callback()
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@corpora.command("list")
def list_(cache_dir: CacheOption = None, as_json: JsonOption = False) -> None:
    """All corpora that have a card."""
    from hyperlex.cli.console import stdout, table
    from hyperlex_corpora import list_cards

    cards = list_cards()
    if as_json:
        typer.echo(json.dumps([_as_object(card, cache_dir) for card in cards], ensure_ascii=False))
        return
    rows = [
        (card.name, card.domain, card.licence.partition(";")[0], card.size, _place(card, cache_dir))
        for card in cards
    ]
    stdout().print(table(("name", "domain", "licence", "size", "here"), rows))


@corpora.command()
def show(name: str, cache_dir: CacheOption = None, as_json: JsonOption = False) -> None:
    """The card of a corpus: licence, citation, size, split, files, hashes."""
    from hyperlex_corpora import card

    with _told_as_ours():
        found = card(name)
    if as_json:
        typer.echo(json.dumps(_as_object(found, cache_dir), ensure_ascii=False))
        return
    lines = {
        "name": found.name,
        "title": found.title,
        "home": found.url,
        "licence": found.licence,
        "cite": found.citation,
        "domain": found.domain,
        "format": found.format,
        "size": found.size,
        "split": str(found.split),
        "dataset": found.dataset,
        "note": found.note,
        "here": _place(found, cache_dir),
    }
    for key, value in lines.items():
        if value:
            typer.echo(f"{key:9}{value}")
    for file in found.files:
        typer.echo(f"file     {file.url}")
        typer.echo(f"         sha256 {file.sha256 or 'not recorded'}")


@corpora.command()
def fetch(names: NamesArgument, cache_dir: CacheOption = None) -> None:
    """Download corpora. What was interrupted goes on where it stopped."""
    from hyperlex.cli.console import progress
    from hyperlex_corpora import card
    from hyperlex_corpora import fetch as fetch_corpus

    with _told_as_ours(), progress() as told:

        def in_megabytes(file: str, done: int, total: int | None) -> None:
            told(f"{file}, MB", done // 10**6, None if total is None else total // 10**6)

        for one in [card(name) for name in names]:
            folder = fetch_corpus(one, cache_dir=cache_dir, progress=in_megabytes)
            typer.echo(f"{one.name}: {folder}")


@corpora.command()
def verify(
    names: NamesArgument, cache_dir: CacheOption = None, as_json: JsonOption = False
) -> None:
    """Hash what was fetched and compare.

    Exit status 1 where a file is absent, or not what was published or fetched.
    """
    from hyperlex.cli.console import stdout, table
    from hyperlex_corpora import verify as verify_corpus

    with _told_as_ours():
        found = {name: verify_corpus(name, cache_dir=cache_dir) for name in names}
    if as_json:
        objects = {name: [asdict(one) for one in findings] for name, findings in found.items()}
        typer.echo(json.dumps(objects, ensure_ascii=False))
    else:
        for findings in found.values():
            rows = [(one.state, one.file, one.told) for one in findings]
            stdout().print(table(("state", "file", "what was found"), rows))
            for one in findings:
                if one.sha256:
                    typer.echo(f"sha256 {one.sha256}  {one.file}")
    good = all(one.good for findings in found.values() for one in findings)
    raise typer.Exit(0 if good else 1)


@corpora.command()
def sample(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A corpus, a file, a folder, or an id on the hub."),
    ],
    n: Annotated[int, typer.Option("-n", help="How many records.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="The same seed draws the same records.")] = 0,
    split: Annotated[str | None, typer.Option(metavar="train|dev|test", help="A part.")] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="Draw from the first N records.", min=1)
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="Of a path, where its name does not tell: taiga, novels, …")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the texts, for example cp1251.")] = None,
    text_column: Annotated[str, typer.Option(help="Of tables, JSON lines and data sets.")] = "text",
    cache_dir: CacheOption = None,
    as_json: JsonOption = False,
) -> None:
    """Records drawn evenly from the whole corpus.

    With --json one record a line, whole: such a file is a corpus itself.
    """
    from hyperlex_corpora import sample as draw

    skipped: Counter[str] = Counter()
    with _told_as_ours():
        records = draw(
            name,
            n,
            seed,
            split=split,
            limit=limit,
            cache_dir=cache_dir,
            format=format,
            encoding=encoding,
            text_column=text_column,
            skipped=skipped,
        )
    for record in records:
        typer.echo(json.dumps(asdict(record), ensure_ascii=False) if as_json else _as_lines(record))
    if skipped:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped.most_common())
        typer.echo(f"hyperlex: skipped {reasons}", err=True)


def _as_lines(record: Record) -> str:
    about = " · ".join(part for part in (record.title, record.domain, record.document) if part)
    text = record.text
    if len(text) > _SHOWN:
        text = f"{text[:_SHOWN]}… ({len(record.text):,} characters)"
    return f"{about}\n{text}\n"


def _as_object(card: Card, cache_dir: Path | None) -> dict[str, Any]:
    return {**asdict(card), "here": _place(card, cache_dir)}


def _place(card: Card, cache_dir: Path | None) -> str:
    """Whether a corpus is at hand: ships, streamed, fetched, partly fetched, or ""."""
    from hyperlex_corpora.cache import folder_of

    if not card.files:
        return "streamed" if card.dataset else "ships"
    folder = folder_of(card.name, cache_dir)
    there = sum((folder / file.name).is_file() for file in card.files)
    if not there:
        return ""
    return "fetched" if there == len(card.files) else "partly"


@contextmanager
def _told_as_ours() -> Iterator[None]:
    """The corpora stand below and raise builtins; a person gets the line of a `HyperlexError`."""
    from hyperlex_corpora import CorpusError

    try:
        yield
    except (CorpusError, FileNotFoundError, ValueError) as error:
        raise ConfigError(str(error)) from error
    except ModuleNotFoundError as error:
        raise MissingDependencyError(str(error)) from error
