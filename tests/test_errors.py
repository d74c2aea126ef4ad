"""The errors are builtins too, and each message names value, expectation and remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import hyperlex
from hyperlex import compat, env, errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.VocabularyError, ValueError),
        (errors.FormatError, ValueError),
        (errors.ConfigError, ValueError),
        (errors.MissingDependencyError, ImportError),
    ],
)
def test_every_error_is_a_builtin_too(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, errors.HyperlexError)
    assert issubclass(error, builtin)


def test_a_missing_package_is_answered_with_its_pip_command() -> None:
    compat.require("json", extra="model")
    with pytest.raises(errors.MissingDependencyError) as caught:
        compat.require("json", "no_such_package", extra="model")
    assert "Not installed: no_such_package." in str(caught.value)
    assert "pip install 'hyperlex[model]'" in str(caught.value)


@pytest.mark.parametrize(("value", "expected"), [("", 100), ("7", 7), (" 7 ", 7)])
def test_max_examples_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: int
) -> None:
    monkeypatch.setenv("HYPERLEX_MAX_EXAMPLES", value)
    assert env.max_examples() == expected


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "²"])
def test_a_bad_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HYPERLEX_MAX_EXAMPLES", value)
    with pytest.raises(errors.ConfigError, match=f"HYPERLEX_MAX_EXAMPLES is '{value}'"):
        env.max_examples()


@pytest.mark.parametrize(
    "analyse", [hyperlex.words, hyperlex.morphemes, hyperlex.clauses, hyperlex.scenes]
)
@pytest.mark.parametrize("found", [None, b"text", 7])
def test_what_is_no_text_is_told_of(analyse: Callable[[Any], object], found: object) -> None:
    with pytest.raises(TypeError, match=f"Text was expected, a str; got {type(found).__name__}"):
        analyse(found)
