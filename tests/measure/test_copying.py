"""Copy tasks and their scores: drawn alike at every call, scored by hand."""

from __future__ import annotations

import pytest

from hyperlex import HyperTokenizer
from hyperlex.errors import ConfigError
from hyperlex.measure.copying import (
    END,
    FEWEST_WORDS,
    MOST_WORDS,
    PROMPTS,
    Copy,
    copy_scores,
    copy_tasks,
    part_of,
    sentences,
    spelled_tasks,
    until_end,
)
from hyperlex.measure.words import count_words

SENTENCES = [f"Почтальон {name} шёл домой {number} дней." for number in range(60) for name in "АБВ"]
TEXT = " ".join(SENTENCES)


def is_hyper(index: int) -> bool:
    return index >= 100


def test_sentences_are_of_one_line_and_of_3_to_40_words() -> None:
    text = (
        "Да. Мать ждала у окна.\nСын писал, что\nвернётся! " + "и " * 41 + "всё. Кто там? Никого."
    )
    found = list(sentences(text))
    assert found == ["Мать ждала у окна.", "Сын писал, что"]
    assert all(FEWEST_WORDS <= count_words(one) <= MOST_WORDS for one in found)


def test_parts_have_no_text_in_common_and_a_tenth_is_for_the_test() -> None:
    parts = {part: copy_tasks([TEXT], 1_000, part=part) for part in ("train", "test")}
    texts = {part: {task.text for task in tasks} for part, tasks in parts.items()}
    assert not texts["train"] & texts["test"]
    assert texts["train"] | texts["test"] == set(SENTENCES)
    assert all(part_of(text) == part for part, found in texts.items() for text in found)
    assert 0 < len(texts["test"]) < len(SENTENCES) / 4


def test_the_same_arguments_give_the_same_tasks_in_whatever_order_texts_come() -> None:
    first = copy_tasks([TEXT], 20, seed=3)
    assert first == copy_tasks(SENTENCES[::-1], 20, seed=3)
    assert first != copy_tasks([TEXT], 20, seed=4)
    assert first == copy_tasks([TEXT, TEXT], 100, seed=3)[:20]


@pytest.mark.parametrize("form", ["instruction", "continuation"])
def test_a_task_asks_for_its_text_and_ends_it(form: str) -> None:
    task = copy_tasks([TEXT], 1, form=form)[0]  # type: ignore[arg-type]
    assert task.text in task.prompt and task.completion == task.text + END
    assert PROMPTS[form].format(text=task.text) == task.prompt == "".join(task.lines)
    assert task.completion in task.lines


def test_spelled_tasks_read_each_hypertoken_before_any_again(small_tok: HyperTokenizer) -> None:
    tasks = spelled_tasks(small_tok, 40)
    assert tasks == spelled_tasks(small_tok, 40) and len({task.text for task in tasks}) == 40
    assert all(part_of(task.text) == "train" and END not in task.text for task in tasks)
    met = {index for task in tasks for index in small_tok.encode(f" {task.text}")}
    assert sum(map(small_tok.layout.is_hyper, met)) > 40
    other = spelled_tasks(small_tok, 10, part="test")
    assert not {task.text for task in other} & {task.text for task in tasks}


def test_scores_are_those_by_hand() -> None:
    copies = [
        Copy("аб", [100, 1], "аб", [100, 1]),  # as its tokenizer writes
        Copy("вг", [101, 102], "вг", [2, 3, 4, 5]),  # right, in base ids alone
        Copy("де", [103, 6], "дё", [104, 103]),  # wrong, one hypertoken right
        Copy("ж", [7, 105], "ж", [7, 105]),
    ]
    scores = copy_scores(copies, is_hyper)
    assert scores.rows == 4
    assert scores.exact.value == 3 / 4 and scores.canonical.value == 2 / 4
    assert scores.hyper_emitted == 4 / 10 and scores.hyper_canonical == 5 / 8
    assert scores.emission.value == pytest.approx((4 / 10) / (5 / 8))
    assert scores.recall.value == pytest.approx(3 / 5)
    assert scores.exact.low < 3 / 4 < scores.exact.high <= 1


def test_a_copy_ends_at_its_line_end() -> None:
    spelled = {1: "Кот", 2: " спит", 3: ".", 4: "\n", 5: ".\n", 6: " дальше"}

    def decode(ids: list[int]) -> str:
        return "".join(spelled[index] for index in ids)

    assert until_end([1, 2, 3, 4, 6], decode) == ([1, 2, 3], "Кот спит.")
    assert until_end([1, 2, 5, 6], decode) == ([1, 2, 5], "Кот спит.")
    assert until_end([1, 2], decode) == ([1, 2], "Кот спит")
    assert until_end([4, 1], decode) == ([], "")


def test_what_cannot_be_asked_is_refused(small_tok: HyperTokenizer) -> None:
    with pytest.raises(ConfigError, match="count=0"):
        copy_tasks([TEXT], 0)
    with pytest.raises(ConfigError, match="form='aloud'"):
        copy_tasks([TEXT], 1, form="aloud")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="part='dev'"):
        spelled_tasks(small_tok, 1, part="dev")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="No copies to score"):
        copy_scores([], is_hyper)
