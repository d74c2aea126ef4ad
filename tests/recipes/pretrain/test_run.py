"""A run from recipe to model directory, stopped and gone on with, and what it refuses."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer

from hyperlex import HyperTokenizer, load
from hyperlex.errors import ConfigError, FormatError, HyperlexError
from hyperlex.recipes.loading import load_trained
from hyperlex.recipes.pretrain import PretrainConfig, pretrain
from hyperlex.recipes.pretrain.mixture import texts
from hyperlex.recipes.pretrain.model import build, training_flops
from hyperlex.recipes.pretrain.packing import Batch
from hyperlex.recipes.pretrain.schedule import Schedule
from hyperlex.recipes.pretrain.train import Budget, Trainer

Recipe = Callable[..., PretrainConfig]


class Killed(Exception):
    pass


def killing(step: int, steps: int) -> Callable[[str, int, int | None], None]:
    """A listener that ends a run after a step, before its checkpoint is written."""

    def told(stage: str, done: int, total: int | None) -> None:
        if total and done >= round(100 * step / steps):
            raise Killed

    return told


def rates(directory: Path, key: str = "loss") -> list[float]:
    lines = (directory / "log.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)[key] for line in lines]


def test_a_run_leaves_what_others_read(recipe: Recipe, tok: HyperTokenizer, tmp_path: Path) -> None:
    tok.save(tmp_path / "tok")
    config = recipe(tokenizer=str(tmp_path / "tok"), tied=True, learning_rate=0.02, steps=20)
    result = pretrain(config)
    directory = result.directory
    model = AutoModelForCausalLM.from_pretrained(directory)
    text = "Утром туман лежал над рекой."
    assert load(directory).encode(text) == AutoTokenizer.from_pretrained(directory)(text).input_ids
    assert model.config.vocab_size == len(tok)
    assert model.num_parameters() == result.parameters
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert result.losses == tuple(rates(directory))
    assert result.losses[-1] < result.losses[0] - 0.5
    assert result.tokens == 20 * 4 * 24
    assert result.flops == training_flops(model, result.tokens, 24)
    last = json.loads((directory / "log.jsonl").read_text("utf-8").splitlines()[-1])
    assert last["characters"] == result.characters
    bits = result.losses[-1] / np.log(2) * 4 * 24
    before = rates(directory, "characters")[-2]
    assert last["bits_per_character"] == pytest.approx(bits / (result.characters - before))


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_the_saved_model_is_the_trained_one(recipe: Recipe, dtype: str) -> None:
    config = recipe(dtype=dtype, tied=False, checkpoint_every=8)
    pretrain(config)
    saved = AutoModelForCausalLM.from_pretrained(config.output)
    first = build(config, saved.config.vocab_size)
    assert saved.dtype == torch.float32
    moved = zip(saved.parameters(), first.parameters(), strict=True)
    assert all(not torch.equal(now, before) for now, before in moved)


@settings(max_examples=4)
@given(st.integers(1, 11))
def test_a_run_killed_anywhere_goes_on_as_if_it_had_not_been(
    recipe_once: Recipe, whole: list[float], tmp_path_factory: pytest.TempPathFactory, step: int
) -> None:
    output = tmp_path_factory.mktemp("stopped") / "out"
    given: dict[str, Any] = {"output": str(output), "steps": 12, "checkpoint_every": 3}
    with pytest.raises(Killed):
        pretrain(recipe_once(**given), told=killing(step, 12))
    said: list[str] = []
    result = pretrain(recipe_once(**given, resume=True), said=said.append)
    assert result.losses == pytest.approx(whole, rel=1e-6)
    assert rates(output, "step") == list(range(1, 13))
    resumed = (step - 1) // 3 * 3
    assert any(f"step {resumed}." in line for line in said) == (resumed > 0)


@pytest.fixture(scope="module")
def recipe_once(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Recipe:
    """As `recipe`, for all examples of a property: two sources, more than one epoch of one."""
    place = tmp_path_factory.mktemp("data")
    for name, count in (("а", 40), ("б", 3)):
        rows = [json.dumps({"text": f"{name} {n} паром и туман " * 3}) for n in range(count)]
        (place / f"{name}.jsonl").write_text("\n".join(rows), "utf-8")

    def make(**given: Any) -> PretrainConfig:
        shape = {"layers": 1, "hidden": 16, "heads": 2, "context": 16, "batch": 2, "log_every": 1}
        names = (str(place / "а.jsonl"), str(place / "б.jsonl"))
        rest = {"tokenizer": str(base), "split": "all", "mixture": (1.0, 2.0), "schedule": "cosine"}
        return PretrainConfig(data=names, **{**shape, **rest, **given})

    return make


@pytest.fixture(scope="module")
def whole(recipe_once: Recipe, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The losses of a run that nobody stopped."""
    output = tmp_path_factory.mktemp("whole") / "out"
    return list(pretrain(recipe_once(output=str(output), steps=12)).losses)


