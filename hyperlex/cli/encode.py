"""`hyperlex encode`: text to ids."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hyperlex.cli.options import (
    FileOption,
    JsonOption,
    TextArgument,
    TokenizerOption,
    load_tokenizer,
    read_text,
)


def encode(
    text: TextArgument = None,
    file: FileOption = None,
    tokenizer: TokenizerOption = None,
    base: Annotated[bool, typer.Option("--base", help="Ids of the base tokenizer.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Turn text into ids; `decode` gives back the same bytes."""

    text = read_text(text, file)
    tok = load_tokenizer(tokenizer)
    ids = tok.base_encode(text) if base else tok.encode(text)
    if as_json:
        typer.echo(json.dumps({"ids": ids, "tokens": len(ids), "characters": len(text)}))
    else:
        typer.echo(" ".join(map(str, ids)))
