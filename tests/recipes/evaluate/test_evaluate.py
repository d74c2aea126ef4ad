"""Models at work: what each part of the evaluation makes of answers that are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.codebook.build import Candidate, build_codebook
from hyperlex.errors import ConfigError, FormatError
from hyperlex.measure.copying import CopyScores
from hyperlex.measure.language_model import bits
from hyperlex.model import completions
from hyperlex.recipes.evaluate import Opened, Settings, evaluate
from hyperlex.recipes.evaluate.opening import stop_at_turns
from hyperlex.recipes.evaluate.page import render
from hyperlex.recipes.evaluate.report import Example
from hyperlex.recipes.evaluate.run import Reader

Scribes = Callable[..., Opened]

TEXT = " ".join(f"Рыбак номер {n} сидел у воды и чинил сеть." for n in range(60))


def written(path: Path, *rows: Mapping[str, object]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def last_line(prompt: str) -> str:
    """What a copyist writes."""
    return prompt.rstrip("\n").split("\n")[-1] + "\n"


def copied(model: Opened) -> CopyScores:
    reader = Reader(model, Settings(copies=3), lambda stage, done, total: None)
    return reader.copy([TEXT])


def test_the_copy_test_tells_who_writes_hypertokens(scribe: Scribes) -> None:
    canonical = copied(scribe(last_line))
    assert canonical.exact.value == canonical.canonical.value == 1
    assert canonical.emission.value == canonical.recall.value == 1
    spelling = copied(scribe(last_line, base=True))
    assert spelling.exact.value == 1 and spelling.canonical.value == 0
    assert spelling.emission.value == spelling.hyper_emitted == 0
    assert spelling.hyper_canonical == canonical.hyper_canonical > 0
    assert copied(scribe(lambda prompt: "Не знаю.\n")).exact.value == 0


def test_a_copy_is_asked_for_in_the_ids_that_it_is_to_be_written_in(
    tok: HyperTokenizer, repeater: Callable[[HyperTokenizer], Opened]
) -> None:
    talk = [f"— Где старый рыбак номер {n}?" for n in range(60)]
    units = tuple(tuple(tok.base_encode(unit)) for unit in ("?", "\n", "—"))
    over_lines = hyperlex.extend_tokenizer(
        tok.base, build_codebook(tok.base, [Candidate(units=units)])
    )
    line = f"{talk[0]}\n"
    assert over_lines.encode(line * 2) != over_lines.encode(line) * 2
    reader = Reader(repeater(over_lines), Settings(copies=3), lambda stage, done, total: None)
    scores = reader.copy(["\n".join(talk)])
    assert scores.rows == 3 and scores.exact.value == scores.canonical.value == 1


def test_a_model_stops_where_its_template_ends_an_answer(tok: HyperTokenizer) -> None:
    model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=7))
    chat = stop_at_turns(model, tok)
    assert model.generation_config.eos_token_id == sorted({7, *tok.encode(chat.end_of_turn)})


def test_rows_with_answers_are_scored(scribe: Scribes, tmp_path: Path) -> None:
    rows = [{"prompt": f"Рыбак {n}", "completion": "сидел у воды"} for n in range(4)]
    file = written(tmp_path / "rows.jsonl", *rows)
    model = scribe(lambda prompt: " сидел у воды\nи чинил" if prompt[-1] < "2" else " ушёл")
    (report,) = evaluate([model], [file], Settings(stop="\n")).models
    assert report.generation is not None
    assert report.generation.scores["exact"].value == 50
    assert report.generation.scores["rouge1"].value == 50
    assert report.perplexity is report.classification is report.copying is None


def test_labels_are_weighed_and_generated(
    random_model: Any, tok: HyperTokenizer, tmp_path: Path
) -> None:
    rows = [{"text": f"Рыбак {n}", "label": ("да", "нет")[n % 2]} for n in range(4)]
    file = written(tmp_path / "rows.jsonl", *rows)
    (report,) = evaluate([Opened("random", random_model, tok)], [file], Settings(batch=2)).models
    assert report.classification is not None
    table = [[0, 0], [0, 0]]
    for number, row in enumerate(rows):
        prompt = tok.encode(str(row["text"]))
        weights = []
        for label in ("да", "нет"):
            answer = tok.encode(f" {label}")
            with torch.no_grad():
                log = random_model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
            weights.append(sum(float(log[len(prompt) - 1 + n, i]) for n, i in enumerate(answer)))
        table[number % 2][weights.index(max(weights))] += 1
    found = report.classification.by_likelihood
    assert [list(counts) for counts in found.confusion] == [[*counts, 0] for counts in table]
    assert report.classification.by_generation.confusion[0][2] == 2  # random ids name no label
    assert report.classification.by_likelihood.rows == 4


def test_a_number_is_the_label_at_its_place(scribe: Scribes, tmp_path: Path) -> None:
    file = written(tmp_path / "rows.jsonl", {"text": "Рыбак", "label": 2})
    with pytest.raises(FormatError, match="the label '2'"):
        evaluate([scribe(last_line)], [file], Settings(labels=("да", "нет")))
    from hyperlex.recipes.evaluate.run import Work

    file = written(tmp_path / "rows.jsonl", {"text": "Рыбак", "label": 1})
    work = Work.of([file], Settings(labels=("да", "нет")))
    assert [row.label for row in work.data.labelled] == ["нет"]


def test_perplexity_is_that_of_the_bits(
    random_model: Any, tok: HyperTokenizer, tmp_path: Path
) -> None:
    file = written(tmp_path / "texts.jsonl", *({"text": f"Рыбак {n} ушёл."} for n in range(20)))
    opened = Opened("random", random_model, tok)
    first, second = evaluate([opened, opened], [file]).models
    each = [bits(random_model, tok.encode(f"Рыбак {n} ушёл.")) for n in range(20)]
    total, tokens = np.concatenate(each).sum(), sum(map(len, each))
    assert first.perplexity is not None
    assert first.perplexity.per_token.value == pytest.approx(2 ** (total / tokens))
    characters = sum(len(f"Рыбак {n} ушёл.") for n in range(20))
    assert first.perplexity.bits_per_character.value == pytest.approx(total / characters)
    assert first.perplexity.unit == "document" and first.difference is None
    assert second.name == "random (2)" and second.difference is not None
    assert second.difference.value == 0


def test_examples_stand_side_by_side(scribe: Scribes, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("Рыбак ушёл\nГде лодка?\n", "utf-8")
    models = [scribe(lambda prompt: " и молчал"), scribe(lambda prompt: " у берега")]
    found = evaluate(models, settings=Settings(prompts=str(tmp_path / "prompts.txt")))
    assert [example.prompt for example in found.examples] == ["Рыбак ушёл", "Где лодка?"]
    assert found.examples[1].answers == {"scribe": " и молчал", "scribe (2)": " у берега"}


def test_examples_are_to_the_letter_whatever_is_in_them() -> None:
    page = render([Example("Дед", "```\nкод", {"a": "````", "b": "пусто"})])
    assert "````text\n```\nкод\n````\n" in page and "`````text\n````\n`````\n" in page
    assert page.index("**expected**") < page.index("**a**") < page.index("**b**")


def test_prompts_longer_than_the_context_are_refused_or_cut(
    scribe: Scribes, tmp_path: Path
) -> None:
    file = written(tmp_path / "rows.jsonl", {"prompt": TEXT, "completion": "да"})
    seen: list[str] = []

    def answer(prompt: str) -> str:
        seen.append(prompt)
        return "да"

    with pytest.raises(ConfigError, match=r"the model sees 256.*--cut-prompts"):
        evaluate([scribe(answer)], [file])
    (report,) = evaluate([scribe(answer)], [file], Settings(cut_prompts=True)).models
    assert report.shortened == 1 and report.generation is not None
    assert TEXT.endswith(seen[0].lstrip("\ufffd")) and len(seen[0]) < len(TEXT)


def test_a_prompt_of_several_texts_has_the_ids_of_training(
    random_model: Any, tok: HyperTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For answers and for labels alike."""
    from hyperlex.recipes.finetune import FinetuneConfig
    from hyperlex.recipes.finetune.run import read_sequences

    prompt = ["Вечером у воды было", " тихо, и лодка стояла у", " берега."]
    file = written(tmp_path / "rows.jsonl", {"prompt": prompt, "completion": "да"})
    recipe = FinetuneConfig(
        model="m",
        output="o",
        data=str(file),
        prompt_column="prompt",
        completion_column="completion",
    )
    (ids, learned), *_ = read_sequences(recipe, tok)[0]
    expected = ids[~learned].tolist()
    assert expected != tok.encode("".join(prompt))
    asked: list[list[int]] = []
    weighing: list[list[int]] = []
    completed, weighed = completions.complete, completions.answer_bits

    def complete(model: Any, prompts: Any, *given: Any, **options: Any) -> Any:
        asked.extend(prompts)
        return completed(model, prompts, *given, **options)

    def answer_bits(model: Any, prompt: Any, *given: Any, **options: Any) -> Any:
        weighing.append(prompt)
        return weighed(model, prompt, *given, **options)

    monkeypatch.setattr(completions, "complete", complete)
    monkeypatch.setattr(completions, "answer_bits", answer_bits)
    opened = Opened("random", random_model, tok)
    settings = Settings(max_new_tokens=2, examples=1)
    (example,) = evaluate([opened], [file], settings).examples
    assert example.prompt == "".join(prompt)
    written(file, {"prompt": prompt, "label": "да"}, {"prompt": prompt, "label": "нет"})
    evaluate([opened], [file], settings)
    assert len(asked) > 1 and all(each == expected for each in asked)
    assert weighing and all(each == expected for each in weighing)


