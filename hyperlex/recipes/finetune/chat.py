"""Conversations as text, and which stretches of it the assistant wrote.

A template that marks them ({% generation %}) is asked. For any other, each answer is rendered
between two marks that occur nowhere else, and what stands between them in the result is the answer,
with the special token that ends the turn. The result without marks must be what the template makes
of the unmarked conversation, or the template is refused: nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hyperlex.errors import FormatError, did_you_mean
from hyperlex.recipes.pretrain.tokens import end_of_text
from hyperlex.tokenizer import HyperTokenizer

CHATML_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""For a tokenizer without a template that has the special tokens of ChatML."""

_SAIGA_TEMPLATE = (
    "{% for message in messages %}"
    "{{ BOS + ('bot' if message['role'] == 'assistant' else message['role']) + '\\n' }}"
    "{{ message['content'] + EOS + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ BOS + 'bot\\n' }}{% endif %}"
)
"""For any other tokenizer without one: the turns of Saiga (github.com/IlyaGusev/rulm), each
`<s>role`, a line end, the content, `</s>`, with the tokenizer's own tokens for these two."""

_MARKS = "\ue0f0", "\ue0f1"  # of the private use area: no text has them
_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")

_ROLES = ("system", "user", "assistant", "bot", "tool", "function", "developer")
"""Roles that templates know. A template may have others; one that is nearly one of these is taken
for a slip."""

Stretch = tuple[str, bool]
"""Text, and whether the assistant wrote it."""


@dataclass(frozen=True)
class Chat:
    """A chat template with the special tokens that it may name.

    Attributes:
        template: Jinja.
        tokens: `bos_token`, `eos_token` and the like as text.
        special: all special tokens: the one behind an answer ends it.
    """

    template: str
    tokens: dict[str, str]
    special: tuple[str, ...]

    @classmethod
    def of(cls, tok: HyperTokenizer) -> Chat:
        """The tokenizer's own template, else ChatML where it has those tokens, else Saiga's."""
        special = tuple(
            sorted(
                (str(t["content"]) for t in tok.base.json["added_tokens"]), key=len, reverse=True
            )
        )
        tokens = {
            role: value
            for role, value in tok.face.config.items()
            if role.endswith("_token") and isinstance(value, str)
        }
        bos = tokens.setdefault("bos_token", "")
        eos = tokens.setdefault("eos_token", tok.decode([end_of_text(tok)]))
        template = tok.face.chat_template
        if template is None and {"<|im_start|>", "<|im_end|>"} <= set(special):
            template = CHATML_TEMPLATE
        elif template is None:
            template = _SAIGA_TEMPLATE.replace("BOS", repr(bos)).replace("EOS", repr(eos))
        return cls(template, tokens, special)

    def begins(self, text: str) -> bool:
        """Whether a rendered text brings its own beginning-of-text token."""
        bos = self.tokens["bos_token"]
        return bool(bos) and text.startswith(bos)

    def prompt(self, messages: Sequence[dict[str, Any]]) -> str:
        """The text after which the assistant's next answer stands. Raises as `render`."""
        place = "The conversation"
        return self._rendered(messages_of(messages, place), place, True)[0]

    @property
    def end_of_turn(self) -> str:
        """The special token that ends an answer; "" where the template puts none. Raises as
        `render`.
        """
        asked = {"role": "user", "content": "вопрос"}
        answered = {"role": "assistant", "content": "ответ"}
        stretches = self.render([asked, answered], "The chat template") or []
        written = "".join(text for text, learned in stretches if learned)
        after = written.partition(answered["content"])[2].lstrip()
        return next((token for token in self.special if token and after.startswith(token)), "")

    def render(self, messages: Any, place: str) -> list[Stretch] | None:
        """The stretches of a conversation; None where the assistant says nothing in it.

        Args:
            messages: dictionaries with `role` and `content`, or JSON of that.
            place: for errors.

        Raises:
            FormatError: no such conversation; one that the template refuses; a template that does
                not show where answers are.
        """
        found = messages_of(messages, place)
        if not any(m["role"] == "assistant" and m["content"].strip() for m in found):
            return None
        plain, spans = self._rendered(found, place)
        return _cut(plain, spans) if spans else self._between_marks(found, plain, place)

    def _between_marks(
        self, messages: list[dict[str, Any]], plain: str, place: str
    ) -> list[Stretch]:
        first, last = _MARKS
        marked = [
            m | {"content": f"{first}{m['content']}{last}"} if m["role"] == "assistant" else m
            for m in messages
        ]
        text, _ = self._rendered(marked, place)
        if text.replace(first, "").replace(last, "") != plain:
            # Templates that strip contents would strip none with a mark around it.
            marked = [m | {"content": m["content"].strip()} for m in messages]
            marked = [
                m | {"content": f"{first}{m['content']}{last}"} if m["role"] == "assistant" else m
                for m in marked
            ]
            text, _ = self._rendered(marked, place)
        if text.replace(first, "").replace(last, "") != plain or first not in text:
            raise FormatError(
                f"{place}: the chat template changes answers, so that they are not found in what "
                "it makes. Mark them in it: {% generation %}{{ message.content }}"
                "{% endgeneration %}"
            )
        stretches: list[Stretch] = []
        rest = text
        while first in rest:
            before, _, rest = rest.partition(first)
            answer, _, rest = rest.partition(last)
            space = len(rest) - len(rest.lstrip(" "))  # Llama 2 has one before its end
            end = next((t for t in self.special if t and rest.startswith(t, space)), "")
            end = rest[: space + len(end)] if end else ""
            rest = rest[len(end) :]
            stretches += [(before, False), (answer + end, True)]
        return [*stretches, (rest, False)]

    def _rendered(
        self, messages: list[dict[str, Any]], place: str, generation: bool = False
    ) -> tuple[str, list[tuple[int, int]]]:
        from jinja2 import TemplateError
        from transformers.utils.chat_template_utils import render_jinja_template

        marks = bool(_GENERATION.search(self.template)) and not generation
        render: Any = render_jinja_template
        try:
            texts, spans = render(
                [messages],
                chat_template=self.template,
                return_assistant_tokens_mask=marks,
                add_generation_prompt=generation,
                **self.tokens,
            )
        except (TemplateError, TypeError, KeyError) as error:
            raise FormatError(
                f"{place}: the chat template refuses this conversation ({error}). Mend its roles, "
                "or give the tokenizer another template."
            ) from error
        return texts[0], spans[0] if spans else []


