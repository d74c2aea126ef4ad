"""`hyperlex explain`: which ids a text becomes, and what each of them stands for."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hyperlex.cli.options import (
    FileOption,
    HtmlOption,
    JsonOption,
    TextArgument,
    TokenizerOption,
    load_tokenizer,
    read_text,
    require_outputs,
)


def explain(
    text: TextArgument = None,
    file: FileOption = None,
    tokenizer: TokenizerOption = None,
    top: Annotated[
        int, typer.Option(min=0, metavar="N", help="Rows of the table; 0 for all.")
    ] = 20,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the tokens of a text, and what each stands for."""
    from hyperlex.cli.console import stdout, table
    from hyperlex.cli.page import text_page
    from hyperlex.cli.render import coloured, hyper_tokens, joined_parts, on_one_line, uses
    from hyperlex.files import atomic_write_text

    require_outputs([html], [file, tokenizer])
    given = read_text(text, file)
    tok = load_tokenizer(tokenizer)
    ids = tok.encode(given)
    tokens = hyper_tokens(tok, ids)
    found = uses(tok, tokens)
    base_ids = tok.expand(ids)
    if html is not None:
        atomic_write_text(html, text_page(tok, given, title=file.name if file else "A text"))
    if as_json:
        told = [{"id": t.id, "text": t.text, "kind": t.kind, "parts": t.parts} for t in tokens]
        result = {"characters": len(given), "base_tokens": len(base_ids), "tokens": told}
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    console = stdout()
    console.print(coloured(tokens, colour=console.color_system is not None))
    console.print()
    rows = []
    for use in found[: top or None]:
        text, parts = on_one_line(use.token.text), joined_parts(use.token.parts)
        figures = (f"{use.times:,}", f"{use.saved:,}", f"{use.trained:,}")
        rows.append((str(use.token.id), text, parts, *figures))
    if rows:
        names = ("#id", "hypertoken", "stands for", "#here", "#saved", "#in training")
        console.print(table(names, rows))
        console.print()
    if len(rows) < len(found):
        console.print(f"{len(found) - len(rows):,} more hypertokens: --top 0 shows all.")
    console.print(
        f"{len(given):,} characters: {len(base_ids):,} base tokens, {len(ids):,} with hypertokens."
    )
    if html is not None:
        console.print(f"Page: {html}")
