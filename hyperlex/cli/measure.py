"""`hyperlex measure`: what texts cost under each tokenizer, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperlex.cli.options import HtmlOption, named_file, read_text, require_outputs, tell_of_hub
from hyperlex.errors import ConfigError

if TYPE_CHECKING:
    from hyperlex.measure.texts import Text

STDIN = "-"


class By(StrEnum):
    """What to tell apart in the terminal."""

    DOMAIN = "domain"


def measure(
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILES|CORPUS]...",
            help="Files, folders, names of corpora, - for standard input. "
            "Default: the samples of this project.",
        ),
    ] = None,
    tokenizer: Annotated[
        list[str] | None,
        typer.Option(
            "--tokenizer",
            "-t",
            metavar="[NAME=]TOKENIZER",
            help="default, a directory, tokenizer.json, .model, .tiktoken, an encoding of "
            "tiktoken or a hub id; may be repeated.",
        ),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also those in the caches of this machine.")
    ] = False,
    reference: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Take differences from this one. Default: the first."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Hold lengths against this one. Default: the reference."),
    ] = None,
    by: Annotated[By | None, typer.Option(help="Also show every domain.")] = None,
    parallel: Annotated[
        str | None,
        typer.Option(
            metavar="PAIRS",
            help="For the premium: a corpus (pud), or a file of sent_id, ru and en with tabs.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL", help="A causal language model to read the sample; may be repeated."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="Characters to analyse: a sample of so many.")
    ] = 200_000,
    documents: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Read so many documents at most.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the sample and the draws.")] = 0,
    html: HtmlOption = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write JSON; - for stdout.")
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write Markdown.", callback=named_file),
    ] = None,
) -> None:
    """Measure what texts cost under each tokenizer: tokens per word, scene and proposition."""
    from hyperlex.cli.console import progress
    from hyperlex.cli.measure_table import show
    from hyperlex.files import atomic_write_texts
    from hyperlex.measure import measure as run
    from hyperlex.measure.peers import DEFAULT
    from hyperlex.measure.texts import files_read

    given = [file for file in (html, as_json, markdown) if file and str(file) != STDIN]
    if len(set(given)) < len(given):
        raise ConfigError("--html, --json and --markdown name one file twice. Name different ones.")
    named = tokenizer or [DEFAULT]
    tokenizers = (name.rpartition("=")[2] for name in named)
    require_outputs(given, chain(files_read(texts or []), tokenizers, [parallel]))
    for name in named:
        if "/" in name:
            tell_of_hub(name.rpartition("=")[2])
    with progress() as told:
        report = run(
            _texts(texts) if texts else None,
            named,
            peers=peers,
            reference=reference,
            base=base,
            parallel=parallel,
            models=model or (),
            limit=limit,
            documents=documents,
            seed=seed,
            title=_title(texts) if texts else None,
            progress=told,
        )
    files: dict[Path, str] = {}
    if html is not None:
        from hyperlex.measure.page import render

        files[html] = render(report)
    if as_json is not None and str(as_json) != STDIN:
        files[as_json] = report.json()
    if markdown is not None:
        from hyperlex.measure import markdown as written

        files[markdown] = written.render(report)
    atomic_write_texts(files)
    if str(as_json) == STDIN:
        typer.echo(report.json(), nl=False)
        return
    show(report, by_domain=by is By.DOMAIN)
    for file in files:
        typer.echo(f"Written: {file}")


def _texts(named: Sequence[str]) -> Iterator[Text]:
    from hyperlex.measure.texts import Text, texts_of

    for name in named:
        if name == STDIN:
            yield Text(read_text(None, Path(name)), "stdin")
        else:
            yield from texts_of(name)


def _title(named: Sequence[str]) -> str:
    from hyperlex.measure.texts import title_of

    return ", ".join("standard input" if name == STDIN else title_of(name) for name in named)
