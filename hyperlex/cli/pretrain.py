"""`hyperlex pretrain`: a small model from scratch, by a recipe."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hyperlex.cli.options import JsonOption
from hyperlex.cli.recipe_command import recipe_verb, recipe_words, resumable


def _kind(recipe: str | None) -> Any:
    from hyperlex.recipes.pretrain import PretrainConfig

    return PretrainConfig


VERB = recipe_verb(_kind)
"""app.command(**VERB)(pretrain)"""


def pretrain(
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Argument(
            metavar="[RECIPE]",
            help="A TOML file, or the name of a built-in recipe. Without it the flags say it all.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train a small Llama-shaped model from scratch, with hypertokens or without.

    Keys of the recipe are flags as well, and win:

    hyperlex pretrain pretrain-small --data texts/
    """
    from hyperlex.cli.console import progress
    from hyperlex.cli.options import tell_of_hub
    from hyperlex.recipes.builtin import find_recipe
    from hyperlex.recipes.config import read_recipe
    from hyperlex.recipes.pretrain import PretrainConfig
    from hyperlex.recipes.pretrain import pretrain as train

    name, flags = recipe_words(recipe, context.args)
    config = read_recipe(PretrainConfig, None if name is None else find_recipe(name), flags)
    if config.tokenizer is not None:
        tell_of_hub(config.tokenizer)
    with progress() as told, resumable(config.output):
        result = train(config, told=told, said=lambda line: typer.echo(line, err=True))
    if not result.first:
        return
    found = {
        "directory": str(result.directory),
        "first_loss": result.losses[0],
        "last_loss": result.losses[-1],
        "bits_per_character": result.bits_per_character,
        "parameters": result.parameters,
        "tokens": result.tokens,
        "characters": result.characters,
        "flops": result.flops,
        "seconds": round(result.seconds, 1),
    }
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else _told(found))


def _told(found: dict[str, Any]) -> str:
    return (
        f"Loss {found['first_loss']:.3f} -> {found['last_loss']:.3f} nats a token, "
        f"{found['bits_per_character']:.3f} bits a character at the end of training.\n"
        f"{found['parameters']:,} parameters, {found['tokens']:,} tokens, "
        f"{found['characters']:,} characters, {found['flops']:.3g} FLOPs, "
        f"{found['seconds']:,.0f} s.\n"
        f"Model: {found['directory']}"
    )
