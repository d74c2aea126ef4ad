"""Verbs that are told by a recipe: the keys of the recipe are flags, and `--help` lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.core import TyperCommand


def recipe_verb(kind: Callable[[], Any]) -> dict[str, Any]:
    """How `typer.Typer.command` registers such a verb.

    Args:
        kind: gives the recipe's dataclass, each field with `help` in its metadata. It is asked for
            help alone, so that no other verb waits for it to be imported.
    """

    class RecipeCommand(TyperCommand):
        def format_help(self, ctx: Any, formatter: Any) -> None:
            super().format_help(ctx, formatter)
            from hyperlex.cli.console import stdout, table

            console = stdout()
            console.print(" Keys of the recipe, each a flag as well; the flag wins.\n")
            console.print(table(("key", "default", "meaning"), _described(kind())))

    unknown = {"allow_extra_args": True, "ignore_unknown_options": True}
    return {"cls": RecipeCommand, "context_settings": unknown}


def recipe_words(recipe: str | None, extra: list[str]) -> tuple[str | None, dict[str, str]]:
    """The recipe, if one is named, and the flags that were given for its keys.

    Raises:
        ConfigError: as `parse_flags`.
    """
    from hyperlex.recipes.config import parse_flags

    if recipe is not None and recipe.startswith("--"):
        return None, parse_flags([recipe, *extra])
    return recipe, parse_flags(extra)


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
