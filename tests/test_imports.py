"""Importing is light, and the public door leads where type checkers think it does."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hyperlex

HOUSE = Path(hyperlex.__file__).parent
HEAVY = {"numpy", "pymorphy3", "rich", "tokenizers", "torch", "transformers", "triton", "typer"}
MODEL = {"torch", "transformers", "triton"}
TEXT_STAGES = ("word", "morpheme", "scene", "codebook", "ladder")


def loaded(packages: set[str], statement: str) -> set[str]:
    """Which of `packages` a fresh interpreter has loaded after running `statement`."""
    script = f"{statement}\nimport sys\nprint(*({packages!r} & sys.modules.keys()))"
    output = subprocess.run(
        [sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True
    )
    return set(output.stdout.split())


def text_stage_modules() -> list[str]:
    """Every module of the stages that work on text; of the tokenizer, its door."""
    files = [file for stage in TEXT_STAGES for file in sorted((HOUSE / stage).rglob("*.py"))]
    names = [
        ".".join(file.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__")
        for file in files
    ]
    return [*names, "hyperlex.tokenizer"]


def test_import_is_light() -> None:
    assert loaded(HEAVY, "import hyperlex") == set()


def test_text_stages_import_no_model_library() -> None:
    modules = text_stage_modules()
    assert "hyperlex.codebook" in modules
    assert loaded(MODEL, "import " + ", ".join(modules)) == set()


@pytest.mark.parametrize("package", ["numpy", "transformers"])
def test_the_light_import_test_can_fail(package: str) -> None:
    assert package in loaded(HEAVY, f"import hyperlex, {package}")


@pytest.mark.parametrize("name", hyperlex.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(hyperlex, name)
    assert name in dir(hyperlex)


def test_type_checkers_see_the_same_door() -> None:
    tree = ast.parse((HOUSE / "__init__.py").read_text("utf-8"))
    (guarded,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == hyperlex._HOMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'hyperlex' has no attribute 'lode'"):
        hyperlex.lode  # noqa: B018
