"""What of a context stays exact, what goes by the lower rungs, and what is left out of it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hyperlex.errors import ConfigError
from hyperlex.ladder.encode import VERBATIM, Draft, Told
from hyperlex.ladder.punctuation import sentence_starts
from hyperlex.tokenizer.ladder import draft_of, whole_number

if TYPE_CHECKING:
    from hyperlex.tokenizer.hyper import HyperTokenizer

Messages = Sequence[Mapping[str, str]]

Part = tuple[str, bool]
"""A text, and whether it stays exact."""

# Private characters, which no template changes, hold the place of a message that is compressed.
_PLACE = "\ue0f0{}\ue0f1"
_PLACES = re.compile("\ue0f0([0-9]+)\ue0f1")
_SENTENCE_START = re.compile(r"(?<=[.!?…»\n])\s+(?=\S)")

_LEFT_OUT = Told(0)
_AT_FIRST = 16
"""Code points of old text to look at for each id that it may take: rung 1 holds about as many."""


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


def without_oldest(parts: list[Part], tokens: int, tokenizer: HyperTokenizer) -> list[Part]:
    """The parts of a text, of the old one only the last sentences that fit by rung 1."""
    if all(exact for _, exact in parts):
        return parts
    (old, _), recent = parts
    room = tokens - _cost([recent], tokenizer) - 1
    last = _last_sentences(old, room, tokenizer)
    return [(last, False), recent] if last else [recent]


def _last_sentences(text: str, room: int, tokenizer: HyperTokenizer) -> str:
    """As many of the last sentences as fit into `room` ids by rung 1. Of a book only so much is
    analysed as may fit.
    """
    size = max(1, _AT_FIRST * room)
    while size < len(text) and _fits(text[-size:], room, tokenizer):
        size *= 2
    shown = text[-size:]
    # What stands before a sentence may change how it is read, so each cut is tried by itself.
    while shown and not _fits(shown, room, tokenizer):
        shown = _cut(draft_of(tokenizer, shown), room)
    return shown


def _cut(draft: Draft, room: int) -> str:
    """The last sentences, fewer than all, whose scenes fit into `room` ids by rung 1."""
    told = draft.at_rung(1)

    def fits_from(start: int) -> bool:
        kept = [
            how if scene.span.start >= start else _LEFT_OUT
            for scene, how in zip(draft.scenes, told, strict=True)
        ]
        return len(draft.encode(kept)) <= room

    starts = [start for start in sentence_starts(draft.text) if start > 0]
    place = bisect_left(starts, True, key=fits_from)
    return draft.text[starts[place] :] if place < len(starts) else ""


def _fits(text: str, room: int, tokenizer: HyperTokenizer) -> bool:
    return _in_short(text, tokenizer) <= room


def _in_short(text: str, tokenizer: HyperTokenizer) -> int:
    """Ids of a text by rung 1."""
    draft = draft_of(tokenizer, text)
    exact, short, floor = (
        len(draft.encode(told))
        for told in (draft.at_rung(VERBATIM), draft.at_rung(1), draft.at_floor())
    )
    # Less of a scene may be longer by an id, where a merge has more in it.
    return min(exact, max(short, floor))


def _cost(parts: Sequence[Part], tokenizer: HyperTokenizer) -> int:
    """Ids of exact texts, and of old ones by rung 1 with the marker that ends each."""
    return sum(
        len(tokenizer.encode(text)) if exact else _in_short(text, tokenizer) + 1
        for text, exact in parts
    )


class Talk:
    """Messages for the chat template of a tokenizer.

    Args:
        messages: `{"role": ..., "content": ...}`.
        keep_recent: how many of the last ones stay exact.
        prompt: `add_generation_prompt` of the template.
        tokenizer: whose template it is.

    Raises:
        ConfigError: no message, one without text, a bad number, or no template.
    """

    def __init__(
        self, messages: Messages, keep_recent: int, prompt: bool, tokenizer: HyperTokenizer
    ) -> None:
        if tokenizer.face.chat_template is None:
            raise ConfigError(
                "This tokenizer has no chat template: one was expected for messages. Give the "
                "context as one text, or set a template on the base tokenizer before it is "
                "extended."
            )
        if not messages:
            raise ConfigError("No message was given: at least one was expected.")
        for number, message in enumerate(messages):
            _require_text(message, number)
        self._messages = messages
        keep = whole_number("keep_recent", keep_recent, "messages")
        self._first_kept = max(0, len(messages) - keep)
        self._prompt = prompt
        self._tokenizer = tokenizer

    def parts(self, first: int = 0) -> list[Part]:
        """Instructions, and the messages from the `first` on, as the template shows them."""
        shown = []
        for number, message in enumerate(self._messages):
            instruction = message["role"] == "system"
            if number >= self._first_kept or instruction:
                shown.append(dict(message))
            elif number >= first:
                shown.append({**message, "content": _PLACE.format(number)})
        rendered = self._tokenizer.hf.apply_chat_template(
            shown, tokenize=False, add_generation_prompt=self._prompt
        )
        parts: list[Part] = []
        for place, piece in enumerate(_PLACES.split(str(rendered))):
            if place % 2:
                parts.append((self._messages[int(piece)]["content"], False))
            elif piece:
                parts.append((piece, True))
        return parts

    def lately(self, tokens: int) -> int:
        """The first message of those that fit into `tokens` ids, the old ones by rung 1: 0, or one
        of the user, with which a turn begins. The last such one where none fits.
        """
        turns = [
            number
            for number, message in enumerate(self._messages[: self._first_kept + 1])
            if number and message["role"] == "user"
        ]
        firsts = [0, *turns]
        place = bisect_left(
            firsts, True, key=lambda first: _cost(self.parts(first), self._tokenizer) <= tokens
        )
        return firsts[min(place, len(firsts) - 1)]

    def left_out(self, first: int) -> int:
        """How many messages `parts` leaves out."""
        return sum(message["role"] != "system" for message in self._messages[:first])


def _require_text(message: object, number: int) -> None:
    keys = ("role", "content")
    if not isinstance(message, Mapping) or not all(isinstance(message.get(k), str) for k in keys):
        raise ConfigError(
            f"Message {number} is {message!r}: a dict with 'role' and 'content', both of them "
            "str, was expected."
        )
