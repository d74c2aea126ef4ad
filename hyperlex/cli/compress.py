"""`hyperlex compress`: text to fewer ids, and what they keep of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import hyperlex
from hyperlex.cli.options import (
    JsonOption,
    TextArgument,
    TokenizerOption,
    load_tokenizer,
    read_text,
)
from hyperlex.errors import ConfigError

if TYPE_CHECKING:
    from hyperlex.ladder.code import SceneCode
    from hyperlex.tokenizer import HyperTokenizer
    from hyperlex.types import Span


def compress(
    text: TextArgument = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="A UTF-8 file; - is standard input; repeatable."
        ),
    ] = None,
    rung: Annotated[
        int | None,
        typer.Option(
            metavar="1|2|3|4",
            help="What each scene is about; all content words; words in order and "
            "inflected; exact. Default: 2.",
        ),
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Instead: a budget of ids for each text.")
    ] = None,
    ratio: Annotated[
        float | None,
        typer.Option(metavar="R", help="Instead: R times fewer ids than the exact lane takes."),
    ] = None,
    tokenizer: TokenizerOption = None,
    plain: Annotated[
        bool, typer.Option("--ids", help="The ids alone, a line for each text, for pipes.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell a text in fewer ids, with loss: rung 4 alone is exact.

    Negations, numbers, dates, units, names, quotes of up to four words,
    code and addresses are kept at every rung.
    `hyperlex decode` makes text of the ids, marked as reconstructed.
    """
    from hyperlex.cli.compress_table import show

    if plain and as_json:
        raise ConfigError("--ids and --json were given. One of them was expected.")
    texts = _texts(text, file or [])
    tok = load_tokenizer(tokenizer)
    codes = [
        hyperlex.compress(given, rung=rung, tokens=tokens, ratio=ratio, tokenizer=tok)
        for _, given in texts
    ]
    for (name, given), code in zip(texts, codes, strict=True):
        if as_json:
            typer.echo(json.dumps(as_object(name, given, code, tok), ensure_ascii=False))
        elif plain:
            typer.echo(" ".join(map(str, code.ids)))
        else:
            show(name, given, code, tok)


def _texts(text: str | None, files: Sequence[Path]) -> list[tuple[str | None, str]]:
    """Name and content of each text that the command line names. Raises as `read_text`."""
    if text is not None or not files:
        return [(None, read_text(text, files[0] if files else None))]
    return [(str(file), read_text(None, file)) for file in files]


def as_object(name: str | None, text: str, code: SceneCode, tok: HyperTokenizer) -> dict[str, Any]:
    """What `--json` prints of a text. The keys are told in docs/formats.md."""
    exact = tok.encode(text)
    told = code.decode()
    return {
        "file": name,
        "characters": len(text),
        "tokens": len(code),
        "exact_tokens": len(exact),
        "base_tokens": len(tok.expand(exact)),
        "ids": code.ids,
        "names": code.names,
        "rungs": code.rungs,
        "spans": [_span(span) for span in code.spans],
        "places": [_span(place) for place in code.places],
        "reconstruction": {"text": str(told), "marked": told.marked, "exact": told.exact},
    }


def _span(span: Span) -> dict[str, int]:
    return {"start": span.start, "stop": span.stop}
