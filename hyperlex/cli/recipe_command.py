"""Verbs that are told by a recipe: the keys of the recipe are flags, and `--help` lists them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.core import TyperCommand

from hyperlex.errors import ConfigError

_NAMED = "hyperlex.recipe"

# The modules that write these are slow to import.
_RECIPE = "recipe.toml"
FIRST = frozenset({_RECIPE, "data.json", "log.jsonl", "mixture.jsonl"})
"""Files that a run has before anything is learned; the folder `rows` of a task has its rows."""


def recipe_verb(kind: Callable[[str | None], Any]) -> dict[str, Any]:
    """How `typer.Typer.command` registers such a verb.

    Args:
        kind: gives the dataclass of the recipe that is named, or of the verb where none is; each
            field has `help` in its metadata. It is asked for help alone, so that no other verb
            waits for it to be imported.
    """

    class RecipeCommand(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            # Help is given before arguments are read.
            ctx.meta[_NAMED] = args[0] if args and not args[0].startswith("-") else None
            return super().parse_args(ctx, args)

        def format_help(self, ctx: Any, formatter: Any) -> None:
            super().format_help(ctx, formatter)
            from hyperlex.cli.console import stdout, table

            console = stdout()
            console.print(" Keys of the recipe, each a flag as well; the flag wins.\n")
            rows = _described(kind(ctx.meta[_NAMED]))
            console.print(table(("key", "default", "meaning"), rows))

    unknown = {"allow_extra_args": True, "ignore_unknown_options": True}
    return {"cls": RecipeCommand, "context_settings": unknown}


def recipe_words(recipe: str | None, extra: list[str]) -> tuple[str | None, dict[str, str]]:
    """The recipe, if one is named, and the flags that were given for its keys.

    Raises:
        ConfigError: a flag that is given twice; as `parse_flags`.
    """
    from hyperlex.recipes.config import parse_flags

    words = extra
    if recipe is not None and recipe.startswith("-"):
        words = [recipe, *extra]
        recipe = None
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    if twice := [flag for flag in flags if flags.count(flag) > 1]:
        raise ConfigError(
            f"{twice[0]} is given twice. Once was expected: a list is one value, as in "
            f"{twice[0]} a,b"
        )
    return recipe, parse_flags(words)


@contextmanager
def resumable(output: str) -> Iterator[None]:
    """Say on Ctrl-C how to go on. A run that began in an empty place and has come to nothing that
    one could go on from leaves none behind, so that the same command may be given again.
    """
    place = Path(output)
    was_there = place.exists()
    is_new = not was_there or (place.is_dir() and not any(place.iterdir()))
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if any(place.rglob("checkpoints/*")):
            left = "has a checkpoint"
        elif is_new and _has_only_begun(place):
            _clear(place)
            if place.is_dir() and not was_there:
                place.rmdir()
            raise
        elif any(place.rglob(_RECIPE)):
            left = "holds a run"
        else:
            raise
        raise KeyboardInterrupt(
            f"{output} {left}: the same command with --resume goes on."
        ) from interrupt


def _clear(place: Path) -> None:
    for each in list(place.glob("*")):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _has_only_begun(place: Path) -> bool:
    """Whether there is nothing in it that was learned, and nothing that no run has written."""
    return all(
        each.is_dir()
        or each.name in FIRST
        or (each.parent == place / "rows" and each.suffix == ".jsonl")
        for each in place.rglob("*")
    )


def _described(kind: Any) -> list[tuple[str, str, str]]:
    from hyperlex.recipes.config import flag

    hints = get_type_hints(kind)
    return [
        (flag(each.name), _default(each), each.metadata["help"] + _choices(hints[each.name]))
        for each in fields(kind)
    ]


def _choices(hint: Any) -> str:
    """The words that a key takes, where it takes no others."""
    return f" One of {', '.join(get_args(hint))}." if get_origin(hint) is Literal else ""


def _default(each: Any) -> str:
    if each.default is MISSING:
        return "needed"
    if each.default is None or each.default == ():
        return ""
    if isinstance(each.default, bool):
        return str(each.default).lower()
    if isinstance(each.default, tuple):
        return ",".join(map(str, each.default))
    return str(each.default)