def test_conversations_go_through_the_chat_template(scribe: Scribes, tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "Где?"}, {"role": "assistant", "content": "Дома."}]
    file = written(tmp_path / "talk.jsonl", {"messages": talk})
    seen: list[str] = []

    def answer(prompt: str) -> str:
        seen.append(prompt)
        return "Дома."

    (report,) = evaluate([scribe(answer)], [file]).models
    assert report.generation is not None and report.generation.scores["exact"].value == 100
    assert seen[0].startswith("user\nГде?") and seen[0].endswith("bot\n")


def test_a_report_is_json_without_nan(scribe: Scribes, tmp_path: Path) -> None:
    file = written(tmp_path / "rows.jsonl", {"prompt": "Рыбак", "completion": "ушёл"})
    told = evaluate([scribe(last_line)], [file]).json()
    found = json.loads(told, parse_constant=lambda name: pytest.fail(name))
    assert found["models"][0]["generation"]["scores"]["bleu"]["low"] is None
    assert found["used"] == found["found"] == 1


def test_mistakes_are_clear(scribe: Scribes, tmp_path: Path) -> None:
    model = scribe(last_line)
    file = written(tmp_path / "rows.jsonl", {"text": "Рыбак", "label": "флуд"})
    with pytest.raises(
        FormatError, match=r", line \d has the label 'флуд'. One of да, нет.*--labels"
    ):
        evaluate([model], [file], Settings(labels=("да", "нет")))
    with pytest.raises(ConfigError, match="Nothing to evaluate on"):
        evaluate([model])
    with pytest.raises(ConfigError, match="No model"):
        evaluate([], [file])
    with pytest.raises(ConfigError, match="batch=0"):
        Settings(batch=0)
