"""Of a conversation the assistant's turns are learned, whatever the template."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from hyperlex import HyperTokenizer
from hyperlex.errors import FormatError
from hyperlex.recipes.finetune.chat import Chat

TALK = [
    {"role": "system", "content": "Отвечай коротко."},
    {"role": "user", "content": "Где почтальон?"},
    {"role": "assistant", "content": "Шёл вдоль реки."},
    {"role": "user", "content": "А письмо?"},
    {"role": "assistant", "content": "При нём."},
]
ANSWERS = ["Шёл вдоль реки.", "При нём."]

PLAIN = (
    "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
STRIPPING = PLAIN.replace("m.content }}", "m.content | trim }}")
MARKED = PLAIN.replace(
    "{{ m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}",
    "{% if m.role == 'assistant' %}{% generation %}{{ m.content + eos_token }}{% endgeneration %}"
    "{% else %}{{ m.content }}{% endif %}",
)
# As Qwen3's: what the last turn is depends on where it stands, and not on what came before.
THINKING = PLAIN.replace(
    "{{ m.content }}",
    "{% if m.role == 'assistant' and loop.last %}<think></think>{% endif %}{{ m.content }}",
)


def chat_of(tok: HyperTokenizer, template: str | None) -> Chat:
    mine = copy.copy(tok)
    mine.face = replace(tok.face, chat_template=template)
    return Chat.of(mine)


@pytest.mark.parametrize("template", [PLAIN, STRIPPING, MARKED, THINKING, None])
def test_answers_and_their_ends_are_learned_and_nothing_else(
    tok: HyperTokenizer, template: str | None
) -> None:
    chat = chat_of(tok, template)
    stretches = chat.render(TALK, "row 1")
    assert stretches is not None
    end = chat.tokens["eos_token"]
    assert [text for text, learned in stretches if learned] == [each + end for each in ANSWERS]
    whole, _ = chat._rendered(TALK, "row 1")
    assert "".join(text for text, _ in stretches) == whole


def test_a_stripping_template_strips_before_marks_are_set(tok: HyperTokenizer) -> None:
    talk = [*TALK[:2], {"role": "assistant", "content": "  Шёл вдоль реки. \n"}]
    stretches = chat_of(tok, STRIPPING).render(talk, "row 1")
    assert stretches is not None
    assert [text for text, learned in stretches if learned] == ["Шёл вдоль реки.<|endoftext|>"]


def test_a_space_before_the_end_of_a_turn_belongs_to_it(tok: HyperTokenizer) -> None:
    """As Llama 2's template has it."""
    chat = chat_of(tok, PLAIN.replace("{{ eos_token }}", " {{ eos_token }}"))
    stretches = chat.render(TALK, "row 1")
    assert stretches is not None
    assert [text for text, learned in stretches if learned] == [
        f"{each} <|endoftext|>" for each in ANSWERS
    ]


def test_a_prompt_calls_the_assistant_as_training_does(tok: HyperTokenizer) -> None:
    chat = chat_of(tok, PLAIN)
    talk = [m | {"role": "bot"} if m["role"] == "assistant" else m for m in TALK[:4]]
    assert chat.prompt(talk) == chat.prompt(TALK[:4])


def test_the_prompt_is_what_stands_before_an_answer(tok: HyperTokenizer) -> None:
    chat = chat_of(tok, PLAIN)
    stretches = chat.render(TALK[:3], "row 1")
    assert stretches is not None
    assert chat.prompt(TALK[:2]) == stretches[0][0]


def test_without_a_template_turns_are_those_of_saiga(tok: HyperTokenizer) -> None:
    stretches = chat_of(tok, None).render(TALK[1:3], "row 1")
    assert stretches == [
        ("user\nГде почтальон?<|endoftext|>\nbot\n", False),
        ("Шёл вдоль реки.<|endoftext|>", True),
        ("\n", False),
    ]


def test_messages_may_be_json_and_the_assistant_may_be_called_bot(tok: HyperTokenizer) -> None:
    words = '[{"role": "user", "content": "Где?"}, {"role": "bot", "content": "Тут."}]'
    stretches = chat_of(tok, None).render(words, "row 1")
    assert stretches is not None and stretches[1] == ("Тут.<|endoftext|>", True)


def test_a_conversation_without_an_answer_teaches_nothing(tok: HyperTokenizer) -> None:
    assert chat_of(tok, None).render(TALK[:2], "row 1") is None


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ("Где почтальон?", "row 7: the messages are a text, and no JSON"),
        ([], r"row 7: \[\] instead of messages"),
        ([{"role": "user"}], "row 7: .* is no message"),
        ([{"role": "user", "content": ["нет"]}], "row 7: .* is no message"),
        ([{"role": "User", "content": "Где?"}], "row 7: .* role 'User'. Did you mean 'user'"),
        ([{"role": "assistent", "content": "Тут."}], "'assistent'. Did you mean 'assistant'"),
    ],
)
def test_what_is_no_conversation_is_refused(
    tok: HyperTokenizer, messages: Any, expected: str
) -> None:
    with pytest.raises(FormatError, match=expected):
        chat_of(tok, None).render(messages, "row 7")


def test_a_template_that_refuses_a_conversation_is_quoted(tok: HyperTokenizer) -> None:
    refusing = "{{ raise_exception('Roles must alternate') }}"
    with pytest.raises(FormatError, match=r"row 7: .*Roles must alternate"):
        chat_of(tok, refusing).render(TALK, "row 7")


def test_a_template_that_changes_answers_is_refused(tok: HyperTokenizer) -> None:
    shouting = PLAIN.replace("m.content }}", "m.content | replace('Шёл', 'Ушёл') | length }}")
    with pytest.raises(FormatError, match=r"row 7: .*\{% generation %\}"):
        chat_of(tok, shouting).render(TALK, "row 7")


@pytest.mark.parametrize("template", [PLAIN, STRIPPING, MARKED, THINKING, None])
def test_the_token_that_ends_an_answer_is_known(tok: HyperTokenizer, template: str | None) -> None:
    chat = chat_of(tok, template)
    assert chat.end_of_turn == chat.tokens["eos_token"]


def test_a_template_without_an_end_has_none(tok: HyperTokenizer) -> None:
    assert chat_of(tok, PLAIN.replace("{{ eos_token }}", "")).end_of_turn == ""
