"""`hyperlex doctor`: does a saved tokenizer still give its ids, and what is installed here?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hyperlex.cli.options import JsonOption

_PACKAGES = ("tokenizers", "transformers", "numpy", "safetensors", "torch", "triton", "peft")
_STYLES = {"ok": "green", "note": "yellow", "broken": "bold red"}

Row = tuple[str, str, str, str]  # severity, what was checked, what was met, what to do about it


def doctor(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="What `hyperlex extend` wrote. Default: this installation."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a saved tokenizer, or this installation.

    Exit status 1 where something is broken.
    """
    rows = _installation() if directory is None else _directory(directory)
    broken = any(severity == "broken" for severity, *_ in rows)
    if as_json:
        names = ("severity", "check", "met", "remedy")
        findings = [dict(zip(names, row, strict=True)) for row in rows]
        typer.echo(json.dumps({"broken": broken, "findings": findings}, ensure_ascii=False))
    else:
        _print(rows)
    raise typer.Exit(int(broken))


def _directory(directory: Path) -> list[Row]:
    from hyperlex.tokenizer.doctor import diagnose

    return diagnose(directory).rows


def _installation() -> list[Row]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import hyperlex

    rows: list[Row] = [
        ("ok", "hyperlex", hyperlex.__version__, ""),
        ("ok", "python", platform.python_version(), ""),
    ]
    for package in _PACKAGES:
        try:
            rows.append(("ok", package, version(package), ""))
        except PackageNotFoundError:
            needed = "pip install 'hyperlex[model]', to extend or train models"
            rows.append(("note", package, "not installed", needed))
    return [*rows, _embedded()]


def _embedded() -> Row:
    """Does the built-in tokenizer load, and does it keep its laws on the story?"""
    from hyperlex.cli.demo import story
    from hyperlex.cli.page import checks
    from hyperlex.errors import HyperlexError
    from hyperlex.tokenizer import load

    name, remedy = "built-in tokenizer", "install hyperlex again"
    try:
        tok = load()
        failed = [check.claim for check in checks(tok, story()) if not check.held]
    except HyperlexError as error:
        return ("broken", name, str(error), remedy)
    if failed:
        return ("broken", name, f"not true: {'; '.join(failed)}", remedy)
    return ("ok", name, f"{tok.layout.total:,} ids, exact on the story", "")


def _print(rows: list[Any]) -> None:
    from rich.text import Text

    from hyperlex.cli.console import stdout, table

    cells = []
    for severity, check, met, remedy in rows:
        told = Text(met)
        if remedy:
            told.append(f"\n→ {remedy}", "dim")
        cells.append((Text(severity, _STYLES[severity]), check, told))
    stdout().print(table(("", "check", "met"), cells))
