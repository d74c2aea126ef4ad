"""`compress_context`: old text short, recent text exact, within the budget."""

from __future__ import annotations

from typing import Any

import pytest

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.errors import ConfigError, VocabularyError

OLD = (
    "Утром мы спустились к реке. Вода поднялась за ночь, и мостки унесло. Егор сказал, что ждать "
    "нечего, и пошёл вдоль берега искать лодку. К полудню он вернулся ни с чем. "
)
RECENT = "Тогда Анна достала карту и показала брод в 3 километрах ниже."
MESSAGES = [
    {"role": "system", "content": "Отвечай кратко."},
    {"role": "user", "content": OLD},
    {"role": "assistant", "content": "Ищите брод ниже по течению, там, где река шире."},
    {"role": "user", "content": RECENT},
]


@pytest.fixture(scope="module")
def tok() -> HyperTokenizer:
    return hyperlex.load()


def test_the_end_of_a_text_stays_exact(tok: HyperTokenizer) -> None:
    tokens = len(tok.encode(OLD + RECENT)) - 3
    made = hyperlex.compress_context(OLD + RECENT, tokens, keep_recent=15)
    assert len(made.input_ids) <= tokens
    assert tok.decode(made.input_ids[-made.exact :]) == RECENT
    assert hyperlex.reconstruct(made.input_ids).endswith(RECENT)


def test_a_text_that_fits_is_exact(tok: HyperTokenizer) -> None:
    made = hyperlex.compress_context(OLD + RECENT, 500)
    assert hyperlex.reconstruct(made.input_ids) == OLD + RECENT


def test_old_messages_are_short_and_the_last_ones_exact(tok: HyperTokenizer) -> None:
    whole = hyperlex.reconstruct(hyperlex.compress_context(MESSAGES, 10_000).input_ids)
    assert whole.exact
    exact = len(tok.encode(whole))
    made = hyperlex.compress_context(MESSAGES, exact - 8, keep_recent=2)
    assert len(made.input_ids) <= exact - 8
    assert len(made.codes) == 1
    told = hyperlex.reconstruct(made.input_ids)
    for message in (MESSAGES[0], *MESSAGES[2:]):
        assert message["content"] in told
    assert OLD not in told


@pytest.mark.parametrize("tokens", [0, 5])
def test_a_budget_too_small_is_told_of(tokens: int) -> None:
    with pytest.raises(ConfigError, match=f"{tokens} ids cannot hold"):
        hyperlex.compress_context(MESSAGES, tokens)


def test_the_template_is_rendered_as_transformers_does(any_tok: HyperTokenizer) -> None:
    from hyperlex.tokenizer.face import Face

    template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}\n{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    any_tok = any_tok.with_scenes()
    any_tok.face = Face(chat_template=template)
    made = hyperlex.compress_context(MESSAGES, 10_000, tokenizer=any_tok)
    told = hyperlex.reconstruct(made.input_ids, tokenizer=any_tok)
    shown = "".join(f"<{m['role']}>{m['content'].strip()}\n" for m in MESSAGES) + "<assistant>"
    assert told.replace(" \n", "\n") == shown


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": [{"type": "text"}]}])
def test_a_message_without_text_is_told_of(content: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Message 0 is"):
        hyperlex.compress_context([{"role": "user", **content}], 100)


def test_no_message_is_told_of() -> None:
    with pytest.raises(ConfigError, match="No message was given"):
        hyperlex.compress_context([], 100)


def test_a_tokenizer_without_scene_ids_is_told_of(any_tok: HyperTokenizer) -> None:
    with pytest.raises(VocabularyError, match="has no scene ids"):
        hyperlex.compress("Он вошёл.", tokenizer=any_tok)
