"""Flat TOML recipes: what is written reads back, the command line wins, mistakes are named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.errors import ConfigError
from hyperlex.recipes.config import parse_flags, read_recipe, require_same, write_recipe


@dataclass(frozen=True)
class Toy:
    model: str
    steps: int = 10
    learning_rate: float = 1e-4
    packing: bool = False
    targets: tuple[str, ...] = ()
    mixture: tuple[float, ...] = ()
    weights: Literal["full", "nf4"] = "full"
    limit: int | None = None


TOYS = st.builds(
    Toy,
    model=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])),
    steps=st.integers(-(2**40), 2**40),
    learning_rate=st.floats(allow_nan=False),
    packing=st.booleans(),
    targets=st.lists(st.text('abcя_"\\\n', min_size=1)).map(tuple),
    mixture=st.lists(st.floats(0, 1)).map(tuple),
    weights=st.sampled_from(["full", "nf4"]),
    limit=st.none() | st.integers(0, 9),
)


@given(TOYS)
def test_a_written_recipe_reads_back(tmp_path_factory: pytest.TempPathFactory, toy: Toy) -> None:
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    write_recipe(toy, path)
    assert read_recipe(Toy, path) == toy


def test_the_command_line_wins(tmp_path: Path) -> None:
    path = tmp_path / "toy.toml"
    path.write_text('model = "a"\nsteps = 3\ntargets = ["q"]\n')
    words = ["--steps", "5", "--targets=q_proj,v_proj", "--packing", "--learning-rate", "-1e-3"]
    assert read_recipe(Toy, path, parse_flags([*words, "--limit", "none"])) == Toy(
        "a", 5, -1e-3, True, ("q_proj", "v_proj")
    )


def test_a_mark_at_the_beginning_is_none_of_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "toy.toml"
    path.write_bytes('\ufeffmodel = "a"\r\nsteps = 3\r\n'.encode())
    assert read_recipe(Toy, path) == Toy("a", 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('model = "a"\nlerning_rate = 1.0\n', "'learning_rate'"),
        ('model = "a"\nqqq = 1\n', "Known are: model, steps"),
        ("steps = 1\n", "--model"),
        ('model = "a"\nsteps = 1.5\n', "a whole number"),
        ('model = "a"\nsteps = true\n', "a whole number"),
        ('model = "a"\npacking = 1\n', "true or false"),
        ('model = "a"\nweights = "nf5"\n', "one of full, nf4"),
        ('model = "a"\ntargets = [1]\n', "a list (text)"),
        ('model = "a"\n[optimizer]\nname = "adamw"\n', "flat"),
        ("model = \n", "no TOML"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_recipe(Toy, path)
    assert told in str(caught.value)


def test_a_recipe_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_recipe(Toy, tmp_path / "absent.toml")


def test_a_word_without_a_flag_is_told() -> None:
    with pytest.raises(ConfigError, match="stands alone"):
        parse_flags(["steps", "5"])


@pytest.mark.parametrize(
    ("key", "value", "flag"),
    [
        ("targets", ("q_proj", "v_proj"), "--targets q_proj,v_proj"),
        ("packing", True, "--packing true"),
        ("limit", None, "--limit none"),
    ],
)
def test_a_key_that_has_to_stay_is_told_as_it_is_given(key: str, value: object, flag: str) -> None:
    @dataclass(frozen=True)
    class Run(Toy):
        output: str = "out"

    before, now = Run("m", **{key: value}), Run("m", targets=("k_proj",), limit=3)  # type: ignore[arg-type]
    others = {"targets", "packing", "limit"} - {key}
    with pytest.raises(ConfigError, match=f"pass {flag}, or"):
        require_same(before, now, may_change=others)
    given = read_recipe(Run, None, {"model": "m", **parse_flags(flag.split(" "))})
    assert getattr(given, key) == value
