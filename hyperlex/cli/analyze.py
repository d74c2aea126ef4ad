"""`hyperlex analyze`: words, morphemes, scenes and their facets, with who decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hyperlex.cli.options import HtmlOption, JsonOption, TextArgument, require_outputs


def analyze(
    text: TextArgument = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="A UTF-8 file; - is standard input; repeatable."
        ),
    ] = None,
    scenes: Annotated[
        bool, typer.Option("--scenes", help="Scenes alone, without the table of words.")
    ] = False,
    why: Annotated[
        bool, typer.Option("--why", help="Also say which rule, unit or weight decided.")
    ] = False,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the words of a text with their morphemes, its scenes, and what each scene holds."""
    from hyperlex.cli.analysis import analysed, blocks
    from hyperlex.cli.analyze_json import as_object
    from hyperlex.cli.analyze_page import AnalysisPage
    from hyperlex.cli.analyze_table import Table
    from hyperlex.files import atomic_write_text

    require_outputs([html], file or [])
    table = Table(words=not scenes, why=why)
    page = AnalysisPage(why=why)
    for sentence in analysed(blocks(text, file or []), why=why):
        if html is not None:
            page.add(sentence)
        if as_json:
            typer.echo(json.dumps(as_object(sentence), ensure_ascii=False))
        else:
            table.add(sentence)
    if html is not None:
        atomic_write_text(html, page.render())
    if not as_json:
        table.close(html)