def _cut(text: str, spans: list[tuple[int, int]]) -> list[Stretch]:
    stretches: list[Stretch] = []
    at = 0
    for start, stop in spans:
        stretches += [(text[at:start], False), (text[start:stop], True)]
        at = stop
    return [*stretches, (text[at:], False)]


def _require_role(role: str, place: str) -> None:
    if role in _ROLES:
        return
    if hint := did_you_mean(role.strip().lower(), _ROLES, likeness=0.8):
        raise FormatError(
            f"{place}: a message has the role {role!r}.{hint} A role that no template knows would "
            "be trained under a heading of its own, and no answer learned."
        )


def messages_of(found: Any, place: str) -> list[dict[str, Any]]:
    """The messages of a cell, which holds them or JSON of them.

    Raises:
        FormatError: no messages, or one without a role or a text.
    """
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError as error:
            raise FormatError(
                f"{place}: the messages are a text, and no JSON ({error}). "
                '[{"role": "user", "content": "…"}, …] was expected.'
            ) from error
    if not isinstance(found, Sequence) or isinstance(found, str) or not found:
        raise FormatError(
            f"{place}: {found!r:.40} instead of messages. "
            '[{"role": "user", "content": "…"}, …] was expected.'
        )
    for message in found:
        if not (
            isinstance(message, dict)
            and isinstance(message.get("role"), str)
            and isinstance(message.get("content"), str)
        ):
            raise FormatError(
                f"{place}: {message!r:.60} is no message. "
                '{"role": "user", "content": "…"} was expected.'
            )
        _require_role(message["role"], place)
        if any(mark in message["content"] for mark in _MARKS):
            raise FormatError(f"{place}: a message has U+E0F0 or U+E0F1 in it. Take them out.")
    # Saiga's data sets call the assistant `bot`.
    return [
        {**message, "role": "assistant" if message["role"] == "bot" else message["role"]}
        for message in found
    ]
