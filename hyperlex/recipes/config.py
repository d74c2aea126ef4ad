"""Recipes as flat TOML: one file, one level, each key a field of a frozen dataclass.

The same key is the flag of the command line, with hyphens for underscores, and the command line
wins. What a run was in the end, defaults and all, is written beside its result as `recipe.toml`, so
that the run can be repeated from that file alone.
"""

from __future__ import annotations

import tomllib
import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, field, fields, replace
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from hyperlex.errors import ConfigError, did_you_mean
from hyperlex.files import atomic_write_text

if TYPE_CHECKING:
    from dataclasses import Field
    from typing import Protocol

    class _Dataclass(Protocol):
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Config = TypeVar("Config", bound="_Dataclass")

RESOLVED_FILE = "recipe.toml"
"""Name of the recipe that is written beside a result."""


def read_recipe(
    kind: type[Config], path: str | Path | None, overrides: Mapping[str, Any] | None = None
) -> Config:
    """A `kind` from the TOML file at `path` (none: defaults alone), `overrides` winning over it.

    Values of `overrides` are what Python has, or words from a command line (`"1e-4"`, `"true"`,
    `"q_proj,v_proj"`), which are read as the field's type says. A relative path inside a recipe is
    relative to where the command runs, as one on the command line is.

    A kind may name, in its class variable `one_of`, keys of which only one is given: one in
    `overrides` takes the place of any of them in the file.

    Raises:
        ConfigError: no such file, no TOML, a table inside, a key that is no field (the nearest one
            is named), a value of another type or outside the choices, a key without default that
            is missing; and whatever `kind` itself refuses.
    """
    given = {} if path is None else read_toml(Path(path))
    # Of keys that rule each other out a flag takes the place of those in the recipe.
    overrides = overrides or {}
    rivals: tuple[str, ...] = getattr(kind, "one_of", ())
    if any(overrides.get(key) not in (None, "none") for key in rivals):
        given = {key: value for key, value in given.items() if key not in rivals}
    return make_config(kind, {**given, **overrides}, "the command" if path is None else path)


def make_config(kind: type[Config], values: Mapping[str, Any], where: str | Path) -> Config:
    """`kind(**values)`, each value checked against the field's type. `where` is for the errors."""
    hints = get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}
    for key in values:
        if key not in known:
            hint = did_you_mean(key, known) or f" Known are: {', '.join(known)}."
            raise ConfigError(f"{where}: {key!r} is no key of this recipe.{hint}")
    missing = [
        name
        for name, each in known.items()
        if name not in values and each.default is MISSING and each.default_factory is MISSING
    ]
    if missing:
        raise ConfigError(
            f"{where}: {missing[0]!r} is missing, and has no default. Write {missing[0]} = … into "
            f"the recipe, or pass {flag(missing[0])} on the command line."
        )
    read = {key: _convert(value, hints[key], key, where) for key, value in values.items()}
    return kind(**read)


def write_recipe(config: Any, path: str | Path) -> None:
    """Write `config`, a dataclass of the kinds that `read_recipe` makes, so that it reads back.

    Fields that are None are left out: TOML has no word for them.
    """
    lines = []
    for each in fields(config):
        value = getattr(config, each.name)
        if value is not None:
            lines.append(f"{each.name} = {_toml(value)}\n")
    atomic_write_text(path, "".join(lines))


def settled(config: Config) -> Config:
    """A recipe as it is written beside its result: it names its output from anywhere, and goes on
    with nothing unless it is told to.
    """
    given: Any = config
    changes: dict[str, Any] = {"output": str(Path(given.output).resolve())}
    if hasattr(given, "resume"):
        changes["resume"] = False
    changed: Config = replace(given, **changes)
    return changed


def key(help: str, default: Any) -> Any:
    """A field of a recipe's dataclass, with its line of `--help`."""
    return field(default=default, metadata={"help": help})


