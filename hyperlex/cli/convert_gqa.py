"""`hyperlex convert-gqa`: a model with fewer key and value heads, to be trained further."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperlex.cli.options import JsonOption, read_text, tell_of_hub
from hyperlex.errors import ConfigError

if TYPE_CHECKING:
    from hyperlex.model.group_directory import GroupedDirectory


def convert_gqa(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A causal language model: a directory or hub id.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new directory.")],
    kv_heads: Annotated[
        int,
        typer.Option("--kv-heads", metavar="N", help="Key and value heads to keep in each layer."),
    ],
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Align and order the heads by the first half of this text, measure on the rest.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Give MODEL fewer key and value heads, so that its cache shrinks. It must be trained after.

    The heads of each group become their mean. OUT is an ordinary checkpoint for further training.
    """
    if out.exists() and Path(model).exists() and out.samefile(model):
        raise ConfigError(f"MODEL and OUT are both {out}. Choose another directory for OUT.")
    from hyperlex.cli.demo import story

    text = story() if calibration is None else read_text(None, calibration)
    from hyperlex.model.group_directory import group_directory

    tell_of_hub(model)
    result = group_directory(model, out, kv_heads, text, align=calibration is not None)
    if as_json:
        typer.echo(json.dumps({"directory": str(out), **asdict(result)}, ensure_ascii=False))
    else:
        measured_on = "the built-in story" if calibration is None else str(calibration)
        typer.echo(_told(out, result, measured_on))


def _told(out: Path, result: GroupedDirectory, measured_on: str) -> str:
    how = f", aligned on {result.aligned_on:,} tokens" if result.aligned_on else ""
    lines = [
        f"{out}: {result.heads_before} -> {result.heads_after} key and value heads in "
        f"{result.layers} layers{how}; a cache {result.heads_before // result.heads_after} times "
        "smaller"
    ]
    before, after = result.before, result.after
    if before is not None and after is not None:
        lines.append(
            f"Loss on {before.tokens:,} tokens of {measured_on}: {before.nats:.3f} -> "
            f"{after.nats:.3f} nats a token ({after.nats - before.nats:+.3f}), "
            f"{before.bits:.3f} -> {after.bits:.3f} bits a character"
        )
    else:
        lines.append("The loss was not measured: MODEL has no tokenizer beside it.")
    lines.append(
        "Not a model to use yet: it needs further training, 5 % of what pre-training took in "
        "arXiv:2305.13245."
    )
    return "\n".join(lines)
