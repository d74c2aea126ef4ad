"""Every built-in recipe runs, on a tiny model and fifty rows of the true format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recipes.configs.invented import (
    LABELS,
    lenta_csv,
    moderation_jsonl,
    prompts_txt,
    saiga_jsonl,
    texts_jsonl,
)

from hyperlex.errors import ConfigError, FormatError
from hyperlex.recipes.builtin import find_recipe, recipe_names
from hyperlex.recipes.config import read_recipe, write_recipe
from hyperlex.recipes.finetune import FinetuneConfig
from hyperlex.recipes.moderation import FIGURES_FILE, ModerationConfig, balanced
from hyperlex.recipes.tasks import TaskResult, open_task, task_of

NAMES = ("adapt-vocabulary", "chat-saiga", "lenta-gptneo", "moderation-gptj", "rugpt35-13b")
DOCS = Path(__file__).parents[3] / "docs/recipes"

Tiny = Callable[[str], str]


def read(name: str, **changes: Any) -> Any:
    recipe = find_recipe(name)
    return read_recipe(task_of(recipe).kind, recipe, changes)


def run(name: str, told: list[str] | None = None, **changes: Any) -> TaskResult:
    config = read(name, **changes)
    say = (lambda line: None) if told is None else told.append
    return task_of(find_recipe(name)).run(config, told=say)


def test_all_recipes_are_there_each_with_its_page() -> None:
    assert set(NAMES) <= set(recipe_names())
    for name in NAMES:
        assert read(name).output == f"runs/{name}"
        page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
        assert f"hyperlex finetune {name}" in page
        assert f"docs/recipes/{name}.md" in find_recipe(name).read_text(encoding="utf-8")


def test_lenta_learns_headings_and_texts(tiny: Tiny, tmp_path: Path) -> None:
    data, told = lenta_csv(tmp_path / "lenta.csv"), list[str]()
    out = tmp_path / "out"
    result = run("lenta-gptneo", told, model=tiny("gpt_neo"), data=str(data), output=str(out))
    # 50 rows, 8 a step.
    last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 7
    assert result.figures["trainable"] == 2 * 4 * 8 * (32 + 32)  # layers, projections, rank
    assert (out / "adapter_config.json").is_file()
    assert any("int8" in line for line in told)


def test_saiga_learns_what_the_assistant_says(tiny: Tiny, tmp_path: Path) -> None:
    data, out = saiga_jsonl(tmp_path / "saiga.jsonl"), tmp_path / "out"
    run("chat-saiga", model=tiny("mistral"), data=str(data), output=str(out), epochs=1)
    found = json.loads((out / "data.json").read_text())
    assert found["sequences"] == 50
    assert 0 < found["learned"] < found["tokens"] / 2


def test_moderation_compares_all_regimes_with_both_prompts(tiny: Tiny, tmp_path: Path) -> None:
    data, out = moderation_jsonl(tmp_path / "moderation.jsonl"), tmp_path / "out"
    sizes = {"train_rows": 30, "validation_rows": 18, "epochs": 1, "batch": 8, "accumulation": 1}
    files = {"model": tiny("gptj"), "data": str(data), "output": str(out)}
    result = run("moderation-gptj", **files, **sizes, weights="nf4")
    found = json.loads((out / FIGURES_FILE).read_text(encoding="utf-8"))
    assert [(each["regime"], each["instruction"]) for each in found["regimes"]] == [
        (regime, instructed)
        for instructed in (False, True)
        for regime in ("one-dimensional", "attention", "all", "few-shot")
    ]
    for each in found["regimes"]:
        score = each["likeliest"]
        assert score["rows"] == 18
        assert score["low"] <= score["accuracy"] <= score["high"]
        assert (each["trainable"] is None) == (each["regime"] == "few-shot")
    trained = {each["regime"]: each["trainable"] for each in found["regimes"]}
    assert trained["one-dimensional"] < trained["attention"] < trained["all"]
    assert len([line for line in result.lines if line.startswith("|")]) == 2 + 8
    with pytest.raises(ConfigError, match="--resume"):
        run("moderation-gptj", **files, **sizes)


def test_moderation_rows_are_balanced_and_none_is_in_both_parts(tmp_path: Path) -> None:
    data = moderation_jsonl(tmp_path / "moderation.jsonl")
    config = read("moderation-gptj", data=str(data), train_rows=31, validation_rows=15)
    learned, held_out = balanced(config)
    counts = [sum(each.label == label for each in learned) for label in LABELS]
    assert counts == [11, 10, 10]
    assert [sum(each.label == label for each in held_out) for label in LABELS] == [5, 5, 5]
    assert not {each.prompt for each in learned} & {each.prompt for each in held_out}
    assert balanced(config) == (learned, held_out)


def test_mistakes_of_moderation_are_named(tmp_path: Path) -> None:
    data = moderation_jsonl(tmp_path / "moderation.jsonl")
    with pytest.raises(ConfigError, match="17 different rows of the label 'норма'"):
        balanced(read("moderation-gptj", data=str(data)))
    with data.open("a", encoding="utf-8") as file:
        row = json.loads(data.read_text(encoding="utf-8").splitlines()[0])
        file.write(json.dumps({**row, "label": "угроза"}, ensure_ascii=False) + "\n")
    with pytest.raises(FormatError, match=r"line 51.*with the label 'норма', too"):
        balanced(read("moderation-gptj", data=str(data)))
    with pytest.raises(ConfigError, match="label_column"):
        ModerationConfig(model="m", data="d", output="o")
    with pytest.raises(ConfigError, match="validation_rows = 2"):
        read("moderation-gptj", validation_rows=2)
    with pytest.raises(ConfigError, match="validation_rows of the data are held out"):
        read("moderation-gptj", validation=0.1)


def test_rugpt_is_quantised_on_loading_and_answers(tiny: Tiny, tmp_path: Path) -> None:
    data, out, told = prompts_txt(tmp_path / "prompts.txt"), tmp_path / "out", list[str]()
    files = {"model": tiny("gpt2"), "data": str(data), "output": str(out)}
    result = run("rugpt35-13b", told, **files, limit=2, max_new_tokens=8, save=True)
    answers = [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]
    assert [each["prompt"] for each in answers] == data.read_text().splitlines()[:2]
    assert result.figures["answers"] == 2
    assert any("nf4" in line for line in told)
    stored = json.loads((out / "model/config.json").read_text())
    assert stored["quantization_config"]["format"] == "nf4"
    with pytest.raises(ConfigError, match=r"there are 0\.50 GiB"):
        run("rugpt35-13b", **(files | {"output": str(tmp_path / "b")}), gpu_memory="0.5GB")
    with pytest.raises(ConfigError, match="leaves no room"):
        read("rugpt35-13b", max_new_tokens=2048)
    long = {"output": str(tmp_path / "c"), "context": 12, "max_new_tokens": 8}
    with pytest.raises(ConfigError, match="exceeds context = 12"):
        run("rugpt35-13b", **(files | long))
    assert not (tmp_path / "c").exists()  # so that it can be tried again


def test_adaptation_trains_rows_then_adapters_and_tests_copies(
    extended: str, tmp_path: Path
) -> None:
    data, out = texts_jsonl(tmp_path / "texts.jsonl"), tmp_path / "out"
    sizes = {"copies": 20, "spelled_copies": 20, "copy_test": 4, "batch": 8, "accumulation": 1}
    run(
        "adapt-vocabulary",
        model=extended,
        data=str(data),
        output=str(out),
        weights="fp32",
        validation=str(data),
        **sizes,
    )
    found = json.loads((out / "adaptation.json").read_text(encoding="utf-8"))
    assert 1 <= found["copying"]["rows"] <= 4
    assert len(found["copying"]["exact"]) == 3
    first = read_recipe(FinetuneConfig, out / "rows/recipe.toml")
    from hyperlex.recipes.loading import load_trained

    whole, _ = load_trained(out)
    assert (
        whole.peft_config["default"].r == load_trained(out / "adapter")[0].peft_config["default"].r
    )
    second = read_recipe(FinetuneConfig, out / "adapter/recipe.toml")
    assert (first.adapters, second.adapters, second.rows) == ("rows", "all", True)
    assert second.model == str((out / "model").resolve())
    lines = (out / "mixture.jsonl").read_text(encoding="utf-8").splitlines()
    mixture = [json.loads(line) for line in lines]
    assert sum(not row["prompt"] for row in mixture) == 50 and 50 + 2 < len(mixture) <= 90
    files = {"model": extended, "data": str(data), "output": str(out), "validation": str(data)}
    alone = files | {"output": str(tmp_path / "copies"), "texts": 3, "steps": 1, "rows_steps": 1}
    run("adapt-vocabulary", **alone, weights="fp32", **sizes | {"copy_test": 0})
    few = (tmp_path / "copies/mixture.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(not json.loads(line)["prompt"] for line in few) == 3
    with pytest.raises(ConfigError, match=r"copies = 21, and the run in .* has 20"):
        again = sizes | {"copies": 21}
        run("adapt-vocabulary", **files, weights="fp32", **again, resume=True)


def test_of_a_copy_the_copy_alone_is_learned_with_its_end(extended: str, tmp_path: Path) -> None:
    from hyperlex import load
    from hyperlex.measure.copying import END
    from hyperlex.recipes.finetune.run import read_sequences

    data, out = texts_jsonl(tmp_path / "texts.jsonl"), tmp_path / "out"
    sizes = {"copies": 20, "spelled_copies": 20, "copy_test": 0, "rows_steps": 1, "steps": 1}
    files = {"model": extended, "data": str(data), "output": str(out)}
    run("adapt-vocabulary", **files, **sizes, weights="fp32")
    tok = load(extended)
    rows = [json.loads(line) for line in (out / "mixture.jsonl").read_text("utf-8").splitlines()]
    for stage in ("rows", "adapter"):
        found, _ = read_sequences(read_recipe(FinetuneConfig, out / stage / "recipe.toml"), tok)
        assert len(found) == len(rows)
        for index, row in enumerate(rows):
            ids, learned = found[index]
            prompt = [index for line in row["prompt"] for index in tok.encode(line)]
            assert ids[: len(prompt)].tolist() == prompt  # as the copy test asks
            assert learned.tolist() == [place >= max(1, len(prompt)) for place in range(len(ids))]
            # No end of text behind it: rows alone cannot learn to write one.
            assert tok.decode(ids[len(prompt) :].tolist()) == row["text"]
            assert row["text"].endswith(END) or not row["prompt"]


def test_the_rows_of_the_first_stage_are_those_of_the_model_of_the_second(
    extended: str, tmp_path: Path
) -> None:
    from hyperlex.recipes.adaptation import merge_rows
    from hyperlex.recipes.finetune import finetune
    from hyperlex.recipes.loading import load_trained

    data = texts_jsonl(tmp_path / "texts.jsonl")
    out = str(tmp_path / "rows")
    finetune(
        FinetuneConfig(
            model=extended, data=str(data), output=out, adapters="rows", learning_rate=0.1
        )
    )
    merge_rows(tmp_path / "rows", tmp_path / "model")
    before, tok = load_trained(extended)
    after, _ = load_trained(tmp_path / "model")
    trained, _ = load_trained(out)
    rows = [each.get_input_embeddings().weight for each in (before, after)]
    seam = tok.layout.base_size
    assert rows[0][:seam].equal(rows[1][:seam])
    assert not rows[0][seam : tok.layout.total].equal(rows[1][seam : tok.layout.total])
    ids = [tok.encode("Старый почтальон шёл вдоль реки.")]
    import torch

    with torch.no_grad():
        wanted = trained(input_ids=torch.tensor(ids)).logits
        found = after(input_ids=torch.tensor(ids)).logits
    torch.testing.assert_close(found, wanted)


def test_mistakes_of_adaptation_are_named(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no hypertokens"):
        run("adapt-vocabulary", model=tiny("llama"), data="x", output=str(tmp_path / "out"))
    with pytest.raises(ConfigError, match="packing"):
        read("adapt-vocabulary", packing=True)
    with pytest.raises(ConfigError, match="texts = -1"):
        read("adapt-vocabulary", texts=-1)
    with pytest.raises(ConfigError, match="LoRA"):
        read("adapt-vocabulary", adapters="rows", rows=False)
    with pytest.raises(ConfigError, match="nothing is held out here"):
        read("adapt-vocabulary", validation=0.1)


def test_an_adaptation_that_is_refused_leaves_nothing(extended: str, tmp_path: Path) -> None:
    """So that the same output may be named again, with the mistake mended."""
    data, out = texts_jsonl(tmp_path / "texts.jsonl"), tmp_path / "out"
    files = {"model": extended, "output": str(out), "weights": "fp32"}
    with pytest.raises(ConfigError, match="nodata"):
        run("adapt-vocabulary", **files, data=str(tmp_path / "nodata"))
    assert not out.exists()
    with pytest.raises(ConfigError, match="context = 100000, and the model has"):
        run("adapt-vocabulary", **files, data=str(data), context=100_000)
    assert not out.exists()


def test_a_comparison_that_is_refused_leaves_nothing(tiny: Tiny, tmp_path: Path) -> None:
    data, out = moderation_jsonl(tmp_path / "moderation.jsonl"), tmp_path / "out"
    sizes = {"train_rows": 30, "validation_rows": 18, "context": 100_000}
    with pytest.raises(ConfigError, match="context = 100000, and the model has"):
        run("moderation-gptj", model=tiny("gptj"), data=str(data), output=str(out), **sizes)
    assert not out.exists()


def test_a_task_that_is_refused_behind_a_step_keeps_it(tmp_path: Path) -> None:
    config = FinetuneConfig(model="m", data="d", output=str(tmp_path / "out"))
    with pytest.raises(ConfigError, match="diverged"), open_task(config) as directory:
        (directory / "rows").mkdir(parents=True)
        write_recipe(config, directory / "rows" / "recipe.toml")
        raise ConfigError("The loss has diverged.")
    assert (tmp_path / "out/rows/recipe.toml").is_file()


def test_an_unknown_task_is_named_with_the_nearest(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('task = "moderate"\n')
    with pytest.raises(ConfigError, match=r"'moderate'.*Did you mean 'moderation'"):
        task_of(recipe)
    assert task_of(None).kind is FinetuneConfig
