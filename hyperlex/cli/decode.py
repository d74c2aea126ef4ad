"""`hyperlex decode`: ids to text."""

from __future__ import annotations

import json
import re
import sys
from typing import Annotated, Any

import typer

import hyperlex
from hyperlex.cli.options import FileOption, JsonOption, TokenizerOption, load_tokenizer, read_text
from hyperlex.errors import FormatError


def decode(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[IDS]...", help="The ids; else --file, else standard input."),
    ] = None,
    file: FileOption = None,
    tokenizer: TokenizerOption = None,
    unmarked: Annotated[
        bool, typer.Option("--unmarked", help="No ⟦ ⟧ around what was reconstructed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Turn ids into text.

    Numbers with spaces or commas between, a JSON list, or what `encode --json` and
    `compress --json` print. Ids of `compress` give a reconstruction, which stands in ⟦ ⟧.
    """

    numbers = parse_ids(read_text(" ".join(ids) if ids else None, file))
    tok = load_tokenizer(tokenizer)
    if any(map(tok.layout.is_scene, numbers)):
        told = hyperlex.reconstruct(numbers, tokenizer=tok)
        text, marked, exact = str(told), told.marked, told.exact
    else:
        text = marked = tok.decode(numbers)
        exact = True
    if as_json:
        result = {"text": text, "marked": marked, "exact": exact}
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    shown = text if unmarked else marked
    # A file or a pipe gets the text and nothing else; only a person needs the line ended.
    sys.stdout.write(shown + "\n" if sys.stdout.isatty() else shown)
    if not exact:
        which = "This text" if unmarked else "What stands in ⟦ ⟧"
        print(f"hyperlex: {which} is a reconstruction, and no quotation.", file=sys.stderr)


def parse_ids(text: str) -> list[int]:
    """Ids from `1 2 3`, `1, 2, 3`, `[1, 2, 3]` or `{"ids": [1, 2, 3]}`; else FormatError."""
    if text.lstrip()[:1] in ("[", "{"):
        return _from_json(text)
    words = re.findall(r"[^\s,]+", text)
    for word in words:
        if not re.fullmatch(r"[0-9]{1,18}", word):
            raise _no_ids(word)
    return [int(word) for word in words]


def _from_json(text: str) -> list[int]:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_ids(text) from error
    ids = found.get("ids") if isinstance(found, dict) else found
    if not isinstance(ids, list) or not all(type(index) is int for index in ids):
        raise _no_ids(text)
    return ids


def _no_ids(text: str) -> FormatError:
    return FormatError(
        f"{text[:40]!r} is no list of ids. Whole numbers with spaces between, a JSON list, or the "
        "output of `hyperlex encode --json` was expected."
    )
