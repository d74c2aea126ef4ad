"""What a file holds decides what is measured on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from hyperlex.errors import ConfigError, FormatError
from hyperlex.recipes.evaluate import Columns
from hyperlex.recipes.evaluate.data import prompt_rows, read_data


def written(path: Path, *rows: Mapping[str, object]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def test_columns_decide_what_a_row_is_for(tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "Где?"}, {"role": "assistant", "content": "Дома."}]
    file = written(
        tmp_path / "rows.jsonl",
        {"text": "Дед молчал."},
        {"prompt": "Дед", "completion": "молчал."},
        {"text": "Купите!", "label": "спам"},
        {"messages": talk},
        {"text": "Лёд", "label": 1, "document": "а"},
    )
    data = read_data([file], Columns(), limit=None, seed=0)
    assert [text.text for text in data.texts] == ["Дед молчал."]
    assert [(row.prompt, row.completion) for row in data.answered] == (
        [(("Дед",), "молчал."), ((), "Дома.")]
    )
    assert data.answered[1].messages == ({"role": "user", "content": "Где?"},)
    labelled = [(row.prompt, row.label) for row in data.labelled]
    assert labelled == [(("Купите!",), "спам"), (("Лёд",), "1")]
    assert data.labelled[1].document == "а"
    assert data.found == 5


def test_plain_files_are_texts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Дед молчал.\n\nКот тоже.", "utf-8")
    data = read_data([tmp_path / "a.txt"], Columns(), limit=None, seed=0)
    assert [text.text for text in data.texts] == ["Дед молчал.\n\nКот тоже."] and not data.rows
    for blank in ("", " \n\n"):
        (tmp_path / "b.txt").write_text(blank, "utf-8")
        with pytest.raises(ConfigError, match="no text and no row was found"):
            read_data([tmp_path / "b.txt"], Columns(), limit=None, seed=0)


def test_a_template_makes_the_prompt(tmp_path: Path) -> None:
    columns = Columns(template="Отзыв: {text}\nКласс:", label="class")
    file = written(tmp_path / "rows.jsonl", {"text": "Купите!", "class": "спам"})
    (row,) = read_data([file], columns, limit=None, seed=0).rows
    assert row.prompt == ("Отзыв: Купите!\nКласс:",)
    other = written(tmp_path / "other.jsonl", {"prompt": "Дед", "completion": "молчал."})
    (row,) = read_data([other], columns, limit=None, seed=0).rows
    assert row.prompt == ("Дед",)  # a file with prompts of its own
    with pytest.raises(FormatError, match=r"no column 'promt'\. Did you mean 'prompt'\?"):
        read_data([other], Columns(template="{promt}:"), limit=None, seed=0)


def test_a_sample_is_of_the_seed_and_in_order(tmp_path: Path) -> None:
    file = written(tmp_path / "rows.jsonl", *({"text": f"Текст {n}."} for n in range(100)))

    def sample(seed: int) -> list[int]:
        found = read_data([file], Columns(), limit=10, seed=seed)
        assert found.found == 100
        return [int(text.text[6:-1]) for text in found.texts]

    assert sample(1) == sample(1) == sorted(sample(1)) and len(sample(1)) == 10
    assert sample(1) != sample(2)


def test_broken_rows_are_refused_with_their_place(tmp_path: Path) -> None:
    cases: list[tuple[Mapping[str, object], str]] = [
        ({"body": "Дед"}, r"line 1: the columns are 'body'.*--text-column"),
        ({"completion": "Дед"}, r"line 1: no column 'prompt'.*--template"),
        ({"messages": [{"role": "user", "content": "Где?"}]}, "end with one of 'user'"),
        ({"messages": "Где?"}, "line 1: the messages are a text, and no JSON"),
        ({"text": float("nan")}, "line 1: the column 'text' holds NaN"),
        ({"prompt": None, "completion": "Дед"}, "line 1: the column 'prompt' holds null"),
        ({"prompt": "Дед", "completion": None}, r"line 1: .*'prompt', 'completion' \(null\)\. One"),
        ({"text": None, "label": "спам"}, "line 1: the column 'text' holds null"),
        ({"text": ["Дед"]}, "A text was expected"),
    ]
    for row, message in cases:
        with pytest.raises(FormatError, match=message):
            read_data([written(tmp_path / "a.jsonl", row)], Columns(), limit=None, seed=0)
    (tmp_path / "empty.jsonl").write_text("", "utf-8")
    with pytest.raises(ConfigError, match="no text and no row"):
        read_data([tmp_path / "empty.jsonl"], Columns(), limit=None, seed=0)


def test_a_message_without_a_text_is_no_answer(tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "Где?"}, {"role": "assistant", "content": None}]
    file = written(tmp_path / "rows.jsonl", {"messages": talk})
    with pytest.raises(FormatError, match=r"line 1: .*None.* is no message"):
        read_data([file], Columns(), limit=None, seed=0)


def test_a_template_without_a_cell_to_fill_in_is_no_prompt(tmp_path: Path) -> None:
    columns = Columns(template="{title}: {text}\nКласс:")
    rows = {"title": None, "text": "Купите!", "label": "спам"}
    file = written(tmp_path / "rows.jsonl", rows)
    (row,) = read_data([file], columns, limit=None, seed=0).rows
    assert row.prompt == (": Купите!\nКласс:",)
    written(file, rows | {"text": None})
    with pytest.raises(FormatError, match="line 1: null in 'title' and 'text', all"):
        read_data([file], columns, limit=None, seed=0)


def test_columns_that_are_null_are_not_there(tmp_path: Path) -> None:
    """As a parquet file has them in rows of other kinds."""
    rows = {"prompt": None, "completion": None, "messages": None, "text": "Дед молчал."}
    data = read_data([written(tmp_path / "a.jsonl", rows)], Columns(), limit=None, seed=0)
    assert [text.text for text in data.texts] == ["Дед молчал."]


def test_a_prompt_may_be_several_texts(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", {"prompt": ["Дед ", "и кот"], "completion": "спят."})
    (row,) = read_data([file], Columns(), limit=None, seed=0).rows
    assert row.prompt == ("Дед ", "и кот")
    assert [row.prompt for row in prompt_rows(file, Columns())] == [("Дед ", "и кот")]
    written(file, {"prompt": ["Дед", None], "completion": "спят."})
    with pytest.raises(FormatError, match="line 1: the column 'prompt' holds a list of something"):
        read_data([file], Columns(), limit=None, seed=0)


def test_prompts_are_lines_or_rows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Дед\n\n  Кот и дед\n", "utf-8")
    lines = prompt_rows(tmp_path / "a.txt", Columns())
    assert [row.prompt for row in lines] == [("Дед",), ("  Кот и дед",)]
    file = written(tmp_path / "a.jsonl", {"prompt": "Дед\nи кот"})
    assert [row.prompt for row in prompt_rows(file, Columns())] == [("Дед\nи кот",)]
    with pytest.raises(ConfigError, match="no such file"):
        prompt_rows(tmp_path / "none.txt", Columns())
