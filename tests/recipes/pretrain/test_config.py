"""A recipe that cannot be meant is refused, with the key and what to write instead."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from hyperlex.errors import ConfigError
from hyperlex.recipes.builtin import find_recipe
from hyperlex.recipes.config import read_recipe, write_recipe
from hyperlex.recipes.pretrain import PretrainConfig


def made(**given: Any) -> PretrainConfig:
    return PretrainConfig(**{"data": ("а",), "output": "б", "steps": 10, **given})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"steps": None}, "No budget"),
        ({"tokens": 10}, "steps and tokens"),
        ({"steps": 0}, "steps = 0"),
        ({"mixture": (1.0, 2.0)}, "mixture"),
        ({"mixture": (0.0,)}, "above 0"),
        ({"data": ()}, "data"),
        ({"hidden": 30, "heads": 4}, "divisor of 30"),
        ({"hidden": 12, "heads": 4}, "even width"),
        ({"kv_heads": 3}, "kv_heads"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"warmup": 1.5}, "share"),
        ({"context": 1}, "context"),
        ({"hypertokens": -1}, "hypertokens"),
        ({"log_every": 10, "checkpoint_every": 15}, "multiple of log_every"),
    ],
)
def test_wrong_values_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        made(**given)


def test_every_key_is_explained() -> None:
    assert all(len(key.metadata["help"]) > 5 for key in fields(PretrainConfig))


def test_a_recipe_reads_back(tmp_path: Path) -> None:
    config = made(mixture=(0.3,), flops=1e12, steps=None, dtype="bf16")
    write_recipe(config, tmp_path / "recipe.toml")
    assert read_recipe(PretrainConfig, tmp_path / "recipe.toml") == config


def test_the_built_in_recipe_lacks_only_data() -> None:
    recipe = find_recipe("pretrain-small")
    with pytest.raises(ConfigError, match="'data' is missing"):
        read_recipe(PretrainConfig, recipe)
    config = read_recipe(PretrainConfig, recipe, {"data": "a,b", "output": "c"})
    assert config.data == ("a", "b")
    assert config.tokens == 500_000_000


def test_a_budget_given_as_a_flag_replaces_that_of_the_recipe() -> None:
    recipe = find_recipe("pretrain-small")
    flags = {"data": "a", "output": "c"}
    config = read_recipe(PretrainConfig, recipe, {**flags, "steps": "3"})
    assert (config.steps, config.tokens) == (3, None)
    assert read_recipe(PretrainConfig, recipe, {**flags, "steps": "none"}).tokens == 500_000_000
    with pytest.raises(ConfigError, match="steps and characters are in the recipe"):
        read_recipe(PretrainConfig, recipe, {**flags, "steps": "3", "characters": "9"})


@pytest.mark.parametrize(("hidden", "wide"), [(48, 128), (96, 256), (512, 1376), (768, 2048)])
def test_the_mlp_is_eight_thirds_in_steps_of_32(hidden: int, wide: int) -> None:
    assert made(hidden=hidden, heads=4).mlp == wide
    assert made(hidden=hidden, heads=4, intermediate=100).mlp == 100
