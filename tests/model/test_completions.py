"""Many prompts at once give what each gives alone, and likelihoods are those of the softmax."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from model.small_models import small_model

from hyperlex.errors import ConfigError
from hyperlex.model.completions import _batches, answer_bits, complete

PROMPTS = [[5, 6, 7, 8, 9], [10], [11, 12, 13], [14, 15], [3, 4, 5, 6, 7, 8, 9, 10]]


@pytest.fixture(scope="module")
def model() -> Any:
    return small_model("llama")


@pytest.mark.parametrize("name", ["llama", "gpt2", "gptj"])
def test_a_batch_gives_what_each_prompt_gives_alone(name: str) -> None:
    model = small_model(name)
    assert complete(model, PROMPTS, 6, batch=3) == complete(model, PROMPTS, 6, batch=1)


def test_each_prompt_has_room_of_its_own(model: Any) -> None:
    long = complete(model, PROMPTS, 6)
    short = complete(model, PROMPTS, [1, 2, 3, 4, 5], batch=5)
    assert short == [answer[: n + 1] for n, answer in enumerate(long)]


def test_an_answer_stops_before_the_id_that_ends_it(model: Any) -> None:
    (answer,) = complete(model, [[5, 6, 7]], 6)
    ended = small_model("llama")
    ended.generation_config.eos_token_id = answer[3]
    assert complete(ended, [[5, 6, 7]], 6) == [answer[: answer.index(answer[3])]]


def test_progress_counts_prompts(model: Any) -> None:
    done: list[int] = []
    complete(model, PROMPTS, 1, batch=2, told=done.append)
    assert done == [2, 4, 5]


def test_no_padding_takes_room_that_an_answer_needs() -> None:
    assert _batches([2, 3, 90], [50, 50, 50], 100, 8) == [[0, 1], [2]]
    assert _batches([90, 3, 2], [5, 5, 5], 100, 8) == [[2, 1, 0]]
    assert _batches([1, 1, 1], [5, 5, 5], None, 2) == [[0, 1], [2]]


def test_bits_of_answers_by_the_softmax(model: Any) -> None:
    prompt, answers = [5, 6, 7], [[8], [9, 10, 11], [12, 13]]
    found = answer_bits(model, prompt, answers, batch=2)
    for bits, answer in zip(found, answers, strict=True):
        ids = torch.tensor([prompt + answer])
        with torch.no_grad():
            log = model(ids).logits[0].double().log_softmax(-1)
        by_hand = -sum(
            float(log[len(prompt) - 1 + n, index]) for n, index in enumerate(answer)
        ) / float(torch.log(torch.tensor(2.0)))
        assert bits == pytest.approx(by_hand, rel=1e-4)


def test_what_does_not_fit_is_refused(model: Any) -> None:
    limit = model.config.max_position_embeddings
    with pytest.raises(ConfigError, match=rf"Prompt 2 has {limit} tokens.*--cut-prompts"):
        complete(model, [[5], [5] * limit], 4)
    with pytest.raises(ConfigError, match="A prompt has"):
        answer_bits(model, [5] * limit, [[6]])
    with pytest.raises(ConfigError, match="empty prompt or answer"):
        answer_bits(model, [5], [[]])
