"""`hyperlex finetune`: a model trained on your texts, by a recipe."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hyperlex.cli.options import JsonOption
from hyperlex.cli.recipe_command import recipe_verb, recipe_words, resumable


def _kind(recipe: str | None) -> Any:
    from hyperlex.recipes.builtin import find_recipe
    from hyperlex.recipes.tasks import task_of

    return task_of(None if recipe is None else find_recipe(recipe)).kind


VERB = recipe_verb(_kind)
"""app.command(**VERB)(finetune)"""


def finetune(
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
    """Fine-tune a causal language model: LoRA, QLoRA, new rows, norms and biases, or all of it.

    Keys of the recipe are flags as well, and win: hyperlex finetune lenta-gptneo --limit 1000
    """
    from hyperlex.cli.console import progress
    from hyperlex.cli.options import tell_of_hub, unescaped
    from hyperlex.recipes.builtin import find_recipe
    from hyperlex.recipes.config import read_recipe
    from hyperlex.recipes.tasks import task_of

    name, flags = recipe_words(recipe, context.args)
    path = None if name is None else find_recipe(name)
    if "template" in flags:
        flags["template"] = unescaped(flags["template"])
    task = task_of(path)
    config = read_recipe(task.kind, path, flags)
    tell_of_hub(config.model)
    with progress() as told, resumable(config.output):
        result = task.run(config, told=lambda line: typer.echo(line, err=True), progress=told)
    if as_json:
        typer.echo(json.dumps(result.figures, ensure_ascii=False))
        return
    for line in (*result.lines, f"Result: {result.directory}"):
        typer.echo(line)