def test_a_checkpoint_that_cannot_be_written_leaves_the_last(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hyperlex.recipes.pretrain import checkpoint

    written = checkpoint.save_file
    calls: list[Path] = []

    def full(tensors: Any, file: Path) -> None:
        calls.append(file)
        if len(calls) == 5:  # the second file of the second checkpoint
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written(tensors, file)

    monkeypatch.setattr(checkpoint, "save_file", full)
    config = recipe(checkpoint_every=2)
    with pytest.raises(ConfigError, match=r"No space left.*stays"):
        pretrain(config)
    left = list((Path(config.output) / "checkpoints").iterdir())
    assert [path.name for path in left] == ["step-00000002"]
    monkeypatch.undo()
    assert len(pretrain(recipe(checkpoint_every=2, resume=True)).losses) == 8


def test_a_model_that_cannot_be_written_leaves_the_checkpoints(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors import SafetensorError
    from transformers import LlamaForCausalLM

    def full(self: Any, *given: Any, **options: Any) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device")

    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", full)
    config = recipe(checkpoint_every=2)
    with pytest.raises(ConfigError, match=r"No space left.*--resume"):
        pretrain(config)
    assert any((Path(config.output) / "checkpoints").iterdir())
    assert not (Path(config.output) / "config.json").exists()


@pytest.mark.parametrize("unit", ["steps", "tokens", "flops", "characters"])
def test_each_budget_ends_with_the_step_that_reaches_it(
    recipe: Recipe, unit: str, tok: HyperTokenizer
) -> None:
    amount = {"steps": 3, "tokens": 3 * 96 - 5, "flops": 1e6, "characters": 500}[unit]
    result = pretrain(recipe(**{unit: amount}))
    lines = (result.directory / "log.jsonl").read_text("utf-8").splitlines()
    *_, before, last = [{"step": 0, unit: 0}, *map(json.loads, lines)]
    key = "step" if unit == "steps" else unit
    assert before.get(key, 0) < amount <= last[key]


def test_parts_of_a_batch_are_the_batch(recipe: Recipe, tmp_path: Path) -> None:
    whole = pretrain(recipe(output=str(tmp_path / "a")))
    parts = pretrain(recipe(output=str(tmp_path / "b"), micro_batch=3))
    assert parts.losses == pytest.approx(whole.losses, rel=1e-5)


def test_compiled_blocks_are_asked_for(recipe: Recipe) -> None:
    model = build(recipe(), 50)
    asked: list[bool] = []
    model.model.compile = lambda: asked.append(True)
    Trainer(model, Budget("steps", 1), Schedule(1e-3), compile=True)
    assert asked


def test_matrices_decay_and_vectors_do_not(recipe: Recipe) -> None:
    trainer = Trainer(build(recipe(), 50), Budget("steps", 1), Schedule(1e-3), weight_decay=0.3)
    for group in trainer.optimiser.param_groups:
        matrices = {weight.ndim >= 2 for weight in group["params"]}
        assert matrices == {group["weight_decay"] == 0.3}


def test_texts_and_tokenizer_out_of_memory(recipe: Recipe, tok: HyperTokenizer) -> None:
    result = pretrain(recipe(), tokenizer=tok, sources=[texts("тут", ["туман над рекой"] * 9)])
    assert load(result.directory).layout == tok.layout


def test_prepared_windows_are_trained_on_too(recipe: Recipe) -> None:
    batch = Batch(np.arange(34).reshape(2, 17) % 13, 20)
    trainer = Trainer(build(recipe(), 13), Budget("steps", 40), Schedule(0.03))
    lines = trainer.train([batch] * 40, log_every=20)
    assert [line.step for line in lines] == [20, 40]
    assert lines[1].loss < lines[0].loss / 2
    assert (lines[1].tokens, lines[1].characters) == (40 * 32, 800)


def test_texts_that_end_before_the_budget_are_told(recipe: Recipe) -> None:
    batch = Batch(np.zeros((2, 17), np.int64), 20)
    trainer = Trainer(build(recipe(), 13), Budget("steps", 40), Schedule(0.01))
    with pytest.raises(ConfigError, match="ended after 3 steps"):
        trainer.train([batch] * 3)


def test_a_loss_that_is_no_number_is_told(recipe: Recipe) -> None:
    with pytest.raises(ConfigError, match="diverged"):
        pretrain(recipe(learning_rate=1e30, warmup=0.0))


def test_a_directory_in_use_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "чужое.txt").write_text("не трогать", "utf-8")
    for resume, told in ((False, "not empty"), (True, "no run")):
        with pytest.raises(ConfigError, match=told):
            pretrain(recipe(resume=resume))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["чужое.txt"]


def test_a_run_goes_on_as_it_began_or_not_at_all(recipe: Recipe) -> None:
    pretrain(recipe(checkpoint_every=4))
    with pytest.raises(ConfigError, match=r"hidden = 32.*16"):
        pretrain(recipe(checkpoint_every=4, resume=True, hidden=32))
    assert pretrain(recipe(resume=True, steps=10)).tokens == 10 * 96


def contents(directory: Path) -> dict[Path, tuple[int, bytes]]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.mark.parametrize(("checkpoints", "tied"), [(0, True), (3, False)])
@pytest.mark.parametrize("budget", [{"steps": 8}, {"steps": 4}, {"tokens": 8 * 96}])
def test_a_finished_run_is_left_as_it_is(
    recipe: Recipe, checkpoints: int, tied: bool, budget: dict[str, int]
) -> None:
    """Its last steps are not made again, nor all of them where there is no checkpoint."""
    config = recipe(checkpoint_every=checkpoints, tied=tied)
    first = pretrain(config)
    before = contents(first.directory)
    said: list[str] = []
    again = pretrain(
        recipe(checkpoint_every=checkpoints, tied=tied, resume=True, **budget), said=said.append
    )
    assert contents(first.directory) == before
    assert again == first
    assert len(said) == 1 and "is finished, and was left as it is" in said[0]


def test_a_finished_run_that_went_on_and_was_stopped_is_not_finished(recipe: Recipe) -> None:
    """Its model is that of the shorter budget, while the log is at the end of the longer one."""
    pretrain(recipe(checkpoint_every=4))
    longer = {"steps": 11, "checkpoint_every": 4, "resume": True}
    with pytest.raises(Killed):
        pretrain(recipe(**longer), told=killing(11, 11))
    assert rates(Path(recipe().output), "step")[-1] == 11
    said: list[str] = []
    result = pretrain(recipe(**longer), said=said.append)
    assert said[0] == "Going on from step 8." and result.tokens == 11 * 96
    assert pretrain(recipe(**longer)) == result


def test_a_finished_model_is_not_begun_anew(recipe: Recipe) -> None:
    """A longer budget goes on from a checkpoint, and there is none."""
    result = pretrain(recipe())
    before = contents(result.directory)
    with pytest.raises(ConfigError, match=r"finished model of 8 steps and no checkpoint.*--checkp"):
        pretrain(recipe(steps=10, resume=True))
    assert contents(result.directory) == before


def test_a_run_without_a_checkpoint_begins_anew_and_says_so(recipe: Recipe) -> None:
    with pytest.raises(Killed):
        pretrain(recipe(), told=killing(3, 8))
    said: list[str] = []
    assert len(pretrain(recipe(resume=True), said=said.append).losses) == 8
    assert any("no checkpoint" in line and "begins anew" in line for line in said)


def test_a_run_that_was_stopped_is_no_model(recipe: Recipe) -> None:
    config = recipe(checkpoint_every=4)
    with pytest.raises(Killed):
        pretrain(config, told=killing(6, 8))
    with pytest.raises(ConfigError, match=r"not come to its end.*hyperlex pretrain .* --resume"):
        load_trained(config.output)


def test_a_damaged_log_is_told(recipe: Recipe) -> None:
    config = recipe(checkpoint_every=4)
    with pytest.raises(Killed):
        pretrain(config, told=killing(6, 8))
    log = Path(config.output) / "log.jsonl"
    first, *rest = log.read_text("utf-8").splitlines(keepends=True)
    log.write_text("".join([first, "нет\n", *rest]), "utf-8")
    with pytest.raises(FormatError, match=r"log\.jsonl is no log behind line 1 \("):
        pretrain(recipe(checkpoint_every=4, resume=True))


def test_a_damaged_checkpoint_is_told(recipe: Recipe) -> None:
    config = recipe(checkpoint_every=4)
    with pytest.raises(Killed):
        pretrain(config, told=killing(6, 8))
    (found,) = (Path(config.output) / "checkpoints").iterdir()
    (found / "optimiser.safetensors").write_bytes(b"\0" * 50)
    with pytest.raises(HyperlexError, match="damaged"):
        pretrain(recipe(checkpoint_every=4, resume=True))


def test_data_without_a_document_leaves_nothing(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    config = recipe(data=(str(tmp_path / "empty.jsonl"),))
    with pytest.raises(ConfigError, match="holds no document"):
        pretrain(config)
    assert not Path(config.output).exists()


@pytest.mark.parametrize("key", ["tokenizer", "data"])
def test_nothing_is_made_where_something_is_missing(recipe: Recipe, key: str) -> None:
    missing = "нет/такого"
    config = recipe(**{key: (missing,) if key == "data" else missing})
    with pytest.raises(HyperlexError, match=missing):
        pretrain(config)
    assert not Path(config.output).exists()
