"""`hyperlex quantize`: a model in 4 bits, as one directory that from_pretrained reads."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from hyperlex.cli.options import JsonOption
from hyperlex.errors import ConfigError


def quantize(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A causal language model: a directory, or a hub id. A bitsandbytes NF4 directory "
            "is taken over bit by bit.",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new directory.")],
    format: Annotated[
        Literal["nf4", "int4"],
        typer.Option(help="nf4 is closer to the weights, int4 faster, above all on a CPU."),
    ] = "nf4",
    group_size: Annotated[
        int, typer.Option(metavar="32|64", help="Weights that share a scale.")
    ] = 64,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A layer to leave dense: name, suffix or pattern; may be repeated. Default: the "
            "output head, which is then to be named as well.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write MODEL with 4-bit weights into OUT, its tokenizer beside it.

    Read it after `import hyperlex.model`: AutoModelForCausalLM.from_pretrained(OUT)
    """
    if out.exists() and Path(model).exists() and out.samefile(model):
        raise ConfigError(f"MODEL and OUT are both {out}. Choose another directory for OUT.")
    from hyperlex.model.quantize import quantize_directory
    from hyperlex.model.quantizer import HyperlexQuantConfig

    result = quantize_directory(model, out, HyperlexQuantConfig(format, group_size, keep))
    if as_json:
        typer.echo(json.dumps({"directory": str(out), **asdict(result)}, ensure_ascii=False))
        return
    how = "taken over from bitsandbytes" if result.imported else f"quantised as {format}"
    sizes = f"{result.bytes_after / 1e6:,.1f} MB"
    if result.bytes_before:
        sizes = f"{result.bytes_before / 1e6:,.1f} MB -> {sizes}"
    typer.echo(f"{out}: {result.layers} layers {how}, {sizes}")