def require_same(before: Any, now: Any, *, may_change: Collection[str]) -> None:
    """Raise `ConfigError` for the first key, but of `may_change`, that a run would go on with
    another value of. Both are dataclasses of one kind with a key `output`.
    """
    for each in fields(now):
        old, new = getattr(before, each.name), getattr(now, each.name)
        if old != new and each.name not in may_change:
            raise ConfigError(
                f"{each.name} = {new!r}, and the run in {now.output!r} has {old!r}. To go on it "
                f"has to stay: pass {flag(each.name)} {_as_word(old)}, or name a new output."
            )


def _as_word(value: Any) -> str:
    """A value as the command line takes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(_as_word, value))
    return str(value)


def flag(key: str) -> str:
    """`learning_rate` as the command line writes it."""
    return "--" + key.replace("_", "-")


def parse_flags(words: Sequence[str]) -> dict[str, str]:
    """`["--lora-r", "8", "--seed=1", "--packing"]` as `{"lora_r": "8", "seed": "1", …: "true"}`.

    A flag without a value is true, `--no-packing` is not special: write `--packing=false`.

    Raises:
        ConfigError: a word that is neither a flag nor the value of one.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(words):
        word = words[at]
        if not word.startswith("--") or len(word) == 2:
            raise ConfigError(
                f"{word!r} stands alone. Keys of the recipe are expected as --key value, for "
                "example --learning-rate 1e-4."
            )
        key, equals, value = word[2:].partition("=")
        at += 1
        if not equals:
            if at < len(words) and not words[at].startswith("--"):
                value = words[at]
                at += 1
            else:
                value = "true"
        found[key.replace("-", "_")] = value
    return found


def read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")  # editors of Windows write a mark
        found = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file. A recipe was expected: a TOML file, or the name of a built-in "
            "one."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f'{path} is no TOML ({error}). Lines like learning_rate = 1e-4 and model = "name" '
            "were expected."
        ) from error
    for key, value in found.items():
        if isinstance(value, dict):
            raise ConfigError(
                f"{path}: [{key}] is a table. A recipe is flat: move its keys to the top."
            )
    return found


def _convert(value: Any, hint: Any, key: str, where: str | Path) -> Any:
    """`value` as `hint` says; ConfigError where it is nothing of the kind."""
    for kind in _alternatives(hint):
        try:
            return _as_kind(value, kind)
        except (TypeError, ValueError):
            continue
    raise ConfigError(f"{where}: {key} = {value!r}. Expected {_describe(hint)}.")


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _as_kind(value: Any, kind: Any) -> Any:
    origin = get_origin(kind)
    if kind is type(None):
        if value is None or value == "none":
            return None
    elif origin is Literal:
        for choice in get_args(kind):
            if value == choice or (isinstance(value, str) and value == str(choice)):
                return choice
    elif origin is tuple:
        inner = get_args(kind)[0]
        parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        if isinstance(parts, (list, tuple)):
            return tuple(_as_kind(part, inner) for part in parts if part != "")
    elif kind is bool:
        named = {"true": True, "false": False}
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in named:
            return named[value.lower()]
    elif kind is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            return int(value.replace("_", ""))
    elif kind is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            return float(value)
    elif kind is str and isinstance(value, str):
        return value
    raise TypeError(kind)


def _describe(hint: Any) -> str:
    words = []
    for kind in _alternatives(hint):
        origin = get_origin(kind)
        if kind is type(None):
            continue
        if origin is Literal:
            words.append("one of " + ", ".join(map(str, get_args(kind))))
        elif origin is tuple:
            words.append(f"a list ({_describe(get_args(kind)[0])})")
        else:
            words.append(
                {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[kind]
            )
    return " or ".join(words)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_ESCAPES.get(c, c) if c >= " " else _control(c) for c in value) + '"'
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value)


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\x7f": "\\u007f"}


def _control(character: str) -> str:
    return {"\n": "\\n", "\t": "\\t"}.get(character, f"\\u{ord(character):04x}")
