"""`hyperlex pretrain`: flags win over the recipe, a mistake is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

import hyperlex.cli
from hyperlex.cli.pretrain import VERB, pretrain
from hyperlex.errors import ConfigError
from hyperlex.recipes.pretrain.output import Log


def run(*words: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command(**VERB)(pretrain)
    return CliRunner().invoke(app, list(words))


def test_a_recipe_and_its_flags_make_a_model(tmp_path: Path, base: Path) -> None:
    rows = [json.dumps({"text": f"Паром номер {n} стоит у берега."}) for n in range(40)]
    (tmp_path / "texts.jsonl").write_text("\n".join(rows), "utf-8")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'data = ["{tmp_path / "texts.jsonl"}"]\noutput = "{tmp_path / "out"}"\n'
        f'tokenizer = "{base}"\nsteps = 99\nlayers = 1\nhidden = 16\nheads = 2\n'
        "context = 16\nbatch = 2\n",
        "utf-8",
    )
    result = run(str(recipe), "--steps", "3", "--log-every=1", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["tokens"] == 3 * 2 * 16
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_ctrl_c_before_a_checkpoint_leaves_nothing(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text.txt").write_text("Паром стоит у берега. " * 40, "utf-8")
    out = tmp_path / "out"
    words = ["pretrain", "--data", tmp_path / "text.txt", "--split", "all", "--output", out]
    words += ["--tokenizer", base, "--steps", "2", "--layers", "1", "--hidden", "16"]
    words += ["--heads", "2", "--context", "16", "--batch", "2", "--log-every", "1"]

    def interrupted(self: Log, line: object, *, writes: bool) -> None:
        assert (out / "recipe.toml").is_file()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Log, "add", interrupted)
        result = CliRunner().invoke(hyperlex.cli.app, list(map(str, words)))
    assert result.exit_code == 130, result.output
    assert result.stderr.endswith("hyperlex: Interrupted. Nothing half-written was left.\n")
    assert not out.exists()


def test_help_lists_the_keys() -> None:
    told = run("--help").output
    assert "--kv-heads" in told
    assert "Width of the MLP" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pretrain-smal",), "pretrain-small"),
        (("pretrain-small", "--data", "а", "--output", "б", "--hiden", "3"), "hidden"),
        (("pretrain-small",), "'data' is missing"),
        (("--data", "samples", "--output", "б", "--steps", "1"), "It has: none. Without a split"),
        (("--data", "samples", "--output", "б", "--steps", "1"), "is read. Pass --split all."),
        (("pretrain-small", "--data", "а", "--data=б", "--output", "в"), "--data is given twice"),
    ],
)
def test_a_misspelt_word_is_told_with_the_nearest(words: tuple[str, ...], told: str) -> None:
    error = run(*words).exception
    assert isinstance(error, ConfigError)
    assert told in str(error)
