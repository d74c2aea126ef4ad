"""`hyperlex decode`: ids to text."""

from __future__ import annotations

import json
import re
import sys
from typing import Annotated, Any

import typer

from hyperlex.cli.options import FileOption, JsonOption, TokenizerOption, load_tokenizer, read_text
from hyperlex.errors import FormatError


def decode(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[IDS]...", help="The ids; else --file, else standard input."),
    ] = None,
    file: FileOption = None,
    tokenizer: TokenizerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Turn ids into text.

    Numbers with spaces or commas between, a JSON list, or what `encode --json` prints.
    """

    numbers = parse_ids(read_text(" ".join(ids) if ids else None, file))
    text = load_tokenizer(tokenizer).decode(numbers)
    if as_json:
        typer.echo(json.dumps({"text": text}, ensure_ascii=False))
    else:
        # A file or a pipe gets the text and nothing else; only a person needs the line ended.
        sys.stdout.write(text + "\n" if sys.stdout.isatty() else text)


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
