"""`compress_context`: a long context as ready ids, its old part by low rungs, the recent exact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hyperlex.errors import ConfigError
from hyperlex.ladder.code import SceneCode
from hyperlex.ladder.encode import VERBATIM
from hyperlex.ladder.lexicon import EXACT
from hyperlex.tokenizer.ladder import PROTECTED, default, draft_of, whole_number, within

if TYPE_CHECKING:
    from hyperlex.tokenizer.hyper import HyperTokenizer

Messages = Sequence[Mapping[str, str]]

# Private characters, which no template changes, hold the place of a message that is compressed.
_PLACE = "\ue0f0{}\ue0f1"
_PLACES = re.compile("\ue0f0([0-9]+)\ue0f1")
_SENTENCE_START = re.compile(r"(?<=[.!?…»\n])\s+(?=\S)")


@dataclass(frozen=True)
class CompressedContext:
    """A context that fits.

    Attributes:
        input_ids: ready for the model: old text on the ladder, then the marker `exact`, then the
            recent text.
        codes: of the old texts, in order.
        exact: how many of `input_ids`, at the end, are the recent text.
    """

    input_ids: list[int]
    codes: tuple[SceneCode, ...]
    exact: int


def compress_context(
    context: str | Messages,
    tokens: int,
    *,
    keep_recent: int | None = None,
    add_generation_prompt: bool = True,
    tokenizer: HyperTokenizer | None = None,
) -> CompressedContext:
    """A context within a budget of ids: what is old by low rungs, what is recent exact.

    Args:
        context: a text, or messages (`{"role": …, "content": …}`) for the tokenizer's chat
            template.
        tokens: the budget, markers and template included.
        keep_recent: how much at the end stays exact: of a text, ids of the exact lane (by default
            a quarter of the budget; the cut moves on to the next sentence); of messages, how many
            of the last ones (by default 2). Instructions (`system`) always stay exact.
        add_generation_prompt: as in transformers' `apply_chat_template`.
        tokenizer: one with scene ids; by default the embedded one.

    Raises:
        ConfigError: the budget cannot hold the recent text and what is protected in the old one, a
            number is no whole one or below 0, or the tokenizer has no chat template.
        VocabularyError: the tokenizer has no scene ids.
    """
    tokens = whole_number("tokens", tokens, "ids")
    tokenizer = tokenizer or default()
    if isinstance(context, str):
        kept = tokens // 4 if keep_recent is None else keep_recent
        parts = parts_of_text(context, tokens, kept, tokenizer)
    else:
        kept = 2 if keep_recent is None else keep_recent
        parts = _parts_of_messages(context, kept, add_generation_prompt, tokenizer)
    old = [text for text, exact in parts if not exact]
    spelled = [tokenizer.encode(text) if exact else [] for text, exact in parts]
    fixed = sum(map(len, spelled))
    # Each compressed text may need the marker that ends it.
    taken = fixed + len(old)

    def shortage(needed: int) -> str:
        less = "keep less, " if needed < tokens else ""
        # With a greater budget more would be kept by default, and more be needed.
        return (
            f"{tokens} ids cannot hold the recent text, the template, and what is protected in the "
            f"old text ({PROTECTED}): that takes {taken + needed} with keep_recent={kept}. Allow "
            f"that many ids or more with this keep_recent, {less}or leave out the oldest part of "
            "the context."
        )

    drafts = [draft_of(tokenizer, text) for text in old]
    codes = iter(within(drafts, tokens - taken, shortage))
    marker = tokenizer.ladder.vocabulary.offset + EXACT
    ids: list[int] = []
    told = []
    for (_, exact), run in zip(parts, spelled, strict=True):
        if exact:
            ids += run
            continue
        told.append(code := next(codes))
        ids += code.ids
        if any(rung != VERBATIM for rung in code.rungs):
            ids.append(marker)
    recent = len(spelled[-1]) if parts and parts[-1][1] else 0
    return CompressedContext(ids, tuple(told), recent)


Part = tuple[str, bool]
"""A text, and whether it stays exact."""


def parts_of_text(text: str, tokens: int, keep: int, tokenizer: HyperTokenizer) -> list[Part]:
    """Old and recent, the last `keep` ids; or all of it as recent where it is no longer than
    `tokens` ids.
    """
    keep = whole_number("keep_recent", keep, "ids")
    ids = tokenizer.encode(text)
    if len(ids) <= tokens:
        return [(text, True)]
    start = len(text) - len(tokenizer.decode(ids[len(ids) - keep :])) if keep else len(text)
    cut = _SENTENCE_START.search(text, max(0, start - 1))
    place = cut.end() if cut and keep else start
    return [(text[:place], False), (text[place:], True)]


def _parts_of_messages(
    messages: Messages, keep_recent: int, prompt: bool, tokenizer: HyperTokenizer
) -> list[Part]:
    if tokenizer.face.chat_template is None:
        raise ConfigError(
            "This tokenizer has no chat template: one was expected for messages. Give the context "
            "as one text, or set a template on the base tokenizer before it is extended."
        )
    if not messages:
        raise ConfigError("No message was given: at least one was expected.")
    first_kept = max(0, len(messages) - whole_number("keep_recent", keep_recent, "messages"))
    shown = []
    for number, message in enumerate(messages):
        if not isinstance(message, Mapping) or not all(
            isinstance(message.get(key), str) for key in ("role", "content")
        ):
            raise ConfigError(
                f"Message {number} is {message!r}: a dict with 'role' and 'content', both of them "
                "str, was expected."
            )
        old = number < first_kept and message["role"] != "system"
        shown.append({**message, "content": _PLACE.format(number)} if old else dict(message))
    rendered = tokenizer.hf.apply_chat_template(shown, tokenize=False, add_generation_prompt=prompt)
    parts: list[Part] = []
    for place, piece in enumerate(_PLACES.split(str(rendered))):
        if place % 2:
            parts.append((messages[int(piece)]["content"], False))
        elif piece:
            parts.append((piece, True))
    return parts


def _rendered(
    messages: Sequence[Mapping[str, str]], prompt: bool, tokenizer: HyperTokenizer
) -> str:
    """The text that transformers' `apply_chat_template` gives, without making its tokenizer."""
    from transformers.utils.chat_template_utils import render_jinja_template

    roles = {k: v for k, v in tokenizer.face.config.items() if k.endswith("_token")}
    rendered: Any = render_jinja_template(
        conversations=[[dict(message) for message in messages]],
        chat_template=tokenizer.face.chat_template,
        add_generation_prompt=prompt,
        **{k: v["content"] if isinstance(v, dict) else v for k, v in roles.items()},
    )
    return str(rendered[0][0])
