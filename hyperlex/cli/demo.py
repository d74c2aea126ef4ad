"""`hyperlex demo`: a Russian story, told in far fewer tokens."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperlex.cli.options import (
    JsonOption,
    TokenizerOption,
    load_tokenizer,
    read_text,
    require_outputs,
)

if TYPE_CHECKING:
    from hyperlex.cli.page import Page

_BAR = 40  # columns of the longest bar, where the terminal has them
_FIGURES = 36  # columns of everything else but the names


def story() -> str:
    """The text of the demo, written for this project."""
    return files("hyperlex").joinpath("artifacts", "story.txt").read_text("utf-8")


def demo(
    peer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]TOKENIZER",
            help="Compare with this one: tokenizer.json, directory or hub id; may be repeated.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page for a browser.")] = Path(
        "hyperlex-demo.html"
    ),
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE", help="Your own text instead.")
    ] = None,
    tokenizer: TokenizerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a Russian story as hypertokens, here and as a page."""
    from hyperlex.cli.page import render
    from hyperlex.files import atomic_write_text

    require_outputs([out], [file, *(name.rpartition("=")[2] for name in peer or [])])
    text = story() if file is None else read_text(None, file)
    page = _compare(load_tokenizer(tokenizer), text, file, peer or [])
    atomic_write_text(out, render(page))
    if as_json:
        typer.echo(json.dumps(_as_json(page, out), ensure_ascii=False))
    else:
        _print(page, out)
    if not all(check.held for check in page.checks):
        raise typer.Exit(1)


def _compare(tok: Any, text: str, file: Path | None, named: list[str]) -> Page:
    from hyperlex.cli.page import OWN_BASE, Bar, Page, checks
    from hyperlex.cli.peers import cached_peers, named_peers, recorded_peers
    from hyperlex.cli.render import base_tokens, hyper_tokens, uses

    peers = named_peers(named) if named else cached_peers()
    tokens = hyper_tokens(tok, tok.encode(text))
    others = [(name, base_tokens(base, base.encode(text))) for name, base in peers]
    others.append((OWN_BASE, base_tokens(tok.base, tok.base_encode(text))))
    bars = [Bar(name, len(spelled)) for name, spelled in others]
    for bar, spelled in recorded_peers(text, {tok.base.sha256, *(b.sha256 for _, b in peers)}):
        bars.append(bar)
        if spelled:
            others.append((f"{bar.name}, recorded", spelled))
    return Page(
        title=text.partition("\n")[0] if file is None else file.name,
        text=text,
        panes=[("hyperlex", tokens), *others],
        bars=[Bar("hyperlex", len(tokens), own=True), *sorted(bars, key=lambda bar: bar.tokens)],
        uses=uses(tok, tokens),
        checks=checks(tok, text),
    )


def _print(page: Page, out: Path) -> None:
    from rich.text import Text

    from hyperlex.cli.console import stdout, table
    from hyperlex.cli.page import BEST, headline
    from hyperlex.cli.render import joined_parts

    console = stdout()
    own = next(bar.tokens for bar in page.bars if bar.own)
    words, size = len(re.findall(r"\w+", page.text)), len(page.text.encode())
    console.print(Text.assemble("\n", (page.title, "bold")))
    console.print(f"{words:,} words, {len(page.text):,} characters, {size:,} bytes")
    console.print(Text(f"{own:,} tokens with hypertokens. {headline(page.bars)}\n"))

    widest = max(1, *(bar.tokens for bar in page.bars))
    names = max(len(bar.name) for bar in page.bars)
    room = max(8, min(_BAR, console.width - names - _FIGURES))
    rows = []
    for bar in page.bars:
        style = "bold green" if bar.own else "dim" if bar.recorded else ""
        length = max(1, round(room * bar.tokens / widest))
        times = "" if bar.own else f"{bar.tokens / max(1, own):.2f}"
        drawn = Text(("░" if bar.recorded else "█") * length, style)
        rate = f"{len(page.text) / bar.tokens:.2f}" if bar.tokens else ""
        rows.append((Text(bar.name, style), drawn, f"{bar.tokens:,}", times, rate))
    console.print(table(("tokenizer", "", "#tokens", "#ratio", "#chars/token"), rows))
    if recorded := sorted({bar.recorded for bar in page.bars if bar.recorded}):
        console.print(f"\n░ measured on {', '.join(recorded)} and recorded; █ measured now")

    console.print(f"\nThe {BEST} hypertokens that save most here\n")
    best = []
    for use in page.uses[:BEST]:
        parts = joined_parts(use.token.parts)
        best.append((use.token.text.strip(), parts, f"{use.times:,}", f"{use.saved:,}"))
    console.print(table(("", "stands for", "#times", "#saved"), best))
    console.print()
    for check in page.checks:
        mark = ("✓", "green") if check.held else ("✗", "bold red")
        console.print(Text.assemble(mark, " ", check.claim))
    console.print(Text(f"\nEvery token in colour: {out}"))


def _as_json(page: Page, out: Path) -> dict[str, Any]:
    return {
        "title": page.title,
        "characters": len(page.text),
        "bytes": len(page.text.encode()),
        "tokenizers": [
            {"name": bar.name, "tokens": bar.tokens, "recorded": bar.recorded or None}
            for bar in page.bars
        ],
        "checks": [{"claim": check.claim, "held": check.held} for check in page.checks],
        "page": str(out),
    }
