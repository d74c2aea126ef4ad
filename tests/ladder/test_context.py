"""`compress_context`: old text short, recent text exact, within the budget."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.tokenizer.ladder import _greatest_ratio

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


@pytest.mark.parametrize("context", [OLD + RECENT, MESSAGES])
@pytest.mark.parametrize(("tokens", "kept"), [(0, None), (9, None), (9, 1), (16, 15)])
def test_what_is_told_of_a_budget_too_small_works(
    context: Any, tokens: int, kept: int | None
) -> None:
    with pytest.raises(ConfigError, match=f"^{tokens} ids cannot hold") as refused:
        hyperlex.compress_context(context, tokens, keep_recent=kept)
    told = re.search(r"takes (\d+) with keep_recent=(\d+)", str(refused.value))
    assert told is not None
    needed, keep = int(told[1]), int(told[2])
    assert keep == kept or kept is None
    assert len(hyperlex.compress_context(context, needed, keep_recent=keep).input_ids) <= needed
    with pytest.raises(ConfigError, match="ids cannot hold"):
        hyperlex.compress_context(context, needed - 1, keep_recent=keep)


LONG = "".join(f"{OLD}На {day}-й день похода дождь перестал. " for day in range(2, 40)) + RECENT


@pytest.mark.parametrize("tokens", [30, 60, 200])
def test_the_beginning_of_a_text_is_dropped_by_sentences(tok: HyperTokenizer, tokens: int) -> None:
    with pytest.raises(ConfigError, match="drop_oldest=True"):
        hyperlex.compress_context(LONG, tokens, keep_recent=15)
    made = hyperlex.compress_context(LONG, tokens, keep_recent=15, drop_oldest=True)
    assert len(made.input_ids) <= tokens
    assert tok.decode(made.input_ids[-made.exact :]) == RECENT
    assert 0 < made.dropped < len(LONG)
    assert LONG[made.dropped - 2 : made.dropped] == ". "
    old = "".join(code.text for code in made.codes)
    assert LONG[made.dropped :] == old + RECENT
    # One sentence more would not fit by rung 1.
    before = LONG.rindex(". ", 0, made.dropped - 2) + 2
    more = hyperlex.compress(LONG[before : len(LONG) - len(RECENT)], rung=1)
    assert len(more) + 1 + made.exact > tokens


def test_nothing_is_dropped_of_what_fits() -> None:
    made = hyperlex.compress_context(OLD + RECENT, 40, drop_oldest=True)
    assert (made, made.dropped) == (hyperlex.compress_context(OLD + RECENT, 40), 0)


def test_all_that_is_old_may_be_dropped(tok: HyperTokenizer) -> None:
    tokens = len(tok.encode(RECENT))
    made = hyperlex.compress_context(OLD + RECENT, tokens, keep_recent=tokens, drop_oldest=True)
    assert (made.codes, made.dropped) == ((), len(OLD))
    assert tok.decode(made.input_ids) == RECENT
    with pytest.raises(ConfigError, match=r"cannot hold the recent text.*or keep less\.$"):
        hyperlex.compress_context(OLD + RECENT, tokens - 1, keep_recent=tokens, drop_oldest=True)


@pytest.mark.parametrize("turns", [3, 12])
def test_a_talk_drops_its_oldest_turns(tok: HyperTokenizer, turns: int) -> None:
    system, *turn = MESSAGES[:3]
    talk = [system, *turn * turns, MESSAGES[3]]
    made = hyperlex.compress_context(talk, 70, keep_recent=1, drop_oldest=True)
    assert len(made.input_ids) <= 70
    assert 0 < made.dropped <= 2 * turns
    assert made.dropped % 2 == 0, "a talk without its first question begins with an answer"
    left = [system, *talk[1 + made.dropped :]]
    assert made.input_ids == hyperlex.compress_context(left, 70, keep_recent=1).input_ids
    told = hyperlex.reconstruct(made.input_ids)
    assert system["content"] in told and RECENT in told
    assert hyperlex.compress_context(MESSAGES, 10_000, drop_oldest=True).dropped == 0


def test_what_is_told_of_a_ratio_too_great_works() -> None:
    with pytest.raises(ConfigError, match="ratio=100 leaves 0 of") as refused:
        hyperlex.compress(OLD + RECENT, ratio=100)
    told = re.search(r"Pass ratio=([0-9.]+) or less", str(refused.value))
    assert told is not None
    assert hyperlex.compress(OLD + RECENT, ratio=float(told[1]))
    with pytest.raises(ConfigError, match="cannot hold"):
        hyperlex.compress(OLD + RECENT, ratio=float(told[1]) + 0.01)


def test_the_greatest_ratio_is_not_one_that_rounding_spoils() -> None:
    for exact in range(1, 200):
        for needed in range(1, exact + 1):
            assert math.floor(exact / _greatest_ratio(exact, needed)) >= needed


WRONG = [-1, True, 24.5, "10", float("nan"), float("inf")]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("context", [OLD + RECENT, MESSAGES])
def test_what_is_no_number_of_ids_or_messages_is_told_of(context: Any, wrong: Any) -> None:
    given = re.escape(repr(wrong))
    with pytest.raises(ConfigError, match=f"^tokens={given} was given: a whole number of ids"):
        hyperlex.compress_context(context, wrong)
    with pytest.raises(ConfigError, match=f"^keep_recent={given} was given: a whole number of"):
        hyperlex.compress_context(context, 100, keep_recent=wrong)
    with pytest.raises(ConfigError, match=f"^tokens={given} was given: a whole number of ids"):
        hyperlex.compress(RECENT, tokens=wrong)


@pytest.mark.parametrize("wrong", [0, True, "2", float("inf")])
def test_what_is_no_ratio_is_told_of(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=f"^ratio={wrong!r} was given: a number, 1 or more"):
        hyperlex.compress(RECENT, ratio=wrong)


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
