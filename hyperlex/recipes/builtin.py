"""Recipes that come with hyperlex, by name."""

from __future__ import annotations

from pathlib import Path

from hyperlex.errors import ConfigError, did_you_mean

FOLDER = Path(__file__).with_name("configs")


def recipe_names() -> list[str]:
    """Names of the built-in recipes, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_recipe(name_or_path: str | Path) -> Path:
    """The file of a recipe: a path, or the name of a built-in one. A path goes before a name.

    Raises:
        ConfigError: neither; says which built-in recipes there are, and the nearest.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = recipe_names()
    name = str(name_or_path)
    if name in names:
        return FOLDER / f"{name}.toml"
    hint = did_you_mean(path.stem, names)
    raise ConfigError(
        f"{name!r} is no recipe: neither a file nor a built-in name.{hint} Built in are: "
        f"{', '.join(names) or 'none'}."
    )
