"""`hyperlex finetune` and what its Python door does besides training."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import typer
from model.conftest import TEXTS
from transformers import AutoTokenizer
from typer.testing import CliRunner

import hyperlex.cli
from hyperlex.cli.finetune import VERB
from hyperlex.cli.finetune import finetune as verb
from hyperlex.cli.recipe_command import FIRST, resumable
from hyperlex.errors import ConfigError
from hyperlex.recipes.builtin import find_recipe, recipe_names
from hyperlex.recipes.config import read_recipe, write_recipe
from hyperlex.recipes.finetune import FinetuneConfig, finetune
from hyperlex.recipes.tasks import task_of

Recipe = Callable[..., FinetuneConfig]


def invoke(*words: str) -> Any:
    app = typer.Typer()
    app.command(**VERB)(verb)
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["finetune", *words])


def test_a_recipe_runs_and_flags_win(recipe: Recipe, tmp_path: Path, planned: None) -> None:
    config = recipe(steps=9)
    write_recipe(config, tmp_path / "mine.toml")
    result = invoke(str(tmp_path / "mine.toml"), "--steps", "2", "--lora-r=4", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["directory"] == config.output
    written = read_recipe(FinetuneConfig, Path(config.output) / "recipe.toml")
    assert (written.steps, written.lora_r) == (2, 4)
    assert "Memory that a step takes" in result.stderr
    again = invoke(str(Path(config.output) / "recipe.toml"), "--resume")
    assert again.exit_code == 0 and "is finished, and was left as it is" in again.stderr
    assert again.stdout.replace("\n", "").endswith(f"Result: {config.output}")


def test_a_recipe_names_its_output_from_anywhere(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = recipe(steps=1, output="here")
    write_recipe(config, tmp_path / "mine.toml")
    began = invoke(str(tmp_path / "mine.toml"), "--resume")
    assert began.exit_code == 0, began.output
    assert "There is no run in here to go on with" in began.stderr
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    again = invoke(str(tmp_path / "here/recipe.toml"), "--resume")
    assert "is finished, and was left as it is" in again.stderr
    assert not list((tmp_path / "there").iterdir())


def test_without_a_recipe_flags_say_it_all(recipe: Recipe) -> None:
    config = recipe()
    words = ["--model", config.model, "--data", config.data, "--output", config.output]
    result = invoke(*words, "--context", "64", "--steps", "1", "--batch", "1")
    assert result.exit_code == 0, result.output
    assert f"Result: {config.output}" in result.stdout


def test_help_lists_every_key() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for key in FinetuneConfig.__dataclass_fields__:
        assert f"--{key.replace('_', '-')}" in result.stdout


def test_help_of_a_recipe_lists_the_keys_of_its_task() -> None:
    told = invoke("rugpt35-13b", "--help").stdout
    assert "--max-new-tokens" in told and "--lora-r" not in told


@pytest.mark.parametrize("checkpoint_every", [1, 0])
def test_ctrl_c_leaves_what_can_be_gone_on_with_or_nothing(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint_every: int
) -> None:
    from hyperlex.recipes.finetune.log import RunLog

    config = recipe(steps=3, log_every=1, checkpoint_every=checkpoint_every)
    write_recipe(config, tmp_path / "mine.toml")
    words = ["finetune", str(tmp_path / "mine.toml")]
    add = RunLog.add

    def interrupted(self: RunLog, entry: dict[str, Any]) -> None:
        add(self, entry)
        if entry["step"] == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", interrupted)
        result = CliRunner().invoke(hyperlex.cli.app, words)
    assert result.exit_code == 130
    last = result.stderr.splitlines()[-1]
    if checkpoint_every:
        goes_on = "has a checkpoint: the same command with --resume goes on."
        assert last == f"hyperlex: Interrupted. {config.output} {goes_on}"
        words.append("--resume")
    else:
        assert last == "hyperlex: Interrupted. Nothing half-written was left."
        assert not Path(config.output).exists()
    assert CliRunner().invoke(hyperlex.cli.app, words).exit_code == 0


def test_what_a_run_writes_first_has_the_names_of_its_writers() -> None:
    from hyperlex.recipes.adaptation import MIXTURE_FILE
    from hyperlex.recipes.config import RESOLVED_FILE
    from hyperlex.recipes.finetune.log import LOG_FILE
    from hyperlex.recipes.finetune.output import DATA_FILE
    from hyperlex.recipes.pretrain.output import LOG_FILE as LOG_OF_PRETRAINING

    names = {RESOLVED_FILE, DATA_FILE, LOG_FILE, LOG_OF_PRETRAINING, MIXTURE_FILE}
    assert names == FIRST


def test_ctrl_c_deletes_nothing_that_was_there_or_was_learned(tmp_path: Path) -> None:
    for name, is_new in (("recipe.toml", False), ("adapter_model.safetensors", True)):
        place = tmp_path / name
        if not is_new:
            place.mkdir()
            (place / name).touch()
        told = "--resume" if not is_new else None
        with pytest.raises(KeyboardInterrupt, match=told), resumable(str(place)):
            place.mkdir(exist_ok=True)
            (place / name).touch()
            raise KeyboardInterrupt
        assert [file.name for file in place.iterdir()] == [name]


def test_a_dash_alone_is_no_recipe() -> None:
    error = invoke("-h").exception
    assert isinstance(error, ConfigError) and "expected as --key value" in str(error)


def test_a_misspelt_key_is_answered_with_the_nearest(recipe: Recipe) -> None:
    result = invoke("--model", "m", "--data", "d", "--output", "o", "--learnin-rate", "1")
    assert isinstance(result.exception, ConfigError)
    assert "'learnin_rate' is no key of this recipe. Did you mean 'learning_rate'?" in str(
        result.exception
    )


def test_recipes_are_found_by_path_and_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperlex.recipes.builtin.FOLDER", tmp_path)
    (tmp_path / "lenta-gptneo.toml").write_text("", encoding="utf-8")
    assert recipe_names() == ["lenta-gptneo"]
    assert find_recipe("lenta-gptneo") == tmp_path / "lenta-gptneo.toml"
    assert find_recipe(tmp_path / "lenta-gptneo.toml") == tmp_path / "lenta-gptneo.toml"
    with pytest.raises(ConfigError, match=r"Did you mean 'lenta-gptneo'\? Built in are: lenta"):
        find_recipe("lenta-gpt-neo")


def test_more_memory_than_there_is_is_refused_before_anything_is_written(
    recipe: Recipe, planned: None
) -> None:
    told: list[str] = []
    config = recipe("llama", gpu_memory="1MB", batch=2, steps=1)
    with pytest.raises(
        ConfigError, match=r"This takes .* and there are 1\.0 MiB.*checkpointing = true"
    ):
        finetune(config, told=told.append)
    assert not Path(config.output).exists()
    assert "Memory that a step takes:" in told


def test_a_context_beyond_the_model_is_refused(recipe: Recipe) -> None:
    with pytest.raises(ConfigError, match="context = 65, and the model has 64 positions"):
        finetune(recipe(context=65))


def test_a_model_without_rows_for_the_tokenizer_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=331, n_embd=32, n_layer=1, n_head=2)).save_pretrained(
        tmp_path / "bare"
    )
    config = recipe()
    with pytest.raises(ConfigError, match="has 331 rows of embeddings, and the tokenizer 371 ids"):
        finetune(replace(config, model=str(tmp_path / "bare"), tokenizer=config.model))


def test_what_is_logged_is_the_mean_over_learned_tokens(recipe: Recipe, tmp_path: Path) -> None:
    """Against the model's own loss, of a completion, whatever the batches were."""
    from hyperlex.recipes.loading import load_for, load_tokenizer

    rows = [{"p": f"{n}. Где почтальон?", "c": TEXTS[n][: 20 + 9 * n]} for n in range(6)]
    data = tmp_path / "pairs.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    changed = {"prompt_column": "p", "completion_column": "c", "data": str(data), "steps": 1}
    config = recipe("llama", **changed, batch=2, accumulation=3, learning_rate=1e-9)
    result = finetune(config)
    tok, model = load_tokenizer(config.model), load_for(config.model).eval()
    nats, count, characters = 0.0, 0, 0
    for row in rows:
        prompt, completion = tok.encode(row["p"]), tok.encode(" " + row["c"])
        ids = torch.tensor([[*prompt, *completion, tok.layout.base_size - 1]])
        labels = ids.clone()
        labels[0, : len(prompt)] = -100
        learned = len(completion) + 1
        with torch.no_grad():
            nats += float(model(input_ids=ids, labels=labels).loss) * learned
        count += learned
        characters += len(" " + row["c"])  # an end of text is paid for, and is no text
    line = json.loads((result.directory / "log.jsonl").read_text("utf-8"))
    assert line["loss"] == pytest.approx(nats / count, rel=1e-5)
    bits = nats / 0.6931471805599453 / characters
    assert line["bits_per_character"] == pytest.approx(bits, rel=1e-5)
    assert result.losses == (line["loss"],)


