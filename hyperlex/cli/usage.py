"""What a command line is answered with that cannot be read: one line, in the words of the house.

Versions of typer differ in their words. Newer ones have values checked by pydantic, whose words are
about types and name no value; older ones name it themselves, and are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_EXPECTED = {
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
"""By pydantic's name of what was wrong."""

_TEXTS = frozenset({"text", "prompt"})
"""Arguments that are texts, which may begin with anything."""

_SHOWN = 60  # characters of such a text


def told(error: Any, words: Sequence[str]) -> str:
    """The line for an error of typer's about the command line `words`."""
    place = getattr(error, "ctx", None)
    command = place.command_path if place else "hyperlex"
    message = _of_value(error) or error.format_message().rstrip(".")
    return f"{message}. {_as_text(error, words) or f'See: {command} --help'}"


def _of_value(error: Any) -> str | None:
    """What is wrong with the value of an option, where pydantic looked at it."""
    cause, parameter = error.__cause__, getattr(error, "param", None)
    if parameter is None or not hasattr(cause, "errors"):
        return None
    found = cause.errors()[0]
    about, value = found.get("ctx", {}), found["input"]
    name = max(parameter.opts, key=len) if parameter.opts[0].startswith("-") else parameter.metavar
    if found["type"] == "value_error":
        return f"{name}: {about['error']}".rstrip(".")
    if (expected := _EXPECTED.get(found["type"])) is None:
        return None
    return f"{name} {value}: {expected.format_map(about)} was expected"


def _as_text(error: Any, words: Sequence[str]) -> str:
    """How to give a text that was taken for an option because it begins with a hyphen."""
    option, place = getattr(error, "option_name", None), getattr(error, "ctx", None)
    if option is None or place is None:
        return ""
    taken = [word for word in words if word.startswith(option) and not _is_option(word)]
    if not taken or not _TEXTS.intersection(each.name for each in place.command.params):
        return ""
    text = taken[0]
    if len(text) > _SHOWN or re.search(r'[\s"\\$`!]', text.replace(" ", "")):
        text = "TEXT"
    needed = [each.metavar for each in place.command.params if each.required]
    before = " ".join((place.command_path, *needed))
    return (
        f'A text that begins with a hyphen goes behind --, after all options: {before} -- "{text}"'
    )


def _is_option(word: str) -> bool:
    """Whether a word looks like one, be it unknown or misspelt."""
    return re.fullmatch(r"--?[A-Za-z][\w-]*(=.*)?", word, re.ASCII | re.DOTALL) is not None