def test_a_run_whose_model_is_refused_leaves_nothing(recipe: Recipe, tmp_path: Path) -> None:
    """So that the same output may be named again, with the mistake mended."""
    from hyperlex.model.quantize import quantize_directory
    from hyperlex.model.quantizer import HyperlexQuantConfig

    config = recipe("llama", steps=1)
    quantize_directory(config.model, tmp_path / "4 bits", HyperlexQuantConfig())
    config = replace(config, model=str(tmp_path / "4 bits"))
    with pytest.raises(ConfigError, match='Write weights = "nf4"'):
        finetune(config)
    assert not Path(config.output).exists()
    assert finetune(replace(config, weights="nf4")).losses


def test_a_loss_that_is_no_number_is_told(recipe: Recipe) -> None:
    config = recipe(adapters="none", learning_rate=1e30, clip=0.0, steps=4)
    with pytest.raises(ConfigError, match=r"The loss is .* has diverged"):
        finetune(config)
    assert not (Path(config.output) / "model.safetensors").exists()


def test_several_processes_are_refused(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelerate.PartialState", lambda: SimpleNamespace(num_processes=2))
    config = recipe()
    with pytest.raises(ConfigError, match="2 processes were started"):
        finetune(config)
    assert not Path(config.output).exists()


def test_padding_and_the_size_of_batches_change_no_gradient(recipe: Recipe) -> None:
    options = {"steps": 2, "lora_dropout": 0.0, "learning_rate": 1e-2, "seed": 3}
    one = finetune(recipe("llama", **options, batch=1, accumulation=6))
    two = finetune(
        recipe("llama", **options, batch=3, accumulation=2, output=str(one.directory) + " 3")
    )
    assert one.losses == pytest.approx(two.losses, rel=1e-5)


def test_conversations_are_learned(recipe: Recipe, tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Где?"}, {"role": "assistant", "content": "У реки."}]
    data = tmp_path / "talk.jsonl"
    data.write_text(json.dumps({"messages": turns}) + "\n", encoding="utf-8")
    result = finetune(recipe(data=str(data), messages_column="messages", steps=12))
    assert result.losses[-1] < result.losses[0] - 0.1
    beside = AutoTokenizer.from_pretrained(str(result.directory))
    prompt = beside.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
    assert prompt == "user\nГде?<|endoftext|>\nbot\n"


PLANNED = [
    ("gpt2", "attention"),
    ("llama", "one-dimensional"),
    ("gptj", "rows"),
    ("llama", "rows"),
    ("gpt2", "routed"),
    ("gpt2", "none"),
]


@pytest.mark.parametrize(("name", "kind"), PLANNED)
def test_every_regime_is_planned(
    name: str, kind: str, model_of: Callable[[str], Path], recipe: Recipe, planned: None
) -> None:
    """With the same trained parameters as the run has."""
    from hyperlex.recipes.finetune.adapters import prepare
    from hyperlex.recipes.finetune.memory import plan_run
    from hyperlex.recipes.loading import load_for, load_tokenizer, what_runs

    config = recipe(name, adapters=kind)
    told: list[str] = []
    tok = load_tokenizer(config.model)
    plan_run(config, what_runs("fp32"), tok.layout, told.append)
    model = prepare(load_for(config.model), config, tok.layout)
    trained = sum(each.numel() for each in model.parameters() if each.requires_grad)
    assert f"{trained:,} of " in next(line for line in told if "adapters" in line)


def test_a_line_end_in_a_template_may_be_spelled(recipe: Recipe, tmp_path: Path) -> None:
    config = recipe(steps=1)
    write_recipe(config, tmp_path / "mine.toml")
    words = ["--template", "Письмо: {text}\\nКонец.", "--text-columns", "text"]
    assert invoke(str(tmp_path / "mine.toml"), *words).exit_code == 0
    kept = read_recipe(FinetuneConfig, Path(config.output) / "recipe.toml")
    assert kept.template == "Письмо: {text}\nКонец."


def test_a_recipe_of_pretraining_is_told_of() -> None:
    with pytest.raises(ConfigError, match="hyperlex pretrain"):
        task_of(find_recipe("pretrain-small"))
